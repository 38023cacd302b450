"""The tables of docs/baselines.md, from the committed scores: MRR of each baseline by sum and by pmi.

python benchmarks/baselines.py [SET ...]
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from tabulate import tabulate

from livebench.candidates.candidate_set import find_sets
from livebench.leaderboard.collect import BoardRow, Section, collect
from livebench.scoring.metrics import HEADLINE
from livebench.submissions.load import find_submissions

MODELS = (
    "s2s-i",
    "s2s-c",
    "s2s-ic",
    "fusional-rnn",
    "unified-transformer",
    "pointer",
    "cache",
    "context-similarity",
    "title-similarity",
    "oracle",
    "",
)
"""By folder, in the order of the tables; the last is chance."""


def value(row: BoardRow | None, *, whole: bool) -> str:
    """The MRR of a row, with its interval if that is all there is to tell."""
    if row is None or not row.metrics:
        return ""
    found = row.metrics["best"][HEADLINE.name]
    interval = f" [{found.low:.4f}, {found.high:.4f}]" if whole and found.low < found.high else ""
    return f"{found.value:.4f}{interval}"


def table(section: Section) -> str:
    """A row for each baseline, and a column for each setting, read by sum and by pmi."""
    boards = {board.setting: board for board in section.boards}
    whole = len(boards) <= 2  # else there is no room
    headers, columns = ["MRR"], []
    for setting, board in boards.items():
        rows: Mapping[tuple[str, str], BoardRow] = {
            (row.folder, row.normalisation): row for row in board.rows
        }
        for normalisation in ("sum", "pmi"):
            if setting == "blind" and normalisation == "pmi":
                continue  # 0 by definition
            headers.append(setting if setting == "blind" else f"{setting}, {normalisation}")
            columns.append([value(rows.get((name, normalisation)), whole=whole) for name in MODELS])
    cards = {
        row.folder: f"*{row.name}*" if row.kind in ("oracle", "exact") else row.name
        for board in section.boards
        for row in board.rows
    }
    lines = [
        [cards[name], *cells]
        for name, *cells in zip(MODELS, *columns, strict=True)
        if any(cells) and name in cards
    ]
    align = ("left", *["right"] * len(columns))
    return tabulate(lines, headers, tablefmt="github", disable_numparse=True, colalign=align)


def main() -> None:
    root = Path(__file__).parent.parent
    sets = [
        one
        for one in find_sets(root / "candidates")
        if one.name in sys.argv[1:] or not sys.argv[1:]
    ]
    for section in collect(sets, find_submissions(root / "submissions")):
        print(f"`{section.candidate_set.name}`, {section.samples} samples:\n\n{table(section)}\n")


if __name__ == "__main__":
    main()
