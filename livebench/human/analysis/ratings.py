"""Reads raters' files and checks them: nothing wrong is taken, nothing missing is passed over."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from livebench.errors import LiveBenchError
from livebench.files import open_regular, unreadable
from livebench.human.sheets.key import CRITERIA, HIGHEST, LOWEST, Key, KeyRater

Missing = Literal["drop-item", "keep"]


@dataclass(frozen=True)
class Ratings:
    """The ratings of a human evaluation.

    Attributes:
        key: whose comments they are of.
        raters: names of those who rated, in the order of the key.
        absent: names of raters in the key without a file.
        values: float64 [raters, items, CRITERIA], the first rating of each item; nan where missing.
        again: float64 [raters, items, CRITERIA], the second rating; nan where there is none.
        missing: how many ratings each rater left out, second ones included.
        policy: what was done about missing ratings; None: there may be none.
        dropped: items left out for all raters, because a rating of them was missing (`drop-item`).
    """

    key: Key
    raters: list[str]
    absent: list[str]
    values: np.ndarray
    again: np.ndarray
    missing: dict[str, int]
    policy: Missing | None
    dropped: list[str]


def read_rater_files(paths: Sequence[Path], key: Key, missing: Missing | None = None) -> Ratings:
    """Read the files of raters: CSV with the columns `id` and CRITERIA, others are not looked at.

    Args:
        missing: `drop-item` leaves out, for all raters, each item of which a rating is missing; `keep`
            takes the ratings that there are; None refuses.

    Raises:
        LiveBenchError: file, row (as a spreadsheet counts: the header is row 1) and rule are named.
    """
    items = {item.item: number for number, item in enumerate(key.items)}
    owners = {row.row: rater for rater in key.raters for row in rater.rows}
    sheets: dict[str, tuple[Path, np.ndarray, np.ndarray, int]] = {}
    for path in map(Path, paths):
        rows = _read_rows(path)
        rater = _owner(path, rows, owners)
        if rater.rater in sheets:
            raise LiveBenchError(
                path,
                f"is the sheet of {rater.rater}, and so is {sheets[rater.rater][0]}",
                "give one file a rater",
            )
        sheets[rater.rater] = (path, *_values(path, rows, rater, items, missing))
    order = [rater.rater for rater in key.raters if rater.rater in sheets]
    values = np.stack([sheets[name][1] for name in order])
    again = np.stack([sheets[name][2] for name in order])
    dropped: list[str] = []
    if missing == "drop-item":
        gaps = np.isnan(values).any(axis=(0, 2))
        dropped = [item.item for item, gap in zip(key.items, gaps, strict=True) if gap]
        values[:, gaps] = again[:, gaps] = np.nan
    return Ratings(
        key=key,
        raters=order,
        absent=[rater.rater for rater in key.raters if rater.rater not in sheets],
        values=values,
        again=again,
        missing={name: sheets[name][3] for name in order},
        policy=missing,
        dropped=dropped,
    )


class _RatedRow(NamedTuple):
    """A row as a spreadsheet counts; cells of the columns in _COLUMNS, without white space around."""

    number: int
    cells: dict[str, str]

    @property
    def id(self) -> str:
        return self.cells["id"]


_COLUMNS = ("id", *CRITERIA)

_SHEET = 64 << 20
"""Bytes of a sheet, at most."""


def _read_rows(path: Path) -> list[_RatedRow]:
    """The rows of a file."""
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
    for name in _COLUMNS:
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
        stripped = {name: cells[columns.index(name)].strip() for name in _COLUMNS}
        rows.append(_RatedRow(number, stripped))
    return rows


def _owner(path: Path, rows: list[_RatedRow], owners: dict[str, KeyRater]) -> KeyRater:
    """Whose sheet a file is: every row must be of it, once."""
    seen: dict[str, int] = {}
    rater = None
    for row in rows:
        place = f"row {row.number}, id {row.id or '(none)'}"
        owner = owners.get(row.id)
        if owner is None:
            raise LiveBenchError(path, "is not in the key", "give the key of this sheet", place)
        if rater is not None and owner is not rater:
            what = f"is of the sheet of {owner.rater}, the rows before are of {rater.rater}'s"
            raise LiveBenchError(path, what, "give each rater a file", place)
        if row.id in seen:
            raise LiveBenchError(path, f"occurs in row {seen[row.id]} already", "keep one", place)
        rater, seen[row.id] = owner, row.number
    if rater is None:
        raise LiveBenchError(path, "holds no ratings", "keep a row for each item of the sheet")
    return rater


def _values(
    path: Path,
    rows: list[_RatedRow],
    rater: KeyRater,
    items: dict[str, int],
    policy: Missing | None,
) -> tuple[np.ndarray, np.ndarray, int]:
    """First and second ratings [items, CRITERIA], nan where missing, and how many are."""
    first = np.full((len(items), len(CRITERIA)), np.nan)
    second = first.copy()
    by_id = {row.id: row for row in rows}
    gaps = []
    for expected in rater.rows:
        row = by_id.get(expected.row)
        target = second if expected.repeat else first
        for column, criterion in enumerate(CRITERIA):
            if row and row.cells[criterion]:
                target[items[expected.item], column] = _rating(path, row, criterion)
            else:
                where = f"row {row.number}" if row else f"id {expected.row} (its row is missing)"
                gaps.append(f"{where}, {criterion}")
    total = len(rater.rows) * len(CRITERIA)
    if 2 * len(gaps) >= total:
        raise LiveBenchError(
            path,
            f"{rater.rater} left out {len(gaps)} of {total} ratings, the first in {gaps[0]}: half or "
            "more are refused, whatever --missing says",
            "have the sheet completed, or leave the file out and say so",
        )
    if gaps and policy is None:
        raise LiveBenchError(
            path,
            f"no rating; {len(gaps)} of {total} are missing",
            "complete them, or choose --missing drop-item or --missing keep",
            gaps[0],
        )
    return first, second, len(gaps)


def _rating(path: Path, row: _RatedRow, criterion: str) -> int:
    cell = row.cells[criterion]
    if re.fullmatch(f"[{LOWEST}-{HIGHEST}]", cell):
        return int(cell)
    whole = re.fullmatch(r"[-+]?[0-9]+", cell)
    raise LiveBenchError(
        path,
        f"{cell!r} is {'out of range' if whole else 'not a whole number'}",
        f"rate with a whole number from {LOWEST} to {HIGHEST}",
        f"row {row.number}, {criterion}",
    )
