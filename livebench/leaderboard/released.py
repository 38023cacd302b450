"""The rows as they were at the last release, and what has changed since."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from livebench.files import new_file
from livebench.leaderboard.collect import BoardRow, Section
from livebench.records import Setting, json_document, parse_json
from livebench.scoring.metrics import HEADLINE
from livebench.submissions.validate import Normalisation

RELEASED = Path("docs/leaderboard/released.json")


class ReleasedRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of then, by the score that its submission declared; `value` of the headline metric."""

    set_name: str
    setting: Setting
    folder: str
    name: str
    score: Normalisation
    value: float
    rank: int = 0
    worst_rank: int = 0

    @property
    def key(self) -> tuple[str, str, str]:
        return self.set_name, self.setting, self.folder


class Released(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """docs/leaderboard/released.json: a release, the hash of each set, and all rows."""

    version: str
    date: datetime.date
    sets: dict[str, str]
    rows: list[ReleasedRow]


@dataclass(frozen=True)
class ChangedRow:
    """A row that is there on both sides, and not the same."""

    before: ReleasedRow
    after: ReleasedRow


@dataclass(frozen=True)
class Changes:
    """What a reader of the release would find other today.

    Attributes:
        new_sets, gone_sets: by name.
        new_versions: sets whose samples are others than then: their numbers cannot be compared.
        new_submissions, gone_submissions: folder and name of those that are on no board then, or now.
        waiting: those of then whose rows of today are all out of date: to be evaluated again.
        rows: on sets that are the same, rows with another number, score or rank.
        new_rows: how many are new on sets that are the same.
    """

    since: Released
    new_sets: list[str]
    gone_sets: list[str]
    new_versions: list[str]
    new_submissions: list[tuple[str, str]]
    gone_submissions: list[tuple[str, str]]
    waiting: list[tuple[str, str]]
    rows: list[ChangedRow]
    new_rows: int


def release_rows(sections: Sequence[Section], version: str, date: datetime.date) -> Released:
    """What a release holds: every current row by its declared score."""
    return Released(
        version,
        date,
        {one.candidate_set.name: one.candidate_set.manifest.hash for one in sections},
        [
            _released(section.candidate_set.name, board.setting, row)
            for section in sections
            for board in section.boards
            for row in board.submission_rows
        ],
    )


def _released(set_name: str, setting: Setting, row: BoardRow) -> ReleasedRow:
    # Rounded: the same on every machine.
    value = round(row.metrics["best"][HEADLINE.name].value, 6)
    ranks = (row.rank, row.worst_rank)
    return ReleasedRow(set_name, setting, row.folder, row.name, row.normalisation, value, *ranks)


def write_released(path: Path, released: Released) -> None:
    """Write it; the same rows give the same bytes."""
    with new_file(path) as file:
        file.write(json_document(released))


def read_released(path: Path = RELEASED) -> Released | None:
    """The rows of the last release; None if nothing was kept.

    Raises:
        LiveBenchError: the file is not valid.
    """
    return parse_json(path, Released) if path.exists() else None


def changes_since(released: Released, sections: Sequence[Section]) -> Changes:
    """What has changed between a release and the boards of today."""
    now = release_rows(sections, "", released.date)
    same = {name for name, digest in now.sets.items() if released.sets.get(name) == digest}
    before = {row.key: row for row in released.rows}
    names_before, names_after = (
        {row.folder: row.name for row in one.rows} for one in (released, now)
    )
    outdated = {
        row.folder: row.name
        for section in sections
        for board in section.boards
        for row in board.outdated
    }
    comparable = [row for row in now.rows if row.set_name in same]
    return Changes(
        since=released,
        new_sets=sorted(now.sets.keys() - released.sets.keys()),
        gone_sets=sorted(released.sets.keys() - now.sets.keys()),
        new_versions=sorted((now.sets.keys() & released.sets.keys()) - same),
        new_submissions=_missing(names_after, names_before),
        gone_submissions=_missing(names_before, names_after | outdated),
        waiting=_missing(outdated, names_after),
        rows=[
            ChangedRow(old, row)
            for row in comparable
            if (old := before.get(row.key)) is not None and not _is_same(old, row)
        ],
        new_rows=sum(row.key not in before for row in comparable),
    )


def _missing(names: dict[str, str], others: dict[str, str]) -> list[tuple[str, str]]:
    return sorted((folder, name) for folder, name in names.items() if folder not in others)


def _is_same(old: ReleasedRow, new: ReleasedRow) -> bool:
    """As a reader sees them."""
    return (old.score, old.rank, HEADLINE.format(old.value)) == (
        new.score,
        new.rank,
        HEADLINE.format(new.value),
    )
