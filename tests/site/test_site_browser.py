"""The site in a real browser, opened as files: what people do with it, and who else can use it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from scipy.stats import rankdata

from livebench.site.moment_order import second_of

PAGES = {
    "all sets": "index.html",
    "board": "index.html#tiny-paper.both",
    "about": "about.html",
    "changes": "changes.html",
    "submission": "submissions/two.html#tiny-paper.both",
    "submission without results": "submissions/hostile.html",
    "compare": "compare/tiny-paper.both.html",
    "boards to compare": "compare/index.html",
    "sets": "moments/index.html",
    "moments": "moments/tiny-paper/index.html",
    "moment": "moments/tiny-paper/1.html#i0&setting=both&a=two.seed-0&b=short.default",
    "moment without text": "moments/silent-paper/1.html",
}


@pytest.fixture
def opened(browser, built):
    """Opens a page in a context of its own, and sees to it that nothing goes wrong or out."""
    contexts, wrong = [], []

    def open_page(address, **options):
        context = browser.new_context(locale="en-GB", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
        page.on(
            "request",
            lambda one: None if one.url.startswith(("file:", "data:")) else wrong.append(one.url),
        )
        page.goto(f"{built.as_uri()}/{address}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def column(page, label):
    """Folder or "chance", and value, of each visible row of the board that is shown."""
    return page.locator("section.one:not([hidden]) table[data-truth=best] tbody tr").evaluate_all(
        """(rows, label) => rows.filter((row) => !row.hidden).map((row) => [
            row.querySelector("a")?.getAttribute("href").match(/([^/]+).html/)[1] ?? "chance",
            Number(row.querySelector(`[data-label="${label}"]`).dataset.v)])""",
        label,
    )


def mrr(project, submission, runs, setting="both"):
    """Reciprocal rank of the best-placed correct candidate of each sample, ties in expectation."""
    from livebench.scoring.metrics import MRR, best_metrics

    correct = np.array([[k == "correct" for k in one.types] for one in project.sets[0].answers()])
    found = [best_metrics(project.scores(submission, run, setting), correct) for run in runs]
    return MRR.column(np.mean(found, axis=0))


@pytest.mark.slow
def test_sort(opened, project):
    page = opened("index.html#tiny-paper.both")
    board = page.locator("section.one:not([hidden]) table[data-truth=best]")
    shown = dict(column(page, "MRR"))
    assert shown["two"] == pytest.approx(mrr(project, "two", ["seed-0", "seed-1"]).mean())
    assert list(shown.values()) == sorted(shown.values(), reverse=True)
    for label, best_first in (("R@1", True), ("MR", False)):
        board.get_by_role("button", name=label, exact=True).click()
        values = [value for _, value in column(page, label)]
        assert values == sorted(values, reverse=best_first)
        head = board.locator(f'th[data-key="{label}"]')
        assert head.get_attribute("aria-sort") == ("descending" if best_first else "ascending")
        assert board.locator("th.drawn .what").inner_text().startswith(label)
    # The plot shows what the rows are sorted by: the dot of a row stands where its value is.
    scale = board.evaluate("one => JSON.parse(one.dataset.scales).MR.high")
    row = board.locator("tbody tr", has=page.locator('a[href$="two.html"]'))
    drawn = float(row.locator("circle").get_attribute("cx").rstrip("%"))
    assert drawn == pytest.approx(100 * dict(column(page, "MR"))["two"] / scale, abs=0.01)
    board.get_by_role("button", name="MR", exact=True).press("Enter")  # by keyboard, the other way
    values = [value for _, value in column(page, "MR")]
    assert values == sorted(values, reverse=True)
    page.get_by_label("Sort by").select_option("name")
    assert (
        page.locator("section.one:not([hidden]) th[aria-sort]").first.inner_text() == "Submission"
    )


def test_filter(opened):
    page = opened("index.html#tiny-paper.both")
    count = page.locator("#count")
    assert count.inner_text() == "5 of 5 rows"
    page.get_by_label("Find").fill("短")
    assert {name for name, _ in column(page, "MRR")} == {"short", "chance"}
    assert count.inner_text() == "1 of 5 rows"
    page.get_by_label("Find").fill("")
    page.get_by_label("probes").uncheck()
    assert "flat" not in dict(column(page, "MRR"))
    page.get_by_label("baselines").uncheck()
    assert count.inner_text() == "3 of 5 rows"


def test_all_sets_at_a_glance(opened, project):
    page = opened("index.html")
    rows = page.locator("#overview tbody tr")
    names = "all => all.map((row) => row.querySelector('.name').textContent)"
    shown = rows.evaluate_all(names)
    # A probe is no competitor; chance is a reference at the foot of the table.
    assert set(shown[:3]) == {"短 short", "Two", "Long"}
    assert "Flat" not in shown
    assert page.locator("#overview tfoot .name").first.inner_text() == "chance"
    values = rows.locator("[data-label=tiny-paper]").evaluate_all(
        "all => all.map((cell) => Number(cell.dataset.v))"
    )
    assert values == sorted(values, reverse=True)
    best = max(
        mrr(project, "two", ["seed-0", "seed-1"], setting).mean()
        for setting in ("video", "comments", "both")
    )
    assert values[shown.index("Two")] == pytest.approx(best)
    # What a row has nothing of stands last, whichever way one sorts.
    head = page.locator("#overview th", has_text="silent-paper")
    for _ in range(2):
        head.get_by_role("button").click()
        last = rows.last.locator("[data-label=silent-paper]")
        assert last.get_attribute("data-v") == ""
    page.locator("#overview th", has_text="Trained on").get_by_role("button").click()
    assert page.url.endswith("#overview&sort=training")
    assert rows.first.locator(".name").inner_text() == "Two"
    rows.first.locator("a", has_text=re.compile("^(video|comments|both)$")).first.click()
    assert page.locator("section.one:not([hidden]) h2").inner_text().startswith("tiny-paper ")


def test_filters_are_kept_in_the_address(opened):
    page = opened("index.html#tiny-paper.both")
    page.get_by_label("Find").fill("o&=%")
    page.get_by_label("Find").fill("o")
    page.get_by_label("Trained on").select_option("dataset")
    page.get_by_label("probes").uncheck()
    page.locator("section.one:not([hidden])").get_by_role("button", name="MR", exact=True).click()
    page.locator("section.one:not([hidden])").get_by_role("button", name="MR", exact=True).click()
    kept = "#tiny-paper.both&sort=MR&order=reversed&find=o&training=dataset&hide=probe"
    assert page.url.endswith(kept)
    again = opened(f"index.html{kept}")
    assert column(again, "MR") == column(page, "MR")
    assert {name for name, _ in column(again, "MR")} == {"two", "chance"}
    assert again.locator("#count").inner_text() == "1 of 5 rows"
    assert again.get_by_label("Find").input_value() == "o"
    again.get_by_label("Candidate set").select_option("silent-paper")
    assert "#silent-paper.comments&sort=MR" in again.url


def test_on_a_telephone_the_first_rank_is_in_sight(opened):
    for address in ("index.html", "index.html#tiny-paper.both"):
        page = opened(address, viewport={"width": 390, "height": 844})
        page.evaluate("scrollTo(0, 0)")
        section = page.locator("section.one:not([hidden])")
        ranks = section.locator(".place, tbody .rank:not(.none)")
        box = ranks.first.bounding_box()
        assert box["y"] + box["height"] < 844, address


def test_choose_a_set_and_a_setting(opened):
    page = opened("index.html")
    heading = page.locator("section.one:not([hidden]) h2")
    assert heading.inner_text() == "All sets MRR, each submission in its best setting"
    page.get_by_label("Candidate set").select_option("tiny-paper")
    assert heading.inner_text() == "tiny-paper setting both"
    page.get_by_label("video only").click()
    assert heading.inner_text() == "tiny-paper setting video"
    assert page.url.endswith("#tiny-paper.video")
    page.get_by_label("Candidate set").select_option("silent-paper")
    assert heading.inner_text() == "silent-paper setting comments"
    assert page.locator("input[value=video]").is_disabled()
    page.go_back()
    page = opened("index.html#tiny-paper.comments")
    assert (
        page.locator("section.one:not([hidden]) h2").inner_text() == "tiny-paper setting comments"
    )


def test_an_address_shows_the_choices_above_what_it_names(opened):
    page = opened("index.html#tiny-paper.both")
    page.wait_for_function(
        """() => {
            const head = document.querySelector(".top").getBoundingClientRect().bottom;
            const { top, bottom } = document.getElementById("chooser").getBoundingClientRect();
            return top >= head && bottom <= innerHeight && scrollY > 0;
        }"""
    )


def test_from_the_board_to_a_sample(opened, project):
    page = opened("index.html#tiny-paper.both")
    page.locator("section.one:not([hidden])").get_by_text("Look at the moments").click()
    page.locator("#list tbody tr").first.wait_for()
    assert page.locator("#count").inner_text() == "50 of 60 moments shown"
    page.get_by_role("button", name="Show more").click()
    assert page.locator("#list tbody tr").count() == 60
    page.locator("#a").select_option("two.seed-1")
    page.locator("#b").select_option("short.default")
    page.locator("#order").select_option("worst")
    page.locator("#list tbody tr td.number", has_text=re.compile(r"\d")).first.wait_for()
    answers = list(project.sets[0].answers())
    values = mrr(project, "two", ["seed-1"])
    first = page.locator("#list tbody a").first
    ids = [one.sample_id for one in answers]
    assert values[ids.index(first.get_attribute("title"))] == pytest.approx(values.min())
    sample = first.get_attribute("title")
    assert page.url.endswith("#&setting=both&a=two.seed-1&b=short.default&order=worst")
    page.reload()
    page.locator("#list tbody tr td.number", has_text=re.compile(r"\d")).first.wait_for()
    assert page.locator("#order").input_value() == "worst"
    assert first.get_attribute("title") == sample
    first.click()
    page.locator(".ranked .ranking").nth(1).wait_for()
    section = page.locator("section.moment:not([hidden])")
    assert section.locator("h2 span").inner_text() == sample
    _check_ranking(page, project, ids.index(sample), [("two", "seed-1"), ("short", "default")])


def _check_ranking(page, project, row, runs):
    """Both columns list all candidates by the ranks that scipy gives."""
    sample = list(project.sets[0].samples())[row]
    for place, (name, run) in enumerate(runs):
        box = page.locator("section.moment:not([hidden]) .ranked .column").nth(place)
        assert box.locator("li:visible").count() == 20
        box.get_by_role("button", name="Show all 100").click()
        assert box.locator("li:visible").count() == 100
        shown = box.locator("li").evaluate_all(
            """all => all.map((one) => [Number(one.querySelector(".r").textContent.replace("=", "")),
                one.querySelector(".text").firstChild.textContent.trim()])"""
        )
        ranks = rankdata(-project.scores(name, run, "both")[row])
        assert [rank for rank, _ in shown] == sorted(ranks.tolist())
        expected = sorted(zip(ranks.tolist(), map(_line, sample.candidates), strict=True))
        assert sorted((rank, text) for rank, text in shown) == expected


def _line(text):
    from livebench.human.sheets.blind import shown_text

    return shown_text(text)


def test_walking_through_moments_by_keyboard(opened, project):
    page = opened("moments/tiny-paper/1.html")
    picker = page.locator(".picker a")
    assert picker.count() > 2
    assert page.locator("section.moment:visible").count() == 1
    for key, place in (("n", 1), ("n", 2), ("p", 1)):
        page.keyboard.press(key)
        assert page.locator("section.moment:visible").get_attribute("id") == f"i{place}"
        assert picker.nth(place).get_attribute("aria-current") == "true"
    answers = sorted(
        project.sets[0].answers(), key=lambda one: (one.video_id, second_of(one.sample_id))
    )
    shown = page.locator("section.moment:visible h2 span").inner_text()
    assert shown == answers[1].sample_id
    page.locator("#a").select_option("long.default")
    page.locator("section.moment:visible .ranking").wait_for()
    assert "a=long.default" in page.url
    page.reload()
    page.locator("section.moment:visible .ranking").wait_for()
    assert page.locator("section.moment:visible").get_attribute("id") == "i1"
    assert page.locator(".column h3 bdi").inner_text() == "Long"
    frames = page.locator("section.moment:visible img")
    moment = next(one for one in project.sets[0].samples() if one.sample_id == shown)
    pictures = project.dataset.path / "images" / moment.video_id
    assert frames.count() == sum((pictures / f"{second}.jpg").exists() for second in moment.frames)
    assert frames.count() >= 3
    assert frames.first.evaluate("one => one.decode().then(() => one.naturalWidth)") == 64


def test_compare_two(opened, project):
    page = opened("compare/tiny-paper.both.html")
    page.locator("#a").select_option("long")
    page.locator("#b").select_option("two")
    page.locator("#samples tbody tr").first.wait_for()
    apart = mrr(project, "long", ["default"]) - mrr(project, "two", ["seed-0", "seed-1"])
    text = page.locator("#result").inner_text().replace("−", "-")
    assert f"difference {apart.mean():+.4f}," in text
    wins = (apart > 1e-9).sum(), (apart < -1e-9).sum(), (np.abs(apart) <= 1e-9).sum()
    assert "Samples: A wins {}, B wins {}, {} equal".format(*wins) in text
    low, high = re.search(r"interval ([+-][\d.]+) to ([+-][\d.]+),", text).groups()
    assert float(low) <= apart.mean() <= float(high)
    ids = [one.sample_id for one in project.sets[0].answers()]
    largest = [ids[k] for k in np.argsort(-np.abs(apart), kind="stable")]
    shown = page.locator("#samples tbody td bdi").all_inner_texts()
    assert len(shown) == 20
    gains = dict(zip(ids, np.abs(apart), strict=True))
    assert sorted(gains[one] for one in shown) == pytest.approx(
        sorted(gains[one] for one in largest[:20])
    )
    page.get_by_role("button", name="Swap").click()
    assert f"difference {-apart.mean():+.4f}," in page.locator("#result").inner_text().replace(
        "−", "-"
    )
    page.locator("#samples tbody a").first.click()
    page.locator(".ranked .ranking").nth(1).wait_for()
    assert page.locator(".column h3 bdi").all_inner_texts() == ["Two, seed-0", "Long"]


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("light", 390), ("dark", 1280)])
def test_axe_finds_nothing(opened, scheme, width):
    """All rules in light colours; dark ones change nothing but contrast, and width changes no colour."""
    options = {"preload": False, "resultTypes": ["violations"]}  # one node each of what passes
    if scheme == "dark":
        options["runOnly"] = ["color-contrast"]
    axe = Axe()
    for name, address in PAGES.items():
        page = opened(address, color_scheme=scheme, viewport={"width": width, "height": 844})
        page.wait_for_load_state()
        page.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
        found = axe.run(page, options=options).response
        assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == [], name
        assert "color-contrast" in {one["id"] for one in found["passes"]}, name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name


@pytest.mark.parametrize("width", [1280, 390])
def test_ranks_that_are_tied_stay_on_one_line_and_types_in_sight(opened, width):
    address = "moments/tiny-paper/1.html#&setting=both&a=flat.default&b=short.default"
    page = opened(address, viewport={"width": width, "height": 844})
    page.locator(".ranked .ranking").nth(1).wait_for()
    rank = page.locator(".ranking .r").first
    assert rank.inner_text() == "=50.5"
    wide, lines = rank.evaluate(
        """one => [one.scrollWidth - one.clientWidth,
            one.getBoundingClientRect().height / parseFloat(getComputedStyle(one).lineHeight)]"""
    )
    assert wide <= 0
    assert lines == pytest.approx(1, abs=0.1)
    assert page.locator(".ranking .kind:visible").count() == 40


@pytest.mark.parametrize(
    "address", ["moments/tiny-paper/index.html", "compare/tiny-paper.both.html"]
)
def test_on_a_telephone_the_ranks_of_a_list_are_in_sight(opened, address):
    page = opened(address, viewport={"width": 390, "height": 844})
    box = page.locator("#list, #samples .wide")
    box.locator("tbody tr").first.wait_for()
    assert box.evaluate("one => one.scrollWidth <= one.clientWidth")


def test_without_scripts_everything_can_be_read(opened):
    page = opened("index.html", java_script_enabled=False)
    assert page.locator("section.one:visible").count() == 5
    assert page.locator("#chooser").is_hidden()
    page.locator("section.one").nth(1).get_by_text("Look at the moments").click()
    page.locator("#videos a").first.click()
    assert page.locator("section.moment:visible").count() > 2
    first = page.locator("section.moment").first
    assert first.locator(".candidates li:visible").count() == 100
    page = opened("compare/tiny-paper.both.html", java_script_enabled=False)
    assert page.locator("#pairs tbody tr:visible").count() == 5
    page = opened("submissions/two.html", java_script_enabled=False)
    assert page.locator(".curves:visible").count() == 4


def test_no_name_becomes_markup_in_a_script_made_list(opened):
    page = opened("compare/tiny-paper.both.html#&a=hostile&b=short")
    page.locator("#samples tbody tr").first.wait_for()
    assert "<script>alert(1)</script>" in page.locator("#result").inner_text()
    assert page.locator("#result script, #pairs script").count() == 0


def test_an_address_that_nobody_made(opened):
    for address in ("index.html#%E0%A4%A", "moments/tiny-paper/1.html#i9999&a=x&setting=y"):
        page = opened(address)
        assert page.locator("section:visible").count() >= 1
    page = opened("compare/tiny-paper.both.html#&a=nobody&b=")
    assert page.locator("#result").is_visible()
