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
    """Give a function to call with how much was done since the last call, and a note to show."""
    if quiet or not sys.stderr.isatty():
        yield _Lines(total, label, unit, quiet).update
        return
    from tqdm import tqdm

    with tqdm(total=total, desc=label, leave=False, unit=unit) as shown:

        def update(count: int, note: str = "") -> None:
            shown.set_postfix_str(note, refresh=False)
            shown.update(count)

        yield update


class _Lines:
    """Progress where there is no terminal: lines that say how much is done, and when it will end."""

    def __init__(self, total: int, label: str, unit: str, quiet: bool) -> None:
        self._total, self._label, self._unit, self._quiet = total, label, unit, quiet
        self._started, self._done, self._before = time.monotonic(), 0, 0
        self._next = self._started + FIRST_LINE

    def update(self, count: int, note: str = "") -> None:
        now = time.monotonic()
        if not self._done and now - self._started < 1:
            self._before = (
                count  # of an earlier session, if it is many: it says nothing of the speed
            )
        self._done += count
        if self._quiet or now < self._next:
            return
        self._next = now + NEXT_LINES
        made = self._done - self._before
        left = (now - self._started) * (self._total - self._done) / made if made else 0.0
        sure = made > _SURE * self._total and self._done < self._total
        said = f", about {duration(left)} left" if sure else ""
        label = f"{self._label}, {note}" if note else self._label
        click.echo(f"{label}: {self._done:,} of {self._total:,} {self._unit}s{said}", err=True)


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
