"""The tables as Markdown, JSON and CSV."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from livebench.files import new_folder, write_text
from livebench.statistics.paper_tables import Cell, Table

PLACES = {"tf-idf": 3, "paper ": 3, "average words": 2, "share": 4}
"""Digits after the point by column; others have 2."""


def cell_text(column: str, value: Cell) -> str:
    """A cell as people read it."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.{PLACES.get(column, 2)}f}"


def table_markdown(table: Table) -> str:
    """A table in Markdown, its columns in line in a terminal, wide characters included."""
    rows = [[column.strip() for column in table.columns]]
    for row in table.rows:
        cells = zip(table.columns, row, strict=True)
        rows.append([cell_text(column, value).replace("|", "\\|") for column, value in cells])
    numeric = [_is_numeric(table, i) for i in range(len(table.columns))]
    widths = [max(_width(row[i]) for row in rows) for i in range(len(table.columns))]
    lines = [_line(row, widths, numeric) for row in rows]
    rule = ["-" * (w - 1) + ":" if n else "-" * w for w, n in zip(widths, numeric, strict=True)]
    lines.insert(1, f"| {' | '.join(rule)} |")
    note = [table.note] if table.note else []
    return "\n".join([f"## {table.title}", "", *lines, *([""] if note else []), *note])


def _is_numeric(table: Table, column: int) -> bool:
    return not any(isinstance(row[column], str) for row in table.rows)


def _line(row: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    cells = []
    for cell, width, right in zip(row, widths, numeric, strict=True):
        space = " " * (width - _width(cell))
        cells.append(space + cell if right else cell + space)
    return f"| {' | '.join(cells)} |"


def _width(text: str) -> int:
    """Columns of a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def as_data(tables: Sequence[Table]) -> dict[str, Any]:
    """The tables by name, each a list of rows by column; None where there is no value."""
    return {
        table.name: [{_key(table, i): value for i, value in enumerate(row)} for row in table.rows]
        for table in tables
    }


def _key(table: Table, column: int) -> str:
    """The name of a column, one of its own: "paper" stands after the column that it belongs to."""
    name = table.columns[column].strip()
    if name != "paper":
        return name
    owner = {2: "edit distance", 4: "tf-idf", 7: "human"}
    return f"{owner[column - 1]}, {name}"


def write_csv(tables: Sequence[Table], folder: Path) -> None:
    """Write a CSV file for each table into a new folder, whole or not at all.

    Raises:
        LiveBenchError: the folder exists, or cannot be written.
    """
    with new_folder(folder) as made:
        for table in tables:
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow([_key(table, i) for i in range(len(table.columns))])
            writer.writerows(table.rows)
            write_text(made / f"{table.name}.csv", text.getvalue())
