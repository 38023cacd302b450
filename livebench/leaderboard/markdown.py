"""What others wrote, in Markdown that this project writes: it is shown, and means nothing."""

from __future__ import annotations

from livebench.errors import one_line

_MARKDOWN = {ord(mark): f"\\{mark}" for mark in "\\`*_[]~|$"}
_MARKDOWN |= {ord("<"): "&lt;", ord(">"): "&gt;", ord("&"): "&amp;"}


def cell(text: str, length: int = 60) -> str:
    """`text` as a cell of a Markdown table shows it: no mark in it means anything to Markdown."""
    return one_line(text, length).translate(_MARKDOWN)
