"""The one exception for everything that a user can cause and fix."""

from __future__ import annotations

import unicodedata


def one_line(text: str, length: int = 60) -> str:
    """`text` on one line, cut at `length` characters, without the marks that drive a terminal or turn
    the direction of writing: a message may quote what anybody wrote into a file."""
    line = " ".join(text.split())
    line = "".join(mark for mark in line if unicodedata.category(mark)[0] != "C")
    return line if len(line) <= length else f"{line[: length - 1]}…"


_LONGEST = 2000
"""Characters of a part of a message, at most: it may quote what it read."""


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


class LiveBenchError(Exception):
    """Something that a user can fix, as a record; printed as one line, without a traceback.

    Anything that is not a `LiveBenchError` is a defect of LiveBench and keeps its traceback.

    Attributes:
        where: a file, folder, option of the command line, or name; empty if there is only one.
        what: what is wrong there.
        fix: what to do; empty where `what` says it.
        place: where in `where`: a line, field or sample; empty if it is about the whole.
    """

    def __init__(self, where: object, what: str, fix: str = "", place: str = "") -> None:
        super().__init__(where, what, fix, place)
        parts = (str(where), what, fix, place)
        self.where, self.what, self.fix, self.place = (_cut(part) for part in parts)

    def __str__(self) -> str:
        """`where, place: what; fix`, each part if there is one."""
        at = ", ".join(part for part in (self.where, self.place) if part)
        said = f"{self.what}; {self.fix}" if self.fix else self.what
        return f"{at}: {said}" if at else said

    def of(self, where: object) -> LiveBenchError:
        """The same, told of a thing that it happened to: what was known of the place stays in it."""
        place = ", ".join(part for part in (self.where, self.place) if part)
        return LiveBenchError(where, self.what, self.fix, place)
