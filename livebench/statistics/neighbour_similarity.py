"""Table 3 of the paper: how similar two comments are, by the time between them.

The paper: "For each comment, we select its 20 neighbouring comments to form 20 comment pairs", grouped
by their interval, the average over all pairs. Here the neighbours of a comment are the 10 before it
and the 10 after it, in time order, in its video (fewer at its ends). Each pair is formed twice, from
both of its comments, and counted once, which changes no mean. All pairs are taken, none is drawn.

Edit distance: Levenshtein's, in characters, white space apart. tf-idf: the cosine of the words' counts
times idf, as scikit-learn's defaults weigh (idf = ln((1 + n) / (1 + df)) + 1), each comment of the
dataset a document, all words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from livebench.data.comments import Comments
from livebench.data.dataset import Dataset
from livebench.statistics.published_data import published

_NEIGHBOURS = 20
_PAIRS_AT_ONCE = 200_000
"""Pairs whose vectors are in memory at a time."""


class IntervalSimilarity(NamedTuple):
    """Pairs of comments that lie from `start` up to `stop` seconds apart (inf: any longer).

    `pairs` is their number; the others are means over them, nan without pairs.
    """

    start: float
    stop: float
    pairs: int
    edit_distance: float
    tf_idf: float

    @property
    def name(self) -> str:
        """As the paper writes it: "0-1 s", or ">10 s" without an end."""
        return f">{self.start:g} s" if self.stop == np.inf else f"{self.start:g}-{self.stop:g} s"


def paper_intervals() -> list[tuple[float, float]]:
    """The paper's intervals: seconds, the end not included."""
    starts = [float(row.start) for row in published().intervals]
    return list(zip(starts, [*starts[1:], np.inf], strict=True))


def interval_of(seconds: np.ndarray) -> np.ndarray:
    """int64: which of `paper_intervals` each number of seconds lies in."""
    return np.searchsorted([start for start, _ in paper_intervals()], seconds, side="right") - 1


def similarity_by_interval(dataset: Dataset) -> list[IntervalSimilarity]:
    """The rows of Table 3 for a dataset."""
    comments, intervals = dataset.comments, paper_intervals()
    first, second, seconds = neighbouring_pairs(comments)
    # Each pair of strings is compared once, however often it occurs.
    left, right = (comments.string[rows].astype(np.int64) for rows in (first, second))
    key = np.minimum(left, right) * len(comments.strings) + np.maximum(left, right)
    key, occurrence = np.unique(key, return_inverse=True)
    strings = np.divmod(key, max(1, len(comments.strings)))
    interval, count = interval_of(seconds), len(intervals)
    pairs = np.bincount(interval, minlength=count).tolist()
    distances = np.bincount(interval, _edit_distances(comments, *strings)[occurrence], count)
    similarities = np.bincount(interval, _cosines(comments, *strings)[occurrence], count)
    return [
        IntervalSimilarity(start, stop, n, d / n if n else np.nan, c / n if n else np.nan)
        for (start, stop), n, d, c in zip(intervals, pairs, distances, similarities, strict=True)
    ]


def neighbouring_pairs(comments: Comments) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """int64 [pairs], the rows of the first and of the second comment; float64 [pairs], seconds between.

    A pair stands here once, though it is formed twice: that changes no mean.
    """
    rows = np.arange(len(comments.string))
    stop = comments.offsets[1:][comments.video]
    steps = range(1, _NEIGHBOURS // 2 + 1)
    inside = [rows[rows + step < stop] for step in steps]
    first = np.concatenate(inside)
    second = first + np.repeat(steps, [len(part) for part in inside])
    return first, second, (comments.time_ms[second] - comments.time_ms[first]) / 1000


def _blocks(count: int) -> Iterator[slice]:
    return (slice(start, start + _PAIRS_AT_ONCE) for start in range(0, count, _PAIRS_AT_ONCE))


def _edit_distances(comments: Comments, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """int32 [pairs]: characters to insert, delete or replace between two strings, spaces apart."""
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cpdist

    bare = np.array([string.replace(" ", "") for string in comments.strings], object)
    distances = [
        cpdist(bare[left[block]], bare[right[block]], scorer=Levenshtein.distance, workers=-1)
        for block in _blocks(len(left))
    ]
    return np.concatenate([np.empty(0, np.int32), *distances])


def _cosines(comments: Comments, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """float64 [pairs]: cosine of tf-idf of two strings."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.preprocessing import normalize

    if not len(left):
        return np.empty(0)
    vectorizer = CountVectorizer(tokenizer=str.split, token_pattern=None, lowercase=False)
    counts = vectorizer.fit_transform(comments.strings)
    occurrences = np.bincount(comments.string, minlength=len(comments.strings))
    document_frequency = (counts > 0).T @ occurrences
    idf = np.log((1 + len(comments.string)) / (1 + document_frequency)) + 1
    weights = normalize(counts.astype(np.float64).multiply(idf).tocsr())
    cosines = [
        np.asarray(weights[left[block]].multiply(weights[right[block]]).sum(axis=1)).ravel()
        for block in _blocks(len(left))
    ]
    return np.concatenate(cosines)
