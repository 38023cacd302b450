"""Finds the comments nearest to a query by tf-idf cosine, without dense similarity rows for all.

Comments are taken in blocks, whose matrices are in files that are mapped into memory where there are
several: a query reads the rows of its own words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from livebench.files import ROOM, temporary_folder, unwritable

QUERIES_AT_ONCE = 16
"""Rows of similarities held in memory at a time."""

COMMENTS_AT_ONCE = 1 << 18
"""Columns of similarities held in memory at a time: comments of a block."""


def _words(string: str) -> list[str]:
    """The words of a comment, as jieba cut it."""
    return string.split(" ")


def _lower_words(string: str) -> list[str]:
    return string.lower().split(" ")


class _Block(NamedTuple):
    """Where comments begin, and a sparse matrix of them: [words, comments] in the end."""

    start: int
    matrix: Any


class TfIdfIndex:
    """tf-idf of distinct comments, with scikit-learn's default weighting (smoothed idf, unit length).

    Args:
        strings: the comments (words joined by spaces), in lists of any lengths; what comes out does not
            depend on these.
        words: "all" of them, or "pattern": what scikit-learn's default pattern finds in a string.
        lowercase: whether case is ignored.

    Raises:
        LiveBenchError: the folder for temporary files (TMPDIR) cannot be written, or is full.
    """

    def __init__(
        self, strings: Iterable[Sequence[str]], words: Literal["all", "pattern"], lowercase: bool
    ) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        options: dict[str, Any] = {"lowercase": lowercase}
        if words == "all":
            # A custom analyzer bypasses scikit-learn's preprocessing: 3 times faster.
            options = {"analyzer": _lower_words if lowercase else _words}
        parts = _regrouped(strings)
        first = list(islice(parts, 2))
        with ExitStack() as stack:
            kept = (lambda matrix: matrix) if len(first) < 2 else stack.enter_context(_files()).keep
            vocabulary, blocks = _counted_words(chain(first, parts), options, kept)
            if not vocabulary:
                self._vectorizer = None
                return
            terms = sorted(vocabulary)
            column = np.empty(len(terms), np.int32)
            column[[vocabulary[term] for term in terms]] = np.arange(len(terms), dtype=np.int32)
            number = sum(block.matrix.shape[0] for block in blocks)
            containing = np.zeros(len(terms), np.int64)
            for block in blocks:
                containing += np.bincount(column[block.matrix.indices], minlength=len(terms))
            idf = np.log((1 + number) / (1 + containing)) + 1
            self._blocks = [
                _Block(block.start, kept(_by_word(block.matrix, column, idf))) for block in blocks
            ]
        self._vectorizer = TfidfVectorizer(**options, vocabulary=terms)
        self._vectorizer.idf_ = idf

    def nearest(self, queries: Sequence[str], count: int) -> list[np.ndarray]:
        """For each query the comments most similar to it.

        Args:
            queries: words joined by spaces.
            count: how many at most; a similarity of 0 is not a match.

        Returns:
            For each query int64 [at most count], positions in the given comments, most similar first
            (similarities rounded to 1e-9), ties in the order of the comments.
        """
        if self._vectorizer is None or not len(queries):
            return [np.empty(0, np.int64) for _ in queries]
        rows, nearest = self._vectorizer.transform(queries), []
        for start in range(0, len(queries), QUERIES_AT_ONCE):
            some = rows[start : start + QUERIES_AT_ONCE]
            found: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in range(some.shape[0])]
            for block in self._blocks:
                similar = some @ block.matrix
                for own, (a, b) in zip(found, pairwise(similar.indptr), strict=True):
                    positions = similar.indices[a:b].astype(np.int64) + block.start
                    own.append(_top(positions, similar.data[a:b], count))
            for own in found:
                parts = [np.concatenate(part) for part in zip(*own, strict=True)]
                nearest.append(_top(parts[0], parts[1], count)[0])
        return nearest


def _counted_words(
    parts: Iterable[Sequence[str]], options: dict[str, Any], kept: Callable[[Any], Any]
) -> tuple[dict[str, int], list[_Block]]:
    """The words with numbers, and how often each comment [row] has each."""
    from sklearn.feature_extraction.text import CountVectorizer

    vocabulary: dict[str, int] = {}
    blocks, start = [], 0
    for part in parts:
        counter = CountVectorizer(**options)
        try:
            counts = counter.fit_transform(part)
        except ValueError:  # raised by scikit-learn if there are no words
            counts = None
        if counts is not None:
            own = counter.vocabulary_
            number = np.empty(len(own), np.int32)
            for word, place in own.items():
                number[place] = vocabulary.setdefault(word, len(vocabulary))
            counts.indices = number[counts.indices]
            blocks.append(_Block(start, kept(counts)))
        start += len(part)
    return vocabulary, blocks


def _by_word(counts: Any, column: np.ndarray, idf: np.ndarray) -> Any:
    """The tf-idf of comments [words, comments], each of unit length."""
    from scipy.sparse import csr_matrix
    from sklearn.preprocessing import normalize

    words = column[counts.indices]
    shape = (counts.shape[0], len(idf))
    weights = csr_matrix((counts.data * idf[words], words, counts.indptr), shape)
    weights.sort_indices()  # so that lengths are added up in one order, whatever the blocks
    return normalize(weights, copy=False).T.tocsr()


class _Files:
    """Puts sparse matrices into files, and maps them into memory; the files are removed at the end of
    the block, and stay readable."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._number = folder, 0

    def keep(self, matrix: Any) -> Any:
        from scipy.sparse import csr_matrix

        parts = []
        try:
            for part in (matrix.data, matrix.indices, matrix.indptr):
                path = self._folder / f"{self._number}.npy"
                self._number += 1
                with path.open("wb") as file:
                    header = np.lib.format.header_data_from_array_1_0(part)
                    np.lib.format.write_array_header_1_0(file, header)
                    file.write(np.ascontiguousarray(part).data)  # np.save hides why it fails
                parts.append(np.load(path, mmap_mode="r"))
        except OSError as error:
            raise unwritable(self._folder, error, ROOM) from None
        return csr_matrix(tuple(parts), matrix.shape)


@contextmanager
def _files() -> Iterator[_Files]:
    with temporary_folder() as name:
        yield _Files(Path(name))


def _regrouped(parts: Iterable[Sequence[str]]) -> Iterator[list[str]]:
    """The same strings in lists of `COMMENTS_AT_ONCE`."""
    waiting: list[str] = []
    for part in parts:
        waiting += part
        while len(waiting) >= COMMENTS_AT_ONCE:
            yield waiting[:COMMENTS_AT_ONCE]
            waiting = waiting[COMMENTS_AT_ONCE:]
    if waiting:
        yield waiting


def _top(
    positions: np.ndarray, similarities: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """The best, and their similarities, best first."""
    similarities = np.round(similarities, 9)
    keep = similarities > 0
    if np.count_nonzero(keep) > count:
        # All that tie for the last place are kept until the order of strings decides.
        keep &= similarities >= np.partition(similarities, -count)[-count]
    positions, similarities = positions[keep], similarities[keep]
    best = np.lexsort((positions, -similarities))[:count]
    return positions[best].astype(np.int64), similarities[best]
