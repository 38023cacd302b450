"""The tables of a dataset as Markdown, JSON and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from livebench.files import new_folder, write_text
from livebench.statistics.dataset_tables import Cell, DatasetTable
from livebench.tables import markdown_table

_DIGITS = {"tf-idf": 3, "tf-idf, paper": 3, "share": 4}
"""Behind the point, by column; others have 2."""


def cell_text(column: str, value: Cell) -> str:
    """A cell as people read it."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.{_DIGITS.get(column, 2)}f}"


def table_markdown(table: DatasetTable) -> str:
    """A table in Markdown, its columns in line in a terminal, wide characters included."""
    rows = [list(map(cell_text, table.columns, row)) for row in table.rows]
    lines = [f"## {table.title}", "", markdown_table(table.columns, rows, left=table.labels)]
    return "\n".join([*lines, "", table.note] if table.note else lines)


def tables_by_name(tables: Sequence[DatasetTable]) -> dict[str, list[dict[str, Cell]]]:
    """The tables as data, each a list of rows by column; None where there is no value."""
    return {
        table.name: [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        for table in tables
    }


def write_table_files(tables: Sequence[DatasetTable], folder: Path) -> None:
    """Write a CSV file for each table into a new folder, whole or not at all.

    Raises:
        LiveBenchError: the folder exists, or cannot be written.
    """
    with new_folder(folder) as files:
        for table in tables:
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(table.columns)
            writer.writerows(table.rows)
            write_text(files / f"{table.name}.csv", text.getvalue())
