"""Does a split share more comments with another than popularity explains?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import msgspec
import numpy as np

from livebench.audit.video_comments import SHORTEST_TEXT, VideoComments
from livebench.data.distinct import BLOCK
from livebench.data.split import SPLITS, Split

_MIN_COMMENTS = 10
"""Distinct comments of at least SHORTEST_TEXT characters that a video needs in order to count."""
_CLEAR_EXCESS, _CONFIDENCE = 0.03, 0.999
_LENGTHS = (SHORTEST_TEXT, 6, 8, 11, 16)
"""Length classes of comments: characters, from each number up to the next."""


class LengthClass(msgspec.Struct, frozen=True):
    """For comments of these lengths: the `share` that occurs in the pool, and the share `expected` from
    the pool's own comments, which occur in another of its videos."""

    characters: str
    share: float
    expected: float


class SharedComments(msgspec.Struct, frozen=True):
    """How many of the distinct comments of a video of `split` occur in the videos of `pool`.

    Attributes:
        videos: the videos of `split` with enough comments.
        share: mean over these videos.
        excess: `share` minus the share expected for comments of these lengths, which is measured within
            the pool, each video against all others.
        low, high: interval of the excess, over videos of both splits.
        by_length: the same by length, over comments.
    """

    split: Split
    pool: Split
    videos: int
    share: float
    excess: float
    low: float
    high: float
    by_length: tuple[LengthClass, ...]

    @property
    def clear(self) -> bool:
        """Whether the excess is significant, and large enough to matter."""
        return self.low > _CLEAR_EXCESS


def shared_comments(
    columns: VideoComments, splits: list[Split], copies: set[int]
) -> Iterator[tuple[SharedComments, np.ndarray]]:
    """Compare each split with every other.

    Args:
        splits: of each video.
        copies: numbers of videos that are in the pools but not counted themselves.

    Yields:
        The figures, and the numbers of the videos that share most, most first.
    """
    split_of = np.array(splits)
    counted = np.ones(len(splits), bool)
    counted[list(copies)] = False
    for pool in SPLITS:
        tables = _tables(columns, split_of == pool)
        baseline = _Shares(*tables, counted & (split_of == pool))
        for split in SPLITS:
            shares = _Shares(*tables, counted & (split_of == split))
            if split != pool and len(shares.videos) >= 2 and len(baseline.videos) >= 2:
                yield _compare(shares, baseline, split, pool)


def _tables(columns: VideoComments, members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct comments of each video by length class, and how many of them occur in the pool.

    A video of the pool is compared with all *other* videos in it. A video outside is compared with the
    same number: with all but one, averaged over the one left out (so a comment that occurs in only one
    video of the pool counts 1 - 1/videos).

    Args:
        members: bool [videos], the videos of the pool.

    Returns:
        two float64 [videos, length classes].
    """
    own = members[columns.video]
    videos_of = np.bincount(columns.key[own], minlength=len(columns.length)).astype(np.int32)
    shape = (len(members), len(_LENGTHS) + 1)
    total, several, once = (np.zeros(shape[0] * shape[1], np.int64) for _ in range(3))
    for start in range(0, len(own), BLOCK):
        part = slice(start, start + BLOCK)
        key = columns.key[part]
        cell = columns.video[part].astype(np.int64) * shape[1]
        cell += np.digitize(columns.length[key], _LENGTHS)
        total += np.bincount(cell, minlength=len(total))
        several += np.bincount(cell[videos_of[key] > 1], minlength=len(total))
        only = (videos_of[key] == 1) & ~own[part]
        once += np.bincount(cell[only], minlength=len(total))
    shared = several + once * (1 - 1 / max(1, int(np.count_nonzero(members))))
    return total.reshape(shape).astype(np.float64), shared.reshape(shape)


class _Shares:
    """The `counted` videos with enough comments; comments shorter than SHORTEST_TEXT are left out.

    Attributes:
        videos: int64 [videos], their numbers.
        total, shared: float64 [videos, length classes]: distinct comments, and those in the pool.
    """

    def __init__(self, total: np.ndarray, shared: np.ndarray, counted: np.ndarray) -> None:
        self.videos = np.flatnonzero(counted & (total[:, 1:].sum(1) >= _MIN_COMMENTS))
        self.total, self.shared = total[self.videos, 1:], shared[self.videos, 1:]

    def by_length(self) -> np.ndarray:
        """float64 [classes]: the share over all comments of a class; 0 if there are none."""
        share: np.ndarray = self.shared.sum(0) / np.maximum(1, self.total.sum(0))
        return share

    def excess(self, expected: np.ndarray) -> np.ndarray:
        """float64 [videos]: the share of a video minus that expected for comments of its lengths."""
        excess: np.ndarray = (self.shared - self.total * expected).sum(1) / self.total.sum(1)
        return excess


def _compare(
    shares: _Shares, baseline: _Shares, split: Split, pool: Split
) -> tuple[SharedComments, np.ndarray]:
    """The figures, and the videos above the pool's 99th percentile, most first."""
    from scipy.special import stdtrit

    expected = baseline.by_length()
    here, usual = shares.excess(expected), baseline.excess(expected)
    excess = here.mean() - usual.mean()
    parts = np.array([here.var(ddof=1) / len(here), usual.var(ddof=1) / len(usual)])
    # Welch's interval for the difference of two means over videos.
    freedom = np.array([len(here) - 1, len(usual) - 1])
    squares = float((parts**2 / freedom).sum())
    reach = 0.0
    if squares > 0:
        reach = stdtrit(parts.sum() ** 2 / squares, (1 + _CONFIDENCE) / 2) * np.sqrt(parts.sum())
    edges = (*_LENGTHS, None)
    names = [f"{a}-{b - 1}" if b else f"{a}+" for a, b in pairwise(edges)]
    by_length = zip(names, shares.by_length().tolist(), expected.tolist(), strict=True)
    figures = SharedComments(
        split=split,
        pool=pool,
        videos=len(here),
        share=float((shares.shared.sum(1) / shares.total.sum(1)).mean()),
        excess=float(excess),
        low=float(excess - reach),
        high=float(excess + reach),
        by_length=tuple(LengthClass(*row) for row in by_length),
    )
    order = np.argsort(-here, kind="stable")
    return figures, shares.videos[order[here[order] > np.quantile(usual, 0.99)]]
