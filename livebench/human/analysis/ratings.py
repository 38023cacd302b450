"""Reads raters' files and checks them: nothing wrong is taken, nothing missing is passed over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from livebench.errors import LiveBenchError
from livebench.human.analysis.rater_files import RatedRow, owner_of, read_rater_rows
from livebench.human.sheets.key import CRITERIA, HIGHEST, LOWEST, Key, KeyRater

Missing = Literal["drop-item", "keep"]

_COLUMNS = ("id", *CRITERIA)


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
    owners = {row.row: rater.rater for rater in key.raters for row in rater.rows}
    raters = {rater.rater: rater for rater in key.raters}
    sheets: dict[str, tuple[Path, np.ndarray, np.ndarray, int]] = {}
    for path in map(Path, paths):
        rows = read_rater_rows(path, _COLUMNS)
        rater = raters[owner_of(path, rows, owners)]
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


def _values(
    path: Path,
    rows: list[RatedRow],
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


def _rating(path: Path, row: RatedRow, criterion: str) -> int:
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
