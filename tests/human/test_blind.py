"""Blinding: nothing that a rater sees depends on who wrote it."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from livebench.errors import LiveBenchError
from livebench.human.sheets.blind import make_items, screens, shown_text

IDS = [f"v{number}@{number}" for number in range(60)]
TEXTS = {
    "zeta": [f"甲{number}" for number in range(60)],
    "alpha": [f"乙{number}" for number in range(60)],
    "human": [f"丙{number}" for number in range(60)],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("好 好 看", "好好看"),
        ("真 的 ！ ！", "真的！！"),
        ("this is 好 看", "this is 好看"),
        (" a \n\t b ", "a b"),
        ("a\x00b\x1b[31m", "ab[31m"),
        ("ハ ハ", "ハハ"),
        ("👨‍👩‍👧 <b>", "👨‍👩‍👧 <b>"),
    ],
)
def test_shown_text(text, expected):
    assert shown_text(text) == expected


def test_the_same_comment_is_one_item_for_all_who_wrote_it():
    items = make_items(["v@1"], {"a": ["好 看"], "b": ["难看"], "human": ["好看"]}, seed=0)
    assert sorted((item.text, item.systems) for item in items) == [
        ("好看", ("a", "human")),
        ("难看", ("b",)),
    ]


def rows_of(texts, seed=1, rater="R1", repeats=6):
    items = make_items(IDS, texts, seed)
    return [
        (screen.moment, row.name, row.item.name, row.item.text, row.repeat)
        for screen in screens(rater, IDS, items, repeats, seed)
        for row in screen.rows
    ]


def test_exchanging_systems_changes_nothing_that_is_shown():
    exchanged = dict(zip(("human", "zeta", "beta"), TEXTS.values(), strict=True))
    assert rows_of(exchanged) == rows_of(TEXTS)
    assert rows_of(dict(reversed(TEXTS.items()))) == rows_of(TEXTS)


def test_each_rater_has_an_order_of_his_own():
    orders = [[row[0] for row in rows_of(TEXTS, rater=name)] for name in ("R1", "R2", "R3")]
    assert orders[0] != orders[1] != orders[2] != orders[0]
    names = {row[1] for name in ("R1", "R2", "R3") for row in rows_of(TEXTS, rater=name)}
    assert len(names) == 3 * (60 + 6) * 3  # no name of a row tells what it is in another sheet
    # Hexadecimal digits alone are numbers to a spreadsheet, and it saves them as such.
    assert all(re.fullmatch("r[0-9a-f]{12}", name) for name in names)


def test_the_place_on_a_page_does_not_tell_the_system():
    places = Counter()
    for seed in range(20):
        for place, row in enumerate(rows_of(TEXTS, seed, repeats=0)):
            places[row[3][0], place % 3] += 1
    # 1,200 pages: 400 for each system and place, standard deviation 16.3.
    assert all(abs(count - 400) < 4.5 * 16.3 for count in places.values())
    assert len(places) == 9


def test_repeats_come_a_third_later_and_in_another_order():
    rows = rows_of(TEXTS, repeats=20)
    pages = list(dict.fromkeys((row[0], row[4]) for row in rows))
    assert len(pages) == 80
    again = [moment for moment, repeat in pages if repeat]
    assert len(set(again)) == 20
    gaps = [pages.index((moment, True)) - pages.index((moment, False)) for moment in again]
    assert min(gaps) > 20
    orders = [
        [
            [row[2] for row in rows if row[0] == moment and row[4] == repeat]
            for repeat in (False, True)
        ]
        for moment in again
    ]
    assert all(sorted(first) == sorted(second) for first, second in orders)
    assert any(first != second for first, second in orders)


@pytest.mark.parametrize(("count", "repeats"), [(60, 21), (2, 1)])
def test_too_many_repeats(count, repeats):
    texts = {name: written[:count] for name, written in TEXTS.items()}
    items = make_items(IDS[:count], texts, 0)
    with pytest.raises(
        LiveBenchError, match=f"--repeats {repeats}: .* ask for at most {count // 3}"
    ):
        screens("R1", IDS[:count], items, repeats, 0)
