"""Which comment occurs in which video, ignoring case, Unicode form, white space and punctuation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from livebench.data import distinct
from livebench.data.dataset import Dataset

SHORTEST_TEXT = 4
"""Characters; shorter titles and comments do not identify a video."""


def bare_texts(texts: Sequence[str] | Any) -> Any:
    """Texts (as an Arrow array) in NFKC, lower case, without white space and punctuation."""
    import pyarrow as pa
    import pyarrow.compute as pc

    array = texts if isinstance(texts, pa.Array) else pa.array(texts, pa.large_string())
    array = pc.utf8_normalize(array, "NFKC")  # type: ignore[attr-defined]  # not in the stubs
    return pc.replace_substring_regex(pc.utf8_lower(array), r"[\s\p{P}\p{Z}\p{C}]+", "")


@dataclass(frozen=True)
class VideoComments:
    """Which bare comment occurs in which video, each pair once, by video; empty ones are left out.

    Attributes:
        video, key: int32 [pairs].
        length: int32 [keys], in characters.
    """

    video: np.ndarray
    key: np.ndarray
    length: np.ndarray

    @classmethod
    def of(cls, dataset: Dataset) -> VideoComments:
        comments = dataset.comments
        bare = map(bare_texts, distinct.string_blocks(comments.strings))
        found = distinct.distinct_strings(((block, block) for block in bare), len(comments.strings))
        length = _lengths(found.strings)
        pairs = [
            _pairs(found.codes[comments.string[rows]], comments.video_of(rows), length)
            for rows in _whole_videos(comments.offsets)
        ]
        video, key = np.concatenate([np.empty((2, 0), np.int32), *pairs], axis=1)
        return cls(video, key, length)


def _lengths(strings: Sequence[str]) -> np.ndarray:
    import pyarrow.compute as pc

    lengths = [pc.utf8_length(block).to_numpy() for block in distinct.string_blocks(strings)]
    return np.concatenate([np.empty(0, np.int32), *lengths]).astype(np.int32)


def _whole_videos(offsets: np.ndarray) -> Iterator[slice]:
    """Rows of consecutive videos, about a block at a time."""
    start = 0
    for stop in offsets[1:].tolist():
        if stop - start >= distinct.BLOCK or stop == offsets[-1]:
            yield slice(start, stop)
            start = stop


def _pairs(key: np.ndarray, video: np.ndarray, length: np.ndarray) -> np.ndarray:
    """int32 [2, pairs]: the distinct pairs of video and key, sorted."""
    kept = length[key] > 0
    pairs = np.unique(video[kept].astype(np.int64) << 32 | key[kept])
    return np.stack([pairs >> 32, pairs & 0xFFFFFFFF]).astype(np.int32)
