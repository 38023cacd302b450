"""The first table for a terminal."""

from __future__ import annotations

from livebench.errors import one_line
from livebench.leaderboard.overview import Overview, OverviewCell
from livebench.scoring.metrics import HEADLINE
from livebench.tables import text_table

_LONGEST_NAME = 30


def overview_text(overview: Overview) -> str:
    """Each submission on each set in its best setting, references below, and how to read it."""
    names = [section.candidate_set.name for section in overview.sections]
    several = [
        sum(board.setting != "blind" for board in section.boards) > 1
        for section in overview.sections
    ]
    rows = [
        [
            one_line(line.name or line.folder, _LONGEST_NAME),
            line.folder,
            *map(_cell, line.cells, several),
        ]
        for line in (*overview.lines, *overview.references)
    ]
    table = text_table(["submission", "folder", *names], rows)
    notes = [
        f"{HEADLINE.name} of each submission in its best setting; in brackets the ranks that"
        " tests allow,",
        "among the rows of that setting. Is A better than B? livebench compare A B, by folder name.",
    ]
    if overview.aside:
        aside = ", ".join(section.candidate_set.name for section in overview.aside)
        notes.append(f"Not shown, since a shortcut beats every model on them: {aside}.")
    return "\n".join([table, "", *notes])


def _cell(cell: OverviewCell | None, several: bool) -> str:
    if cell is None:
        return ""
    value = HEADLINE.format(cell.value.value)
    rank = f"({cell.row.ranks})" if cell.row and cell.row.ranks else ""
    return " ".join(filter(None, [value, rank, cell.setting if several else ""]))
