"""A submission's page: its card, and for each board anatomy, signature and how to get it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from livebench.leaderboard.collect import Row
from livebench.leaderboard.entries import Entry
from livebench.scoring.anatomy import Anatomy, Curve, Group, dissect
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import HEADLINE
from livebench.site.boards import BoardView, file_name
from livebench.site.moment_pages import run_key
from livebench.site.pages import kind_order, write_page
from livebench.site.scale import Scale, band_path, curve_path, scale_of
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
class Part:
    """What a page says of one board; `rows` are one for each normalisation."""

    view: BoardView
    rows: list[Row]
    entry: Entry
    anatomy: Anatomy


@dataclass(frozen=True)
class Table:
    """A table of groups, each with its interval drawn on one axis."""

    title: str
    what: str
    counted: str
    groups: list[Group]
    scale: Scale


def parts_of(
    view: BoardView, entries: Sequence[Entry], answers: Answers
) -> Iterator[tuple[str, Part]]:
    """What the pages of a board's submissions say of it, by folder."""
    for entry in entries:
        name = entry.submission.name
        rows = [row for row in view.board.rows if row.folder == name]
        yield name, Part(view, rows, entry, dissect(entry.values(answers), answers))


def write_submissions(
    site: Path, submissions: Sequence[Submission], parts: dict[str, list[Part]]
) -> None:
    """Write submissions/NAME.html of each; `parts` are by folder."""
    for submission in submissions:
        own = parts.get(submission.name, [])
        write_page(
            site,
            f"submissions/{file_name(submission.name)}.html",
            "submission.html.j2",
            submission=submission,
            card=submission.card,
            parts=own,
            views=[part.view for part in own],
            tables=_tables,
            curves=_curves,
            key=lambda part: run_key(part.entry, part.entry.runs[0]),
            kinds=lambda part: sorted(part.anatomy.rank_1, key=kind_order),
            width=WIDTH,
            height=HEIGHT,
        )


def _tables(part: Part) -> list[Table]:
    """The tables of groups that say something: two parts, or one against a type."""
    found = []
    for name, title, what, counted in GROUPS:
        groups = getattr(part.anatomy, name)
        if len(groups) > 1 or (groups and name == "against"):
            highest = [
                value
                for group in groups
                for value in (group.metrics[HEADLINE.name].high, group.chance[HEADLINE.name])
            ]
            found.append(Table(title, what, counted, groups, scale_of(highest)))
    return found


def _curves(curve: Curve) -> list[tuple[str, str, str]]:
    """Name, class and path of what is drawn of a curve of recall."""
    return [
        ("95% interval", "band", band_path(curve.low, curve.high, WIDTH, HEIGHT)),
        ("chance", "chance", curve_path(curve.chance, WIDTH, HEIGHT)),
        ("recall", "own", curve_path(curve.value, WIDTH, HEIGHT)),
    ]
