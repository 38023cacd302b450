"""Which comment occurs in which video, ignoring case, Unicode form, white space and punctuation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from livebench.data.dataset import Dataset

SHORTEST_TEXT = 4
"""Characters; shorter titles and comments do not identify a video."""


def bare_texts(texts: Sequence[str]) -> Any:
    """Texts (as an Arrow array) in NFKC, lower case, without white space and punctuation."""
    import pyarrow as pa
    import pyarrow.compute as pc

    array = pc.utf8_normalize(pa.array(texts, pa.large_string()), "NFKC")  # type: ignore[attr-defined]  # not in the stubs
    return pc.replace_substring_regex(pc.utf8_lower(array), r"[\s\p{P}\p{Z}\p{C}]+", "")


@dataclass(frozen=True)
class VideoComments:
    """Which bare comment occurs in which video, each pair once, by video; empty ones are left out.

    Attributes:
        video, key: int64 [pairs].
        length: int64 [keys], in characters.
    """

    video: np.ndarray
    key: np.ndarray
    length: np.ndarray

    @classmethod
    def of(cls, dataset: Dataset) -> VideoComments:
        import pyarrow.compute as pc

        comments = dataset.comments
        codes = bare_texts(comments.strings).dictionary_encode()
        length = pc.utf8_length(codes.dictionary).to_numpy().astype(np.int64)
        key = codes.indices.to_numpy().astype(np.int64)[comments.string]
        kept = length[key] > 0
        pairs = np.unique(comments.video[kept] * len(length) + key[kept])
        return cls(pairs // max(1, len(length)), pairs % max(1, len(length)), length)
