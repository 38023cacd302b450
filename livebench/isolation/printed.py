"""What a submission prints, handed on while it runs: whole lines, safe for a terminal, not too many."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

LINES = 100
"""Different lines of a process and its copies that are handed on, at most."""

_LONGEST_LINE = 500
_BUFFER = 1 << 16
"""Bytes without the end of a line that are kept."""

_ENDS = re.compile(rb"[\r\n]")


def harmless(text: str) -> str:
    """A text from a submission, safe for a terminal: without control characters."""
    kept = (mark for mark in text if mark == "\n" or unicodedata.category(mark)[0] != "C")
    return "".join(kept).strip()


class Printed:
    """Lines from a process and its copies; each is handed on once, since every copy prints it again.

    Args:
        say: what a line is handed to.
    """

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self._seen: set[str] = set()
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take what was printed, in pieces of any size."""
        if len(self._seen) > LINES:
            return
        *lines, self._rest = _ENDS.split(self._rest + data)
        if len(self._rest) > _BUFFER:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            self._line(line)

    def end(self) -> None:
        """Hand on a last line that did not end."""
        rest, self._rest = self._rest, b""
        self._line(rest)

    def _line(self, data: bytes) -> None:
        text = harmless(data.decode("utf-8", errors="replace"))[:_LONGEST_LINE]
        if not text or text in self._seen or len(self._seen) > LINES:
            return
        self._seen.add(text)
        if len(self._seen) <= LINES:
            self._say(text)
        else:
            self._say("(more is not shown; if it fails, what it printed last is)")
