"""The pages that compare any two rows of a board: all pairs in a table, one in full by script."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from livebench.leaderboard.collect import Board
from livebench.leaderboard.entries import entry_pairs
from livebench.scoring.paired import RowPair, Wins, wins
from livebench.scoring.resampling import sum_by_video
from livebench.site.boards import BoardView, run_key
from livebench.site.exports import pair_records, write_table
from livebench.site.pages import write_site_page


@dataclass(frozen=True)
class PairWins:
    """A row against another, and who wins where, by the metric that rows are ranked by."""

    pair: RowPair
    by_sample: Wins
    by_video: Wins


def write_comparisons(site: Path, view: BoardView) -> None:
    """Write compare/SET.SETTING.html."""
    board = view.board
    against = _against(board, view.section.answers.videos)
    pairs = ((one.pair, one.by_sample) for one in against.values())
    write_table(site, f"{view.key}.pairs", pair_records(view, pairs))
    write_site_page(
        site,
        f"compare/{view.key}.html",
        "compare.html.j2",
        view=view,
        rows=board.submission_rows,
        keys={
            folder: [run_key(entry, run) for run in entry.runs]
            for folder, entry in board.entries.items()
        },
        against=against,
    )


def _against(board: Board, videos: list[str]) -> dict[tuple[str, str], PairWins]:
    """Every two rows, the upper one first."""
    names = [row.folder for row in board.submission_rows]
    values = {name: board.entries[name].headline for name in names}
    _, cluster = np.unique(np.asarray(videos), return_inverse=True)
    against = {}
    for pair in entry_pairs([board.entries[name] for name in names]):
        gains = values[pair.first].mean(axis=0) - values[pair.second].mean(axis=0)
        by_video = sum_by_video(gains[:, None], cluster)[:, 0]
        against[pair.first, pair.second] = PairWins(pair, wins(gains), wins(by_video))
    return against
