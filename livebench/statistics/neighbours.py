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

from livebench.data.dataset import Comments, Dataset
from livebench.statistics.published import published

NEIGHBOURS = 20
AT_ONCE = 200_000
"""Pairs whose vectors are in memory at a time."""


class Interval(NamedTuple):
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
        """As the paper writes it."""
        return interval_name(self.start, self.stop)


def interval_name(start: float, stop: float) -> str:
    """ "0-1 s", or ">10 s" without an end."""
    return f">{start:g} s" if stop == np.inf else f"{start:g}-{stop:g} s"


def intervals() -> list[tuple[float, float]]:
    """The paper's intervals: seconds, the end not included."""
    starts = [float(row.start) for row in published().intervals]
    return list(zip(starts, [*starts[1:], np.inf], strict=True))


def interval_of(seconds: np.ndarray) -> np.ndarray:
    """int64: which of `intervals` each number of seconds lies in."""
    return np.searchsorted([start for start, _ in intervals()], seconds, side="right") - 1


def similarity_by_interval(dataset: Dataset) -> list[Interval]:
    """The rows of Table 3 for a dataset."""
    comments = dataset.comments
    count = len(intervals())
    pairs, distance, cosine = np.zeros(count, np.int64), np.zeros(count), np.zeros(count)
    first, second, seconds = neighbouring_pairs(comments)
    if len(first):
        row = interval_of(seconds)
        key = np.minimum(first, second) * len(comments.strings) + np.maximum(first, second)
        key, inverse = np.unique(key, return_inverse=True)
        one, other = key // len(comments.strings), key % len(comments.strings)
        pairs = np.bincount(row, minlength=count)
        distance = np.bincount(row, edit_distances(comments, one, other)[inverse], count)
        cosine = np.bincount(row, cosines(comments, one, other)[inverse], count)
    found = zip(intervals(), pairs.tolist(), distance, cosine, strict=True)
    return [
        Interval(start, stop, n, d / n if n else np.nan, c / n if n else np.nan)
        for (start, stop), n, d, c in found
    ]


def neighbouring_pairs(comments: Comments) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Strings of the first and the second comment of each pair, and the seconds between them.

    A pair stands here once, though it is formed twice: that changes no mean.
    """
    sizes = np.diff(comments.offsets)
    stop = np.repeat(comments.offsets[1:], sizes)
    rows = np.arange(len(comments.string))
    first, second = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for step in range(1, NEIGHBOURS // 2 + 1):
        inside = rows[rows + step < stop]
        first.append(inside)
        second.append(inside + step)
    one, other = np.concatenate(first), np.concatenate(second)
    strings = comments.string.astype(np.int64)
    seconds = (comments.time_ms[other] - comments.time_ms[one]) / 1000
    return strings[one], strings[other], seconds


def _blocks(count: int) -> Iterator[slice]:
    return (slice(start, start + AT_ONCE) for start in range(0, count, AT_ONCE))


def edit_distances(comments: Comments, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """int32 [pairs]: characters to insert, delete or replace between two strings, spaces apart."""
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cpdist

    bare = np.array([string.replace(" ", "") for string in comments.strings], object)
    found = [
        cpdist(bare[one[part]], bare[other[part]], scorer=Levenshtein.distance, workers=-1)
        for part in _blocks(len(one))
    ]
    return np.concatenate([np.empty(0, np.int32), *found])


def cosines(comments: Comments, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """float64 [pairs]: cosine of tf-idf of two strings."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.preprocessing import normalize

    vectorizer = CountVectorizer(tokenizer=str.split, token_pattern=None, lowercase=False)
    counts = vectorizer.fit_transform(comments.strings)
    occurrences = np.bincount(comments.string, minlength=len(comments.strings))
    document_frequency = (counts > 0).T @ occurrences
    idf = np.log((1 + len(comments.string)) / (1 + document_frequency)) + 1
    weights = normalize(counts.astype(np.float64).multiply(idf).tocsr())
    found = [
        np.asarray(weights[one[part]].multiply(weights[other[part]]).sum(axis=1)).ravel()
        for part in _blocks(len(one))
    ]
    return np.concatenate([np.empty(0), *found])
