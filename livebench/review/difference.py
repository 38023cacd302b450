"""What a submission changes on the leaderboard: rows before and after."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from livebench.leaderboard.collect import Row, Section
from livebench.leaderboard.markdown import plain
from livebench.records import Setting
from livebench.scoring.metrics import HEADLINE, METRICS


@dataclass(frozen=True)
class Change:
    """A row that is not the same before and after; None where it is not there.

    `apart`: it stands with the rows that are no longer current, after.
    """

    set_name: str
    setting: Setting
    before: Row | None
    after: Row | None
    apart: bool = False


def changes(before: Sequence[Section], after: Sequence[Section]) -> list[Change]:
    """Rows that are new, gone, or other than before, in the order of the boards after."""
    earlier, later = _rows(before), _rows(after)
    keys = [*later, *(key for key in earlier if key not in later)]
    found = []
    for key in keys:
        old, new = earlier.get(key, (None, False)), later.get(key, (None, False))
        if old != new:
            found.append(Change(key[0], key[1], old[0], new[0], new[1]))
    return found


def _rows(sections: Sequence[Section]) -> dict[tuple, tuple[Row, bool]]:
    """By set, setting, folder and normalisation: the row, and whether it stands apart."""
    found = {}
    for section in sections:
        for board in section.boards:
            where = (section.candidate_set.name, board.setting)
            for row in board.rows:
                found[*where, row.folder, row.normalisation] = (row, False)
            for one in board.earlier:
                found[*where, one.row.folder, "earlier"] = (one.row, True)
    return found


def describe_changes(found: Sequence[Change]) -> list[str]:
    """Lines of plain text, a heading for each board that changes."""
    lines: list[str] = []
    heading = ""
    for change in found:
        board = f"{change.set_name}, setting {change.setting}"
        if board != heading:
            heading = board
            lines += ["", board]
        lines.append(_line(change))
    return lines


def _line(change: Change) -> str:
    old, new = change.before, change.after
    row = new or old
    name = f"{plain(row.name) or row.folder} ({row.folder})"
    if row.normalisation != "sum":
        name += f", score:{row.normalisation}"
    if new is None:
        return f"  - {name}: is gone"
    if change.apart:
        return f"  ! {name}: stands apart, was made with {new.signature}"
    if old is None or not old.metrics:
        return f"  + {name}: {_shown(new)}"
    moved = []
    if old.rank != new.rank:
        moved.append(f"rank {old.rank or 'none'} to {new.rank or 'none'}")
    for metric in METRICS:
        one, two = (metric.format(row.metrics["best"][metric.name].value) for row in (old, new))
        if one != two:
            moved.append(f"{metric.name} {one} to {two}")
    return f"  ~ {name}: {', '.join(moved) or 'other details, as ' + _shown(new)}"


def _shown(row: Row) -> str:
    found = row.metrics["best"]
    values = ", ".join(
        f"{metric.name} {metric.format(found[metric.name].value)}" for metric in METRICS
    )
    rank = f"rank {row.rank}" if row.rank else "no rank"
    interval = HEADLINE.format_interval(found[HEADLINE.name])
    return f"{rank} ({row.kind}, {row.evaluated}), {values} ({interval})"


def changed_folders(base: Path, submissions: Path) -> list[Path]:
    """Submissions whose files are not the same bytes as in another checkout, new ones included."""
    return [
        folder
        for folder in sorted(Path(submissions).iterdir())
        if folder.is_dir() and _digest(folder) != _digest(Path(base) / folder.name)
    ]


def _digest(folder: Path) -> str:
    """Of the names and contents of all files; links are not followed."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if "__pycache__" in path.parts or path.is_dir():
            continue
        found.update(f"{path.relative_to(folder)}\0{path.is_symlink()}\0".encode())
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()
