"""Human scores of pairs of comments, for Table 3: a sheet to fill in, and what was filled in.

The paper: three annotators score the semantic relevance between two comments, from 1 to 5.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from livebench.data.dataset import Dataset
from livebench.files import write_text
from livebench.importers.collection import finite
from livebench.importers.csv_rows import read_rows
from livebench.records import line_error
from livebench.statistics.neighbour_similarity import (
    interval_of,
    neighbouring_pairs,
    paper_intervals,
)

_LOWEST, _HIGHEST = 1, 5


def read_pair_sheet(path: Path) -> list[tuple[int, float]]:
    """Number and mean of the scores of each interval, nan without scores.

    Args:
        path: a CSV file with the columns `seconds` (between the two comments) and `score` (1 to 5); a
            row a score. Other columns (who scored, which comments) are not looked at; a row with an
            empty score was not scored.

    Raises:
        LiveBenchError: the file cannot be read, or a number in it is wrong.
    """
    by_interval: list[list[float]] = [[] for _ in paper_intervals()]
    for line, (seconds_text, score_text) in read_rows(Path(path), ("seconds", "score")):
        seconds, score = finite(seconds_text), finite(score_text)
        if not seconds >= 0:
            fix = "write a number of at least 0"
            raise line_error(path, line, f"seconds {seconds_text!r}", fix)
        if not score_text.strip():
            continue
        if not _LOWEST <= score <= _HIGHEST:
            fix = f"write a number from {_LOWEST} to {_HIGHEST}, or nothing"
            raise line_error(path, line, f"score {score_text!r}", fix)
        by_interval[int(interval_of(np.array([seconds]))[0])].append(score)
    return [(len(scores), float(np.mean(scores)) if scores else np.nan) for scores in by_interval]


def write_pair_sheet(dataset: Dataset, path: Path, *, each: int = 20, seed: int = 0) -> int:
    """Write pairs of neighbouring comments to be scored, `each` of every interval; return their number.

    A CSV file: pair, video_id, seconds, first, second, score (empty). They are drawn with the seed, from
    all pairs of Table 3, and stand in random order, so that nobody sees the interval from the place.

    Raises:
        LiveBenchError: the file cannot be written.
    """
    comments = dataset.comments
    first, second, seconds = neighbouring_pairs(comments)
    interval = interval_of(seconds)
    generator = np.random.default_rng(seed)
    drawn = [
        generator.permutation(np.flatnonzero(interval == number))[:each]
        for number in range(len(paper_intervals()))
    ]
    pairs = generator.permutation(np.concatenate(drawn))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["pair", "video_id", "seconds", "first", "second", "score"])
    for number, pair in enumerate(pairs.tolist(), 1):
        name = dataset.videos[comments.video[first[pair]]].video_id
        texts = [comments.texts[comments.string[rows[pair]]] for rows in (first, second)]
        writer.writerow([number, name, f"{seconds[pair]:.3f}", *texts, ""])
    write_text(Path(path), text.getvalue())
    return len(pairs)
