"""Renders LEADERBOARD.md and its pages: the same input gives the same bytes."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from livebench.audit.set_audit import ProbeFinding, best_finding, has_shortcut, probe_in_words
from livebench.errors import LiveBenchError
from livebench.human.analysis.people import PICKED_REAL, People
from livebench.human.analysis.people_text import people_cells, people_sentence
from livebench.human.analysis.report import HumanReport
from livebench.human.analysis.report_text import intervals_cells, two_digits, with_interval
from livebench.human.sheets.key import CRITERIA
from livebench.leaderboard.collect import Board, BoardRow, Section
from livebench.leaderboard.drawing import draw_overview
from livebench.leaderboard.overview import (
    Overview,
    OverviewCell,
    OverviewLine,
    best_shortcut,
    is_real,
    make_overview,
)
from livebench.leaderboard.private import PrivateSection
from livebench.leaderboard.readme import readme_table
from livebench.scoring.metrics import HEADLINE, METRICS, Interval, Metric, chance_metrics
from livebench.scoring.paired import RowPair
from livebench.scoring.significance import format_p
from livebench.tables import (
    Markdown,
    escaped,
    markdown_cell,
    markdown_cells,
    markdown_code,
    markdown_table,
)

if TYPE_CHECKING:
    from jinja2 import Template


BOARD, README = "LEADERBOARD.md", "README.md"
FOLDER = "docs/leaderboard"
"""Of the other pages, beside BOARD."""
_HUMAN, _PUBLISHED, _PLOT = "human-evaluation", "published-results", "overview.svg"


def render_pages(
    sections: Sequence[Section],
    reports: Sequence[HumanReport] = (),
    private: Sequence[PrivateSection] = (),
    people: Mapping[str, Sequence[People]] | None = None,
) -> dict[str, str]:
    """All pages of the leaderboard by their path, BOARD first; of README the table alone.

    That shows the sets at a glance; then follow a page for each set, `private` ones among them, the
    `reports` of human evaluations, and published numbers. `people` are by the name of a set.

    Raises:
        LiveBenchError: the name of a set is that of another page.
    """
    overview = make_overview(sections, people)
    template = _templates(overview)
    pages = {BOARD: template("leaderboard").render(overview=overview, private=private)}
    pages[README] = readme_table(overview)
    pages[f"{FOLDER}/{_PLOT}"] = draw_overview(overview)
    for section in sections:
        pages[_address(section)] = template("set").render(
            section=section,
            boards=[board for board in section.boards if board.setting != "blind"],
            shortcut=_shortcut_finding(section),
            people=(people or {}).get(section.candidate_set.name, ()),
        )
    for one in private:
        pages[_address(one)] = template("private").render(section=one)
    pages[f"{FOLDER}/{_HUMAN}.md"] = template("human").render(
        reports=reports,
        criteria=CRITERIA,
        rated=lambda report: intervals_cells(report)[1],
        agreed=_agreed,
        published_human=_data("published_human.toml"),
    )
    published, chance = _data("published.toml"), chance_metrics([5])["best"]
    pages[f"{FOLDER}/{_PUBLISHED}.md"] = template("published").render(
        published=published,
        published_chance=[
            metric.format(metric.column(chance)[0])
            for metric in METRICS
            if metric.name in published["columns"]
        ],
    )
    return pages


def _templates(overview: Overview) -> Callable[[str], Template]:
    """Finds a template by its name; all know the same words."""
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
        "set_link": _set_link,
    }
    several = [len(section.boards) > 2 for section in overview.sections]
    environment.globals |= {
        "metrics": _columns(),
        "headline": HEADLINE,
        "board_name": BOARD,
        "kinds": [line.kind for line in overview.references],
        "columns": lambda count: Markdown(" --: |" * count),
        "values": _values,
        "audited": lambda finding: _measured(finding.metrics),
        "gain": _gain,
        "ranks": _ranks,
        "score": lambda row: row.normalisation if row.folder else "",
        "small": _small,
        "unseen": _unseen,
        "who": _who,
        "folder_link": _folder_link,
        "neighbours": _neighbours,
        "other_scores": _other_scores,
        "format_p": format_p,
        "how": _how,
        "remarks": _remarks,
        "comments_of": _comments_of,
        "chance_of": lambda section: HEADLINE.format(_chance_of(section)),
        "set_link": _set_link,
        "page_link": _page_link,
        "line_name": _line_name,
        "overview_cell": lambda cell, place: _overview_cell(cell, several[place]),
        "reference_cell": lambda cell: _overview_cell(cell, several=False),
        "shortcut_told": _shortcut_told,
        "people_cell": _people_cell,
        "probe_in_words": probe_in_words,
        "people_sentence": people_sentence,
        "people_table": lambda one: Markdown(markdown_table(*people_cells(one), left=1)),
    }
    return lambda name: environment.get_template(f"{name}.md.j2")


def _address(section: Section | PrivateSection) -> str:
    """The path of a set's page."""
    name = section.candidate_set.name
    if name in (_HUMAN, _PUBLISHED):
        what = "has the name of another page of the leaderboard"
        raise LiveBenchError(section.candidate_set.path, what, "give the set another name")
    return f"{FOLDER}/{name}.md"


def _set_link(section: Section) -> Markdown:
    return _page_link(section.candidate_set.name)


def _page_link(name: str) -> Markdown:
    """From BOARD to the page of a set."""
    return Markdown(f"[{markdown_cell(name)}]({FOLDER}/{quote(name, safe='')}.md)")


def _line_name(line: OverviewLine) -> Markdown:
    """A submission with its kind, size and weights in small print."""
    assert line.card is not None, "references have their own lines"
    about = [
        line.kind,
        f"{line.size} parameters" if line.size else "",
        "open weights" if line.card.weights == "open" else "",
    ]
    how = dict.fromkeys(row.evaluated for row in line.rows if row.evaluated != "attested")
    small = ", ".join([*filter(None, about), *how])
    shown = markdown_cell(line.name) or markdown_cell(line.folder)
    link = f"[{shown}](submissions/{quote(line.folder, safe='')})"
    return Markdown(f"{link}<br><sub>{markdown_cell(small, 120)}</sub>")


def _overview_cell(cell: OverviewCell | None, several: bool) -> Markdown:
    if cell is None:
        return Markdown()
    value = HEADLINE.format(cell.value.value)
    if cell.row is not None and cell.row.kind == "exact":
        return Markdown(f"*{value}*")
    rank = f"&nbsp;({_ranks(cell.row)})" if cell.row and cell.row.ranks else ""
    setting = f", {cell.setting}" if several else ""
    return Markdown(f"{value}{rank}{_small_interval(HEADLINE, cell.value, setting)}")


def _people_cell(people: People | None) -> Markdown:
    """How often people pick the real one of ten."""
    if people is None:
        return Markdown()
    interval = _small_interval(PICKED_REAL, people.real, "&nbsp;of&nbsp;ten")
    return Markdown(f"{PICKED_REAL.format(people.real.value)}&nbsp;%{interval}")


def _comments_of(section: Section) -> str:
    """Whose comments they are."""
    name = section.candidate_set.manifest.dataset.name
    return f"real, {name}" if is_real(section) else "simulated"


def _shortcut_told(section: Section) -> Markdown:
    """What the best shortcut reaches, and which it is, if that is above chance for certain."""
    cell = best_shortcut(section)
    if cell is None:
        return Markdown("not audited")
    sure = section.audit is None or has_shortcut(section.audit)
    value = HEADLINE.format(cell.value.value)
    told = markdown_cell(probe_in_words(cell.what)) if sure else "not above chance"
    return Markdown(f"{value}<br><sub>{told}</sub>")


def _chance_of(section: Section) -> float:
    return section.boards[0].chance.metrics["best"][HEADLINE.name].value


def _shortcut_finding(section: Section) -> ProbeFinding | None:
    """The finding of the audit that `best_shortcut` names."""
    return best_finding(section.audit) if section.audit else None


def _other_scores(board: Board) -> list[BoardRow]:
    """The rows of submissions by scores that they do not declare."""
    declared = board.submission_rows
    own = [row for row in board.rows if row.folder and row not in declared]
    return sorted([*own, *board.other_rows], key=lambda row: (row.folder, row.normalisation))


def _data(name: str) -> dict[str, Any]:
    return tomllib.loads((files("livebench.leaderboard") / name).read_text("utf-8"))


def _agreed(report: HumanReport) -> list[list[str]]:
    """Mean pairwise Spearman and alpha, by criterion and pooled."""
    return [
        [row.criterion, with_interval(row.mean), str(row.mean.n), two_digits(row.alpha.value)]
        for row in report.agreement
    ]


def _columns() -> list[Metric]:
    """The metrics in the order of the columns, the headline first."""
    return sorted(METRICS, key=lambda metric: metric is not HEADLINE)


def _values(row: BoardRow, ground_truth: str) -> list[str]:
    """The cells of a row: value and interval."""
    if not row.metrics:
        return ["" for _ in METRICS]
    values = row.metrics[ground_truth]
    if row.kind == "exact":
        return [Markdown(f"*{metric.format(values[metric.name].value)}*") for metric in _columns()]
    return _measured(values)


def _measured(values: Mapping[str, Interval]) -> list[str]:
    """Value and interval by each metric."""
    return [
        Markdown(
            metric.format(values[metric.name].value) + _small_interval(metric, values[metric.name])
        )
        for metric in _columns()
    ]


def _small(row: BoardRow) -> Markdown:
    """Kind, size, score, and whether it is not attested, in small print."""
    if not row.folder:
        return Markdown()
    parts = [
        row.kind,
        f"{row.size} parameters".replace(" ", "&nbsp;") if row.size else "",
        row.normalisation,
        row.evaluated if row.evaluated != "attested" else "",
    ]
    return Markdown(f"<br><sub>{', '.join(filter(None, parts))}</sub>")


def _ranks(row: BoardRow) -> Markdown:
    """With a hyphen at which no line is broken."""
    return Markdown(row.ranks.replace("-", "\u2011"))


def _small_interval(metric: Metric, interval: Interval, after: str = "") -> str:
    """In small print, on one line."""
    shown = metric.format_interval(interval).replace(" ", "&nbsp;")
    return f"<br><sub>{shown}{after}</sub>"


def _remarks(rows: Sequence[BoardRow]) -> list[tuple[str, Markdown]]:
    """What a reader should know of the scores, each remark once, and of whose."""
    found: dict[str, list[str]] = {}
    for row in rows:
        for remark in row.remarks:
            found.setdefault(remark, []).append(_folder_link(row.folder))
    return [(remark, Markdown(", ".join(links))) for remark, links in found.items()]


def _who(row: BoardRow) -> Markdown:
    if row.kind == "exact":
        return Markdown("*chance*")
    return _folder_link(row.folder, row.name)


def _gain(row: BoardRow) -> Markdown:
    if row.gain is None:
        return Markdown()
    return Markdown(HEADLINE.format(row.gain.value) + _small_interval(HEADLINE, row.gain))


def _unseen(board: Board) -> Markdown:
    """Which models and baselines beat chance in the setting `blind`."""
    scored = [row for row in board.submission_rows if row.kind in ("model", "baseline")]
    above = [
        f"{_folder_link(row.folder)} ({HEADLINE.format(row.metrics['best'][HEADLINE.name].value)})"
        for row in board.above_chance
    ]
    chance = HEADLINE.format(board.chance.metrics["best"][HEADLINE.name].value)
    told = (
        f"In the setting `blind`, {len(above)} of {len(scored)} models and baselines have an "
        f"interval above chance ({chance})"
    )
    if not above:
        return Markdown(f"{told}.")
    shown = ", ".join(above)
    return Markdown(f"{told}: {shown}. Each is a learned probe: it uses a shortcut of the set.")


def _folder_link(folder: str, name: str = "") -> Markdown:
    shown = markdown_cell(name) or markdown_cell(folder)
    return Markdown(f"[{shown}](../../submissions/{quote(folder, safe='')})")


def _neighbours(board: Board) -> list[RowPair]:
    """Each ranked row and the next one below."""
    names = [row.folder for row in board.rows if row.rank]
    following = set(pairwise(names))
    return [pair for pair in board.pairs if (pair.first, pair.second) in following]


def _how(row: BoardRow) -> Markdown:
    remarks = "".join(f"<br><sub>{markdown_cell(remark, 120)}</sub>" for remark in row.remarks)
    return Markdown(markdown_cell(", ".join(row.how_made(isolation=True)), 200) + remarks)
