"""The figures of a dataset, each drawn from one table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from livebench.figures import PRINT, Palette, new_figure, open_axes, save_figure
from livebench.files import new_folder
from livebench.statistics.dataset_tables import Cell, DatasetTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LONGEST_LABEL = 18
_MOST_BARS = 20
"""Bars of a chart of categories or comments, at most."""


def draw_figures(tables: Sequence[DatasetTable], palette: Palette = PRINT) -> dict[str, Figure]:
    """The figure of each table that has one, by name of the table."""
    by_name = {table.name: table for table in tables}
    return {
        name: draw(by_name[name], palette) for name, draw in _DRAWN.items() if by_name[name].rows
    }


def save_dataset_figures(tables: Sequence[DatasetTable], folder: Path, extension: str) -> None:
    """Write the figures as PNG, SVG or PDF files into a new folder, whole or not at all.

    Raises:
        LiveBenchError: matplotlib is not installed, or the folder exists.
    """
    figures = draw_figures(tables)
    with new_folder(folder) as files:
        for name, figure in figures.items():
            save_figure(figure, files / f"{name}.{extension}")


def _axes(figure: Figure, palette: Palette, *places: int) -> Axes:
    axes = open_axes(figure, *places)
    for side in ("bottom", "left"):
        axes.spines[side].set_color(palette.ink)
    axes.tick_params(colors=palette.ink)
    for label in (axes.xaxis.label, axes.yaxis.label, axes.title):
        label.set_color(palette.ink)
        label.set_fontsize(9)
    return axes


def _number(value: Cell) -> float:
    return float("nan") if value is None else float(value)


def _label(text: Cell) -> str:
    """A text as a label: printable, on one line, not too long."""
    line = " ".join(str(text).split())
    line = "".join(c if c.isprintable() else " " for c in line)
    return line if len(line) <= _LONGEST_LABEL else line[: _LONGEST_LABEL - 1] + "…"


def _similarity(table: DatasetTable, palette: Palette) -> Figure:
    figure = new_figure(7.2, 3.0)
    names = [str(row[0]) for row in table.rows]
    for place, (column, title) in enumerate(((2, "edit distance"), (4, "cosine of tf-idf")), 1):
        axes, highest = _axes(figure, palette, 1, 2, place), 0.0
        axes.grid(axis="y", color=palette.grid)
        for offset, marker, label, colour in (
            (0, "o", "this dataset", palette.first),
            (1, "s", "the paper's", palette.second),
        ):
            values = [_number(row[column + offset]) for row in table.rows]
            highest = max([highest, *(value for value in values if not math.isnan(value))])
            axes.plot(names, values, marker=marker, label=label, color=colour)
        axes.set_title(title, fontsize=9, color=palette.ink)
        axes.set_xlabel("seconds between two comments")
        axes.set_ylim(0, highest * 1.1)
        axes.legend(frameon=False, fontsize=8, labelcolor=palette.ink)
    return figure


def _lengths(table: DatasetTable, palette: Palette) -> Figure:
    figure = new_figure(6.0, 2.8)
    axes = _axes(figure, palette, 1, 1, 1)
    shares = [100 * _number(row[2]) for row in table.rows]
    places = range(1, len(shares) + 1)
    axes.bar(places, shares, color=palette.first, width=0.8)
    step = max(1, len(shares) // 10)
    ticks = [*range(1, len(shares), step)]
    last = f">{len(shares) - 1}"
    shown = [tick for tick in ticks if tick <= len(shares) - step] + [len(shares)]
    axes.set_xticks(shown, [*map(str, shown[:-1]), last])
    axes.set_xlabel(table.columns[0])
    axes.set_ylabel("% of training comments")
    axes.grid(axis="y", color=palette.grid)
    return figure


def _playback(table: DatasetTable, palette: Palette) -> Figure:
    figure = new_figure(6.0, 2.8)
    axes = _axes(figure, palette, 1, 1, 1)
    count = len(table.rows)
    places = [(number + 0.5) * 100 / count for number in range(count)]
    axes.bar(places, [_number(row[1]) for row in table.rows], color=palette.first, width=90 / count)
    axes.set_xlim(0, 100)
    axes.set_xlabel("% of the video's duration")
    axes.set_ylabel("comments")
    axes.grid(axis="y", color=palette.grid)
    return figure


def _bars(table: DatasetTable, palette: Palette, column: int) -> Figure:
    rows = table.rows[:_MOST_BARS][::-1]
    figure = new_figure(6.0, 0.8 + 0.22 * len(rows))
    axes = _axes(figure, palette, 1, 1, 1)
    places = range(len(rows))
    axes.barh(places, [_number(row[column]) for row in rows], color=palette.first, height=0.7)
    # A $ does not begin a formula here.
    axes.set_yticks(places, [_label(row[0]) for row in rows], parse_math=False)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlabel(table.columns[column])
    axes.grid(axis="x", color=palette.grid)
    return figure


def _categories(table: DatasetTable, palette: Palette) -> Figure:
    return _bars(table, palette, 2)


def _frequent(table: DatasetTable, palette: Palette) -> Figure:
    return _bars(table, palette, 1)


_DRAWN = {
    "table-3": _similarity,
    "figure-4-words": _lengths,
    "figure-4-characters": _lengths,
    "categories": _categories,
    "playback": _playback,
    "frequent": _frequent,
}
