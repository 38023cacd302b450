"""What surrounds a moment: the one rule for the samples of a test and for training.

A moment is one second t of a video: the comments with time in [t, t + 1). Times are in milliseconds
here, so that equal distances are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Annotated

import msgspec
import numpy as np

Positive = Annotated[int, msgspec.Meta(ge=1)]


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="rule"):
    """A way to choose; the field `rule` says which."""


class Nearest(_Rule, frozen=True, tag="nearest"):
    """The `count` comments nearest in time to the middle of the second, none of the second itself; of
    two equally near the earlier, and of two at the same time the first in the dataset."""

    count: Positive


class BySecond(_Rule, frozen=True, tag="by-second"):
    """The first `count` comments of the seconds t-1, t+1, t-2, t+2, ... t-reach, t+reach, whole seconds
    taken in this order, each in the order of the dataset."""

    count: Positive
    reach: Positive


class RandomNear(_Rule, frozen=True, tag="random-near"):
    """`count` comments of the seconds t-reach to t+reach, t included, at random, none of them equal to a
    correct one; nearest to the middle of the second first."""

    count: Positive
    reach: Positive


class Window(_Rule, frozen=True, tag="window"):
    """The first `per_second` comments of each of the seconds t-reach to t+reach, t excluded, in the
    order t-1, t+1, t-2, t+2, ..."""

    per_second: Positive
    reach: Positive


class Past(_Rule, frozen=True, tag="past"):
    """The last `count` comments before the second begins; of two at the same time the last in the
    dataset is the nearer."""

    count: Positive


ContextRule = Nearest | BySecond | RandomNear | Window | Past


class FrameRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The `count` frames nearest to second t that the video has, one a second; of two equally near the
    earlier: t, t-1, t+1, t-2, t+2, ... If `past`, only those before it: t-1, t-2, ... If `complete`, a
    second that lacks one is not a moment."""

    count: Positive
    complete: bool
    past: bool = False


def context_rows(
    time_ms: np.ndarray,
    second: int,
    rule: ContextRule,
    *,
    equal_to_correct: Collection[int] = (),
    draw: Callable[[int], int] | None = None,
) -> list[int]:
    """Which comments of a video surround a moment, nearest first.

    Args:
        time_ms: int64 [comments of the video], ascending.
        second: the moment.
        rule: the rule of the protocol.
        equal_to_correct: rows that `random-near` must not take.
        draw: gives a row its random place, for `random-near`.

    Returns:
        Indices into `time_ms`, fewer than the rule asks for only if there are no more.
    """

    def rows_of(first: int, last: int) -> range:
        return range(*np.searchsorted(time_ms, (first * 1000, (last + 1) * 1000)).tolist())

    middle = second * 1000 + 500

    def distance(row: int) -> tuple[int, int]:
        return abs(int(time_ms[row]) - middle), row

    match rule:
        case Nearest(count=count):
            own = rows_of(second, second)
            # Back to the first of those at the same time: of these, too, the first ones are taken.
            far = time_ms[max(0, own.start - count)] if own.start else 0
            before = range(int(np.searchsorted(time_ms, far)), own.start)
            after = range(own.stop, min(len(time_ms), own.stop + count))
            return sorted((*before, *after), key=distance)[:count]
        case BySecond(count=count, reach=reach):
            seconds = [second + step * sign for step in range(1, reach + 1) for sign in (-1, 1)]
            return [row for near in seconds for row in rows_of(near, near)][:count]
        case Window(per_second=per_second, reach=reach):
            seconds = [second + step * sign for step in range(1, reach + 1) for sign in (-1, 1)]
            return [row for near in seconds for row in rows_of(near, near)[:per_second]]
        case RandomNear(count=count, reach=reach):
            near = [r for r in rows_of(second - reach, second + reach) if r not in equal_to_correct]
            return sorted(sorted(near, key=draw)[:count], key=distance)
        case Past(count=count):
            stop = rows_of(second, second).start
            return list(range(max(0, stop - count), stop))[::-1]
    raise TypeError(f"not a context rule: {rule!r}")


def frame_seconds(second: int, frame_count: int, rule: FrameRule) -> list[int]:
    """The seconds of the frames that belong to a moment, nearest first; see `FrameRule`."""
    if rule.past:
        stop = min(second, frame_count)
        return list(range(max(0, stop - rule.count), stop))[::-1]
    # A moment after the last frame: the last ones are the nearest there are.
    center = min(second, frame_count - 1)
    reach = range(max(0, center - rule.count), min(frame_count, second + rule.count + 1))
    return sorted(reach, key=lambda frame: (abs(frame - second), frame))[: rule.count]
