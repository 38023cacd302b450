"""Sheets: a page and a CSV for each rater, and a key apart; nothing tells whose a comment is."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import shutil
from html.parser import HTMLParser

import pytest

from livebench.data.dataset import Dataset
from livebench.human.sheets.key import CRITERIA, read_key
from livebench.human.sheets.rater_page import COLUMNS, rater_instructions, texts
from livebench.human.sheets.sheet import SheetPlan, make_sheets
from livebench.submissions.load import Submission

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=y> & \" ' {{ 7 * 7 }}"


def cells(path):
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


class Page(HTMLParser):
    """The parts of a page: elements with attributes, text, and what stands in scripts."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.texts, self.scripts, self.inside = [], [], [], []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.inside.append(tag)

    def handle_endtag(self, tag):
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data):
        if self.inside and self.inside[-1] == "script":
            self.scripts.append(data)
        else:
            self.texts.append(data)


def test_the_folder(sheets, listing):
    out, _ = sheets
    raters = [f"raters/R{n}.{kind}" for n in (1, 2, 3) for kind in ("csv", "html")]
    assert listing(out) == sorted(["key.json", "raters", *raters, "raters/instructions.md"])


def test_the_key_says_what_each_row_is(sheets, frozen, dataset, writers):
    out, key = sheets
    assert read_key(out / "key.json") == key
    assert key.system_names == ["echo", "laughing", "question", "human"]
    assert (key.set_hash, key.setting) == (frozen.manifest.hash, "both")
    samples = {one.sample_id: one for one in frozen.samples()}
    answers = {one.sample_id: one for one in frozen.answers()}
    videos = {video.video_id: video for video in dataset.videos}
    items = {item.item: item for item in key.items}
    assert sum(len(item.systems) for item in key.items) == 12 * 4
    for rater in key.raters:
        header, *rows = cells(out / "raters" / f"{rater.rater}.csv")
        assert header == [*COLUMNS, *CRITERIA]
        assert [row[2] for row in rows] == [row.row for row in rater.rows]
        assert sum(row.repeat for row in rater.rows) == len(rows) - len(key.items) > 3
        for cell, row in zip(rows, rater.rows, strict=True):
            item = items[row.item]
            sample, answer = samples[item.sample_id], answers[item.sample_id]
            shown = dict(zip(header, cell, strict=True))
            assert shown["title"] == videos[sample.video_id].title
            assert shown["second"] == str(sample.time)
            assert shown["around"].count("\n") == len(sample.context) - 1
            text = shown["comment"].replace(" ", "")
            correct = [
                t
                for t, kind in zip(sample.candidates, answer.types, strict=True)
                if kind == "correct"
            ]
            written = {
                "echo": [sample.context[0].text],
                "laughing": [f"哈哈哈{sample.time}"],
                "question": [f"{sample.video_id}是什么"],
                "human": correct,
            }
            for system in item.systems:
                assert text in [one.replace(" ", "") for one in written[system]]
            assert [shown[criterion] for criterion in CRITERIA] == ["", "", ""]


def test_page_and_csv_hold_the_same_rows_in_the_same_order(sheets):
    out, _ = sheets
    header, *rows = cells(out / "raters" / "R2.csv")
    page = Page(out / "raters" / "R2.html")
    data = json.loads(next(text for text in page.scripts if text.startswith("{")))
    assert data["rows"] == [row[: len(COLUMNS)] for row in rows]
    assert [*data["columns"], *data["criteria"]] == header
    scales = [attrs for tag, attrs in page.elements if tag == "fieldset"]
    assert [(one["data-row"], one["data-criterion"]) for one in scales] == [
        (row[2], criterion) for row in rows for criterion in CRITERIA
    ]
    comments = [text for text in page.texts if text in {row[7] for row in rows}]
    assert len(comments) >= len(rows)


def test_no_sheet_tells_whose_a_comment_is(
    sheets, frozen, dataset, writers, tmp_path, write_generated
):
    out, key = sheets
    for path in sorted((out / "raters").iterdir()):
        text = path.read_text("utf-8-sig").lower()
        for name in ("echo", "laughing", "submission", "generated", frozen.manifest.hash[:8]):
            assert name not in text, (path, name)
    # `question` and `human` are words of the instructions: in what differs by rater they are not.
    rows = (out / "raters" / "R1.csv").read_text("utf-8-sig")
    assert "question" not in rows
    assert "human" not in rows
    # The submissions exchange all that they wrote, and their order: no byte of a sheet changes.
    moved = [tmp_path / "elsewhere" / name for name in ("question", "aaa", "echo")]
    for source, target in zip(writers, moved, strict=True):
        shutil.copytree(source, target)
    again = tmp_path / "again" / "tiny"
    plan = SheetPlan(moments=12, raters=3, repeats=3, seed=5)
    submissions = [Submission(moved[k]) for k in (1, 2, 0)]
    other = make_sheets(again, frozen, dataset, submissions, plan)
    for path in sorted((out / "raters").iterdir()):
        assert (again / "raters" / path.name).read_bytes() == path.read_bytes()
    assert other.items != key.items


def test_the_same_seed_the_same_bytes(sheets, frozen, dataset, writers, tmp_path):
    out, key = sheets
    submissions = [Submission(path) for path in writers]
    plan = SheetPlan(moments=12, raters=3, repeats=3, seed=5)
    make_sheets(tmp_path / "b" / "tiny", frozen, dataset, submissions, plan)
    names = ["key.json", "raters/R3.csv", "raters/R3.html"]
    assert all((out / n).read_bytes() == (tmp_path / "b" / "tiny" / n).read_bytes() for n in names)
    plan = SheetPlan(moments=12, raters=3, repeats=3, seed=6)
    other = make_sheets(tmp_path / "c" / "tiny", frozen, dataset, submissions, plan)
    assert other.moments != key.moments


def hostile_sheets(tmp_path, frozen, dataset, submission, write_generated, written=HOSTILE):
    path = submission("hostile")
    texts_ = {one.sample_id: written for one in frozen.samples()}
    write_generated(path, frozen.name, texts_)
    out = tmp_path / "human" / "hostile"
    make_sheets(out, frozen, dataset, [Submission(path)], SheetPlan(moments=3, raters=1))
    return out / "raters"


def test_hostile_text_is_shown_and_does_nothing(
    tmp_path, frozen, dataset, submission, write_generated
):
    raters = hostile_sheets(tmp_path, frozen, dataset, submission, write_generated)
    page = Page(raters / "R1.html")
    assert page.texts.count(HOSTILE) == 4  # three moments, one of them twice
    assert [tag for tag, _ in page.elements].count("script") == 2
    assert not any(tag == "img" for tag, _ in page.elements)
    assert {row[7] for row in cells(raters / "R1.csv")[1:]} > {HOSTILE}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-_-", "@all", "＝＝"])
def test_a_comment_is_no_formula(tmp_path, frozen, dataset, submission, write_generated, text):
    raters = hostile_sheets(tmp_path, frozen, dataset, submission, write_generated, text)
    assert f"'{text}" in {row[7] for row in cells(raters / "R1.csv")[1:]}
    assert text in Page(raters / "R1.html").texts


def test_a_page_asks_nothing_of_any_network(sheets):
    out, _ = sheets
    page = Page(out / "raters" / "R1.html")
    policy = next(
        attrs["content"]
        for tag, attrs in page.elements
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; img-src data:;")
    source = next(text for text in page.scripts if text.startswith('"use strict"'))
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    for _, attrs in page.elements:
        for name in ("src", "href", "action", "srcset", "style"):
            assert attrs.get(name, "data:").startswith("data:"), attrs
    text = (out / "raters" / "R1.html").read_text("utf-8")
    assert not re.search(r"https?://|@import|url\(", text)


def test_frames_are_in_the_page(tmp_path, frozen, dataset, writers):
    copy = tmp_path / "tiny"
    shutil.copytree(dataset.path, copy)
    image = b"\xff\xd8\xff\xe0 a frame \xff\xd9"
    out = tmp_path / "human" / "frames"
    submissions = [Submission(path) for path in writers]
    plan = SheetPlan(moments=12, raters=1, repeats=0)
    key = make_sheets(tmp_path / "human" / "bare", frozen, dataset, submissions, plan)
    shown = next(one for one in frozen.samples() if one.sample_id == key.moments[0].sample_id)
    for second in (shown.frames[0], shown.frames[2], 99):
        file = copy / "images" / shown.video_id / f"{second}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(image)
    make_sheets(out, frozen, Dataset(copy), submissions, plan)
    images = [a for tag, a in Page(out / "raters" / "R1.html").elements if tag == "img"]
    url = f"data:image/jpeg;base64,{base64.b64encode(image).decode()}"
    expected = [f"0:{second:02}" for second in sorted((shown.frames[0], shown.frames[2]))]
    own = [one for one in key.moments if one.video_id == shown.video_id]
    if len(own) == 1:
        assert [one["alt"] for one in images] == expected
    assert images
    assert {one["src"] for one in images} == {url}


def test_instructions_hold_criteria_and_examples_in_both_languages():
    text = rater_instructions().decode()
    for lang in ("zh", "en"):
        assert all(one["question"][lang] in text for one in texts()["criteria"])
        assert all(anchor in text for one in texts()["criteria"] for anchor in one["anchors"][lang])
        assert len(texts()["example"]["comments"]) >= 4
        for one in texts()["example"]["comments"]:
            assert (
                f"| {one[lang]} | {' | '.join(map(str, one['ratings']))} | {one['why'][lang]} |"
                in text
            )
    assert all(
        len(one["anchors"][lang]) == 5 for one in texts()["criteria"] for lang in ("zh", "en")
    )


@pytest.fixture
def command(run, refused, frozen, dataset, writers, tmp_path):
    def arguments(*more, out="human/one", candidates=frozen.path, data=dataset.path):
        given = ["human-eval", "sheet", "--candidates", candidates, "--dataset", data, "--out", out]
        return [*given, *(x for path in writers for x in ("--submission", path)), *more]

    return arguments


def test_the_command(run, command, tmp_path):
    done = run(*command("--moments", 6, "--raters", 2))
    assert done.status == 0, done
    assert "6 moments of" in done.out
    assert "no rater may see it" in done.out
    assert (tmp_path / "human/one/raters/R2.html").is_file()
    assert not (tmp_path / "human/one/raters/R3.html").exists()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            ("--moments", 61),
            "--moments 61: the candidate set has 60 moments; ask for at most 60",
        ),
        (("--moments", 9, "--repeats", 4), "--repeats 4: at most a third of the 9 moments"),
        (("--setting", "video"), "video.jsonl.gz: no generated comments; run `livebench generate"),
        (("--run", "best"), "no run best for the dataset tiny; runs for it: default"),
    ],
)
def test_what_the_command_refuses(refused, command, tmp_path, more, message):
    assert message in refused(*command("--moments", 6, *more))
    assert not (tmp_path / "human" / "one").exists()


def test_what_else_the_command_refuses(
    refused, command, tmp_path, writers, submission, frozen, copy_set, dataset_without_frames
):
    (tmp_path / "human" / "one").mkdir(parents=True)
    assert "exists already" in refused(*command("--moments", 6))
    twice = refused(*command("--submission", writers[0], out="human/two"))
    assert "echo: given twice" in twice
    named = submission("human")
    assert "rename the folder" in refused(*command("--submission", named, out="human/two"))
    other = refused(*command(out="human/two", data=dataset_without_frames.path))
    assert "not the dataset that" in other
    bare = copy_set(frozen)
    (bare.path / "samples.jsonl.gz").unlink()
    said = refused(*command(out="human/two", candidates=bare.path))
    assert "its text is absent; restore it with `livebench build-candidates" in said
