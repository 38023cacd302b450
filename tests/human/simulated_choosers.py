"""Simulated raters of the ranking task, whose accuracy is known: to try the whole way before people are
paid for it, and to hold its intervals to the truth (benchmarks/human_calibration.py)."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from livebench.human.analysis.choices import CHOICES
from livebench.human.sheets.ranking_key import SHOWN, RankingKey


def write_simulated(
    folder: Path,
    key: RankingKey,
    types: Mapping[str, Sequence[str]],
    accuracies: Sequence[float],
    generator: np.random.Generator,
) -> list[Path]:
    """Write a file of choices for each rater, in folder/choices: the real one as often as the rater's
    accuracy says, otherwise any of the nine others.

    Args:
        types: of the hundred candidates, by sample.
    """
    paths = []
    for rater, accuracy in zip(key.raters, accuracies, strict=True):
        rows = []
        for row in rater.rows:
            real = next(
                number
                for number, place in enumerate(row.order, 1)
                if types[row.sample_id][place] == "correct"
            )
            others = [number for number in range(1, SHOWN + 1) if number != real]
            right = generator.random() < accuracy
            rows.append((row.row, real if right else int(generator.choice(others))))
        paths.append(folder / CHOICES / f"{rater.rater}.csv")
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        with paths[-1].open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("id", "choice"), *rows])
    return paths


def draw_study(
    generator: np.random.Generator,
    *,
    raters: int,
    videos: int,
    each: int = 1,
    mean: float = 0.5,
    skill: float = 0.15,
    ease: float = 0.3,
) -> tuple[np.ndarray, list[str]]:
    """A study of raters and videos drawn from a population whose mean accuracy is `mean`.

    Args:
        each: moments a video.
        skill, ease: the accuracy of a rater and that of a video lie at most this far from the mean, all
            alike likely.

    Returns:
        float64 [raters, moments, 1], 100 where the real one was picked, else 0; and the video of each
        moment.
    """
    skills = generator.uniform(-skill, skill, raters)[:, None]
    eases = np.repeat(generator.uniform(-ease, ease, videos), each)
    right = generator.random((raters, videos * each)) < mean + skills + eases
    names = [f"v{number:04}" for number in np.repeat(np.arange(videos), each)]
    return 100.0 * right[:, :, None], names
