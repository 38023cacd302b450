"""Reads comments in .ass, as converters of Bilibili's XML write them: a Dialogue line a comment.

    Dialogue: 2,0:00:03.25,0:00:11.25,R2L,,20,20,2,,{\\move(500,20,-90,20)}so cute

Times and fields are pysubs2's. Of the text, override blocks in braces are removed; `\\{` and `\\}` are
braces that a comment holds itself; `\\N`, `\\n` and `\\h` are white space.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import NamedTuple

from livebench.importers.cleaning import Collection
from livebench.importers.danmaku_xml import EMPTY_FILE, NO_COMMENT, decoded

NOTE, DRAWING = "comment line of an .ass file", "drawing in an .ass file"
SHORT_LINE, BAD_LINE = "short Dialogue line", "bad Dialogue line"

_COMMAS = 9  # before the text of a Dialogue line
_MARK = re.compile(r"\\\{|\\\}|\\[Nnh]|\\\u200b|\{[^}]*\}")
_DRAWS = re.compile(r"\{[^}]*\\p[1-9][^}]*\}")
_PLAIN = {"\\{": "{", "\\}": "}", "\\N": "\n", "\\n": "\n", "\\h": " ", "\\\u200b": "\\"}


class AssComment(NamedTuple):
    """A comment: its line, time (s), text."""

    line: int
    time: float
    text: str


def read_ass(path: Path, collection: Collection) -> list[AssComment]:
    """The comments of a file, in its order.

    Raises:
        LiveBenchError: a line is bad, unless bad rows are skipped.
    """
    raw = path.read_bytes()
    if not raw.strip(b"\0 \t\r\n"):
        collection.skipped[EMPTY_FILE] += 1
        return []
    text = decoded(path, raw, collection)
    lines = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        stripped = line.strip()
        if stripped.startswith("Comment:"):
            collection.skipped[NOTE] += 1
        elif stripped.startswith("Dialogue:"):
            if stripped.count(",") < _COMMAS:
                detail = f"{stripped.count(',') + 1} fields, needed are {_COMMAS + 1}"
                collection.bad(path, number, SHORT_LINE, detail)
            else:
                lines.append((number, stripped))
    if not lines:
        collection.skipped[NO_COMMENT] += 1
    return _comments(path, lines, collection)


def _comments(path: Path, lines: list[tuple[int, str]], collection: Collection) -> list[AssComment]:
    found = []
    for number, event in _events(path, lines, collection):
        if _DRAWS.search(event.text):
            collection.skipped[DRAWING] += 1
        else:
            found.append(AssComment(number, event.start / 1000, plain(event.text)))
    return found


def _events(path: Path, lines: list[tuple[int, str]], collection: Collection):
    """Each line with its event of pysubs2: all at once, or one by one where one of them is bad."""
    try:
        events = _parsed([line for _, line in lines])
    except ValueError:
        if len(lines) == 1:
            detail = lines[0][1].split(",", 3)[1][:80]
            collection.bad(path, lines[0][0], BAD_LINE, f"{detail!r} is not a time as 0:00:03.25")
            return []
        half = len(lines) // 2
        return [
            *_events(path, lines[:half], collection),
            *_events(path, lines[half:], collection),
        ]
    return [(number, event) for (number, _), event in zip(lines, events, strict=True)]


def _parsed(lines: list[str]) -> list:
    import pysubs2

    with warnings.catch_warnings():  # of fields that are not looked at
        warnings.simplefilter("ignore")
        return pysubs2.SSAFile.from_string("[Events]\n" + "\n".join(lines), format_="ass").events


def plain(text: str) -> str:
    """The text of a Dialogue line as its author wrote it."""
    return _MARK.sub(lambda mark: _PLAIN.get(mark[0], ""), text)
