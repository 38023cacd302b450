"""What the pages show of a board beyond its rows: axes, and the lines of chance and shortcuts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from livebench.audit.set_audit import has_shortcut
from livebench.leaderboard.collect import Board, BoardRow, Section
from livebench.leaderboard.entries import Entry
from livebench.leaderboard.overview import Overview
from livebench.leaderboard.scale import Scale, scale_of
from livebench.records import FOLDER_NAME
from livebench.scoring.metrics import GROUND_TRUTHS, HEADLINE, METRICS
from livebench.submissions.load import Card, Run


@dataclass(frozen=True)
class ReferenceLine:
    """A line through the rows: what chance or a shortcut reaches, by ground truth and metric."""

    name: str
    kind: str
    values: dict[str, dict[str, float]]


@dataclass(frozen=True)
class BoardView:
    """A board with everything needed to draw it."""

    section: Section
    board: Board

    @property
    def set_name(self) -> str:
        return self.section.candidate_set.name

    @property
    def setting(self) -> str:
        return self.board.setting

    @property
    def key(self) -> str:
        """Names the board in addresses."""
        return f"{self.set_name}.{self.setting}"

    @cached_property
    def lines(self) -> list[ReferenceLine]:
        """Chance first, then the probes whose headline metric beats it for certain, the best first."""
        chance = self.board.chance
        least = chance.metrics["best"][HEADLINE.name].value
        return [
            _line(chance, "chance"),
            *(
                _line(row, "shortcut")
                for row in self.board.rows
                if row.kind == "probe" and row.metrics["best"][HEADLINE.name].low > least
            ),
        ]

    @cached_property
    def scales(self) -> dict[str, dict[str, Scale]]:
        """The axis of each ground truth and metric: all intervals and lines are on it."""
        return {
            truth: {
                metric.name: scale_of(
                    row.metrics[truth][metric.name].high for row in self.board.rows
                )
                for metric in METRICS
            }
            for truth in GROUND_TRUTHS
        }

    @property
    def rows(self) -> list[BoardRow]:
        """Each submission once, by the score that it declares, and chance; the best first."""
        declared = self.board.submission_rows
        return [row for row in self.board.rows if row in declared or row.kind == "exact"]

    @property
    def remarks(self) -> list[tuple[str, list[BoardRow]]]:
        """What a reader should know of the scores, each remark once, and of whose."""
        found: dict[str, list[BoardRow]] = {}
        for row in self.rows:
            for remark in row.remarks if row.kind != "probe" else ():
                found.setdefault(remark, []).append(row)
        return list(found.items())

    @cached_property
    def cards(self) -> dict[str, Card]:
        """The cards of the submissions on it, by folder."""
        return {folder: entry.submission.card for folder, entry in self.board.entries.items()}

    def axes(self, truth: str) -> dict[str, dict[str, object]]:
        """The axes of a ground truth for a script: their ends and ticks."""
        return {
            metric: {"high": scale.high, "ticks": scale.ticks}
            for metric, scale in self.scales[truth].items()
        }


def _line(row: BoardRow, kind: str) -> ReferenceLine:
    values = {
        truth: {metric: interval.value for metric, interval in metrics.items()}
        for truth, metrics in row.metrics.items()
    }
    return ReferenceLine(row.name, kind, values)


def board_views(sections: Sequence[Section]) -> list[BoardView]:
    """Every board that has more than chance on it, or had."""
    return [
        BoardView(section, board)
        for section in sections
        for board in section.boards
        if board.entries or board.outdated
    ]


@dataclass(frozen=True)
class OverviewColumn:
    """A set of the first table; `settings` in which something is shown; whether it has a `shortcut`."""

    set_name: str
    settings: int
    shortcut: bool


def overview_columns(overview: Overview) -> list[OverviewColumn]:
    """The sets of the first table."""
    return [
        OverviewColumn(
            section.candidate_set.name,
            sum(board.setting != "blind" for board in section.boards),
            # Without an audit nobody knows: the best submitted probe is named.
            section.audit is None or has_shortcut(section.audit),
        )
        for section in overview.sections
    ]


def file_name(name: str) -> str:
    """A name as part of an address: itself where it is plain, else what it is hashed to."""
    if re.match(FOLDER_NAME, name):
        return name
    return "x" + hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:16]


def run_key(entry: Entry, run: Run) -> str:
    """Names a run in addresses."""
    return f"{file_name(entry.folder)}.{run.name}"
