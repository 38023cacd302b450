"""What surrounds a moment, by the protocol `paper`: the 5 nearest comments and frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livebench.candidates.protocol import load_protocol
from livebench.data.context import FrameRule, Past, context_rows, frame_seconds

PAPER = load_protocol("paper")


def slow_rows(times: list[int], second: int) -> list[int]:
    """Every comment outside the second, sorted by distance from its middle, earlier ones first."""
    rows = [row for row, time in enumerate(times) if time // 1000 != second]
    return sorted(rows, key=lambda row: (abs(times[row] - 1000 * second - 500), row))[:5]


@pytest.mark.parametrize(
    ("times", "second", "expected"),
    [
        # middle at 10500: distances 1500, 600, -, -, 500, 1500, 2500
        ([9000, 9900, 10000, 10999, 11000, 12000, 13000], 10, [4, 1, 0, 5, 6]),
        ([9500, 11500], 10, [0, 1]),  # equally near: the earlier first
        ([10000, 10500, 10999], 10, []),  # none of the second itself
        ([], 3, []),
        ([0, 100, 900], 0, []),
        ([0, 1000, 1000, 1000, 1000, 1000, 1000], 0, [1, 2, 3, 4, 5]),  # at one time: as they stand
        (
            [1000, 1000, 1000, 1000, 1000, 1000],
            2,
            [0, 1, 2, 3, 4],
        ),  # also where there are more than 5
        ([500, 1000, 1000, 1000, 1000, 1000, 1000], 2, [1, 2, 3, 4, 5]),
        ([8000, 9000, 9000, 9000, 9000, 9000, 9999, 12000], 10, [6, 1, 2, 3, 4]),
        ([1, 2, 3, 4, 5, 6], 100, [5, 4, 3, 2, 1]),  # long after the last comment
        ([90_000, 91_000], 0, [0, 1]),
    ],
)
def test_context_by_hand(times, second, expected):
    assert slow_rows(times, second) == expected
    assert context_rows(np.array(times, np.int64), second, PAPER.context) == expected


@pytest.mark.parametrize(
    ("times", "second", "expected"),
    [
        ([], 3, []),
        ([3000, 3999, 4000], 3, []),  # nothing of the second itself, nothing later
        ([0, 2999, 3000], 3, [1, 0]),
        ([1000, 2000, 2000, 2500, 3000], 3, [3, 2, 1]),
    ],
)
def test_the_past_by_hand(times, second, expected):
    assert context_rows(np.array(times, np.int64), second, Past(count=3)) == expected


@given(
    st.lists(st.integers(0, 12).map(lambda n: n * 500) | st.integers(0, 6000), max_size=40),
    st.integers(0, 7),
)
def test_context_as_the_slow_reference(times, second):
    times = sorted(times)
    rows = context_rows(np.array(times, np.int64), second, PAPER.context)
    assert rows == slow_rows(times, second)
    assert all(type(row) is int for row in rows)


@pytest.mark.parametrize(
    ("second", "frames", "expected"),
    [
        (10, 60, [10, 9, 11, 8, 12]),
        (0, 60, [0, 1, 2, 3, 4]),
        (1, 60, [1, 0, 2, 3, 4]),
        (2, 60, [2, 1, 3, 0, 4]),
        (59, 60, [59, 58, 57, 56, 55]),
        (58, 60, [58, 57, 59, 56, 55]),
        (60, 60, [59, 58, 57, 56, 55]),  # a comment in the second that the duration cuts off
        (63, 60, [59, 58, 57, 56, 55]),
        (500, 60, [59, 58, 57, 56, 55]),
        (1, 3, [1, 0, 2]),
        (9, 3, [2, 1, 0]),
        (0, 1, [0]),
        (7, 1, [0]),
        (0, 0, []),
        (7, 0, []),
    ],
)
def test_frames_by_hand(second, frames, expected):
    assert frame_seconds(second, frames, PAPER.frames) == expected


@pytest.mark.parametrize(
    ("second", "frames", "expected"),
    [(10, 60, [9, 8, 7, 6, 5]), (3, 60, [2, 1, 0]), (0, 60, []), (63, 60, [59, 58, 57, 56, 55])],
)
def test_frames_of_the_past_by_hand(second, frames, expected):
    assert frame_seconds(second, frames, FrameRule(count=5, complete=False, past=True)) == expected


def test_frames_as_the_slow_reference():
    for frames in range(14):
        for second in range(25):
            expected = sorted(range(frames), key=lambda f, s=second: (abs(f - s), f))[:5]
            assert frame_seconds(second, frames, PAPER.frames) == expected
