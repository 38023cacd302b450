"""What others wrote, in Markdown that this project writes: it is shown, and means nothing."""

from __future__ import annotations

from livebench.errors import one_line

NAME_LENGTH = 60
_MARKDOWN = {ord(mark): f"\\{mark}" for mark in "\\`*_[]~|$"}
_MARKDOWN |= {ord("<"): "&lt;", ord(">"): "&gt;", ord("&"): "&amp;"}


def plain(text: str, length: int = NAME_LENGTH) -> str:
    """`text` on one line, without control and direction marks, cut at `length` characters."""
    return one_line(text, length)


def cell(text: str, length: int = NAME_LENGTH) -> str:
    """`text` as a cell of a Markdown table shows it: no mark of it means anything to Markdown."""
    return plain(text, length).translate(_MARKDOWN)
