"""One more metric, in the middle of the table: a column more, and no rank, verdict or number other."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from livebench.leaderboard.collect import Section, collect
from livebench.leaderboard.comparison import Compared, compare_submissions
from livebench.leaderboard.comparison_text import describe_comparison
from livebench.leaderboard.render import render_pages
from livebench.review.difference import describe_changes, row_changes
from livebench.scoring.metrics import METRICS, recall_at
from livebench.site.plots import save_board_plots
from livebench.site.write import build_site

pytestmark = pytest.mark.slow

PLACE = 3


class Shown(NamedTuple):
    """What is shown of the project."""

    sections: list[Section]
    leaderboard: dict[str, str]
    comparisons: list[Compared]


def shown(project):
    sections = collect(project.sets, project.submissions)
    comparisons = compare_submissions(*project.submissions[:2], project.sets)
    return Shown(sections, render_pages(sections), comparisons)


@pytest.fixture(scope="module")
def before(project):
    """With the metrics of today."""
    return shown(project)


@pytest.fixture(scope="module")
def one_more(before, built):
    """The metric, there until the module ends; what is shown without it was made before."""
    METRICS.insert(PLACE, recall_at(20))
    yield METRICS[PLACE]
    del METRICS[PLACE]


@pytest.fixture(scope="module")
def after(project, one_more):
    return shown(project)


@pytest.fixture(scope="module")
def site(project, maintainer, one_more, tmp_path_factory):
    """The site with the metric. Read only."""
    out = tmp_path_factory.mktemp("one-more") / "site"
    build_site(out, project.sets, project.submissions, signers=maintainer.signers)
    return out


def test_ranks_and_verdicts_stay(before, after, one_more):
    for old, new in zip(before.sections, after.sections, strict=True):
        for board, with_one_more in zip(old.boards, new.boards, strict=True):
            assert with_one_more.pairs == board.pairs
            for row, other in zip(board.rows, with_one_more.rows, strict=True):
                assert (other.folder, other.rank) == (row.folder, row.rank)
                for truth, metrics in row.metrics.items():
                    assert one_more.name in other.metrics[truth]
                    assert printed(other.metrics[truth]).items() > printed(metrics).items()


def printed(metrics):
    """As a reader sees them: sums of other widths may round otherwise in the last of 16 digits."""
    known = {metric.name: metric for metric in METRICS}
    return {name: known[name].format_with_interval(value) for name, value in metrics.items()}


def cells(pages):
    """Cells of the lines of all tables with a column for each metric."""
    lines = [
        line.strip("| ").split(" | ")
        for name in ("tiny-paper", "silent-paper")
        for line in pages[f"docs/leaderboard/{name}.md"].splitlines()
        if line.startswith("| ")
    ]
    return [line for line in lines if len(line) >= 7]


def test_the_leaderboard_has_one_more_column(before, after):
    without, with_one_more = cells(before.leaderboard), cells(after.leaderboard)
    header = next(line for line in with_one_more if "over blind" in line)
    column = header.index("R@20")
    assert header[column - 1 : column + 2] == ["R@10", "R@20", "MR"]
    boards = [line for line in with_one_more if len(line) == len(header)]
    assert len(boards) > 10
    for line in boards:
        assert line[:column] + line[column + 1 :] in without


def test_a_comparison_says_the_same_and_a_row_more(before, after):
    for old, new in zip(before.comparisons, after.comparisons, strict=True):
        assert new.p_holm == old.p_holm
        for part in ("first", "second", "difference"):
            values, with_one_more = (
                printed({name: getattr(d, part) for name, d in one.comparison.metrics.items()})
                for one in (old, new)
            )
            assert values.items() < with_one_more.items()
        assert new.comparison.by_sample == old.comparison.by_sample
        largest, again = (
            [sample.sample_id for sample in one.comparison.largest] for one in (old, new)
        )
        assert largest == again
        lines = describe_comparison(new, 4).splitlines()
        assert sum(line.startswith("| R@20 |") for line in lines) == 1


def test_a_review_names_it(after):
    lines = describe_changes(row_changes([], after.sections))
    assert all(", R@20 " in line for line in lines if line.startswith("  + "))
    assert any(line.startswith("  + ") for line in lines)


def test_figures_are_drawn(after, tmp_path):
    """Of the one board of the second set."""
    assert save_board_plots(after.sections[1:], tmp_path / "figures", "svg") == 3


@pytest.mark.parametrize("width", [1280, 390])
def test_the_site_sorts_and_draws_it(built, site, browser, width):
    folders, ranks = [], []
    for folder in (built, site):
        page = browser.new_page(viewport={"width": width, "height": 844})
        page.goto(f"{folder.as_uri()}/index.html#tiny-paper.both")
        rows = page.locator("section.one:not([hidden]) table[data-truth=best] tbody tr")
        folders.append(rows.evaluate_all("all => all.map((row) => row.dataset.name)"))
        ranks.append(rows.locator(".rank").all_inner_texts())
    assert folders[0] == folders[1]
    assert ranks[0] == ranks[1]
    page.locator("#filters").evaluate("box => { box.open = true; }")
    page.locator("#sort").select_option("R@20")
    column = rows.locator("[data-label='R@20']")
    values = column.evaluate_all("all => all.map((cell) => Number(cell.dataset.v))")
    assert values == sorted(values, reverse=True)
    board = page.locator("section.one:not([hidden]) table[data-truth=best]")
    assert board.locator(".drawn .what").text_content() == "R@20"
    high = board.evaluate("one => JSON.parse(one.dataset.scales)['R@20'].high")
    dots = board.locator("circle").evaluate_all(
        "all => all.map((dot) => parseFloat(dot.getAttribute('cx')))"
    )
    names = rows.evaluate_all("all => all.map((row) => row.dataset.kind)")
    scored = [value for value, kind in zip(values, names, strict=True) if kind != "exact"]
    assert dots == pytest.approx([100 * value / high for value in scored], abs=0.01)
    line = page.locator("section.one:not([hidden]) .lines .value").first.inner_text()
    assert len(line.split(".")[1]) == 2
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
