"""Tables as text: of a terminal, and of Markdown. Cells are strings; wide characters count as two."""

from __future__ import annotations

from collections.abc import Sequence

from livebench.errors import one_line

_MEANS_SOMETHING = {ord(mark): f"\\{mark}" for mark in "\\`*_[]~|$"}
_MEANS_SOMETHING |= {ord("<"): "&lt;", ord(">"): "&gt;", ord("&"): "&amp;"}


def text_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, left: int | None = None
) -> str:
    """Columns for a terminal, two spaces between them, a line under the header.

    Args:
        left: how many columns, from the first, are words and stand left; the others are numbers and
            stand right. None: all stand left.
    """
    return _table(header, rows, "simple", left)


def markdown_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, left: int | None = None
) -> str:
    """As `text_table`, in Markdown; a bar in a cell, the one mark that could break it, is escaped."""
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in (header, *rows)]
    return _table(escaped[0], escaped[1:], "pipe", left)


def markdown_cell(text: str, length: int = 60) -> str:
    """What others wrote, on one line, cut at `length`: no mark in it means anything to Markdown."""
    return one_line(text, length).translate(_MEANS_SOMETHING)


def _table(
    header: Sequence[str], rows: Sequence[Sequence[str]], layout: str, left: int | None
) -> str:
    from tabulate import tabulate

    count = len(header) if left is None else left
    text = tabulate(
        [list(row) for row in rows],
        headers=list(header),
        tablefmt=layout,
        colalign=["left"] * count + ["right"] * (len(header) - count) if rows else None,
        disable_numparse=True,
        preserve_whitespace=True,
    )
    return "\n".join(line.rstrip() for line in text.splitlines())
