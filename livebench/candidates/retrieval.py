"""Finds the comments nearest to a query by tf-idf cosine, without dense similarity rows for all."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np

QUERIES_AT_ONCE = 16
"""Rows of similarities held in memory at a time."""


def _words(string: str) -> list[str]:
    """The words of a comment, as jieba cut it."""
    return string.split(" ")


def _lower_words(string: str) -> list[str]:
    return string.lower().split(" ")


class TfIdfIndex:
    """tf-idf of distinct comments, with scikit-learn's default weighting (smoothed idf, unit length).

    Args:
        strings: the comments (words joined by spaces).
        words: "all" of them, or "pattern": what scikit-learn's default pattern finds in a string.
        lowercase: whether case is ignored.
    """

    def __init__(
        self, strings: Sequence[str], words: Literal["all", "pattern"], lowercase: bool
    ) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        if words == "all":
            # A custom analyzer bypasses scikit-learn's preprocessing: 3 times faster.
            self._vectorizer = TfidfVectorizer(analyzer=_lower_words if lowercase else _words)
        else:
            self._vectorizer = TfidfVectorizer(lowercase=lowercase)
        try:
            matrix = self._vectorizer.fit_transform(strings)
        except ValueError:  # raised by scikit-learn if there are no words
            matrix = None
        self._comments_by_word = None if matrix is None else matrix.T.tocsr()

    def nearest(self, queries: Sequence[str], count: int) -> list[np.ndarray]:
        """For each query the comments most similar to it.

        Args:
            queries: words joined by spaces.
            count: how many at most; a similarity of 0 is not a match.

        Returns:
            For each query int64 [at most count], positions in the given comments, most similar first
            (similarities rounded to 1e-9), ties in the order of the comments.
        """
        if self._comments_by_word is None:
            return [np.empty(0, np.int64) for _ in queries]
        rows, nearest = self._vectorizer.transform(queries), []
        for start in range(0, len(queries), QUERIES_AT_ONCE):
            similar = rows[start : start + QUERIES_AT_ONCE] @ self._comments_by_word
            ends = pairwise(similar.indptr)
            nearest += [_top(similar.indices[a:b], similar.data[a:b], count) for a, b in ends]
        return nearest


def _top(positions: np.ndarray, similarities: np.ndarray, count: int) -> np.ndarray:
    similarities = np.round(similarities, 9)
    keep = similarities > 0
    if np.count_nonzero(keep) > count:
        # All that tie for the last place are kept until the order of strings decides.
        keep &= similarities >= np.partition(similarities, -count)[-count]
    positions, similarities = positions[keep], similarities[keep]
    return positions[np.lexsort((positions, -similarities))[:count]].astype(np.int64)
