"""Something that is wrong with a submission: where, what, and the cure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from livebench.errors import LiveBenchError

LENGTH = 300
"""Characters of each part that are shown."""


@dataclass(frozen=True)
class Finding:
    """What is wrong in a file of a submission.

    Attributes:
        place: within the file: a field, a line, a sample; empty if it is about the whole file.
        stale: it was right when it was made, and LiveBench or the set have gone on since: the
            leaderboard shows it apart.
    """

    file: Path
    place: str
    what: str
    cure: str
    stale: bool = False

    @classmethod
    def of(cls, file: Path, error: LiveBenchError, cure: str) -> Finding:
        """From an error about this file; `cure` where it names none itself."""
        text = str(error)
        for prefix in (f"{file}: ", f"{file}, "):
            text = text.removeprefix(prefix)
        what, given = text.rsplit("; ", 1) if "; " in text else (text, cure)
        place, colon, rest = what.partition(": ")
        if colon and place.startswith("line "):
            return cls(file, place, rest, given)
        return cls(file, "", what, given)

    def __str__(self) -> str:
        """Two lines, whatever stands in them: others wrote what is quoted here."""
        place = f"{one_line(self.place)}: " if self.place else ""
        what, cure = one_line(self.what), one_line(self.cure)
        return f"{one_line(str(self.file))}: {place}{what}\n    cure: {cure}"


def one_line(text: str) -> str:
    """What others wrote, on one line of a terminal: printable, and not endless."""
    text = "".join(mark for mark in " ".join(text.split()) if mark.isprintable())
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 1]}…"
