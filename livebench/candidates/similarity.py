"""The comments nearest to a query by cosine of tf-idf, without a dense row of similarities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

QUERIES_AT_ONCE = 256
"""Rows of similarities held in memory at a time."""


def words(string: str) -> list[str]:
    """All words of a comment."""
    return string.split(" ")


def long_words(string: str) -> list[str]:
    """The words of a comment that have at least two characters."""
    return [word for word in string.split(" ") if len(word) > 1]


class TfIdfIndex:
    """tf-idf of distinct comments, as scikit-learn's defaults weigh them (smoothed idf, length 1)."""

    def __init__(
        self, strings: Sequence[str], *, one_character_words: bool = True, lowercase: bool = False
    ) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._lowercase = lowercase
        self._vectorizer = TfidfVectorizer(analyzer=words if one_character_words else long_words)
        try:
            matrix = self._vectorizer.fit_transform(self._cased(strings))
        except ValueError:  # no word at all
            matrix = None
        self._words_by_comment = None if matrix is None else matrix.T.tocsr()

    def _cased(self, strings: Sequence[str]) -> Sequence[str]:
        return [string.lower() for string in strings] if self._lowercase else strings

    def nearest(self, queries: Sequence[str], count: int) -> list[np.ndarray]:
        """For each query the comments most similar to it.

        Args:
            queries: words joined by spaces.
            count: how many at most; a similarity of 0 is not a match.

        Returns:
            For each query int64 [at most count], positions in the comments given; most similar first
            (similarities rounded to 1e-9), equal ones in the order of the comments.
        """
        if self._words_by_comment is None:
            return [np.empty(0, np.int64) for _ in queries]
        found = []
        for start in range(0, len(queries), QUERIES_AT_ONCE):
            part = self._cased(queries[start : start + QUERIES_AT_ONCE])
            rows = self._vectorizer.transform(part) @ self._words_by_comment
            for row in range(rows.shape[0]):
                entries = slice(rows.indptr[row], rows.indptr[row + 1])
                found.append(_top(rows.indices[entries], rows.data[entries], count))
        return found


def _top(positions: np.ndarray, similarities: np.ndarray, count: int) -> np.ndarray:
    similarities = np.round(similarities, 9)
    keep = similarities > 0
    if np.count_nonzero(keep) > count:
        # All that tie with the last place stay in, until the order of strings decides.
        keep &= similarities >= np.partition(similarities, -count)[-count]
    positions, similarities = positions[keep], similarities[keep]
    return positions[np.lexsort((positions, -similarities))[:count]].astype(np.int64)
