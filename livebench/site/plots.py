"""Figures of a board for papers: recall curves, who takes rank 1, and intervals beside chance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livebench.errors import LiveBenchError, one_line
from livebench.figures import PRINT, new_figure, open_axes, save_figure
from livebench.files import new_folder
from livebench.leaderboard.collect import BoardRow, Section
from livebench.records import CANDIDATES
from livebench.scoring.anatomy import Anatomy
from livebench.scoring.metrics import HEADLINE
from livebench.site.boards import BoardView, board_views
from livebench.site.candidate_types import type_colour, type_order
from livebench.site.submission_pages import submission_boards

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STROKES = ("-", "--", "-.", ":")
_NAME_LENGTH = 40


def save_board_plots(sections: Sequence[Section], folder: Path, form: str) -> int:
    """Write recall-, anatomy- and intervals-SET-SETTING.FORM of each board into a new folder, whole or
    not at all; return how many.

    Args:
        form: png, svg or pdf.

    Raises:
        LiveBenchError: matplotlib is not installed, the folder exists, or there is nothing to draw.
    """
    views = [view for view in board_views(sections) if view.board.entries]
    if not views:
        what = "nothing to plot: no submission has scores for these sets and settings"
        raise LiveBenchError(folder, what, "choose others")
    with new_folder(folder) as made:
        for view in views:
            anatomies = {part.entry.folder: part.anatomy for part in submission_boards(view)}
            figures = {
                "recall": _recall(view, anatomies),
                "anatomy": _anatomy(view, anatomies),
                "intervals": _intervals(view),
            }
            for name, figure in figures.items():
                save_figure(figure, made / f"{name}-{view.set_name}-{view.setting}.{form}")
    return 3 * len(views)


def _label(row: BoardRow) -> str:
    return one_line(row.name, _NAME_LENGTH) or one_line(row.folder, _NAME_LENGTH)


def _title(axes: Axes, view: BoardView) -> None:
    axes.set_title(f"{view.set_name}, setting {view.setting}", fontsize=9, loc="left")


def _legend(axes: Axes, **options: Any) -> None:
    legend = axes.legend(frameon=False, fontsize=8, **options)
    for text in legend.get_texts():
        text.set_parse_math(False)  # a $ in a name is not a formula


def _recall(view: BoardView, anatomies: dict[str, Anatomy]) -> Figure:
    figure = new_figure(6.4, 4.0)
    axes = open_axes(figure, 1, 1, 1)
    ranks = range(1, CANDIDATES + 1)
    rows = view.board.submission_rows
    for place, row in enumerate(rows):
        curve = anatomies[row.folder].curves["best"]
        colour, stroke = f"C{place % 10}", _STROKES[place // 10 % len(_STROKES)]
        axes.plot(ranks, curve.value, stroke, color=colour, label=_label(row))
        axes.fill_between(ranks, curve.low, curve.high, color=colour, alpha=0.15, linewidth=0)
    chance = anatomies[rows[0].folder].curves["best"].chance
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


def _anatomy(view: BoardView, anatomies: dict[str, Anatomy]) -> Figure:
    rows = view.board.submission_rows
    first = anatomies[rows[0].folder]
    types = sorted(first.rank_1, key=type_order)
    names = [*map(_label, rows), "chance"]
    figure = new_figure(8.0, 1.1 + 0.3 * len(names))
    bars, ranks = open_axes(figure, 1, 2, 1), open_axes(figure, 1, 2, 2)
    places = range(len(names))
    shares = [*(anatomies[row.folder].rank_1 for row in rows), first.shares]
    means = [anatomies[row.folder].mean_rank for row in rows]
    left = [0.0] * len(names)
    for name in types:
        colour = type_colour(name)
        widths = [share[name] for share in shares]
        bars.barh(places, widths, left=left, color=colour, height=0.7, label=one_line(name))
        left = [start + width for start, width in zip(left, widths, strict=True)]
        ranks.plot([mean[name] for mean in means], range(len(means)), "o", color=colour)
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
        handles, labels, loc="outside lower center", ncols=len(types), frameon=False, fontsize=8
    )
    return figure


def _intervals(view: BoardView) -> Figure:
    rows = view.board.submission_rows
    figure = new_figure(6.4, 0.9 + 0.28 * len(rows))
    axes = open_axes(figure, 1, 1, 1)
    for place, row in enumerate(rows):
        headline = row.metrics["best"][HEADLINE.name]
        colour = PRINT.second if row.kind == "probe" else PRINT.first
        axes.plot([headline.low, headline.high], [place, place], "-", color=colour, linewidth=2)
        axes.plot(headline.value, place, "o", color=colour)
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
