"""Where a value stands on an axis: positions in per cent, ticks at round numbers.

The leaderboard and its pages draw plots of a few hundred bytes each, that take the colours of the page.
Figures for papers are matplotlib's (`livebench plot`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

MOST_TICKS = 6


@dataclass(frozen=True)
class Scale:
    """A linear axis from 0 to `high`, with a tick every `step`."""

    high: float
    step: float

    def at(self, value: float) -> float:
        """The position of a value in per cent of the axis, kept on it; rounded: a page is the same on
        every machine."""
        return round(100 * min(max(value / self.high, 0.0), 1.0), 2)

    @property
    def ticks(self) -> list[float]:
        return [round(k * self.step, 9) for k in range(round(self.high / self.step) + 1)]


def scale_of(values: Iterable[float]) -> Scale:
    """An axis that holds all of these values (at least 0), its steps 1, 2 or 5 times a power of ten."""
    highest = max((value for value in values), default=0.0)
    if highest <= 0:
        return Scale(1.0, 0.2)
    power = 10.0 ** (math.floor(math.log10(highest)) - 1)
    for step in (1, 2, 5, 10, 20, 50):
        count = math.ceil(round(highest / (step * power), 9))
        if count < MOST_TICKS:
            return Scale(count * step * power, step * power)
    raise AssertionError("50 times a tenth of the leading power is at least half of any value")
