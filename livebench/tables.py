"""Tables as text, of a terminal and of Markdown; and the one place where text becomes Markdown.

Cells are strings; wide characters count as two. What is not known to be Markdown is text, and escaped:
only who says `Markdown` gets past `escaped`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from livebench.errors import one_line

_MEANS_SOMETHING = {ord(mark): f"\\{mark}" for mark in "\\`*_[]~|$"}
_MEANS_SOMETHING |= {ord("<"): "&lt;", ord(">"): "&gt;", ord("&"): "&amp;"}

_AT_THE_START = re.compile(r"(?:[#+=-](?=[\s#+=-]|$)|\d{1,9}(?=[.)](?:\s|$)))")
"""What begins a heading, a line or a list, if it is the first on its line."""

_ADDRESS = re.compile(r"(https?|ftp)://|\bwww\.", re.IGNORECASE)
"""What GitHub makes a link of, wherever it stands."""

LONGEST_TEXT = 1000
"""Characters of a text in Markdown, at most."""


class Markdown(str):
    """Text that is Markdown already: written by us, or escaped."""

    __slots__ = ()


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
    """As `text_table`, in Markdown; cells are escaped unless they are Markdown."""
    cells = [
        [cell if cell == "-" else str(escaped(cell)) for cell in row] for row in (header, *rows)
    ]
    return _table(cells[0], cells[1:], "pipe", left)


def markdown_cell(text: str, length: int = 60) -> Markdown:
    """Text on one line, cut at `length`, in which no mark means anything to Markdown or HTML."""
    line = one_line(text, length)
    first = _AT_THE_START.match(line)
    cut = 0 if first is None else first.end() - (line[0] in "#+=-")
    before, after = line[:cut], line[cut:]
    mark = "\\" if first else ""
    after = after.translate(_MEANS_SOMETHING)
    after = _ADDRESS.sub(lambda found: found[0].replace(":", "&#58;").replace(".", "&#46;"), after)
    return Markdown(before + mark + after)


def markdown_code(text: str, length: int = 200, *, table: bool = False) -> Markdown:
    """Text on one line as code, which nothing in it ends.

    Args:
        table: it stands in a cell: bars are escaped, as there they end a cell even in code.
    """
    line = one_line(text, length).replace("`", "'")
    return Markdown(f"`{line.replace('|', chr(92) + '|') if table else line}`" if line else "")


def markdown_cells(values: Sequence[object], length: int = 60) -> Markdown:
    """The cells of a row, with bars between them; escaped unless they are Markdown."""
    return Markdown(" | ".join(str(escaped(value, length)) for value in values))


def escaped(value: object, length: int = LONGEST_TEXT) -> object:
    """A value as it may stand in Markdown: text that is none yet is escaped, and what is no text stays.

    It is what every expression of a template goes through (`finalize` of Jinja).
    """
    if isinstance(value, Markdown) or not isinstance(value, str):
        return value
    return markdown_cell(value, length)


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
