"""Ctrl-C and other signals while a cluster starts and runs: nothing that was started may stay."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_POLITE = (signal.SIGTERM, signal.SIGHUP)
_ALL = (signal.SIGINT, *_POLITE)


@contextmanager
def as_interrupts() -> Iterator[None]:
    """Have SIGTERM and SIGHUP end the block as Ctrl-C does, unless they are ignored: Slurm ends a job
    that itself runs the command, and a terminal is closed."""
    wanted = [one for one in _POLITE if signal.getsignal(one) is signal.SIG_DFL]
    with _handled(wanted, _interrupt):
        yield


@contextmanager
def held() -> Iterator[None]:
    """Have signals wait for the end of the block: what is half made could not be ended."""
    come: list[int] = []
    wanted = [one for one in _ALL if callable(signal.getsignal(one))]
    try:
        with _handled(wanted, lambda number, frame: come.append(number)):
            yield
    finally:
        for number in come[:1]:
            signal.raise_signal(number)


@contextmanager
def kept() -> Iterator[None]:
    """Have Ctrl-C after the block do what it did before."""
    with _handled([signal.SIGINT], signal.getsignal(signal.SIGINT)):
        yield


@contextmanager
def _handled(
    numbers: list[signal.Signals], handler: Callable[[int, FrameType | None], Any] | int | None
) -> Iterator[None]:
    """Have a handler handle signals; nothing in a thread, which may not set one."""
    if threading.current_thread() is not threading.main_thread():
        numbers = []
    before = [(one, signal.signal(one, handler)) for one in numbers]
    try:
        yield
    finally:
        for one, own in before:
            signal.signal(one, own)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
