"""A hostile submission changes nothing but its own row, or is refused."""

from __future__ import annotations

import json
import re
import time

import pytest
import tomli_w

NAMES = {
    "pipes": "a | b || c",
    "html": "<script>alert(1)</script>",
    "line ends": "a\n\n# b\r\n| c |\u2028d",
    "right to left": "\u202egnp\u2067\u200f",
    "long": "x" * 200,
    "markdown": "](http://example.com) **b** `c` ![d](e)",
}
CARD = {
    "name": "Theirs",
    "authors": ["A. Author"],
    "description": "For a test.",
    "entry": "scorer:Mine",
    "settings": ["comments"],
    "runs": [{"name": "default"}],
}


def write_card(project, **fields):
    text = "date = 2026-01-02\n" + tomli_w.dumps({**CARD, **fields})
    (project / "submissions" / "theirs" / "submission.toml").write_text(text, "utf-8")


def pages(project):
    """The lines of the leaderboard and its pages."""
    paths = [project / "LEADERBOARD.md", *sorted((project / "docs/leaderboard").iterdir())]
    return [line for path in paths for line in path.read_text("utf-8").split("\n")]


@pytest.mark.parametrize("case", NAMES)
def test_what_it_says_of_itself_stays_in_its_row(project, run, case):
    before = pages(project)
    text = NAMES[case]
    write_card(project, name=text, description=text, authors=[text], url=text)
    done = run("submit", "review", "submissions/theirs")
    assert all(line.isprintable() for line in done.out.splitlines())
    assert max(map(len, done.out.splitlines())) < 500
    assert run("leaderboard").status == 0
    after = pages(project)
    assert len(after) == len(before)
    for old, new in zip(before, after, strict=True):
        if "submissions/theirs)" in old:
            assert len(new) < 1000
            assert "<script" not in new
        elif ">Theirs" in old:  # in the plot
            assert re.sub(">[^<]*<", "><", new) == re.sub(">[^<]*<", "><", old)
        else:
            assert new == old


OUTSIDE = {
    "run": ({"runs": [{"name": "../../mine/scores/silent-paper/default"}]}, "runs, number 1: name"),
    "entry": ({"entry": "../mine/scorer:Mine"}, "entry"),
    "absolute entry": ({"entry": "/tmp/scorer:Mine"}, "entry"),
    "checkpoint": (
        {"runs": [{"name": "default", "checkpoint": "../mine/scorer.py"}]},
        "checkpoint",
    ),
    "absolute checkpoint": (
        {"runs": [{"name": "default", "checkpoint": "/etc/passwd"}]},
        "checkpoint",
    ),
}


@pytest.mark.parametrize("case", OUTSIDE)
def test_paths_out_of_the_folder_are_refused(project, run, case):
    fields, place = OUTSIDE[case]
    write_card(project, **fields)
    done = run("submit", "review", "submissions/theirs")
    assert done.status == 1
    assert f"submissions/theirs/submission.toml: {place}" in done.out
    assert "No row is computed before these are in order" in done.out


def test_others_code_is_not_run_by_a_path(project, refused):
    write_card(project, entry="../mine/scorer:Mine")
    message = refused("evaluate", "--submission", "submissions/theirs", "--quiet")
    assert message.startswith(
        "submissions/theirs/submission.toml, entry: '../mine/scorer:Mine' is not"
    )


def test_a_toml_of_100_mb(project, run, refused):
    path = project / "submissions" / "theirs" / "submission.toml"
    with path.open("wb") as file:
        file.write(b'name = "Theirs"\n')
        file.truncate(100 << 20)  # the rest is zeros
    started = time.monotonic()
    done = run("submit", "check", "submissions/theirs")
    assert done.status == 1
    assert done.out.startswith("submissions/theirs/submission.toml: is larger than 1 MB")
    assert refused("leaderboard").startswith(
        "submissions/theirs/submission.toml: is larger than 1 MB"
    )
    assert time.monotonic() - started < 60  # it is not read


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * 5000, "a" + ".a" * 500_000 + " = 1", "a = " + "{a=" * 3000],
    ids=["lists", "keys", "tables"],
)
def test_a_toml_that_is_nested_deeply(project, run, refused, text):
    (project / "submissions" / "theirs" / "submission.toml").write_text(text)
    assert run("submit", "check", "submissions/theirs").status == 1
    assert refused("leaderboard").startswith("submissions/theirs/submission.toml: ")


def test_a_folder_with_a_name_that_is_none(project, run):
    hostile = project / "submissions" / "a|<b>\n# c"
    (project / "submissions" / "theirs").rename(hostile)
    done = run("submit", "review")
    assert done.status == 1
    assert "cannot be the name of a folder" in done.out
    assert "\n# c" not in done.out


def test_a_result_that_says_what_it_likes(project, run):
    before = pages(project)
    path = project / "submissions/theirs/results/silent-paper/default/comments.json"
    result = json.loads(path.read_text())
    result["signature"] = "`|<script>\n"
    result["metrics"]["best"]["MRR"]["value"] = 1.0
    result["anatomy"] = {"|": {"<b>": 3.0}}
    result["manifest"].update(commit="|\n", encoder="<b>", device="x" * 10_000)
    path.write_text(json.dumps(result))
    assert run("leaderboard").status == 0
    assert pages(project) == before


@pytest.mark.parametrize("field", ["set_hash", "versions"])
def test_a_result_whose_origin_is_text(project, refused, field):
    path = project / "submissions/theirs/results/silent-paper/default/comments.json"
    result = json.loads(path.read_text())
    hostile = "0|<script>\n"
    result["manifest"][field] = {"livebench": hostile} if field == "versions" else hostile
    path.write_text(json.dumps(result))
    assert refused("leaderboard").startswith("submissions/theirs/results/silent-paper/default/")
