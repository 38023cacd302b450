"""Damages files and reads them: all that may happen is that they are read, or refused in one line."""

from __future__ import annotations

import contextlib
import io
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from livebench.errors import LiveBenchError, one_line

from .form import Format, each_damaged

SEEDS = Path(__file__).with_name("seeds.txt")
"""Files that once ended in a traceback: `FORMAT: NUMBER`, one a line."""


@dataclass
class Outcome:
    """What became of the files of a format.

    Attributes:
        counts: how many were `read`, were `refused`, or ended in a `traceback`.
        longest: seconds of the slowest one, and its seed.
        failures: seed and traceback of each that failed.
    """

    counts: Counter[str] = field(default_factory=Counter)
    longest: tuple[float, str] = (0.0, "")
    failures: list[tuple[str, str]] = field(default_factory=list)


def seeds_of(name: str, count: int, start: int = 0) -> list[str]:
    """The seeds of a format: those that failed once, then as many others as are wanted."""
    known = [line for line in SEEDS.read_text().splitlines() if line.startswith(f"{name}: ")]
    return [*known, *(f"{name}: {number}" for number in range(start, start + count))]


def fuzz(which: Format, seeds: Iterable[str], until: float = float("inf")) -> Outcome:
    """Read a damaged file for each seed, until a reading of `time.monotonic`."""
    found = Outcome()
    for seed, path in each_damaged(which, iter(seeds)):
        started = time.perf_counter()
        try:
            with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
                warnings.simplefilter("ignore")
                which.read(path)
            found.counts["read"] += 1
        except LiveBenchError as error:
            found.counts["refused"] += 1
            text = one_line(str(error), 4000)
            if not text.isprintable() or len(str(error)) > 4000:
                found.counts["traceback"] += 1
                found.failures.append(
                    (seed, f"a message of {len(str(error))} characters: {text[:300]}")
                )
        except (Exception, SystemExit, RecursionError):
            found.counts["traceback"] += 1
            found.failures.append((seed, traceback.format_exc()))
        found.longest = max(found.longest, (time.perf_counter() - started, seed))
        if time.monotonic() > until:
            break
    return found
