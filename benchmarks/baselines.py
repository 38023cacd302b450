"""The tables of docs/baselines.md, from the committed scores alone.

    python benchmarks/baselines.py [SET ...]        prints them
    python benchmarks/baselines.py --write          puts those of all sets into docs/baselines.md

For each set and setting: MRR of each baseline by sum, mean and pmi, in `blind`, and what the declared
score gains over `blind`. Then, for each set: do the models of the paper come in the order of its
Table 4, by each score?
"""

from __future__ import annotations

import argparse
import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np
from scipy.stats import kendalltau
from tabulate import tabulate

from livebench.candidates.candidate_set import find_sets
from livebench.leaderboard.collect import Board, BoardRow, Section, collect
from livebench.leaderboard.entries import Entry
from livebench.records import Setting
from livebench.scoring.metrics import HEADLINE, Interval, best_metrics
from livebench.scoring.resampling import draw_counts, sum_by_video
from livebench.submissions.load import find_submissions
from livebench.submissions.validate import NORMALISATIONS, Normalisation

PAPER = ("s2s-i", "s2s-c", "s2s-ic", "fusional-rnn", "unified-transformer")
MODELS = (
    *PAPER,
    "pointer",
    "cache",
    "context-similarity",
    "title-similarity",
    "embedding-similarity",
    "oracle",
    "",
)
"""By folder, in the order of the tables; the last is chance."""

RESAMPLES = 2_000
ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "baselines.md"
BEGIN, END = "<!-- python benchmarks/baselines.py --write: begin -->", "<!-- end -->"


def cell(interval: Interval | None) -> str:
    """ "0.1987 [0.1702, 0.2290]", without an interval that is none."""
    if interval is None:
        return ""
    bounds = f" [{interval.low:.4f}, {interval.high:.4f}]" if interval.low < interval.high else ""
    return f"{interval.value:.4f}{bounds}"


def headline(row: BoardRow | None) -> str:
    if row is None or not row.metrics:
        return ""
    found = row.metrics["best"][HEADLINE.name]
    return f"*{found.value:.4f}*" if row.kind == "exact" else cell(found)


def by_score(board: Board) -> dict[tuple[str, str], BoardRow]:
    """The rows of a board by folder and score."""
    rows = (*board.other_rows, *board.rows)
    return {(row.folder, row.normalisation): row for row in rows}


def scores_table(board: Board, blind: Board | None) -> str:
    """A row for each baseline, read in each way."""
    rows, unseen = by_score(board), by_score(blind) if blind else {}
    names = {row.folder: row.name for row in board.rows}
    declared = {row.folder: row for row in board.submission_rows}
    lines = []
    for folder in MODELS:
        if folder not in names:
            continue
        own = declared.get(folder)
        values = [headline(rows.get((folder, one))) for one in ("sum", "mean", "pmi")]
        lines.append(
            [
                names[folder] if folder not in ("", "oracle") else f"*{names[folder]}*",
                *values,
                headline(unseen.get((folder, "sum"))) if folder else "",
                cell(own.gain) if own else "",
                own.normalisation if own else "",
            ]
        )
    headers = ["MRR", "sum", "mean", "pmi", "blind", "gain", "declared"]
    return markdown(headers, lines)


def published() -> dict[tuple[str, str], float]:
    """MRR in the paper's Table 4, by name of the model and setting."""
    content = (files("livebench.leaderboard") / "published.toml").read_text("utf-8")
    return {(row[0], row[1]): float(row[-1]) for row in tomllib.loads(content)["rows"]}


def reciprocal_ranks(entry: Entry, score: Normalisation) -> np.ndarray:
    """float64 [samples], the mean over runs."""
    values = entry.normalised_by_run(score)
    ranks = [HEADLINE.column(best_metrics(one, entry.answers.correct)) for one in values]
    return np.mean(ranks, axis=0)


def with_score(section: Section, score: Normalisation) -> Iterator[tuple[str, Setting, np.ndarray]]:
    """Name, setting and reciprocal ranks of the paper's models that can be read by this score."""
    for board in section.boards:
        for folder in PAPER:
            entry = board.entries.get(folder)
            if entry and board.setting != "blind" and score in entry.normalisations:
                name = entry.submission.card.name
                yield name, board.setting, reciprocal_ranks(entry, score)


def orders_table(section: Section) -> str:
    """By each score: Kendall's tau between our rows and the paper's, and between the score and sum."""
    paper, lines, by_sum = published(), [], {}
    videos = np.unique(np.asarray(section.answers.videos), return_inverse=True)[1]
    weights = draw_counts(np.random.PCG64(0), RESAMPLES, int(videos.max()) + 1)
    for score in NORMALISATIONS:
        found = {
            (name, setting): sum_by_video(values[:, None], videos)[:, 0]
            for name, setting, values in with_score(section, score)
            if (name, setting) in paper
        }
        if len(found) < 3:
            continue
        sums = np.stack(list(found.values()))  # [rows, videos]
        # The mean over samples and a sum of equal weight order rows alike.
        drawn = weights @ sums.T
        theirs = np.array([paper[key] for key in found])
        by_sum = by_sum or dict(zip(found, zip(sums.sum(1), drawn.T, strict=True), strict=True))
        settings = sorted({setting for _, setting in found})
        lines.append(
            [
                score,
                str(len(found)),
                tau(sums.sum(1), theirs, drawn, np.broadcast_to(theirs, drawn.shape)),
                tau(
                    sums.sum(1),
                    np.array([by_sum[key][0] for key in found]),
                    drawn,
                    np.stack([by_sum[key][1] for key in found], axis=1),
                ),
                "; ".join(f"{setting}: {order(found, setting)}" for setting in settings),
            ]
        )
    headers = ["score", "rows", "tau with Table 4", "tau with sum", "best first, by setting"]
    return markdown(headers, lines) if lines else ""


def tau(ours: np.ndarray, theirs: np.ndarray, drawn: np.ndarray, beside: np.ndarray) -> str:
    """Kendall's tau-b, and its 95% percentile interval over videos.

    Args:
        ours, theirs: [rows].
        drawn, beside: [resamples, rows].
    """
    value = kendalltau(ours, theirs).statistic
    resampled = [kendalltau(*pair).statistic for pair in zip(drawn, beside, strict=True)]
    low, high = np.percentile(resampled, (2.5, 97.5))
    return f"{value:.2f} [{low:.2f}, {high:.2f}]" if low < high else f"{value:.2f}"


def order(found: dict[tuple[str, str], np.ndarray], setting: str) -> str:
    of_setting = {name: values.sum() for (name, one), values in found.items() if one == setting}
    return " > ".join(sorted(of_setting, key=lambda name: -of_setting[name]))


def markdown(headers: list[str], lines: list[list[str]]) -> str:
    return tabulate(lines, headers, tablefmt="github", disable_numparse=True)


def page(names: list[str]) -> str:
    """All tables, as Markdown."""
    sets = [one for one in find_sets(ROOT / "candidates") if not names or one.name in names]
    parts = []
    for section in collect(sets, find_submissions(ROOT / "submissions")):
        boards = {board.setting: board for board in section.boards}
        name = section.candidate_set.name
        videos = len(set(section.answers.videos))
        parts.append(f"### {name}\n\n{section.samples} samples of {videos} videos.")
        parts += [
            f"Setting `{setting}`:\n\n{scores_table(board, boards.get('blind'))}"
            for setting, board in boards.items()
            if setting != "blind" and board.entries
        ]
        if orders := orders_table(section):
            parts.append(
                f"Is the order of the paper's Table 4 the same, by each score?\n\n{orders}"
            )
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("sets", nargs="*", metavar="SET")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    text = page([] if asked.write else asked.sets)
    if not asked.write:
        print(text)
        return
    whole = PAGE.read_text("utf-8")
    changed, count = re.subn(
        f"{re.escape(BEGIN)}.*?{re.escape(END)}",
        lambda _: f"{BEGIN}\n\n{text}\n\n{END}",
        whole,
        flags=re.DOTALL,
    )
    if count != 1:
        raise SystemExit(f"{PAGE}: no place for the tables ({BEGIN})")
    PAGE.write_text(changed, "utf-8")
    print(f"{PAGE}: written")


if __name__ == "__main__":
    main()
