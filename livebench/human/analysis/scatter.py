"""Figures of a report: means with intervals, and how each rater uses the scales."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from livebench.figures import new_figure, save_figure
from livebench.human.analysis.report import HumanReport
from livebench.human.sheets.key import CRITERIA, HIGHEST, LOWEST

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_figures(folder: Path, report: HumanReport, file_format: str = "png") -> list[Path]:
    """Write means, agreement and raters in a file format; return their paths.

    Raises:
        LiveBenchError: matplotlib is not installed.
    """
    paths = []
    for name, draw in (("means", _means), ("agreement", _agreement), ("raters", _raters)):
        paths.append(Path(folder) / f"{name}.{file_format}")
        save_figure(draw(report), paths[-1])
    return paths


def _means(report: HumanReport) -> Figure:
    figure = new_figure(7.5, 0.9 + 0.34 * len(report.systems))
    names = [means.system for means in report.systems]
    for axes, criterion in zip(
        figure.subplots(1, len(CRITERIA), sharey=True), CRITERIA, strict=True
    ):
        for place, means in enumerate(report.systems):
            estimate = means.criteria[criterion]
            if estimate.value is None:
                continue
            axes.plot(estimate.value, place, "o", color="C0")
            if estimate.low is not None and estimate.high is not None:
                axes.plot([estimate.low, estimate.high], [place, place], "-", color="C0")
        axes.set_title(criterion, fontsize="medium")
        axes.set_xlim(LOWEST, HIGHEST)
        axes.set_yticks(range(len(names)), names)
        axes.grid(axis="x", alpha=0.3)
    axes.set_ylim(len(names) - 0.5, -0.5)
    figure.supxlabel("mean rating, 95% interval", fontsize="medium")
    return figure


def _agreement(report: HumanReport) -> Figure:
    figure = new_figure(6, 3.2)
    axes = figure.subplots()
    pairs = report.agreement[0].pairs
    for number, pair in enumerate(pairs):
        shift = (number - (len(pairs) - 1) / 2) * 0.12
        colour, label = f"C{number % 10}", f"{pair.first}, {pair.second}"
        for place, agreement in enumerate(report.agreement):
            estimate = agreement.pairs[number].spearman
            if estimate.value is None:
                continue
            axes.plot(place + shift, estimate.value, "o", color=colour, label=label, markersize=4)
            label = "_"  # one entry of the legend is enough
            if estimate.low is not None and estimate.high is not None:
                axes.plot([place + shift] * 2, [estimate.low, estimate.high], "-", color=colour)
    axes.set_xticks(
        range(len(report.agreement)), [agreement.criterion for agreement in report.agreement]
    )
    axes.axhline(0, color="0.5", linewidth=0.8)
    axes.set_ylabel("Spearman, 95% interval")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(title="raters", fontsize="small")
    return figure


def _raters(report: HumanReport) -> Figure:
    figure = new_figure(7.5, 0.6 + 1.4 * len(report.raters))
    grid = figure.subplots(
        len(report.raters), len(CRITERIA), sharex=True, sharey=True, squeeze=False
    )
    for row, rater in zip(grid, report.raters, strict=True):
        for axes, criterion in zip(row, CRITERIA, strict=True):
            axes.bar(range(LOWEST, HIGHEST + 1), rater.scales[criterion].counts, color="C0")
            axes.set_xticks(range(LOWEST, HIGHEST + 1))
        row[0].set_ylabel(rater.rater)
    for axes, criterion in zip(grid[0], CRITERIA, strict=True):
        axes.set_title(criterion, fontsize="medium")
    figure.supxlabel("rating, how often it was given", fontsize="medium")
    return figure
