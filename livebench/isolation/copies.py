"""A fresh copy of a submission's process for each block of samples.

The process that a scorer is created and fitted in is shown no sample. For each block it is copied
(fork), and then stopped; the copy scores the block and is killed. Whatever runs in these processes may
have been changed by the submission. So LiveBench checks from outside, on stopped processes and before it
sends the block, that there are these two and no others, and that they share nothing that can be written;
and afterwards, that the process is as it was.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from livebench.errors import LiveBenchError
from livebench.isolation import wire
from livebench.isolation.inspection import (
    below,
    end,
    files_of,
    link_of,
    number_inside,
    obstacle,
    signals_of,
    stop,
)
from livebench.isolation.pipes import Child, Copy
from livebench.isolation.sandbox import SCRATCH_FOLDERS
from livebench.isolation.scratch import empty_scratch

_FIRST = 2
"""The number of the first process in a sandbox; 1 is bubblewrap's."""

_NULL = "/dev/null"


class Copies:
    """Copies of a process, one at a time.

    Args:
        child: its process, ready to score.
        handles: a socket to it, to hand descriptors over.
        sealed: whether it is in a sandbox.

    Attributes:
        sealed: whether it is in a sandbox.
        why_not: why it cannot be copied; empty as long as it can.
    """

    def __init__(self, child: Child, handles: socket.socket, time_limit: float, *, sealed: bool):
        self._child, self._handles, self._limit, self.sealed = child, handles, time_limit, sealed
        self._origin, self.why_not = 0, ""

    @contextmanager
    def next(
        self, copied: Callable[[], wire.Copied], ready: Callable[[Copy], object]
    ) -> Iterator[Copy | None]:
        """A new copy, which is killed at the end of the block; None if there can be none.

        Args:
            copied: waits for what the process answers to the order to copy itself.
            ready: waits for the first message of the copy.

        Raises:
            LiveBenchError: the process shares something with its copy, or changed in the meantime.
        """
        ours, theirs = socket.socketpair()
        prints, theirs_prints = os.pipe()
        copy = Copy(ours, prints, self._limit, self._child.shown)
        try:
            known = {link_of(theirs.fileno()), link_of(theirs_prints), _NULL}
            try:
                socket.send_fds(self._handles, [b"x"], [theirs.fileno(), theirs_prints])
            finally:
                theirs.close()
                os.close(theirs_prints)
            self._child.send(wire.message(wire.COPY, None))
            answer = copied()
            if answer.why:
                self.why_not = answer.why
                yield None
                return
            copy.pid = self._find(answer.pid)
            ready(copy)
            before = self._stopped(copy, known)
            os.kill(copy.pid, signal.SIGCONT)
            yield copy
            self._finished(copy, before)
        finally:
            copy.close()

    def _stopped(self, copy: Copy, known: set[str]) -> dict[str, str]:
        """Stop process and copy, and look at both; returns what the process holds open."""
        if not self._origin:
            self._origin = self._find(_FIRST) if self.sealed else self._child.pid
        origin = self._origin
        try:
            if not (stop(origin) and stop(copy.pid)):
                raise self._child.failed("a process of the submission ended")
            if self.sealed:
                empty_scratch(origin, SCRATCH_FOLDERS)
            self._no_others(copy.pid)
            kept = {*self._child.links, _NULL}
            why = obstacle(origin, kept, sealed=self.sealed, children=[copy.pid]) or obstacle(
                copy.pid, known, sealed=self.sealed
            )
            if why:
                raise self._tampered(why)
            return files_of(origin)
        except OSError as error:
            raise self._child.failed(f"its processes cannot be looked at: {error}") from None

    def _finished(self, copy: Copy, before: dict[str, str]) -> None:
        """Kill the copy, see that the process is as it was, and let it go on."""
        copy.kill()
        try:
            self._no_others()
            if files_of(self._origin) != before:
                raise self._tampered("a copy changed the place in a file that it holds open")
            if signals_of(self._origin):
                raise self._tampered("a copy sent it signals")
            os.kill(self._origin, signal.SIGCONT)
        except OSError as error:
            raise self._child.failed(f"its processes cannot be looked at: {error}") from None

    def _processes(self) -> list[int]:
        """All processes of the submission: in a sandbox, all but bubblewrap's."""
        found = below(self._child.pid)
        return [pid for pid in found if number_inside(pid) != 1] if self.sealed else found

    def _find(self, number: int) -> int:
        """The process that has this number where it runs; it may have ended."""
        for pid in below(self._child.pid, ended=True):
            if number_inside(pid) == number != 1:  # 1 is bubblewrap's
                return pid
        raise self._child.failed("a process of the submission ended")

    def _no_others(self, *kept: int) -> None:
        """End all processes that a copy has left, and whatever they start."""
        for _ in range(100):
            others = set(self._processes()) - {self._origin, *kept}
            if not others:
                return
            for pid in others:
                end(pid)
        raise self._tampered("it starts processes without end")

    def _tampered(self, what: str) -> LiveBenchError:
        self._child.kill()
        return self._child.failed(f"the submission keeps something from block to block: {what}")
