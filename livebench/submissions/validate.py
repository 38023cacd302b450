"""Scores of a submission: read, and refused unless there is one finite number for each candidate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from livebench.errors import LiveBenchError
from livebench.records import CANDIDATES, ScoreRecord, read_records, refuse

Normalisation = Literal["sum", "mean", "words+2"]
NORMALISATIONS: tuple[Normalisation, ...] = ("sum", "mean", "words+2")


class Scores(NamedTuple):
    """The scores of a file.

    Attributes:
        sums: float64 [samples, 100], sums of token log-probabilities.
        token_counts: int64 [samples, 100], over how many tokens; None if the file does not say.
    """

    sums: np.ndarray
    token_counts: np.ndarray | None

    def normalised(self, kind: Normalisation, words: np.ndarray) -> np.ndarray:
        """float64 [samples, 100]: the sums, their means over tokens (`mean`), or the sums divided by the
        number of words plus 2 (`words+2`, as OpenNMT-Livebot does).

        Args:
            words: int64 [samples, 100], the number of words of each candidate.

        Raises:
            LiveBenchError: `mean` without token counts.
        """
        if kind == "sum":
            return self.sums
        if kind == "words+2":
            return self.sums / (words + 2)
        if self.token_counts is None:
            raise LiveBenchError(
                "--score mean needs token counts; the scorer must return LogLikelihood(total, tokens)"
            )
        return self.sums / np.maximum(self.token_counts, 1)


def read_scores(
    path: Path, sample_ids: Sequence[str], report: Callable[[LiveBenchError], None] = refuse
) -> Scores:
    """The scores of a file, in the order of `sample_ids`.

    Args:
        report: told of everything that is wrong; by default it refuses the first. What is returned means
            something only if it was told nothing.

    Raises:
        LiveBenchError: the file cannot be read, or scores are missing, surplus, doubled or not finite;
            file, line and sample are named.
    """
    rows = {sample_id: row for row, sample_id in enumerate(sample_ids)}
    scores = np.empty((len(rows), CANDIDATES))
    token_counts = np.empty(scores.shape, np.int64)
    seen: dict[str, int] = {}
    counted, mixed = 0, False
    for line, record in enumerate(read_records(path, ScoreRecord, report), 1):
        if record is None:
            continue
        name = record.sample_id
        if name not in rows:
            report(
                LiveBenchError(
                    f"{path}, line {line}: the set has no sample {name}; remove the line"
                )
            )
            continue
        if name in seen:
            where = f"{path}, line {line}: sample {name}"
            report(LiveBenchError(f"{where} was scored on line {seen[name]} already; keep one"))
            continue
        seen[name] = line
        scores[rows[name]] = record.scores
        if record.token_counts is not None:
            token_counts[rows[name]] = record.token_counts
            counted += 1
        if counted not in (0, len(seen)) and not mixed:
            report(
                LiveBenchError(
                    f"{path}, line {line}: sample {name}: token counts are given for some samples "
                    "only; give them for all or none"
                )
            )
            mixed = True  # said once
    if len(seen) < len(rows):
        missing = next(name for name in rows if name not in seen)
        report(
            LiveBenchError(
                f"{path}: {len(rows) - len(seen)} of {len(rows)} samples have no scores, the first "
                f"is {missing}; score every sample"
            )
        )
    return Scores(scores, token_counts if counted else None)
