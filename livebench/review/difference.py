"""What a submission changes on the leaderboard: rows before and after."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from livebench.errors import one_line
from livebench.leaderboard.collect import BoardRow, Section
from livebench.records import Setting
from livebench.scoring.metrics import HEADLINE, METRICS
from livebench.submissions.load import submission_folders
from livebench.submissions.own_files import is_regular, own_files


@dataclass(frozen=True)
class RowChange:
    """A row that is not the same before and after; None where it is not there."""

    set_name: str
    setting: Setting
    before: BoardRow | None
    after: BoardRow | None


def row_changes(before: Sequence[Section], after: Sequence[Section]) -> list[RowChange]:
    """Rows that are new, gone, or other than before, in the order of the boards after."""
    earlier, later = _rows(before), _rows(after)
    keys = [*later, *(key for key in earlier if key not in later)]
    return [
        RowChange(key[0], key[1], earlier.get(key), later.get(key))
        for key in keys
        if earlier.get(key) != later.get(key)
    ]


_Key = tuple[str, Setting, str, str]


def _rows(sections: Sequence[Section]) -> dict[_Key, BoardRow]:
    """By set, setting, folder, and normalisation (or that it is outdated)."""
    return {
        (
            section.candidate_set.name,
            board.setting,
            row.folder,
            "outdated" if row.outdated else row.normalisation,
        ): row
        for section in sections
        for board in section.boards
        for row in [*board.rows, *board.other_rows, *board.outdated]
    }


def describe_changes(row_changes: Sequence[RowChange]) -> list[str]:
    """Lines of plain text, a heading for each board that changes."""
    lines: list[str] = []
    heading = ""
    for change in row_changes:
        board = f"{change.set_name}, setting {change.setting}"
        if board != heading:
            heading = board
            lines += ["", board]
        lines.append(_line(change.before, change.after))
    return lines


def _line(old: BoardRow | None, new: BoardRow | None) -> str:
    row = new or old
    if row is None:
        return ""
    name = f"{one_line(row.name) or row.folder} ({row.folder})"
    if row.normalisation != "sum":
        name += f", score:{row.normalisation}"
    if new is None:
        return f"  - {name}: is gone"
    if new.outdated:
        return f"  ! {name}: shown separately, was made with {new.signature}"
    if old is None:
        return f"  + {name}: {_shown(new)}"
    changed = []
    if old.rank != new.rank:
        changed.append(f"rank {old.ranks or 'none'} to {new.ranks or 'none'}")
    for metric in METRICS:
        one, two = (metric.format(row.metrics["best"][metric.name].value) for row in (old, new))
        if one != two:
            changed.append(f"{metric.name} {one} to {two}")
    return f"  ~ {name}: {', '.join(changed) or 'other details, as ' + _shown(new)}"


def _shown(row: BoardRow) -> str:
    metrics = row.metrics["best"]
    values = ", ".join(
        f"{metric.name} {metric.format(metrics[metric.name].value)}" for metric in METRICS
    )
    interval = HEADLINE.format_interval(metrics[HEADLINE.name])
    rank = f"rank {row.ranks}" if row.ranks else "no rank"
    return f"{rank} ({row.kind}, {row.evaluated}), {values} ({interval})"


def changed_folders(base: Path, submissions: Path) -> list[Path]:
    """Submissions whose files are not the same bytes as in another checkout, new ones included."""
    return [
        folder
        for folder in submission_folders(submissions)
        if _digest(folder) != _digest(Path(base) / folder.name)
    ]


def _digest(folder: Path) -> str:
    """Of the names and contents of all files; links are not followed."""
    digest = hashlib.sha256()
    for path in own_files(folder) if folder.is_dir() else ():
        digest.update(f"{path.relative_to(folder)}\0{path.is_symlink()}\0".encode())
        if is_regular(path):
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
