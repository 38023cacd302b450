"""Curves of recall as paths: a few hundred bytes each, that take the colours of the page."""

from __future__ import annotations

import math
from collections.abc import Sequence

CURVE_TICKS = [(k, math.log(k) / math.log(100)) for k in (1, 2, 5, 10, 20, 50, 100)]
"""Of a curve of recall: k, and its place on the axis from 0 to 1."""


def curve_path(shares: Sequence[float], width: float, height: float) -> str:
    """The path of a curve of recall: shares in per cent at k = 1 .. n, over log k.

    A step of a rank matters most among the first ones, hence the logarithm.
    """
    last = math.log(len(shares))
    points = (
        (width * math.log(k) / last, height * (1 - share / 100))
        for k, share in enumerate(shares, 1)
    )
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def band_path(low: Sequence[float], high: Sequence[float], width: float, height: float) -> str:
    """The area between two curves; as `curve_path`."""
    last = math.log(len(low))
    there = curve_path(low, width, height)
    back = "L".join(
        f"{width * math.log(k) / last:.1f} {height * (1 - high[k - 1] / 100):.1f}"
        for k in range(len(high), 0, -1)
    )
    return f"{there}L{back}Z"
