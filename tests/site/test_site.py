"""The pages as files: whole, closed in themselves, escaped, and no text where none may be shown."""

from __future__ import annotations

import base64
import csv
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
from scipy.stats import rankdata

from livebench.data.dataset import Dataset
from livebench.errors import LiveBenchError
from livebench.human.sheets.blind import shown_text
from livebench.leaderboard.scale import scale_of
from livebench.site.exports import write_table
from livebench.site.moment_order import second_of
from livebench.site.write import Front, build_site

ROOT = Path(__file__).parent.parent.parent


class Reader(HTMLParser):
    """Collects tags, links, ids and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.links, self.ids, self.texts = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("href", "src"):
                self.links.append((tag, value))
            if name == "id":
                self.ids.append(value)
            assert not name.startswith("on"), (tag, name)
            assert name != "style", tag

    def handle_data(self, data):
        self.texts.append(data)


def pages(site):
    return {path: Reader(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}


def test_every_link_leads_to_something_in_the_site(built):
    found = pages(built)
    outside = []
    for path, page in found.items():
        assert len(page.ids) == len(set(page.ids)), path
        for tag, link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                outside.append((tag, link))
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.is_relative_to(built.resolve()), (path, link)
            assert target.is_file(), (path, link)
            anchor = unquote(parts.fragment).split("&")[0]
            if anchor and target.suffix == ".html":
                assert anchor in found[built / target.relative_to(built.resolve())].ids, (
                    path,
                    link,
                )
    # One submission gave an address of the web; what runs code is no address.
    assert {one for one in outside if one[1] != "data:,"} == {("a", "https://example.org/long")}


def test_nothing_is_asked_for_elsewhere_and_the_policy_says_so(built):
    for path in built.rglob("*.html"):
        text = path.read_text("utf-8")
        assert (
            "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'" in text
        )
    for path in [*built.glob("*.css"), *built.glob("*.js")]:
        text = path.read_text("utf-8")
        assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|innerHTML|eval\(", text), path
        assert set(re.findall(r"https?://[^\"' ]+", text)) <= {"http://www.w3.org/2000/svg"}


def test_a_hostile_card_is_text_and_stays_short(built):
    for path, page in pages(built).items():
        text = "".join(page.texts)
        assert "\u202e" not in text, path
        assert "x" * 2000 not in text, path
        scripts = [link for tag, link in page.links if tag == "script"]
        assert page.tags.count("script") == len(scripts), path  # each has a src: none was injected
    board = (built / "index.html").read_text("utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in board
    assert "javascript:" not in (built / "submissions" / "flat.html").read_text("utf-8")


def test_the_board_has_every_row_and_its_lines(built, project):
    text = (built / "index.html").read_text("utf-8")
    sections = re.findall(r'<section class="one" id="([^"]+)"', text)
    assert sections == [f"tiny-paper.{one}" for one in ("video", "comments", "both")] + [
        "silent-paper.comments"
    ]
    part = text.split('id="tiny-paper.both"')[1].split("</table>")[0]
    assert part.count("<tr role=") == 1 + len(project.submissions) + 1
    # A probe that cannot be told from chance is not a shortcut: chance alone is drawn.
    assert part.count('class="chance"') == len(project.submissions) + 1
    assert 'class="shortcut"' not in part


def test_a_set_without_text_has_pages_without_text(built, frozen_without_frames):
    texts = {text for one in frozen_without_frames.samples() for text in one.candidates}
    texts |= {one.text for sample in frozen_without_frames.samples() for one in sample.context}
    long_ones = {text for text in texts if len(text) > 4}
    assert len(long_ones) > 50
    shown = "".join(
        path.read_text("utf-8") for path in (built / "moments" / "silent-paper").rglob("*")
    )
    assert not [text for text in long_ones if text in shown]
    assert "may not be shown" in shown
    assert not list((built / "images").glob("silent*"))


def test_text_that_is_here_is_not_shown_unasked(project, tmp_path, frozen):
    build_site(tmp_path / "site", project.sets[:1], project.submissions[-1:])
    text = next(text for one in frozen.samples() for text in one.candidates if len(text) > 6)
    for path in (tmp_path / "site").rglob("*.html"):
        assert text not in path.read_text("utf-8")


def test_the_moments_have_texts_and_frames(built, frozen, project):
    samples = list(frozen.samples())
    found = {path.name: path for path in (built / "moments" / "tiny-paper").glob("*.html")}
    shown = "".join(path.read_text("utf-8") for path in found.values())
    for sample in samples[:5]:
        for text in [*sample.candidates[:10], *(one.text for one in sample.context)]:
            assert " ".join(text.split()) in shown or shown_text(text) in shown
    assert shown.count("<img ") == sum(
        (project.dataset.path / "images" / one.video_id / f"{second}.jpg").exists()
        for one in samples
        for second in set(one.frames)
    )


def test_a_link_out_of_the_images_is_not_followed(project, tmp_path):
    copied = Dataset(shutil.copytree(project.dataset.path, tmp_path / "d"))
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    for image in (copied.path / "images").rglob("*.jpg"):
        image.unlink()
        image.symlink_to(secret)
    build_site(
        tmp_path / "site",
        project.sets[:1],
        project.submissions[-1:],
        dataset_of=lambda one: copied,
        with_text=["tiny-paper"],
    )
    assert not (tmp_path / "site" / "images").exists()


def test_every_table_is_a_file_twice(built, project):
    tables = built / "tables"
    found = {path.relative_to(tables).with_suffix("").as_posix() for path in tables.rglob("*.csv")}
    boards = {f"tiny-paper.{setting}" for setting in ("video", "comments", "both")}
    boards.add("silent-paper.comments")
    submissions = {f"submissions/{one.name}" for one in project.submissions}
    expected = {"overview"} | boards | {f"{name}.pairs" for name in boards}
    assert found == expected | submissions | {f"{name}.groups" for name in submissions}
    for name in found:
        records = json.loads((tables / f"{name}.json").read_text("utf-8"))
        with (tables / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == len(records) > 0
        for row, record in zip(rows, records, strict=True):
            for column, value in record.items():
                shown = "" if value is None else str(value)
                assert row[column].lstrip("'") == shown.lstrip("'") or isinstance(value, list)


def test_a_table_has_what_the_board_has(built):
    records = json.loads((built / "tables" / "tiny-paper.both.json").read_text("utf-8"))
    rows = {one["submission"]: one for one in records if one["declared"]}
    text = (built / "index.html").read_text("utf-8").split('id="tiny-paper.both"')[1]
    for folder in ("short", "long", "two"):
        part = text.split(f'href="submissions/{folder}.html"')[1].split("</tr>")[0]
        [(value, low, high)] = re.findall(
            r'data-label="MRR" data-v="([^"]+)" data-low="([^"]+)" data-high="([^"]+)"', part
        )
        for name, shown in (("MRR", value), ("MRR low", low), ("MRR high", high)):
            assert rows[folder][name] == pytest.approx(float(shown), abs=1e-9)
    assert rows["two"]["training_data"] == "dataset"
    assert rows["two"]["runs"] == 2


def test_no_cell_of_a_table_is_a_formula(tmp_path):
    records = [{"name": name} for name in ("=1+1", "+1", "-1", "@x", "plain")]
    write_table(tmp_path, "t", records)
    lines = (tmp_path / "tables" / "t.csv").read_text().splitlines()
    assert lines == ["name", "'=1+1", "'+1", "'-1", "'@x", "plain"]


def test_remarks_on_scores_stand_below_the_board_and_on_the_page_of_the_submission(built):
    """Such as that many tie; which files of the tables say, too."""
    rows = json.loads((built / "tables" / "tiny-paper.both.json").read_text("utf-8"))
    told = [(row, one) for row in rows if row["kind"] != "probe" for one in row["remarks"] or ()]
    assert {row["submission"] for row, _ in told} >= {"short", "hostile"}
    index = (built / "index.html").read_text("utf-8")
    board = index.split('id="tiny-paper.both"')[1].split("</section>")[0]
    lines = re.findall(r"<li>(.*?)</li>", board.split("facts remarks")[1].split("</ul>")[0])
    for row, one in told:
        page = f"submissions/{row['submission']}.html"
        assert any(line.startswith(f"{one}: ") and page in line for line in lines)
        assert f"<small>{one}</small>" in (built / page).read_text("utf-8")


def test_how_to_cite_is_what_the_repository_says(built):
    text = (built / "about.html").read_text("utf-8")
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    titles = re.findall(r'title: "(.*)"', citation)
    assert len(titles) == 2
    for title in titles:
        assert f"{{{title}}}" in text
    assert re.search(r"doi: (\S+)", citation)[1] in text
    assert re.search(r"name: (LiveBench .*)", citation)[1] in text


def test_links_to_the_repository(project, tmp_path):
    for address, count in (("https://example.org/repository", 1), ("", 0)):
        out = tmp_path / f"site{count}"
        front = Front(repository=address)
        build_site(out, project.sets[:1], project.submissions[-1:], front=front)
        for name in ("index.html", "about.html"):
            links = Reader((out / name).read_text("utf-8")).links
            assert links.count(("a", "https://example.org/repository")) == count


def test_an_address_that_is_none(refused, project):
    arguments = [
        "--submissions",
        project.path / "submissions",
        "--sets",
        project.path / "candidates",
    ]
    message = refused("site", "--repository", "javascript:alert(1)", *arguments)
    assert (
        message
        == "--repository javascript:alert(1): is not an address of the web; give https://..."
    )


def received(path):
    """What a data file hands over, and for which address."""
    match = re.fullmatch(r'LiveBench\.receive\("([^"]+)",(.*)\);\n', path.read_text("utf-8"))
    return match[1], json.loads(match[2])


def test_ranks_are_those_of_the_scores(built, project):
    answers = list(project.sets[0].answers())
    order = sorted(answers, key=lambda one: (one.video_id, second_of(one.sample_id), one.sample_id))
    kinds = ["correct", "plausible", "popular", "random"]
    for run in ("seed-0", "seed-1"):
        scores = dict(
            zip((one.sample_id for one in answers), project.scores("two", run, "both"), strict=True)
        )
        folder = built / "data" / "tiny-paper" / "both"
        address, content = received(folder / f"two.{run}-0.js")
        assert address == f"tiny-paper/both/two.{run}-0"
        halves = np.frombuffer(base64.b64decode(content), np.uint8).reshape(len(answers), 100)
        _, means = received(folder / f"two.{run}.js")
        for place, answer in enumerate(order):
            columns = sorted(range(100), key=lambda k: (kinds.index(answer.types[k]), k))
            ranks = rankdata(-scores[answer.sample_id])
            assert (halves[place] / 2).tolist() == ranks[columns].tolist()
            correct = [k for k in range(100) if answer.types[k] == "correct"]
            if len(correct) == 1:
                assert means["rank"][place] == round(float(ranks[correct[0]]), 1)


def test_the_same_bytes_twice(project, tmp_path):
    built, again = tmp_path / "built", tmp_path / "again"
    for out in (built, again):
        build_site(
            out,
            project.sets[:1],
            project.submissions[-2:],
            dataset_of=lambda one: project.dataset,
            with_text=["tiny-paper"],
        )
    files = sorted(path.relative_to(built) for path in built.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    for file in files:
        assert (built / file).read_bytes() == (again / file).read_bytes(), file


def test_a_site_is_replaced_and_nothing_else_is(project, run, refused, tmp_path_factory, tmp_path):
    out, source = tmp_path / "out", tmp_path_factory.mktemp("source")
    shutil.copytree(project.submissions[-1].path, source / "submissions" / "hostile")
    shutil.copytree(project.sets[0].path, source / "candidates" / "tiny-paper")
    arguments = ["--submissions", source / "submissions", "--quiet", "--out", out]
    arguments += ["--sets", source / "candidates"]
    done = run("site", *arguments)
    assert (done.status, done.out) == (0, f"{out}/index.html: written\n"), done
    (out / "old.html").write_text("left over")
    (tmp_path / "..out.new.killed").mkdir()
    assert run("site", *arguments).status == 0
    assert not (out / "old.html").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    (out / "site.json").unlink()
    message = refused("site", *arguments)
    assert message.startswith(f"{out}: exists, and is not a site that LiveBench wrote; remove it")
    assert (out / "index.html").exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("other", "--with-text other: not found; available: tiny-paper, silent-paper"),
        (
            "silent-paper",
            "silent-paper: its text is absent; restore it with `livebench build-candidates --restore",
        ),
    ],
)
def test_text_that_cannot_be_shown(project, tmp_path, name, message):
    with pytest.raises(LiveBenchError, match=re.escape(message)):
        build_site(tmp_path / "site", project.sets, project.submissions, with_text=[name])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        (0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.9734, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.2231, [0, 0.05, 0.1, 0.15, 0.2, 0.25]),
        (1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (97.9, [0, 20, 40, 60, 80, 100]),
        (52.35, [0, 20, 40, 60]),
        (3.0, [0, 1, 2, 3]),
    ],
)
def test_axes_have_round_ticks(highest, ticks):
    scale = scale_of([0.0, highest])
    assert scale.ticks == pytest.approx(ticks)
    assert scale.at(scale.high) == 100
    assert scale.at(-1) == 0


@pytest.mark.parametrize(
    ("name", "second"),
    [("v@30", 30), ("v@30-2", 30), ("a@b@7b", 7), ("v", 0), ("@", 0), ("v@٣", 0)],
)
def test_the_second_of_a_sample(name, second):
    assert second_of(name) == second
