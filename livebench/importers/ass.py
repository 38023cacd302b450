"""Reads comments in .ass, as converters of Bilibili's XML write them: a Dialogue line a comment.

    Dialogue: 2,0:00:03.25,0:00:11.25,R2L,,20,20,2,,{\\move(500,20,-90,20)}so cute

A `Format:` line of the section [Events] says which fields there are, in which order; without one they
are those above. Times and fields are pysubs2's. Of the text, override blocks in braces are removed;
`\\{` and `\\}` are braces that a comment holds itself; `\\N`, `\\n` and `\\h` are white space.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

from livebench.importers.collection import Collection
from livebench.importers.danmaku_xml import Danmaku
from livebench.importers.source_text import decoded
from livebench.importers.xml_comments import EMPTY_FILE, NO_COMMENT

_FIELDS = [
    "layer",
    "start",
    "end",
    "style",
    "name",
    "marginl",
    "marginr",
    "marginv",
    "effect",
    "text",
]
_OTHER_EVENTS = ("Format", "Picture", "Sound", "Movie", "Command")
_MARK = re.compile(r"\\\{|\\\}|\\[Nnh]|\\\u200b|\{[^}]*\}")
_ESCAPE = re.compile(r"\\\{|\\\}|\\[Nnh]|\\\u200b")
_DRAWS = re.compile(r"\\p[1-9]")
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
    lines, section, fields = [], "", _FIELDS
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        stripped = line.strip()
        key, colon, values = stripped.partition(":")
        if stripped.startswith("[") and stripped.endswith("]"):
            section = stripped.lower()
        elif key == "Comment" and colon:
            collection.skipped["comment line of an .ass file"] += 1
        elif key == "Format" and section in ("", "[events]"):
            fields = _fields(path, number, values, fields, collection)
        elif key == "Dialogue" and colon:
            parts = values.split(",", len(fields) - 1)
            if len(parts) < len(fields):
                detail = f"{len(parts)} fields, needed are {len(fields)}"
                collection.bad(path, number, "short Dialogue line", detail)
            else:
                lines.append((number, _in_order(dict(zip(fields, parts, strict=True)))))
        elif section == "[events]" and stripped and key not in _OTHER_EVENTS and stripped[0] != ";":
            collection.skipped["line of an .ass file that is no event"] += 1
    if not lines:
        collection.skipped[NO_COMMENT] += 1
    return _comments(path, lines, collection)


def _fields(
    path: Path, number: int, values: str, before: list[str], collection: Collection
) -> list[str]:
    """The fields that a Format line names; those before where it cannot be followed."""
    fields = [name.strip().lower() for name in values.split(",")]
    usable = {"start", "text"} <= set(fields) and len(set(fields)) == len(fields)
    if usable and fields[-1] == "text":  # else nobody knows which commas are the text's
        return fields
    detail = "it must name Start, and Text as the last of its fields"
    collection.bad(path, number, "Format line that cannot be followed", detail)
    return before


def _in_order(values: dict[str, str]) -> str:
    """A Dialogue line with the fields that pysubs2 reads, in its order."""
    values = {"layer": "0", "end": values["start"], **values}
    known = [values.get(name, "0" if name.startswith("margin") else "") for name in _FIELDS[:-1]]
    return f"Dialogue: {','.join(part.strip() for part in known)},{values['text']}"


def _comments(path: Path, lines: list[tuple[int, str]], collection: Collection) -> list[Danmaku]:
    comments = []
    for number, event in _events(path, lines, collection):
        if _draws(event.text):
            collection.skipped["drawing in an .ass file"] += 1
        else:
            # The text as its author wrote it.
            comments.append(Danmaku(number, event.start / 1000, _written(event.text)))
    return comments


def _draws(text: str) -> bool:
    """Whether a block of a text, from a brace to the next one that closes, says that it draws."""
    return any(_DRAWS.search(part.partition("{")[2]) for part in text.split("}")[:-1])


def _written(text: str) -> str:
    """A text as its author wrote it: without blocks, and the escaped characters themselves."""
    # Behind the last closing brace no block is looked for: each one opened there would cost its rest.
    end = text.rfind("}") + 1
    parts = (_MARK, text[:end]), (_ESCAPE, text[end:])
    return "".join(
        pattern.sub(lambda mark: _CHARACTERS.get(mark[0], ""), part) for pattern, part in parts
    )


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
