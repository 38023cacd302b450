"""The page in a real browser: all by keyboard, nothing lost, and what comes out feeds the report."""

from __future__ import annotations

import csv
import io
import json
from functools import partial
from pathlib import Path

import pytest
from sheet_pages import done, downloaded, pressed, reloaded

from livebench.human.sheets.key import CRITERIA
from livebench.human.sheets.sheet import SheetPlan, make_sheets
from livebench.submissions.load import Submission

MOMENTS = 6


@pytest.fixture
def sheet(tmp_path, frozen, dataset, writers) -> Path:
    """A folder with one rater's sheet of MOMENTS moments, two of them twice."""
    out = tmp_path / "human" / "tiny"
    plan = SheetPlan(moments=MOMENTS, raters=1, repeats=2)
    make_sheets(out, frozen, dataset, [Submission(path) for path in writers], plan)
    return out


@pytest.fixture
def opened(watched, sheet):
    """Opens the page of the sheet."""
    return partial(watched, sheet / "raters" / "R1.html")


def rating(place: int) -> int:
    """What the tests give to the place-th scale of the sheet."""
    return (place * 7 + place // 5) % 5 + 1


def rate_pages(page, start: int, pages: int) -> int:
    """Rate whole pages from the keyboard, from the place-th scale on; return the next place."""
    for _ in range(pages):
        for _ in range(page.locator(".page:not([hidden]) fieldset").count()):
            page.keyboard.press(str(rating(start)))
            start += 1
        page.keyboard.press("Enter")
    return start


@pytest.mark.slow
def test_a_whole_sheet_by_keyboard(opened, sheet, run):
    page = opened()
    assert page.locator("section[data-page=intro]").is_visible()
    page.keyboard.press("Enter")
    place = rate_pages(page, 0, 3)
    half = place + 2
    pressed(page, str(rating(place)), str(rating(place + 1)))
    assert done(page) == half
    # Reload in the middle: nothing is lost, and the rater is where he was.
    reloaded(page, half)
    assert page.locator("#where").inner_text() == f"4 / {MOMENTS + 2}"
    # Close the tab, and open the file again.
    context = page.context
    page.close()
    page = opened(context)
    assert done(page) == half
    place += 2
    rest = page.locator(".page:not([hidden]) fieldset").count() - 2
    for _ in range(rest):
        page.keyboard.press(str(rating(place)))
        place += 1
    page.keyboard.press("Enter")
    total = rate_pages(page, place, MOMENTS - 2)
    assert page.locator("#ready").is_visible()
    assert done(page) == total == page.locator("fieldset").count()
    content = downloaded(page)
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    given = [int(cell) for row in rows[1:] for cell in row[-len(CRITERIA) :]]
    assert given == [rating(place) for place in range(total)]
    file = sheet / "R1.csv"
    file.write_bytes(content)
    report = run("human-eval", "report", file, "--key", sheet / "key.json", "--json")
    assert report.status == 0, report
    counts = json.loads(report.out)["raters"][0]["scales"]["fluency"]["counts"]
    key = json.loads((sheet / "key.json").read_text("utf-8"))
    first = [not row.get("repeat") for row in key["raters"][0]["rows"]]
    fluency = [value for value, once in zip(given[::3], first, strict=True) if once]
    assert counts == [fluency.count(level) for level in range(1, 6)]


def test_an_empty_download_is_the_csv_sheet(opened, sheet):
    page = opened()
    assert downloaded(page) == (sheet / "raters" / "R1.csv").read_bytes()


def test_keys(opened):
    page = opened()
    page.keyboard.press("n")
    current = "fieldset:focus-within"

    def where():
        scales = page.locator(".page:not([hidden]) fieldset")
        names = scales.evaluate_all(
            "all => all.map(one => one.dataset.row + one.dataset.criterion)"
        )
        own = page.locator(current).evaluate("one => one.dataset.row + one.dataset.criterion")
        return names.index(own)

    def value():
        return page.locator(f"{current} input:checked").evaluate_all(
            "all => all.map(one => one.value)"
        )

    assert where() == 0
    for key, place in (("Tab", 1), ("ArrowDown", 2), ("ArrowUp", 1), ("Shift+Tab", 0)):
        page.keyboard.press(key)
        assert where() == place, key
    page.keyboard.press("Numpad4")
    assert where() == 1
    page.keyboard.press("ArrowUp")
    assert value() == ["4"]
    for key, expected in (("ArrowRight", "5"), ("ArrowRight", "5"), ("ArrowLeft", "4")):
        page.keyboard.press(key)
        assert (where(), value()) == (0, [expected]), key
    for key in ("0", "Backspace"):
        page.keyboard.press("3")
        page.keyboard.press("ArrowUp")
        page.keyboard.press(key)
        assert (where(), value(), done(page)) == (0, [], 0), key
    # Enter says what is missing and stays; asked again it goes on; U comes back.
    page.keyboard.press("ArrowDown")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    count = page.locator(".page:not([hidden]) fieldset").count()
    assert page.locator("#said").inner_text() == f"Still missing on this page: {count - 1}"
    assert where() == 0
    page.keyboard.press("Enter")
    assert page.locator("#where").inner_text().startswith("2 /")
    page.keyboard.press("p")
    assert page.locator("#where").inner_text().startswith("1 /")
    pressed(page, "PageDown", "PageDown", "u")
    assert (page.locator("#where").inner_text()[0], where()) == ("1", 0)
    # Help leads to the instructions and back; the language changes and stays.
    page.keyboard.press("h")
    assert page.locator("section[data-page=intro]").is_visible()
    page.keyboard.press("h")
    assert page.locator("#where").inner_text().startswith("1 /")
    assert "Download CSV" in page.locator("#download").inner_text()
    page.keyboard.press("l")
    assert page.locator("#download").inner_text() == "下载 CSV"
    page.wait_for_timeout(1000)
    page.reload()
    assert page.locator("#download").inner_text() == "下载 CSV"


def test_an_input_method_does_not_swallow_digits(opened):
    page = opened()
    page.keyboard.press("n")
    page.evaluate(
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', "
        "{key: 'Process', code: 'Digit5', bubbles: true}))"
    )
    assert done(page) == 1


def test_clicks_do_as_well(opened):
    page = opened(viewport={"width": 390, "height": 844})
    page.locator("#next").click()
    labels = page.locator(".page:not([hidden]) .choices label")
    labels.nth(4).click()
    labels.nth(5).click()
    assert done(page) == 2
    reloaded(page, 2)


def test_a_storage_that_seems_empty_after_a_reload_loses_nothing(opened):
    """Chromium, when busy, now and then showed a reloaded page an empty storage (once in some hundred
    reloads on a machine with ten busy processes); reloaded once more, all was there."""
    page = opened()
    pressed(page, "n", "5", "4")
    page.evaluate("localStorage.clear()")
    reloaded(page, 2)
    assert page.locator("#where").inner_text().startswith("1 /")
    page.keyboard.press("3")
    saved = page.evaluate("JSON.parse(Object.values(localStorage)[0]).ratings")
    assert sorted(saved.values()) == [3, 4, 5]


def test_two_tabs_show_what_was_saved_last(opened):
    first = opened()
    pressed(first, "n", "5", "4")
    second = opened(first.context)
    pressed(second, "3", "2")
    first.wait_for_function("document.getElementById('done').textContent === '4'")
    reloaded(first, 4)


def test_without_storage_the_rater_is_told_and_a_csv_brings_him_back(opened, tmp_path, browser):
    blocked = (
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('blocked') }})"
    )
    context = browser.new_context(locale="en-GB", accept_downloads=True)
    context.add_init_script(blocked)
    page = opened(context)
    assert page.locator("#no-storage").is_visible()
    pressed(page, "n", "5", "4", "3")
    assert not page.locator("#saved").is_visible()
    content = downloaded(page)
    assert "Ratings still missing" in page.locator("#said").inner_text()
    page.reload()
    assert done(page) == 0
    file = tmp_path / "kept.csv"
    file.write_bytes(content)
    page.locator("#file").set_input_files(file)
    page.locator("[data-say=loaded]").wait_for()
    assert done(page) == 3
    assert downloaded(page) == content
    context.close()


@pytest.mark.parametrize(
    ("damage", "row"),
    [
        (lambda text: text.replace('"5"', '"6"'), 2),
        (lambda text: text.replace("fluency", "flow"), 1),
        (
            lambda text: "\r\n".join(
                [text.split("\r\n")[0], '"x","1","other","","","","","","1","1","1"']
            ),
            2,
        ),
    ],
)
def test_a_csv_that_is_not_of_the_sheet_is_not_loaded(opened, tmp_path, damage, row):
    page = opened()
    pressed(page, "n", "5")
    file = tmp_path / "damaged.csv"
    file.write_text(damage(downloaded(page).decode("utf-8-sig")), "utf-8", newline="")
    page.locator("#file").set_input_files(file)
    page.locator("[data-say=refused]").wait_for()
    assert page.locator("#said").inner_text().endswith(f"in row: {row}")
    assert done(page) == 1


def test_two_sheets_do_not_share_what_is_saved(
    opened, browser, sheet, frozen, dataset, writers, tmp_path
):
    context = browser.new_context(locale="en-GB")
    page = opened(context)
    pressed(page, "n", "5")
    other = tmp_path / "human" / "other"
    plan = SheetPlan(moments=MOMENTS, raters=1, repeats=2, seed=1)
    make_sheets(other, frozen, dataset, [Submission(path) for path in writers], plan)
    page.goto((other / "raters" / "R1.html").as_uri())
    assert done(page) == 0
    page.goto((sheet / "raters" / "R1.html").as_uri())
    assert done(page) == 1
    context.close()


def test_the_policy_stops_what_is_injected(browser, sheet):
    context = browser.new_context()
    page = context.new_page()
    page.goto((sheet / "raters" / "R1.html").as_uri())
    ran = page.evaluate(
        """() => { const one = document.createElement("script"); one.textContent = "window.ran = 1";
        document.body.append(one); return window.ran || 0; }"""
    )
    assert ran == 0
    context.close()
