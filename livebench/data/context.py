"""What surrounds a moment: the one rule for the samples of a test and for training.

A moment is one second t of a video: the comments with time in [t, t + 1). Times are in milliseconds
here, so that equal distances are equal.
"""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np

from livebench.records import Count


class ContextRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which comments surround a moment.

    `nearest`: the `count` comments nearest in time to the middle of the second, none of the second
    itself; of two equally near the earlier, and of two at the same time the first in the dataset.
    """

    rule: Literal["nearest"]
    count: Count


class FrameRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which frames belong to a moment; there is one a second.

    `nearest`: the `count` frames nearest to second t that the video has, of two equally near the
    earlier: t, t-1, t+1, t-2, t+2, ...
    """

    rule: Literal["nearest"]
    count: Count


def context_rows(time_ms: np.ndarray, second: int, rule: ContextRule) -> list[int]:
    """Which comments of a video surround a moment, nearest first.

    Args:
        time_ms: int64 [comments of the video], ascending.
        second: the moment.
        rule: the rule of the protocol.

    Returns:
        Indices into `time_ms`, at most `rule.count`; fewer only if the video has no more.
    """
    start, stop = np.searchsorted(time_ms, (second * 1000, (second + 1) * 1000))
    before = range(max(0, start - rule.count), start)
    after = range(stop, min(len(time_ms), stop + rule.count))
    middle = second * 1000 + 500
    rows = sorted((*before, *after), key=lambda row: (abs(int(time_ms[row]) - middle), row))
    return rows[: rule.count]


def frame_seconds(second: int, frame_count: int, rule: FrameRule) -> list[int]:
    """The seconds of the frames that belong to a moment, nearest first; see `FrameRule`."""
    reach = range(max(0, second - rule.count), min(frame_count, second + rule.count + 1))
    near = sorted(reach, key=lambda frame: (abs(frame - second), frame))[: rule.count]
    if len(near) == rule.count or len(near) == frame_count:
        return near
    # A moment after the last frame: the last ones are the nearest there are.
    return list(range(frame_count - 1, max(-1, frame_count - 1 - rule.count), -1))
