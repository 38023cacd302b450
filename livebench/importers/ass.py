"""Reads comments in .ass, as converters of Bilibili's XML write them: a Dialogue line a comment.

    Dialogue: 2,0:00:03.25,0:00:11.25,R2L,,20,20,2,,{\\move(500,20,-90,20)}so cute

Times and fields are pysubs2's. Of the text, override blocks in braces are removed; `\\{` and `\\}` are
braces that a comment holds itself; `\\N`, `\\n` and `\\h` are white space.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

from livebench.importers.collection import Collection
from livebench.importers.danmaku_xml import EMPTY_FILE, NO_COMMENT, Danmaku, decoded

_COMMAS = 9  # before the text of a Dialogue line
_MARK = re.compile(r"\\\{|\\\}|\\[Nnh]|\\\u200b|\{[^}]*\}")
_DRAWS = re.compile(r"\{[^}]*\\p[1-9][^}]*\}")
_CHARACTERS = {"\\{": "{", "\\}": "}", "\\N": "\n", "\\n": "\n", "\\h": " ", "\\\u200b": "\\"}


def read_ass(path: Path, collection: Collection) -> list[Danmaku]:
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
            collection.skipped["comment line of an .ass file"] += 1
        elif stripped.startswith("Dialogue:"):
            fields = stripped.count(",") + 1
            if fields <= _COMMAS:
                detail = f"{fields} fields, needed are {_COMMAS + 1}"
                collection.bad(path, number, "short Dialogue line", detail)
            else:
                lines.append((number, stripped))
    if not lines:
        collection.skipped[NO_COMMENT] += 1
    return _comments(path, lines, collection)


def _comments(path: Path, lines: list[tuple[int, str]], collection: Collection) -> list[Danmaku]:
    comments = []
    for number, event in _events(path, lines, collection):
        if _DRAWS.search(event.text):
            collection.skipped["drawing in an .ass file"] += 1
        else:
            # The text as its author wrote it.
            text = _MARK.sub(lambda mark: _CHARACTERS.get(mark[0], ""), event.text)
            comments.append(Danmaku(number, event.start / 1000, text))
    return comments


def _events(
    path: Path, lines: list[tuple[int, str]], collection: Collection
) -> list[tuple[int, Any]]:
    """Each line with its event of pysubs2: all at once, or one by one where one of them is bad."""
    try:
        events = _parsed([line for _, line in lines])
    except ValueError:
        if len(lines) == 1:
            detail = lines[0][1].split(",", 3)[1][:80]
            detail = f"{detail!r} is not a time as 0:00:03.25"
            collection.bad(path, lines[0][0], "bad Dialogue line", detail)
            return []
        half = len(lines) // 2
        return [
            *_events(path, lines[:half], collection),
            *_events(path, lines[half:], collection),
        ]
    return [(number, event) for (number, _), event in zip(lines, events, strict=True)]


def _parsed(lines: list[str]) -> list[Any]:
    import pysubs2

    with warnings.catch_warnings():  # of fields that are not looked at
        warnings.simplefilter("ignore")
        return pysubs2.SSAFile.from_string("[Events]\n" + "\n".join(lines), format_="ass").events
