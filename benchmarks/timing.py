"""Times ways of doing the same thing in turn (A B A B ...), so that a noisy machine is noisy for all."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def in_turn(
    ways: Mapping[str, Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Run each way once a round; return the seconds of each way by `clock`, round by round."""
    seconds = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            started = clock()
            way()
            seconds[name].append(clock() - started)
    return seconds


def spread(values: Sequence[float]) -> str:
    """Median, minimum and maximum."""
    return f"{statistics.median(values):.4g} ({min(values):.4g}..{max(values):.4g})"


def ratio(slow: Sequence[float], fast: Sequence[float]) -> list[float]:
    """How many times `slow` is slower than `fast`, round by round."""
    return [a / b for a, b in zip(slow, fast, strict=True)]


def within(what: str, values: Sequence[float], *, least: float = 0, most: float = 1e9) -> bool:
    """Print the median of `values` beside its bounds; return whether it keeps them."""
    kept = least <= statistics.median(values) <= most
    bounds = [f"at least {least:g}"] * (least > 0) + [f"at most {most:g}"] * (most < 1e9)
    print(f"{what}: {spread(values)}; needed: {', '.join(bounds)}: {'kept' if kept else 'MISSED'}")
    return kept


def peak_memory() -> float:
    """MB that this process has held at most (Linux; what its parent held does not count)."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
