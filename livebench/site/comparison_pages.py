"""The pages that compare any two rows of a board: all pairs in a table, one in full by script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from livebench.leaderboard.collect import Row
from livebench.leaderboard.entries import Entry
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import HEADLINE
from livebench.scoring.paired import RowPair, Wins, pair_tests, wins
from livebench.scoring.significance import sum_by_video
from livebench.site.boards import BoardView
from livebench.site.moment_pages import run_key
from livebench.site.pages import write_page


@dataclass(frozen=True)
class Against:
    """A row against another; `difference` is first less second, in the mean reciprocal rank."""

    pair: RowPair
    by_sample: Wins
    by_video: Wins


def write_comparisons(
    site: Path,
    view: BoardView,
    views: Sequence[BoardView],
    entries: Sequence[Entry],
    answers: Answers,
) -> None:
    """Write compare/SET.SETTING.html.

    Args:
        views: all boards, to go to.
        entries: the scores behind the rows of the board, as sums.
    """
    by_folder = {entry.submission.name: entry for entry in entries}
    rows = [row for row in view.board.rows if row.folder and row.normalisation == "sum"]
    values = {
        row.folder: HEADLINE.column(by_folder[row.folder].per_sample(answers)["best"])
        for row in rows
    }
    write_page(
        site,
        f"compare/{view.key}.html",
        "compare.html.j2",
        view=view,
        views=views,
        rows=rows,
        keys={
            row.folder: [run_key(by_folder[row.folder], run) for run in by_folder[row.folder].runs]
            for row in rows
        },
        against=_against(rows, values, answers),
    )


def _against(
    rows: Sequence[Row], values: dict[str, np.ndarray], answers: Answers
) -> dict[tuple[str, str], Against]:
    """Every two rows, the upper one first."""
    names = [row.folder for row in rows]
    if len(names) < 2:
        return {}
    stacked = np.array([values[name] for name in names])
    _, cluster = np.unique(np.asarray(answers.videos), return_inverse=True)
    found = {}
    for pair in pair_tests(names, stacked, answers.videos):
        gains = values[pair.first] - values[pair.second]
        found[pair.first, pair.second] = Against(
            pair, wins(gains), wins(sum_by_video(gains[:, None], cluster)[:, 0])
        )
    return found
