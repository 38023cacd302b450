"""Renders LEADERBOARD.md: the same input gives the same bytes."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib.resources import files
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from livebench.human.analysis.report import HumanReport
from livebench.human.analysis.report_text import intervals_cells, two_digits, with_interval
from livebench.human.sheets.key import CRITERIA
from livebench.leaderboard.collect import Board, BoardRow, Section
from livebench.leaderboard.private import PrivateSection
from livebench.scoring.metrics import GROUND_TRUTHS, HEADLINE, METRICS, chance_metrics
from livebench.scoring.paired import RowPair
from livebench.scoring.significance import format_p
from livebench.tables import (
    Markdown,
    escaped,
    markdown_cell,
    markdown_cells,
    markdown_code,
)


def render(
    sections: Sequence[Section],
    reports: Sequence[HumanReport] = (),
    private: Sequence[PrivateSection] = (),
) -> str:
    """LEADERBOARD.md: boards, `private` sets beside public ones, `reports` of human evaluations."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # Markdown, not HTML: `escaped` takes the place of Jinja's escaping, and nothing gets past it.
    environment = Environment(  # nosec B701
        loader=PackageLoader("livebench.leaderboard"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=escaped,
    )
    environment.filters |= {
        "cell": markdown_cell,
        "cells": markdown_cells,
        "code": markdown_code,
        "markup": Markdown,
    }
    published, chance = _data("published.toml"), chance_metrics([5])["best"]
    return environment.get_template("leaderboard.md.j2").render(
        sections=sections,
        private=private,
        metrics=METRICS,
        headline=HEADLINE,
        ground_truths=GROUND_TRUTHS,
        columns=lambda count: Markdown(" --: |" * count),
        values=_values,
        gain=_gain,
        score=lambda row: row.normalisation if row.folder else "",
        shown_first=lambda boards: sorted(boards, key=lambda board: board.setting == "blind"),
        unseen=_unseen,
        who=_who,
        folder_link=_folder_link,
        neighbours=_neighbours,
        format_p=format_p,
        how=_how,
        published=published,
        reports=reports,
        criteria=CRITERIA,
        rated=lambda report: intervals_cells(report)[1],
        agreed=_agreed,
        published_human=_data("published_human.toml"),
        published_chance=[
            metric.format(metric.column(chance)[0])
            for metric in METRICS
            if metric.name in published["columns"]
        ],
    )


def _data(name: str) -> dict[str, Any]:
    return tomllib.loads((files("livebench.leaderboard") / name).read_text("utf-8"))


def _agreed(report: HumanReport) -> list[list[str]]:
    """Mean pairwise Spearman and alpha, by criterion and pooled."""
    return [
        [row.criterion, with_interval(row.mean), str(row.mean.n), two_digits(row.alpha.value)]
        for row in report.agreement
    ]


def _values(row: BoardRow, ground_truth: str) -> list[str]:
    """The cells of a row: value and interval."""
    if not row.metrics:
        return ["" for _ in METRICS]
    values = row.metrics[ground_truth]
    if row.kind == "exact":
        return [Markdown(f"*{metric.format(values[metric.name].value)}*") for metric in METRICS]
    return [
        Markdown(
            f"{metric.format(values[metric.name].value)}<br>"
            f"<sub>{metric.format_interval(values[metric.name])}</sub>"
        )
        for metric in METRICS
    ]


def _who(row: BoardRow) -> Markdown:
    if row.kind == "exact":
        return Markdown("*chance*")
    return _folder_link(row.folder, row.name)


def _gain(row: BoardRow) -> Markdown:
    if row.gain is None:
        return Markdown()
    interval = HEADLINE.format_interval(row.gain)
    return Markdown(f"{HEADLINE.format(row.gain.value)}<br><sub>{interval}</sub>")


def _unseen(board: Board) -> Markdown:
    """Which models and baselines beat chance in the setting `blind`."""
    scored = [row for row in board.submission_rows if row.kind in ("model", "baseline")]
    above = [
        f"{_folder_link(row.folder)} ({HEADLINE.format(row.metrics['best'][HEADLINE.name].value)})"
        for row in board.above_chance
    ]
    chance = HEADLINE.format(board.chance.metrics["best"][HEADLINE.name].value)
    told = (
        f"In the setting `blind`, {len(above)} of {len(scored)} models and baselines beat chance "
        f"({chance}) for certain"
    )
    if not above:
        return Markdown(f"{told}.")
    shown = ", ".join(above)
    return Markdown(f"{told}: {shown}. Each is a learned probe: it uses a shortcut of the set.")


def _folder_link(folder: str, name: str = "") -> Markdown:
    shown = markdown_cell(name) or markdown_cell(folder)
    return Markdown(f"[{shown}](submissions/{quote(folder, safe='')})")


def _neighbours(board: Board) -> list[RowPair]:
    """Each ranked row and the next one below."""
    names = [row.folder for row in board.rows if row.rank]
    following = set(pairwise(names))
    return [pair for pair in board.pairs if (pair.first, pair.second) in following]


def _how(row: BoardRow) -> Markdown:
    remarks = "".join(f"<br><sub>{markdown_cell(remark, 120)}</sub>" for remark in row.remarks)
    return Markdown(markdown_cell(", ".join(row.how_made(isolation=True)), 200) + remarks)
