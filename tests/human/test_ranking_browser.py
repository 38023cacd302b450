"""The page of the ranking task in a browser: all by keyboard, nothing lost, what comes out is read."""

from __future__ import annotations

import csv
import io
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sheet_pages import done, downloaded, pressed, reloaded

from livebench.human.analysis.choices import read_choices
from livebench.human.sheets.ranking_key import read_ranking_key
from livebench.human.sheets.ranking_sheet import RankingPlan, make_ranking_sheets

MOMENTS = 5


@pytest.fixture
def sheet(tmp_path, frozen, dataset) -> Path:
    """A folder with one rater's sheet of MOMENTS moments."""
    out = tmp_path / "human" / "ranked"
    make_ranking_sheets(out, frozen, dataset, RankingPlan(MOMENTS, 1))
    return out


@pytest.fixture
def opened(watched, sheet):
    """Opens the page of the sheet."""
    return partial(watched, sheet / "raters" / "R1.html")


def chosen(page) -> list[str]:
    """The values that are checked on the page that is shown."""
    return page.locator(".page:not([hidden]) input:checked").evaluate_all(
        "all => all.map(one => one.value)"
    )


def test_a_whole_sheet_by_keyboard(opened, sheet):
    page = opened()
    page.keyboard.press("Enter")
    numbers = [3, 10, 1, 7, 9]
    for place, number in enumerate(numbers):
        assert page.locator("#where").inner_text() == f"{place + 1} / {MOMENTS}"
        page.keyboard.press(str(number % 10))
        assert (chosen(page), done(page)) == ([str(number)], place + 1)
        if place == 2:
            reloaded(page, 3)
            assert chosen(page) == [str(number)]
        page.keyboard.press("Enter")
    assert page.locator("#ready").is_visible()
    content = downloaded(page)
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [int(row["choice"]) for row in rows] == numbers
    (sheet / "R1.csv").write_bytes(content)
    key = read_ranking_key(sheet / "ranking.json")
    choices = read_choices([sheet / "R1.csv"], key)
    rows = {row.sample_id: row.order for row in key.raters[0].rows}
    picked = [
        rows[row.sample_id][number - 1]
        for row, number in zip(key.raters[0].rows, numbers, strict=True)
    ]
    by_moment = dict(zip((row.sample_id for row in key.raters[0].rows), picked, strict=True))
    assert choices.picked.tolist() == [[by_moment[moment.sample_id] for moment in key.moments]]
    assert np.array_equal(choices.moments, np.arange(MOMENTS))


def test_an_empty_download_is_the_csv_sheet_and_a_filled_one_comes_back(opened, sheet, tmp_path):
    page = opened()
    assert downloaded(page) == (sheet / "raters" / "R1.csv").read_bytes()
    pressed(page, "n", "0", "Enter", "4")
    content = downloaded(page)
    assert "Pages without a choice: 3" in page.locator("#said").inner_text()
    pressed(page, "2")
    file = tmp_path / "kept.csv"
    file.write_bytes(content)
    page.locator("#file").set_input_files(file)
    page.locator("[data-say=loaded]").wait_for()
    assert downloaded(page) == content
    file.write_bytes(content.replace(b'"10"\r\n', b'"11"\r\n'))
    page.locator("#file").set_input_files(file)
    page.locator("[data-say=refused]").wait_for()


def test_keys_and_clicks(opened):
    page = opened(viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator("#next").click()
    for key, expected in (
        ("ArrowDown", ["1"]), ("ArrowDown", ["2"]), ("ArrowUp", ["1"]), ("ArrowUp", ["1"]),
        ("Numpad0", ["10"]), ("ArrowDown", ["10"]), ("ArrowLeft", ["9"]),
        ("Backspace", []), ("ArrowUp", ["10"]),
    ):  # fmt: skip
        page.keyboard.press(key)
        assert chosen(page) == expected, key
    page.locator(".page:not([hidden]) .options label").nth(4).click()
    assert chosen(page) == ["5"]
    # Enter without a choice says so and stays; asked again it goes on; U comes back.
    pressed(page, "n", "Enter")
    assert "Nothing is picked" in page.locator("#said").inner_text()
    assert page.locator("#where").inner_text().startswith("2 /")
    page.keyboard.press("Enter")
    assert page.locator("#where").inner_text().startswith("3 /")
    page.keyboard.press("u")
    assert page.locator("#where").inner_text().startswith("2 /")
    page.keyboard.press("Tab")
    page.keyboard.press("8")
    assert (chosen(page), done(page)) == (["8"], 2)
