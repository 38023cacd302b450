"""Reads raters' files and checks them: nothing wrong is taken, nothing missing is passed over."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from livebench.errors import LiveBenchError
from livebench.human.sheets.key import CRITERIA, HIGHEST, LOWEST, Key, KeyRater

Missing = Literal["drop-item", "keep"]


@dataclass(frozen=True)
class Ratings:
    """The ratings of a human evaluation.

    Attributes:
        key: whose comments they are of.
        raters: names of those who rated, in the order of the key.
        absent: names of raters of the key of whom there is no file.
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
        LiveBenchError: file, row (as a spreadsheet counts, the header is row 1) and rule are named.
    """
    items = {item.item: number for number, item in enumerate(key.items)}
    owners = {row.row: rater for rater in key.raters for row in rater.rows}
    found: dict[str, tuple[Path, np.ndarray, np.ndarray, int]] = {}
    for path in map(Path, paths):
        rows = _read_rows(path)
        rater = _owner(path, rows, owners)
        if rater.rater in found:
            raise LiveBenchError(
                f"{path}: is the sheet of {rater.rater}, and so is {found[rater.rater][0]} (rule: one "
                "file a rater); give one of them"
            )
        found[rater.rater] = (path, *_values(path, rows, rater, items, missing))
    order = [rater.rater for rater in key.raters if rater.rater in found]
    values = np.stack([found[name][1] for name in order])
    again = np.stack([found[name][2] for name in order])
    dropped: list[str] = []
    if missing == "drop-item":
        gaps = np.isnan(values).any(axis=(0, 2))
        dropped = [item.item for item, gap in zip(key.items, gaps, strict=True) if gap]
        values[:, gaps] = again[:, gaps] = np.nan
    return Ratings(
        key=key,
        raters=order,
        absent=[rater.rater for rater in key.raters if rater.rater not in found],
        values=values,
        again=again,
        missing={name: found[name][3] for name in order},
        policy=missing,
        dropped=dropped,
    )


def _read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a file: `id` and CRITERIA, without white space around."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise LiveBenchError(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise LiveBenchError(
            f"{path}: is not UTF-8 (rule: CSV in UTF-8); save it again as 'CSV UTF-8'"
        ) from None
    # Some spreadsheets write semicolons or tabs and call it CSV.
    header = text.split("\n", maxsplit=1)[0]
    comma = next((mark for mark in ",;\t" if mark in header), ",")
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=comma, strict=True))
    except csv.Error as error:
        raise LiveBenchError(f"{path}: cannot be read as CSV: {error}; save it again") from None
    columns = table[0] if table else []
    for name in ("id", *CRITERIA):
        if columns.count(name) != 1:
            raise LiveBenchError(
                f"{path}, row 1: {columns.count(name)} columns are named {name} (rule: the header of "
                "the sheet stays as it was)"
            )
    places = {name: columns.index(name) for name in ("id", *CRITERIA)}
    rows = []
    for number, cells in enumerate(table[1:], 2):
        if any(cell.strip() for cell in cells):
            if len(cells) != len(columns):
                raise LiveBenchError(
                    f"{path}, row {number}: has {len(cells)} cells, the header {len(columns)} (rule: a "
                    "cell for each column)"
                )
            found = {name: cells[place].strip() for name, place in places.items()}
            rows.append({**found, "number": str(number)})
    return rows


def _owner(path: Path, rows: list[dict[str, str]], owners: dict[str, KeyRater]) -> KeyRater:
    """Whose sheet a file is: every row must be of it, once."""
    seen: dict[str, str] = {}
    rater = None
    for row in rows:
        where = f"{path}, row {row['number']}: id {row['id'] or '(none)'}"
        owner = owners.get(row["id"])
        if owner is None:
            raise LiveBenchError(
                f"{where}: is not in the key (rule: only rows of the sheet); is it another sheet's key?"
            )
        if rater is not None and owner is not rater:
            raise LiveBenchError(
                f"{where}: is of the sheet of {owner.rater}, the rows before of {rater.rater}'s (rule: "
                "one rater a file)"
            )
        if row["id"] in seen:
            raise LiveBenchError(
                f"{where}: stands in row {seen[row['id']]} already (rule: each item once); keep one"
            )
        rater, seen[row["id"]] = owner, row["number"]
    if rater is None:
        raise LiveBenchError(f"{path}: holds no ratings (rule: a row for each item of the sheet)")
    return rater


def _values(
    path: Path,
    rows: list[dict[str, str]],
    rater: KeyRater,
    items: dict[str, int],
    policy: Missing | None,
) -> tuple[np.ndarray, np.ndarray, int]:
    """First and second ratings [items, CRITERIA], nan where missing, and how many are."""
    first = np.full((len(items), len(CRITERIA)), np.nan)
    second = first.copy()
    by_id = {row["id"]: row for row in rows}
    gaps = []
    for expected in rater.rows:
        row = by_id.get(expected.row)
        target = second if expected.repeat else first
        for column, criterion in enumerate(CRITERIA):
            cell = row[criterion] if row else ""
            if cell:
                target[items[expected.item], column] = _rating(path, row, criterion)
            else:
                where = f"row {row['number']}" if row else f"id {expected.row} (its row is gone)"
                gaps.append(f"{where}, {criterion}")
    total = len(rater.rows) * len(CRITERIA)
    if 2 * len(gaps) >= total:
        raise LiveBenchError(
            f"{path}: {rater.rater} left out {len(gaps)} of {total} ratings, the first in {gaps[0]} "
            "(rule: a rater gives more than half of them, whatever --missing says); let the sheet be "
            "completed, or leave the file out and say so"
        )
    if gaps and policy is None:
        raise LiveBenchError(
            f"{path}, {gaps[0]}: no rating, {len(gaps)} of {total} are missing (rule: every item is "
            "rated on every scale); complete it, or choose --missing drop-item or --missing keep"
        )
    return first, second, len(gaps)


def _rating(path: Path, row: dict[str, str], criterion: str) -> int:
    cell = row[criterion]
    if re.fullmatch(f"[{LOWEST}-{HIGHEST}]", cell):
        return int(cell)
    if re.fullmatch(r"[-+]?[0-9]+", cell):
        rule = f"out of range (rule: {LOWEST} to {HIGHEST})"
    else:
        rule = f"not a whole number (rule: a whole number from {LOWEST} to {HIGHEST})"
    raise LiveBenchError(f"{path}, row {row['number']}: {criterion} is {cell!r}, {rule}")
