"""What others wrote, in Markdown that this project writes: it is shown, and means nothing."""

from __future__ import annotations

import unicodedata

NAME_LENGTH = 60
_MARKDOWN = {ord(mark): f"\\{mark}" for mark in "\\`*_[]~|$"}
_MARKDOWN |= {ord("<"): "&lt;", ord(">"): "&gt;", ord("&"): "&amp;"}


def plain(text: str, length: int = NAME_LENGTH) -> str:
    """`text` on one line, without control and direction marks, cut at `length` characters."""
    line = " ".join(text.split())
    line = "".join(mark for mark in line if unicodedata.category(mark)[0] != "C")
    return line if len(line) <= length else f"{line[: length - 1]}…"


def cell(text: str, length: int = NAME_LENGTH) -> str:
    """`text` as a cell of a Markdown table shows it: no mark of it means anything to Markdown."""
    return plain(text, length).translate(_MARKDOWN)
