"""Figures of a report: means with intervals, and how each rater uses the scales."""

from __future__ import annotations

from pathlib import Path

from livebench.figures import new_figure, save_figure
from livebench.human.analysis.report import HumanReport
from livebench.human.sheets.key import CRITERIA, HIGHEST, LOWEST


def write_figures(folder: Path, report: HumanReport, kind: str = "png") -> list[Path]:
    """Write means.KIND, agreement.KIND and raters.KIND; return their paths.

    Raises:
        LiveBenchError: matplotlib is not installed.
    """
    found = []
    for name, draw in (("means", _means), ("agreement", _agreement), ("raters", _raters)):
        found.append(Path(folder) / f"{name}.{kind}")
        save_figure(draw(report), found[-1])
    return found


def _means(report: HumanReport):
    figure = new_figure(7.5, 0.9 + 0.34 * len(report.systems))
    names = [one.system for one in report.systems]
    for axes, criterion in zip(
        figure.subplots(1, len(CRITERIA), sharey=True), CRITERIA, strict=True
    ):
        for place, one in enumerate(report.systems):
            found = one.criteria[criterion]
            if found.value is None:
                continue
            axes.plot(found.value, place, "o", color="C0")
            if found.low is not None:
                axes.plot([found.low, found.high], [place, place], "-", color="C0")
        axes.set_title(criterion, fontsize="medium")
        axes.set_xlim(LOWEST, HIGHEST)
        axes.set_yticks(range(len(names)), names)
        axes.grid(axis="x", alpha=0.3)
    axes.set_ylim(len(names) - 0.5, -0.5)
    figure.supxlabel("mean rating, 95% interval", fontsize="medium")
    return figure


def _agreement(report: HumanReport):
    figure = new_figure(6, 3.2)
    axes = figure.subplots()
    pairs = report.agreement[0].pairs
    for number in range(len(pairs)):
        found = [(one.pairs[number], place) for place, one in enumerate(report.agreement)]
        label = f"{pairs[number].first}, {pairs[number].second}"
        shift = (number - (len(pairs) - 1) / 2) * 0.12
        for pair, place in found:
            estimate = pair.spearman
            if estimate.value is None:
                continue
            colour = f"C{number % 10}"
            axes.plot(place + shift, estimate.value, "o", color=colour, label=label, markersize=4)
            label = None
            if estimate.low is not None:
                axes.plot([place + shift] * 2, [estimate.low, estimate.high], "-", color=colour)
    axes.set_xticks(range(len(report.agreement)), [one.criterion for one in report.agreement])
    axes.axhline(0, color="0.5", linewidth=0.8)
    axes.set_ylabel("Spearman, 95% interval")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(title="raters", fontsize="small")
    return figure


def _raters(report: HumanReport):
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
