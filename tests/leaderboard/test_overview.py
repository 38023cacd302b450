"""All sets at a glance: which sets, which rows, in which order, and where the plot draws them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from lxml import etree

from livebench.leaderboard.collect import BoardRow
from livebench.leaderboard.drawing import draw_overview
from livebench.leaderboard.overview import best_shortcut, make_overview
from livebench.leaderboard.overview_text import overview_text
from livebench.leaderboard.readme import BEGIN, END, readme_table, with_table
from livebench.leaderboard.render import _shortcut_told
from livebench.scoring.metrics import Interval
from livebench.site.boards import overview_columns

SVG = "{http://www.w3.org/2000/svg}"


def row(folder, value, kind="baseline", rank=0, name=""):
    metrics = {"best": {"MRR": Interval(value, value - 0.01, value + 0.01)}}
    return BoardRow(name or folder.upper(), folder, kind, metrics, rank=rank, worst_rank=rank)


CHANCE = BoardRow("chance", "", "exact", {"best": {"MRR": Interval(0.05, 0.05, 0.05)}})


def board(setting, *rows):
    card = SimpleNamespace(weights="", training_data="")
    entries = {one.folder: SimpleNamespace(submission=SimpleNamespace(card=card)) for one in rows}
    return SimpleNamespace(
        setting=setting,
        submission_rows=list(rows),
        rows=[*rows, CHANCE],
        chance=CHANCE,
        entries=entries,
    )


def finding(probe, family, value, verdict="chance"):
    metrics = {"MRR": Interval(value, value - 0.01, value + 0.01)}
    return SimpleNamespace(probe=probe, family=family, metrics=metrics, verdict=verdict)


def section(name, *boards, protocol="matched", recipe=(), findings=None):
    dataset = SimpleNamespace(recipe=list(recipe), name=name.split("-")[0])
    protocol = SimpleNamespace(name=protocol, version=2)
    manifest = SimpleNamespace(dataset=dataset, protocol=protocol, videos=3)
    return SimpleNamespace(
        candidate_set=SimpleNamespace(name=name, manifest=manifest),
        boards=list(boards),
        audit=None if findings is None else SimpleNamespace(findings=findings),
        samples=7,
    )


WON = [
    finding("lookup", "shortcut", 0.9, "shortcut"),
    finding("context", "content", 0.95, "allowed"),
]


def test_real_sets_stand_first_and_those_that_a_shortcut_wins_aside():
    best = board("comments", row("a", 0.3))
    overview = make_overview(
        [
            section("sim-matched", best, recipe=["simulate"]),
            section("b-other", best, protocol="other"),
            section("b-live", best, protocol="live"),
            section("b-paper", best, protocol="paper", findings=WON),
            section("z-matched", best),
            section("b-matched", best, findings=[finding("x", "shortcut", 0.1, "shortcut")]),
        ]
    )
    names = [one.candidate_set.name for one in overview.sections]
    assert names == ["b-matched", "z-matched", "b-live", "b-other", "sim-matched"]
    assert [one.candidate_set.name for one in overview.aside] == ["b-paper"]


@pytest.mark.parametrize(
    ("findings", "named", "told"),
    [
        ([finding("lookup", "shortcut", 0.1, "shortcut")], True, "0.1000<br><sub>lookup</sub>"),
        ([finding("late", "shortcut", 0.06)], False, "0.0600<br><sub>not above chance</sub>"),
        (None, True, "0.2000<br><sub>P</sub>"),
    ],
)
def test_a_shortcut_is_named_where_it_is_above_chance(findings, named, told):
    probe = row("p", 0.2, "probe")
    one = section("s", board("both", row("a", 0.3), probe), findings=findings)
    assert [column.shortcut for column in overview_columns(make_overview([one]))] == [named]
    assert _shortcut_told(one) == told


def test_where_a_shortcut_wins_everywhere_all_sets_are_shown():
    overview = make_overview([section("p", board("both", row("a", 0.3)), findings=WON)])
    assert [one.candidate_set.name for one in overview.sections] == ["p"]
    assert overview.aside == []


@pytest.mark.parametrize(
    ("findings", "rows", "expected"),
    [
        (WON, [], ("lookup", 0.9)),
        ([*WON, finding("remembers", "memory", 0.91)], [], ("remembers", 0.91)),
        ([finding("reads", "test text", 0.9)], [row("p", 0.2, "probe")], None),
        (None, [row("p", 0.2, "probe"), row("q", 0.3, "probe"), row("a", 0.9)], ("Q", 0.3)),
        (None, [row("a", 0.9)], None),
    ],
)
def test_the_best_shortcut_knows_nothing_of_the_moment(findings, rows, expected):
    cell = best_shortcut(section("s", board("both", *rows), findings=findings))
    assert (cell and (cell.what, cell.value.value)) == expected


def test_each_submission_once_in_its_best_setting_the_best_on_the_first_set_first():
    first = section(
        "a-matched",
        board("blind", row("a", 0.9), row("c", 0.9)),
        board("video", row("a", 0.4, rank=1), row("b", 0.1)),
        board(
            "comments",
            row("a", 0.3, rank=2),
            row("b", 0.2, "model", rank=3),
            row("p", 0.8, "probe"),
        ),
        board("both", row("o", 0.7, "oracle"), row("o2", 0.6, "oracle")),
    )
    second = section(
        "b-matched", board("comments", row("c", 0.2), row("b", 0.1, "model"), row("d", 0.3))
    )
    overview = make_overview([second, first])
    cells = [
        (line.folder, line.kind, [cell and (cell.value.value, cell.setting) for cell in line.cells])
        for line in overview.lines
    ]
    assert cells == [
        ("a", "baseline", [(0.4, "video"), None]),
        ("b", "model", [(0.2, "comments"), (0.1, "comments")]),
        ("d", "baseline", [None, (0.3, "comments")]),
        ("c", "baseline", [None, (0.2, "comments")]),
    ]
    references = [
        (line.name, [cell and cell.value.value for cell in line.cells])
        for line in overview.references
    ]
    assert references == [
        ("chance", [0.05, 0.05]),
        ("best shortcut", [0.8, None]),
        ("oracle", [0.7, None]),
    ]


def test_the_plot_draws_each_interval_where_its_axis_says():
    a = section("a-matched", board("both", row("a", 0.39), row("b", 0.2)))
    b = section("b-matched", board("both", row("b", 0.1)))
    root = etree.fromstring(draw_overview(make_overview([a, b])).encode())
    grid = [float(one.get("x1")) for one in root.iter(SVG + "line") if one.get("class") == "grid"]
    numbers = [
        float(one.text)
        for one in root.iter(SVG + "text")
        if one.get("class") == "soft" and one.text.replace(".", "").isdigit()
    ]
    assert numbers == [0, 0.1, 0.2, 0.3, 0.4, 0, 0.05, 0.1, 0.15]
    # Of the first panel: by two ticks of its axis every other place is known.
    left, per_unit = grid[0], (grid[4] - grid[0]) / 0.4
    group = next(one for one in root.iter(SVG + "g") if one[0].text.startswith("A: "))
    title, line, dot = group
    assert title.text == "A: MRR 0.3900 [0.3800 to 0.4000], setting both"
    for found, value in ((line.get("x1"), 0.38), (line.get("x2"), 0.4), (dot.get("cx"), 0.39)):
        assert float(found) == pytest.approx(left + per_unit * value, abs=0.11)
    names = [
        (one.text, float(one.get("y")))
        for one in root.iter(SVG + "text")
        if "name" in one.get("class")
    ]
    assert [name for name, _ in names] == ["A", "B"]
    assert float(dot.get("cy")) == names[0][1] - 4
    chance = [
        float(one.get("x1")) for one in root.iter(SVG + "line") if one.get("class") == "chance"
    ]
    assert chance[0] == pytest.approx(left + per_unit * 0.05, abs=0.11)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("x" * 22, "x" * 22),
        ("x" * 23, "x" * 22 + "…"),
        ("弹" * 11, "弹" * 11),
        ("弹" * 12, "弹" * 11 + "…"),
        ("<b>&\u202e", "<b>&"),
    ],
)
def test_a_name_fits_beside_the_plot(name, shown):
    one = section("s", board("both", replace(row("a", 0.3), name=name)))
    root = etree.fromstring(draw_overview(make_overview([one])).encode())
    assert next(one.text for one in root.iter(SVG + "text")) == shown


def test_nothing_to_draw():
    root = etree.fromstring(draw_overview(make_overview([])).encode())
    assert not list(root.iter(SVG + "circle"))[1:]  # that of the key alone


def test_people_stand_in_a_line_of_their_own():
    """They pick one of ten: no number of theirs is comparable with those above."""
    few, many = (SimpleNamespace(real=Interval(value, 60.0, 80.0)) for value in (65.0, 70.0))
    one = section("s", board("both", row("a", 0.3)))
    overview = make_overview([one], {"s": [few, many]})
    assert overview.people == {"s": many}
    assert [line.kind for line in overview.references] == ["chance"]


def test_readme_shows_a_real_dataset_by_the_protocol_that_a_shortcut_wins_and_by_others():
    rows = row("a", 0.2), row("b", 0.3, name="B|b"), row("p", 0.9, "probe")
    ours = [finding("x", "shortcut", 0.06)]
    overview = make_overview(
        [
            section("s-matched", board("both", row("a", 0.5)), recipe=["simulate"]),
            section("e-matched", board("both")),
            section("r-matched", board("comments", *rows), findings=ours),
            section("r-paper", board("comments", row("a", 0.4)), protocol="paper", findings=WON),
        ]
    )
    assert readme_table(overview).splitlines() == [
        "| MRR | [r-paper](docs/leaderboard/r-paper.md) | [r-matched](docs/leaderboard/r-matched.md) |",
        "| --- | --: | --: |",
        "| *best shortcut (never sees the moment)* | 0.9000 | 0.0600 |",
        "| [B\\|b](submissions/b) |  | 0.3000 |",
        "| [A](submissions/a) | 0.4000 | 0.2000 |",
        "| *chance* | 0.0500 | 0.0500 |",
    ]
    simulated = section("s-matched", board("both", row("a", 0.5)), recipe=["simulate"])
    assert readme_table(make_overview([simulated])) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"a\n{BEGIN}old\n{END}b\n", f"a\n{BEGIN}new\n{END}b\n"),
        (f"a\n{BEGIN}{END}", f"a\n{BEGIN}new\n{END}"),
        (f"a\n{BEGIN}old\n", None),
        (f"{END}{BEGIN}", None),
        ("a\n", None),
    ],
)
def test_only_what_stands_between_the_marks_is_rendered(text, expected):
    assert with_table(text, "new\n") == expected


def test_in_a_terminal_each_submission_is_a_line_with_ranks_and_setting():
    both = board("both", row("b", 0.3, rank=1), row("a", 0.25))
    real = section("r-matched", board("comments", row("a", 0.2, rank=2)), findings=[])
    simulated = section(
        "s-matched", board("comments", row("b", 0.1)), both, recipe=["simulate"], findings=[]
    )
    aside = section("r-paper", board("both", row("a", 0.3)), protocol="paper", findings=WON)
    assert overview_text(make_overview([simulated, aside, real])).splitlines() == [
        "submission    folder    r-matched    s-matched",
        "------------  --------  -----------  ---------------",
        "A             a         0.2000 (2)   0.2500 both",
        "B             b                      0.3000 (1) both",
        "chance                  0.0500       0.0500",
        "",
        "MRR of each submission in its best setting; in brackets the ranks that tests allow,",
        "among the rows of that setting. Is A better than B? livebench compare A B, by folder name.",
        "Not shown, since a shortcut beats every model on them: r-paper.",
    ]
