"""What a group leaks: do videos share comments with the other videos of their series across splits?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from livebench.audit.video_comments import SHORTEST_TEXT, VideoComments
from livebench.data.dataset import Video
from livebench.data.split import SPLITS, Split
from livebench.draws import draw

_MIN_COMMENTS = 10
"""Distinct comments of at least SHORTEST_TEXT characters that a video needs in order to count."""
_CLEAR_EXCESS, _CONFIDENCE = 0.01, 0.999
"""Measured: +3.8% [+2.5%, +5.1%] on Niconico split by episode: 44 series are in training and test."""


class SharedGroups(msgspec.Struct, frozen=True):
    """Videos of `split` whose group has videos in `pool`, too.

    Attributes:
        groups: the number of groups with videos in both, and videos in `split` with enough comments.
        videos: of these groups, those of `split`.
        own: mean share of their distinct comments that occur in the pool's videos of their own group.
        other: the same in as many of the pool's videos of other groups, drawn by hash.
        low, high: interval of `own` minus `other`, over groups; the whole range if there is only one.
    """

    split: Split
    pool: Split
    groups: int
    videos: int
    own: float
    other: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether the excess is significant, and large enough to matter."""
        return self.low > _CLEAR_EXCESS


def shared_groups(columns: VideoComments, videos: Sequence[Video]) -> Iterator[SharedGroups]:
    """Compare each pair of splits that have groups in common; nothing where no group is in two."""
    kept = columns.length[columns.key] >= SHORTEST_TEXT
    video, key = columns.video[kept], columns.key[kept]
    starts = np.searchsorted(video, np.arange(len(videos) + 1))
    comments = [key[starts[i] : starts[i + 1]] for i in range(len(videos))]
    members: dict[tuple[Split, str], list[int]] = {}
    for number, one in enumerate(videos):
        if one.group:
            members.setdefault((one.split, one.group), []).append(number)
    for split in SPLITS:
        for pool in SPLITS:
            common = [
                g for s, g in members if s == split and (pool, g) in members and pool != split
            ]
            differences, own, other, counted = [], [], [], 0
            for group in common:
                mates = members[pool, group]
                strangers = [
                    number
                    for number, one in enumerate(videos)
                    if one.split == pool and one.group != group
                ]
                shares = [
                    (
                        _share(comments[number], [comments[mate] for mate in mates]),
                        _share(
                            comments[number],
                            [comments[s] for s in _drawn(videos, number, strangers, len(mates))],
                        ),
                    )
                    for number in members[split, group]
                    if len(comments[number]) >= _MIN_COMMENTS and strangers
                ]
                if shares:
                    counted += len(shares)
                    mean_own, mean_other = np.mean(shares, axis=0).tolist()
                    own.append(mean_own)
                    other.append(mean_other)
                    differences.append(mean_own - mean_other)
            if differences:
                low, high = _interval(np.array(differences))
                yield SharedGroups(
                    split=split,
                    pool=pool,
                    groups=len(differences),
                    videos=counted,
                    own=float(np.mean(own)),
                    other=float(np.mean(other)),
                    low=low,
                    high=high,
                )


def _share(own: np.ndarray, others: Sequence[np.ndarray]) -> float:
    """The share of a video's comments that occur in these videos."""
    return float(np.isin(own, np.concatenate(others)).mean())


def _drawn(
    videos: Sequence[Video], number: int, strangers: Sequence[int], count: int
) -> Sequence[int]:
    """`count` of these videos (all, if there are fewer), by hash of both ids."""
    name = videos[number].video_id
    return sorted(strangers, key=lambda other: draw(0, name, videos[other].video_id))[:count]


def _interval(differences: np.ndarray) -> tuple[float, float]:
    """Student's interval of the mean of differences, one a group."""
    from scipy.special import stdtrit

    count, mean = len(differences), float(differences.mean())
    if count < 2:
        return -1.0, 1.0
    reach = stdtrit(count - 1, (1 + _CONFIDENCE) / 2) * differences.std(ddof=1) / np.sqrt(count)
    return mean - float(reach), mean + float(reach)
