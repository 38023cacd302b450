"""Scores of a submission: read, and refused unless there is one finite number for each candidate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from livebench.errors import LiveBenchError
from livebench.records import CANDIDATES, ScoreRecord, read_records


def read_scores(path: Path, sample_ids: Sequence[str]) -> np.ndarray:
    """The scores of a file, in the order of `sample_ids`: float64 [samples, 100].

    Raises:
        LiveBenchError: the file cannot be read, or scores are missing, surplus, doubled or not finite;
            file, line and sample are named.
    """
    rows = {sample_id: row for row, sample_id in enumerate(sample_ids)}
    scores = np.empty((len(rows), CANDIDATES))
    seen: dict[str, int] = {}
    for line, record in enumerate(read_records(path, ScoreRecord), 1):
        name = record.sample_id
        if name not in rows:
            raise LiveBenchError(
                f"{path}, line {line}: the set has no sample {name}; remove the line"
            )
        if name in seen:
            raise LiveBenchError(
                f"{path}, line {line}: sample {name} was scored on line {seen[name]} already; keep one"
            )
        seen[name] = line
        scores[rows[name]] = record.scores
    if len(seen) < len(rows):
        missing = next(name for name in rows if name not in seen)
        raise LiveBenchError(
            f"{path}: {len(rows) - len(seen)} of {len(rows)} samples have no scores, the first is "
            f"{missing}; score every sample"
        )
    return scores
