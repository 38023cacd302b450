"""Figures of a board for papers: recall curves, who takes rank 1, and intervals beside chance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from livebench.errors import LiveBenchError
from livebench.figures import PRINT, new_figure, save_figure
from livebench.files import new_folder
from livebench.leaderboard.collect import Row, Section
from livebench.leaderboard.entries import Entry, read_entry
from livebench.leaderboard.markdown import plain
from livebench.records import CANDIDATES
from livebench.scoring.anatomy import Anatomy, dissect
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import HEADLINE
from livebench.site.boards import BoardView, board_views
from livebench.site.pages import kind_order

COLOURS = {
    "correct": "#00734f",
    "plausible": "#17549e",
    "popular": "#a1560a",
    "elsewhere": "#7b3aa8",
    "category": "#5b93d6",
    "random": "#c3c8cd",
}
OTHER = "#6c747c"
STROKES = ("-", "--", "-.", ":")
NAME = 40


def save_plots(sections: Sequence[Section], submissions: Sequence, folder: Path, kind: str) -> int:
    """Write recall-, anatomy- and intervals-SET-SETTING.KIND of each board into a new folder, whole or
    not at all; return how many.

    Args:
        sections: collected from these submissions.
        kind: png, svg or pdf.

    Raises:
        LiveBenchError: matplotlib is not installed, the folder exists, or there is nothing to draw.
    """
    views = board_views(sections)
    views = [view for view in views if any(row.folder for row in view.board.rows)]
    if not views:
        raise LiveBenchError(
            "no submission has scores for these sets and settings: nothing to plot"
        )
    with new_folder(folder) as made:
        for view in views:
            entries = _entries(view, submissions)
            answers = Answers(view.section.candidate_set)
            taken = {
                name: dissect(entry.values(answers), answers) for name, entry in entries.items()
            }
            figures = {
                "recall": _recall(view, taken),
                "anatomy": _anatomy(view, taken),
                "intervals": _intervals(view),
            }
            for name, figure in figures.items():
                save_figure(figure, made / f"{name}-{view.set_name}-{view.setting}.{kind}")
    return 3 * len(views)


def _entries(view: BoardView, submissions: Sequence) -> dict[str, Entry]:
    candidate_set = view.section.candidate_set
    answers = Answers(candidate_set)
    found = (read_entry(candidate_set, answers, view.board.setting, one) for one in submissions)
    return {one.submission.name: one for one in found if isinstance(one, Entry)}


def _rows(view: BoardView) -> list[Row]:
    """The rows of submissions, scores as sums, the best first."""
    return [row for row in view.board.rows if row.folder and row.normalisation == "sum"]


def _label(row: Row) -> str:
    return plain(row.name, NAME) or plain(row.folder, NAME)


def _axes(figure, *places: int):
    axes = figure.add_subplot(*places)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=8)
    return axes


def _title(axes, view: BoardView) -> None:
    axes.set_title(f"{view.set_name}, setting {view.setting}", fontsize=9, loc="left")


def _legend(axes, **options) -> None:
    legend = axes.legend(frameon=False, fontsize=8, **options)
    for text in legend.get_texts():
        text.set_parse_math(False)  # a $ in a name is no formula


def _recall(view: BoardView, taken: dict[str, Anatomy]):
    figure = new_figure(6.4, 4.0)
    axes = _axes(figure, 1, 1, 1)
    ranks = range(1, CANDIDATES + 1)
    rows = _rows(view)
    for place, row in enumerate(rows):
        curve = taken[row.folder].curves["best"]
        colour, stroke = f"C{place % 10}", STROKES[place // 10 % len(STROKES)]
        axes.plot(ranks, curve.value, stroke, color=colour, label=_label(row))
        axes.fill_between(ranks, curve.low, curve.high, color=colour, alpha=0.15, linewidth=0)
    chance = taken[rows[0].folder].curves["best"].chance
    axes.plot(ranks, chance, "--", color="0.4", linewidth=1, label="chance")
    axes.set_xscale("log")
    marks = [1, 2, 5, 10, 20, 50, 100]
    axes.set_xticks(marks, [str(mark) for mark in marks])
    axes.minorticks_off()
    axes.set_xlim(1, CANDIDATES)
    axes.set_ylim(0, 100)
    axes.grid(color=PRINT.grid)
    axes.set_xlabel("k", fontsize=9)
    axes.set_ylabel("recall@k in % of samples, 95% interval", fontsize=9)
    _title(axes, view)
    # Beside the curves: many names would hide them.
    _legend(axes, loc="upper left", bbox_to_anchor=(1.01, 1.02))
    return figure


def _anatomy(view: BoardView, taken: dict[str, Anatomy]):
    rows = _rows(view)
    first = taken[rows[0].folder]
    kinds = sorted(first.rank_1, key=kind_order)
    names = [*map(_label, rows), "chance"]
    figure = new_figure(8.0, 1.1 + 0.3 * len(names))
    bars, ranks = _axes(figure, 1, 2, 1), _axes(figure, 1, 2, 2)
    places = range(len(names))
    shares = [*(taken[row.folder].rank_1 for row in rows), first.shares]
    means = [taken[row.folder].mean_rank for row in rows]
    left = [0.0] * len(names)
    for kind in kinds:
        colour = COLOURS.get(kind, OTHER)
        widths = [share[kind] for share in shares]
        bars.barh(places, widths, left=left, color=colour, height=0.7, label=plain(kind))
        left = [start + width for start, width in zip(left, widths, strict=True)]
        ranks.plot([mean[kind] for mean in means], range(len(means)), "o", color=colour)
    bars.set_yticks(places, names, parse_math=False)
    ranks.set_yticks(places, [""] * len(names))
    ranks.axvline((CANDIDATES + 1) / 2, color="0.4", linestyle="--", linewidth=1)
    for axes, label in ((bars, "who takes rank 1, % of samples"), (ranks, "mean rank by type")):
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_xlabel(label, fontsize=9)
    bars.set_xlim(0, 100)
    ranks.set_xlim(1, CANDIDATES)
    ranks.grid(axis="x", color=PRINT.grid)
    _title(bars, view)
    handles, labels = bars.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncols=len(kinds), frameon=False, fontsize=8
    )
    return figure


def _intervals(view: BoardView):
    rows = _rows(view)
    figure = new_figure(6.4, 0.9 + 0.28 * len(rows))
    axes = _axes(figure, 1, 1, 1)
    for place, row in enumerate(rows):
        found = row.metrics["best"][HEADLINE.name]
        colour = PRINT.second if row.kind == "probe" else PRINT.first
        axes.plot([found.low, found.high], [place, place], "-", color=colour, linewidth=2)
        axes.plot(found.value, place, "o", color=colour)
    for line in view.lines:
        dashed = line.kind == "chance"
        axes.axvline(
            line.values["best"][HEADLINE.name],
            color="0.4" if dashed else PRINT.second,
            linestyle="--" if dashed else ":",
            linewidth=1,
        )
    axes.set_yticks(range(len(rows)), [_label(row) for row in rows], parse_math=False)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.grid(axis="x", color=PRINT.grid)
    axes.set_xlabel(f"{HEADLINE.name}, 95% interval; dashed: chance, dotted: shortcuts", fontsize=9)
    _title(axes, view)
    return figure
