"""Human scores of pairs of comments, for Table 3: a sheet to fill in, and what was filled in.

The paper: three annotators score the semantic relevance between two comments, from 1 to 5.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from livebench.data.dataset import Dataset
from livebench.errors import LiveBenchError
from livebench.files import write_text
from livebench.importers.collection import finite
from livebench.importers.csv_rows import read_rows
from livebench.statistics.neighbours import (
    NEIGHBOURS,
    interval_of,
    intervals,
)

LOWEST, HIGHEST = 1, 5


def read_ratings(path: Path) -> list[tuple[int, float]]:
    """Number and mean of the scores of each interval, nan without scores.

    Args:
        path: a CSV file with the columns `seconds` (between the two comments) and `score` (1 to 5); a
            row a score. Other columns (who scored, which comments) are not looked at; a row with an
            empty score was not scored.

    Raises:
        LiveBenchError: the file cannot be read, or a number in it is wrong.
    """
    scores: list[list[float]] = [[] for _ in intervals()]
    for line, (seconds_text, score_text) in read_rows(Path(path), ("seconds", "score")):
        seconds, score = finite(seconds_text), finite(score_text)
        if not seconds >= 0:
            raise LiveBenchError(f"{path}, line {line}: seconds {seconds_text!r} is none; mend it")
        if not score_text.strip():
            continue
        if not LOWEST <= score <= HIGHEST:
            raise LiveBenchError(
                f"{path}, line {line}: score {score_text!r} is not from {LOWEST} to {HIGHEST}; mend it"
            )
        scores[int(interval_of(np.array([seconds]))[0])].append(score)
    return [(len(found), float(np.mean(found)) if found else np.nan) for found in scores]


def write_pairs(dataset: Dataset, path: Path, *, each: int = 20, seed: int = 0) -> int:
    """Write pairs of neighbouring comments to be scored, `each` of every interval; return their number.

    A CSV file: pair, video_id, seconds, first, second, score (empty). They are drawn with the seed, from
    all pairs of Table 3, and stand in random order, so that nobody sees the interval from the place.

    Raises:
        LiveBenchError: the file cannot be written.
    """
    comments = dataset.comments
    sizes = np.diff(comments.offsets)
    stop, rows = np.repeat(comments.offsets[1:], sizes), np.arange(len(comments.string))
    inside = [rows[rows + step < stop] for step in range(1, NEIGHBOURS // 2 + 1)]
    one = np.concatenate([np.empty(0, np.int64), *inside])
    other = one + np.repeat(np.arange(1, len(inside) + 1), [len(part) for part in inside])
    seconds = (comments.time_ms[other] - comments.time_ms[one]) / 1000
    generator = np.random.default_rng(seed)
    row = interval_of(seconds)
    drawn = []
    for number in range(len(intervals())):
        candidates = np.flatnonzero(row == number)
        drawn.append(generator.permutation(candidates)[:each])
    chosen = generator.permutation(np.concatenate(drawn))
    video = np.repeat(np.arange(len(dataset.videos)), sizes)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["pair", "video_id", "seconds", "first", "second", "score"])
    for number, pair in enumerate(chosen, 1):
        first, second = comments.string[one[pair]], comments.string[other[pair]]
        name = dataset.videos[video[one[pair]]].video_id
        texts = comments.texts[first], comments.texts[second]
        writer.writerow([number, name, f"{seconds[pair]:.3f}", *texts, ""])
    write_text(Path(path), text.getvalue())
    return len(chosen)
