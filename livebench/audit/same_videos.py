"""Finds duplicate videos in a dataset: by id, by title, by near-identical comments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple
from unicodedata import normalize

import numpy as np

from livebench.audit.video_comments import SHORTEST_TEXT, VideoComments, bare_texts
from livebench.data.dataset import Dataset

_RARE = 20
"""A comment is rare if it occurs in at most this many videos; fewer in a small dataset."""
_MIN_CONTAINMENT, _MIN_OVERLAP = 0.25, 8


class SameVideos(NamedTuple):
    """Numbers of videos that are the same video, and the evidence."""

    kind: Literal["same id", "same title", "same comments"]
    videos: tuple[int, ...]
    detail: str


def same_names(dataset: Dataset) -> Iterator[SameVideos]:
    """Groups of videos with the same id or title up to case, Unicode form, and punctuation."""
    ids = [normalize("NFKC", video.video_id).casefold() for video in dataset.videos]
    for _, videos in _equal(ids):
        detail = f"{len(videos)} ids that differ in case or form only"
        yield SameVideos("same id", videos, detail)
    titles = bare_texts([video.title.casefold() for video in dataset.videos]).to_pylist()
    for title, videos in _equal(titles):
        if len(title) >= SHORTEST_TEXT:
            detail = f"{len(videos)} videos with the same title ({len(title)} characters)"
            yield SameVideos("same title", videos, detail)


def _equal(names: Sequence[str]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names that occur more than once, and their positions."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(name, []).append(place)
    return ((name, tuple(same)) for name, same in places.items() if len(same) > 1)


def same_comments(dataset: Dataset, columns: VideoComments) -> Iterator[SameVideos]:
    """Pairs of videos that share too many rare comments to be different videos.

    Times of comments are ignored, and the share is relative to the video with fewer comments, so that a
    copy is found even if it is shifted or incomplete.
    """
    from scipy.sparse import csr_matrix, triu

    count = len(dataset.videos)
    videos_of = np.bincount(columns.key, minlength=len(columns.length)).astype(np.int32)
    most = min(_RARE, max(3, count // 20))
    kept = (columns.length[columns.key] >= SHORTEST_TEXT) & (videos_of[columns.key] <= most)
    sizes = np.bincount(columns.video[kept], minlength=count)
    kept &= videos_of[columns.key] > 1
    matrix = csr_matrix(
        (np.ones(np.count_nonzero(kept), np.int32), (columns.video[kept], columns.key[kept])),
        shape=(count, len(columns.length)),
    )
    transposed, rows = matrix.T.tocsr(), 512  # in blocks: a pair of videos costs 12 bytes
    for start in range(0, count, rows):
        common = triu(matrix[start : start + rows] @ transposed, k=start + 1).tocoo()
        first, second = common.row + start, common.col
        smaller = np.minimum(sizes[first], sizes[second])
        alike = (common.data >= _MIN_OVERLAP) & (common.data >= _MIN_CONTAINMENT * smaller)
        for a, b, overlap in sorted(
            zip(first[alike].tolist(), second[alike].tolist(), common.data[alike], strict=True)
        ):
            detail = f"{overlap:,} rare comments are the same, of {sizes[a]:,} and {sizes[b]:,}"
            yield SameVideos("same comments", (a, b), detail)
