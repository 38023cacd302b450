"""A submission's page: its card, and for each board anatomy, signature and how to get it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from livebench.leaderboard.collect import BoardRow
from livebench.leaderboard.entries import Entry
from livebench.leaderboard.scale import Scale, scale_of
from livebench.scoring.anatomy import Anatomy, Curve, Group, dissect
from livebench.scoring.metrics import HEADLINE
from livebench.site.boards import BoardView, file_name, run_key
from livebench.site.candidate_types import type_order
from livebench.site.curves import band_path, curve_path
from livebench.site.exports import Record, group_record, row_record, write_table
from livebench.site.pages import write_site_page
from livebench.submissions.load import Submission

WIDTH, HEIGHT = 520, 260
"""Of a figure of curves, in its own units."""

GROUPS = (
    ("against", "Against each type alone", "type", "samples"),
    ("by_category", "By category of the video", "category", "samples"),
    ("by_context", "By number of surrounding comments", "comments", "samples"),
    ("by_frequency", "By training frequency of the correct comment", "times", "correct ones"),
    ("by_length", "By length of the correct comment", "words", "correct ones"),
)
"""Attribute of Anatomy, title, what its parts are, and what is counted."""


@dataclass(frozen=True)
class SubmissionBoard:
    """What a submission's page says of one board; `rows` are one for each normalisation."""

    view: BoardView
    rows: list[BoardRow]
    entry: Entry
    anatomy: Anatomy


_Standing = tuple[BoardView, BoardRow]


@dataclass(frozen=True)
class GroupTable:
    """A table of groups, each with its interval drawn on one axis."""

    title: str
    what: str
    counted: str
    groups: list[Group]
    scale: Scale


def submission_boards(view: BoardView) -> Iterator[SubmissionBoard]:
    """What the pages of a board's submissions say of it."""
    for folder, entry in view.board.entries.items():
        board = view.board
        rows = [row for row in [*board.rows, *board.other_rows] if row.folder == folder]
        rows.sort(key=lambda row: row.normalisation != entry.score)  # the declared one first
        yield SubmissionBoard(view, rows, entry, dissect(entry.values_by_run, entry.answers))


def write_submissions(
    site: Path, submissions: Sequence[Submission], parts: dict[str, list[SubmissionBoard]]
) -> None:
    """Write submissions/NAME.html of each; `parts` are by folder."""
    for submission in submissions:
        own = parts.get(submission.name, [])
        address = f"submissions/{file_name(submission.name)}"
        declared, others = _declared(own)
        if own:
            write_table(site, address, _standings(own))
            write_table(site, f"{address}.groups", _group_records(own))
        write_site_page(
            site,
            f"{address}.html",
            "submission.html.j2",
            submission=submission,
            card=submission.card,
            parts=own,
            standings=declared,
            folded=others,
            views=[part.view for part in own],
            tables=_tables,
            curves=_curves,
            key=lambda part: run_key(part.entry, part.entry.runs[0]),
            types=lambda part: sorted(part.anatomy.rank_1, key=type_order),
            width=WIDTH,
            height=HEIGHT,
        )


def _declared(parts: Sequence[SubmissionBoard]) -> tuple[list[_Standing], list[_Standing]]:
    """The rows by the score that the card declares, where something is shown; and the others."""
    found: tuple[list[_Standing], list[_Standing]] = ([], [])
    for part in parts:
        for row in part.rows:
            declared = row.normalisation == part.entry.score and part.view.setting != "blind"
            found[not declared].append((part.view, row))
    return found if found[0] else (found[1], [])


def _standings(parts: Sequence[SubmissionBoard]) -> Iterator[Record]:
    for part in parts:
        for row in part.rows:
            yield row_record(part.view, row, declared=row.normalisation == part.entry.score)


def _group_records(parts: Sequence[SubmissionBoard]) -> Iterator[Record]:
    """The groups of `_tables`, a record each."""
    for part in parts:
        for table in _tables(part):
            for group in table.groups:
                yield group_record(part.view, table.title, group)


def _tables(part: SubmissionBoard) -> list[GroupTable]:
    """The tables of groups that say something: two parts, or one against a type."""
    tables = []
    for name, title, what, counted in GROUPS:
        groups = getattr(part.anatomy, name)
        if len(groups) > 1 or (groups and name == "against"):
            highest = [
                value
                for group in groups
                for value in (group.metrics[HEADLINE.name].high, group.chance[HEADLINE.name])
            ]
            tables.append(GroupTable(title, what, counted, groups, scale_of(highest)))
    return tables


def _curves(curve: Curve) -> list[tuple[str, str, str]]:
    """Name, class and path of what is drawn of a curve of recall."""
    return [
        ("95% interval", "band", band_path(curve.low, curve.high, WIDTH, HEIGHT)),
        ("chance", "chance", curve_path(curve.chance, WIDTH, HEIGHT)),
        ("recall", "own", curve_path(curve.value, WIDTH, HEIGHT)),
    ]
