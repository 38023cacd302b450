"""All sets at a glance: each submission once, with what it reaches on each set in its best setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from livebench.audit.set_audit import best_finding, has_shortcut
from livebench.human.analysis.people import People
from livebench.leaderboard.collect import Board, BoardRow, Section, size_text
from livebench.records import Setting
from livebench.scoring.metrics import HEADLINE, Interval
from livebench.submissions.load import Card

PROTOCOLS = ("matched", "live")
"""Whose sets come first, in this order; the others follow by name."""

LineKind = Literal["model", "baseline", "chance", "shortcut", "oracle"]

COMPETING = ("model", "baseline")
"""Kinds of submissions that are shown as competitors; the others are references."""


@dataclass(frozen=True)
class OverviewCell:
    """The headline metric on a set.

    Attributes:
        setting: the best one of a submission; empty where it makes no difference (chance, shortcuts).
        row: of the board of that setting; None for a shortcut.
        what: the probe, of a shortcut.
    """

    value: Interval
    setting: Setting | Literal[""] = ""
    row: BoardRow | None = None
    what: str = ""


@dataclass(frozen=True)
class OverviewLine:
    """A submission, or a reference; `cells` in the order of the sets, None where it has no scores."""

    name: str
    kind: LineKind
    cells: list[OverviewCell | None]
    folder: str = ""
    card: Card | None = None

    @property
    def rows(self) -> list[BoardRow]:
        """The rows that its cells stand for."""
        return [cell.row for cell in self.cells if cell is not None and cell.row is not None]

    @property
    def parameters(self) -> tuple[int, int]:
        """Of its models, at least and at most over its rows; 0 if unknown."""
        known = [row.parameters for row in self.rows if row.parameters[1]]
        if not known:
            return 0, 0
        return min(least for least, _ in known), max(most for _, most in known)

    @property
    def size(self) -> str:
        """`parameters` as text; empty if unknown."""
        return size_text(self.parameters)


@dataclass(frozen=True)
class Overview:
    """What the first table shows.

    Attributes:
        sections: its sets: real comments first, then those of the simulated world.
        aside: sets that are not in it, for there a shortcut beats every model.
        lines: models and baselines, the best on the first set first.
        references: chance, the best shortcut, and, where it has rows, the oracle.
        people: by the name of a set, what they reach in a task of their own: of ten candidates, pick the
            real one. The best of them, where several tasks were done.
    """

    sections: list[Section]
    aside: list[Section]
    lines: list[OverviewLine]
    references: list[OverviewLine]
    people: dict[str, People]


def make_overview(
    sections: Sequence[Section], people: Mapping[str, Sequence[People]] | None = None
) -> Overview:
    """The first table, from all boards of all public sets.

    Where a shortcut beats every model on every set, all are shown.
    """
    ordered = sorted(sections, key=_set_order)
    aside = [section for section in ordered if _is_won_by_a_shortcut(section)]
    if len(aside) == len(ordered):
        aside = []
    shown = [section for section in ordered if section not in aside]
    found = [_best_rows(section, COMPETING) for section in shown]
    folders = dict.fromkeys(folder for cells in found for folder in cells)
    lines = [_line(folder, [cells.get(folder) for cells in found], shown) for folder in folders]
    lines.sort(key=_line_order)
    references = [
        OverviewLine("chance", "chance", [_chance(section) for section in shown]),
        OverviewLine("best shortcut", "shortcut", [best_shortcut(one) for one in shown]),
        _oracle(shown),
    ]
    present = [line for line in references if any(line.cells)]
    best = {
        name: max(tasks, key=lambda task: task.real.value) for name, tasks in (people or {}).items()
    }
    return Overview(shown, aside, lines, present, best)


def is_real(section: Section) -> bool:
    """Whether people wrote the comments of a set: no recipe makes its dataset."""
    return not section.candidate_set.manifest.dataset.recipe


def best_shortcut(section: Section) -> OverviewCell | None:
    """What is reached without understanding: by the audit's best probe that should be at chance, or by
    the best submitted probe if there is no audit."""
    if section.audit is not None:
        best = best_finding(section.audit)
        return OverviewCell(best.metrics[HEADLINE.name], what=best.probe) if best else None
    probes = _best_rows(section, ("probe",)).values()
    reached = [OverviewCell(cell.value, what=cell.row.name) for cell in probes if cell.row]
    return max(reached, key=lambda cell: round(cell.value.value, 9), default=None)


def _is_won_by_a_shortcut(section: Section) -> bool:
    """Whether the audit found a shortcut that reaches more than the best model or baseline."""
    shortcut = best_shortcut(section)
    if shortcut is None or section.audit is None or not has_shortcut(section.audit):
        return False
    reached = [cell.value.value for cell in _best_rows(section, COMPETING).values()]
    return shortcut.value.value > max(reached, default=shortcut.value.value)


def _set_order(section: Section) -> tuple[bool, int, str]:
    name = section.candidate_set.manifest.protocol.name
    place = PROTOCOLS.index(name) if name in PROTOCOLS else len(PROTOCOLS)
    return not is_real(section), place, section.candidate_set.name


def _shown_boards(section: Section) -> list[Board]:
    """Those in which something is shown of the moment."""
    return [board for board in section.boards if board.setting != "blind"]


def _best_rows(section: Section, kinds: Sequence[str]) -> dict[str, OverviewCell]:
    """By folder, each in the setting in which it is best."""
    best: dict[str, OverviewCell] = {}
    for board in _shown_boards(section):
        for row in board.submission_rows:
            cell = OverviewCell(row.metrics["best"][HEADLINE.name], board.setting, row)
            before = best.get(row.folder)
            if row.kind in kinds and (before is None or cell.value.value > before.value.value):
                best[row.folder] = cell
    return best


def _line(
    folder: str, cells: list[OverviewCell | None], sections: Sequence[Section]
) -> OverviewLine:
    [row, *_] = [cell.row for cell in cells if cell and cell.row]
    cards = (
        board.entries[folder].submission.card
        for section in sections
        for board in section.boards
        if folder in board.entries
    )
    kind: LineKind = "model" if row.kind == "model" else "baseline"
    return OverviewLine(row.name, kind, cells, folder, next(cards))


def _line_order(line: OverviewLine) -> tuple[list[float], str]:
    values = [-round(cell.value.value, 9) if cell else 1.0 for cell in line.cells]
    return values, line.folder


def _chance(section: Section) -> OverviewCell | None:
    for board in section.boards:
        return OverviewCell(board.chance.metrics["best"][HEADLINE.name], row=board.chance)
    return None


def _oracle(sections: Sequence[Section]) -> OverviewLine:
    found = [_best_rows(section, ("oracle",)).values() for section in sections]
    best = [max(cells, key=lambda cell: cell.value.value, default=None) for cells in found]
    return OverviewLine("oracle", "oracle", list(best))
