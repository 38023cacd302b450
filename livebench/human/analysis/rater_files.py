"""Reads the files that raters hand in, CSV as sheets are: which rows there are, and whose they are."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from livebench.errors import LiveBenchError
from livebench.files import open_regular, unreadable


class RatedRow(NamedTuple):
    """A row as a spreadsheet counts; the cells that were asked for, without white space around."""

    number: int
    cells: dict[str, str]

    @property
    def id(self) -> str:
        return self.cells["id"]


_SHEET = 64 << 20
"""Bytes of a sheet, at most."""


def read_rater_rows(path: Path, names: Sequence[str]) -> list[RatedRow]:
    """The rows of a file, empty ones left out.

    Args:
        names: columns, `id` among them; others are not looked at.

    Raises:
        LiveBenchError: it cannot be read, or a column is missing; file and row are named.
    """
    try:
        with open_regular(path) as file:
            content = file.read(_SHEET + 1)
        if len(content) > _SHEET:
            raise LiveBenchError(path, f"is larger than {_SHEET >> 20} MB, which no sheet is")
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise unreadable(path, error) from None
    except UnicodeDecodeError:
        raise LiveBenchError(path, "is not UTF-8", "save it again as 'CSV UTF-8'") from None
    # Some spreadsheets write semicolons or tabs and call it CSV.
    header = text.split("\n", maxsplit=1)[0]
    comma = next((mark for mark in ",;\t" if mark in header), ",")
    csv.field_size_limit(_SHEET)  # a cell holds all comments around a moment
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=comma, strict=True))
    except csv.Error as error:
        raise unreadable(path, error, "CSV", "save it again") from None
    columns = table[0] if table else []
    for name in names:
        if columns.count(name) != 1:
            what = f"{columns.count(name)} columns are named {name}"
            raise LiveBenchError(path, what, "leave the header of the sheet as it was", "row 1")
    rows = []
    for number, cells in enumerate(table[1:], 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            what = f"has {len(cells)} cells, the header {len(columns)}"
            raise LiveBenchError(path, what, "give each column a cell", f"row {number}")
        stripped = {name: cells[columns.index(name)].strip() for name in names}
        rows.append(RatedRow(number, stripped))
    return rows


_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?(?:E[-+]?\d+)?|INF", re.IGNORECASE)


def owner_of(path: Path, rows: Sequence[RatedRow], owners: Mapping[str, str]) -> str:
    """The rater whose sheet a file is: every row must be of it, once.

    Args:
        owners: the rater of each row, by its id.
    """
    seen: dict[str, int] = {}
    rater = ""
    for row in rows:
        place = f"row {row.number}, id {row.id or '(none)'}"
        owner = owners.get(row.id)
        if owner is None:
            fix = "give the key of this sheet"
            if _NUMBER.fullmatch(row.id):  # ids of sheets made before 0.2.0 may look like one
                fix = "a spreadsheet has made a number of it: write the id again as it is in the sheet"
            raise LiveBenchError(path, "is not in the key", fix, place)
        if rater and owner != rater:
            what = f"is of the sheet of {owner}, the rows before are of {rater}'s"
            raise LiveBenchError(path, what, "give each rater a file", place)
        if row.id in seen:
            raise LiveBenchError(path, f"occurs in row {seen[row.id]} already", "keep one", place)
        rater, seen[row.id] = owner, row.number
    if not rater:
        raise LiveBenchError(path, "holds no ratings", "keep a row for each item of the sheet")
    return rater
