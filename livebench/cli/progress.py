"""How far the work is: a bar on a terminal, a line now and then elsewhere; nothing with --quiet."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

import click

quiet_option = click.option("--quiet", is_flag=True, help="No progress bar, no remarks.")

FIRST_LINE, NEXT_LINES = 20.0, 60.0
"""Seconds until the first line off a terminal, and between those after it."""


INTERRUPTED = 130
"""Exit status after Ctrl-C, as of shells."""

_SURE = 0.02
"""Share of the work from which on the time left is told."""


@contextlib.contextmanager
def bar(
    total: int, label: str, quiet: bool = False, unit: str = "sample"
) -> Iterator[Callable[..., object]]:
    """Give a function to call with how much was done since the last call.

    It also takes a note to show, and, if the note names a part of the work that may be faster or slower
    than the others, the size of that part.
    """
    if quiet or not sys.stderr.isatty():
        yield _Lines(total, label, unit, quiet).update
        return
    from tqdm import tqdm

    with tqdm(total=total, desc=label, leave=False, unit=unit) as shown:

        def update(count: int, note: str = "", of: int = 0) -> None:
            shown.set_postfix_str(note, refresh=False)
            shown.update(count)

        yield update


class _Pace:
    """How fast the work goes. The first report counts for nothing: it may be of an earlier session, and
    what came before it was preparation."""

    def __init__(self) -> None:
        self._first: tuple[float, int] | None = None
        self._done = 0

    def add(self, now: float, count: int) -> None:
        self._done += count
        self._first = self._first or (now, self._done)
        self._now = now

    @property
    def measured(self) -> int:
        """How much of the work tells how fast it goes."""
        return self._done - self._first[1] if self._first else 0

    def seconds(self, count: int) -> float:
        """How long so much will take."""
        if self._first is None or not self.measured:
            return 0.0
        return (self._now - self._first[0]) * count / self.measured


class _Lines:
    """Progress where there is no terminal: lines that say how much is done, and when it will end."""

    def __init__(self, total: int, label: str, unit: str, quiet: bool) -> None:
        self._total, self._label, self._unit, self._quiet = total, label, unit, quiet
        self._done, self._in_part, self._note = 0, 0, ""
        self._all, self._part = _Pace(), _Pace()
        self._next = time.monotonic() + FIRST_LINE

    def update(self, count: int, note: str = "", of: int = 0) -> None:
        now = time.monotonic()
        if note != self._note:
            self._note, self._in_part, self._part = note, 0, _Pace()
        self._done += count
        self._in_part += count
        self._all.add(now, count)
        self._part.add(now, count)
        if self._quiet or now < self._next:
            return
        self._next = now + NEXT_LINES
        sure = self._all.measured > _SURE * self._total and self._done < self._total
        said = f", about {duration(self._left(of))} left" if sure else ""
        label = f"{self._label}, {note}" if note else self._label
        click.echo(f"{label}: {self._done:,} of {self._total:,} {self._unit}s{said}", err=True)

    def _left(self, of: int) -> float:
        """Seconds: the rest of this part goes on as it went, all others as the work on average."""
        here = max(0, of - self._in_part) if self._part.measured else 0
        there = self._total - self._done - here
        return self._part.seconds(here) + self._all.seconds(there)


def duration(seconds: float) -> str:
    """A time in words: "40 s", "12 min", "3 h 20 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def remark(text: str, quiet: bool = False) -> None:
    """Say something about the work, apart from its results."""
    if not quiet:
        _say(text)


def warning(text: str, quiet: bool = False) -> None:
    """Say loudly that something is likely to be wrong."""
    if not quiet:
        _say(click.style(f"WARNING: {text}", fg="yellow", bold=True))


def _say(text: str) -> None:
    tqdm = sys.modules.get("tqdm")
    if tqdm is None:
        click.echo(text, err=True)
        return
    with tqdm.tqdm.external_write_mode(file=sys.stderr):  # beside a bar
        click.echo(text, err=True)
