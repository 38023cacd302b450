"""Reads what raters of a ranking task picked: nothing wrong is taken, nothing missing is passed over.

human/NAME/ranking.json      written with the sheets
human/NAME/choices/R1.csv    id and choice of a rater, no comment: what may be published
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from livebench.errors import LiveBenchError
from livebench.files import new_file
from livebench.human.analysis.rater_files import RatedRow, owner_of, read_rater_rows
from livebench.human.sheets.ranking_key import SHOWN, RankingKey, RankingRater
from livebench.human.sheets.ranking_sheet import CHOICE

CHOICES = "choices"

_NONE = -1
_COLUMNS = ("id", CHOICE)


@dataclass(frozen=True)
class Choices:
    """The choices of a ranking task.

    Attributes:
        key: what was shown.
        raters: names of those who took part, in the order of the key.
        absent: names of raters in the key without a file.
        moments: int64 [moments], those that count, by their place in the key.
        picked: int64 [raters, moments], the place of the picked candidate among the sample's hundred.
        dropped: ids of the samples that are left out for all, since a rater picked nothing.
    """

    key: RankingKey
    raters: list[str]
    absent: list[str]
    moments: np.ndarray
    picked: np.ndarray
    dropped: list[str]


def read_choices(paths: Sequence[Path], key: RankingKey, *, drop_missing: bool = False) -> Choices:
    """Read the files of raters: CSV with the columns `id` and `choice`, others are not looked at.

    Args:
        drop_missing: leave a moment out for all raters where one of them picked nothing; otherwise that
            is an error.

    Raises:
        LiveBenchError: file, row (as a spreadsheet counts: the header is row 1) and rule are named.
    """
    raters = {rater.rater: rater for rater in key.raters}
    owners = {row.row: rater.rater for rater in key.raters for row in rater.rows}
    found: dict[str, tuple[Path, np.ndarray]] = {}
    for path in map(Path, paths):
        rows = read_rater_rows(path, _COLUMNS)
        name = owner_of(path, rows, owners)
        if name in found:
            what = f"is the sheet of {name}, and so is {found[name][0]}"
            raise LiveBenchError(path, what, "give one file a rater")
        found[name] = (path, _picked(path, rows, raters[name], key, drop_missing=drop_missing))
    names = [name for name in raters if name in found]
    picked = np.stack([found[name][1] for name in names])
    whole = (picked != _NONE).all(axis=0)
    if not whole.any():
        what = "no moment has a choice of each of them"
        raise LiveBenchError(f"raters {', '.join(names)}", what, "have the sheets completed")
    return Choices(
        key=key,
        raters=names,
        absent=[name for name in raters if name not in found],
        moments=np.flatnonzero(whole),
        picked=picked[:, whole],
        dropped=[key.moments[place].sample_id for place in np.flatnonzero(~whole)],
    )


def _picked(
    path: Path, rows: list[RatedRow], rater: RankingRater, key: RankingKey, *, drop_missing: bool
) -> np.ndarray:
    """int64 [moments]: a rater's choices in the order of the key, _NONE where there is none."""
    places = {moment.sample_id: place for place, moment in enumerate(key.moments)}
    by_id = {row.id: row for row in rows}
    picked = np.full(len(places), _NONE)
    gaps = []
    for expected in rater.rows:
        row = by_id.get(expected.row)
        if row and row.cells[CHOICE]:
            number = _choice(path, row)
            picked[places[expected.sample_id]] = expected.order[number - 1]
        else:
            gaps.append(f"row {row.number}" if row else f"id {expected.row} (its row is missing)")
    total = len(rater.rows)
    if 2 * len(gaps) >= total:
        what = f"{rater.rater} left out {len(gaps)} of {total} choices, half or more"
        raise LiveBenchError(path, what, "have the sheet completed, or leave the file out", gaps[0])
    if gaps and not drop_missing:
        what = f"no choice; {len(gaps)} of {total} are missing"
        fix = "complete them, or give --drop-missing"
        raise LiveBenchError(path, what, fix, gaps[0])
    return picked


def _choice(path: Path, row: RatedRow) -> int:
    cell = row.cells[CHOICE]
    if re.fullmatch(r"[1-9][0-9]?", cell) and int(cell) <= SHOWN:
        return int(cell)
    what = f"{cell!r} is no number of a comment"
    fix = f"give a whole number from 1 to {SHOWN}"
    raise LiveBenchError(path, what, fix, f"row {row.number}, {CHOICE}")


def write_choices(folder: Path, paths: Sequence[Path], key: RankingKey) -> None:
    """Write human/NAME/choices/: the raters' files without text, in the order of their sheets."""
    owners = {row.row: rater.rater for rater in key.raters for row in rater.rows}
    raters = {rater.rater: rater for rater in key.raters}
    for path in map(Path, paths):
        rows = read_rater_rows(path, _COLUMNS)
        name = owner_of(path, rows, owners)
        cells = {row.id: row.cells[CHOICE] for row in rows}
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows((row.row, cells.get(row.row, "")) for row in raters[name].rows)
        with new_file(Path(folder) / CHOICES / f"{name}.csv") as file:
            file.write(text.getvalue().encode())
