"""The comments nearest to a query by cosine of tf-idf, without a dense row of similarities."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np

QUERIES_AT_ONCE = 64
"""Rows of similarities that a core holds in memory at a time."""


def all_words(string: str) -> list[str]:
    """The words of a comment, as jieba cut it."""
    return string.split(" ")


class TfIdfIndex:
    """tf-idf of distinct comments, as scikit-learn's defaults weigh them (smoothed idf, length 1).

    Args:
        strings: the comments (words joined by spaces).
        words: "all" of them, or "pattern": what scikit-learn's default pattern finds in a string.
        lowercase: whether case is ignored.
    """

    def __init__(
        self, strings: Sequence[str], words: Literal["all", "pattern"], lowercase: bool
    ) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        tokenizer = {"tokenizer": all_words, "token_pattern": None} if words == "all" else {}
        self._vectorizer = TfidfVectorizer(lowercase=lowercase, **tokenizer)
        try:
            matrix = self._vectorizer.fit_transform(strings)
        except ValueError:  # scikit-learn's way to say: no word at all
            matrix = None
        self._comments_by_word = None if matrix is None else matrix.T.tocsr()

    def nearest(self, queries: Sequence[str], count: int) -> list[np.ndarray]:
        """For each query the comments most similar to it; the same on any number of cores.

        Args:
            queries: words joined by spaces.
            count: how many at most; a similarity of 0 is not a match.

        Returns:
            For each query int64 [at most count], positions in the comments given; most similar first
            (similarities rounded to 1e-9), equal ones in the order of the comments.
        """
        if self._comments_by_word is None:
            return [np.empty(0, np.int64) for _ in queries]
        rows = self._vectorizer.transform(queries)

        def block(start: int) -> list[np.ndarray]:
            # The product lets go of the interpreter, so that threads use all cores on one matrix.
            found = rows[start : start + QUERIES_AT_ONCE] @ self._comments_by_word
            ends = zip(found.indptr, found.indptr[1:], strict=False)
            return [_top(found.indices[a:b], found.data[a:b], count) for a, b in ends]

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            blocks = pool.map(block, range(0, len(queries), QUERIES_AT_ONCE))
            return [row for found in blocks for row in found]


def _top(positions: np.ndarray, similarities: np.ndarray, count: int) -> np.ndarray:
    similarities = np.round(similarities, 9)
    keep = similarities > 0
    if np.count_nonzero(keep) > count:
        # All that tie with the last place stay in, until the order of strings decides.
        keep &= similarities >= np.partition(similarities, -count)[-count]
    positions, similarities = positions[keep], similarities[keep]
    return positions[np.lexsort((positions, -similarities))[:count]].astype(np.int64)
