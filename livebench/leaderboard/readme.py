"""The table in README.md: one real dataset, by the literature's protocol and by ours.

It stands between two marks; what is around it is written by hand. So its numbers are those of the
leaderboard, to the byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from livebench.leaderboard.collect import Section
from livebench.leaderboard.overview import (
    Overview,
    OverviewCell,
    OverviewLine,
    is_real,
    make_overview,
)
from livebench.scoring.metrics import HEADLINE
from livebench.tables import markdown_cell

BEGIN = "<!-- Rendered by `livebench leaderboard`: from here -->\n"
END = "<!-- to here -->\n"
MOST = 8
"""Models and baselines that are shown."""


def readme_table(overview: Overview) -> str:
    """The best on a real dataset beside what a shortcut reaches, on each of its sets; empty if there is
    no real one that models have been scored on."""
    chosen = next((one for one in overview.sections if is_real(one) and _has_rows(one)), None)
    if chosen is None:
        return ""
    name = chosen.candidate_set.manifest.dataset.name
    ours = [one for one in overview.sections if _dataset(one) == name]
    theirs = [one for one in overview.aside if _dataset(one) == name]
    best = make_overview(ours).lines[:MOST]
    # Each set by itself: what makes an overview leave one out does not count here.
    columns = [make_overview([section]) for section in (*theirs, *ours)]
    rows = [
        _row(
            "*best shortcut (never sees the moment)*",
            [_reference(one, "shortcut") for one in columns],
        ),
        *(_row(_linked(line), [_cell_of(one, line.folder) for one in columns]) for line in best),
        _row("*chance*", [_reference(one, "chance") for one in columns]),
    ]
    header = " | ".join(_set_link(section) for section in (*theirs, *ours))
    return "\n".join(
        [f"| {HEADLINE.name} | {header} |", f"| --- |{' --: |' * len(columns)}", *rows, ""]
    )


def with_table(text: str, table: str) -> str | None:
    """A README with this table between its marks; None if it has no marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{begin}{table}{end}{after}" if begin and end else None


def _has_rows(section: Section) -> bool:
    return bool(make_overview([section]).lines)


def _dataset(section: Section) -> str:
    return section.candidate_set.manifest.dataset.name


def _set_link(section: Section) -> str:
    name = section.candidate_set.name
    return f"[{markdown_cell(name)}](docs/leaderboard/{quote(name, safe='')}.md)"


def _linked(line: OverviewLine) -> str:
    shown = markdown_cell(line.name) or markdown_cell(line.folder)
    return f"[{shown}](submissions/{quote(line.folder, safe='')})"


def _cell_of(overview: Overview, folder: str) -> OverviewCell | None:
    return next((line.cells[0] for line in overview.lines if line.folder == folder), None)


def _reference(overview: Overview, kind: str) -> OverviewCell | None:
    return next((line.cells[0] for line in overview.references if line.kind == kind), None)


def _row(who: str, cells: Sequence[OverviewCell | None]) -> str:
    values = [HEADLINE.format(cell.value.value) if cell else "" for cell in cells]
    return f"| {who} | {' | '.join(values)} |"
