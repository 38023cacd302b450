"""A pull request's steps, played here: a good submission, a stale one, a broken one, a hostile one."""

from __future__ import annotations

import json
import shutil

import pytest

from livebench import __version__

SCORES = "scores/silent-paper/default/comments.jsonl.gz"
RESULT = "results/silent-paper/default/comments.json"


def copy_base(project):
    for name in ("submissions", "candidates"):
        shutil.copytree(project / name, project / "base" / name)


@pytest.fixture
def pull_request(project):
    """The checkout of a pull request beside that of its base; its submissions/new is up to its test."""
    copy_base(project)
    new = project / "submissions" / "new"
    shutil.copytree(project / "submissions" / "theirs", new)
    card = (new / "submission.toml").read_text("utf-8").replace('"Theirs"', '"New"')
    (new / "submission.toml").write_text(card, "utf-8")
    return project


@pytest.fixture
def evaluate(run):
    def call(name):
        done = run("evaluate", "--submission", f"submissions/{name}", "--quiet", "--json")
        assert done.status == 0, done

    return call


def review(run, *arguments):
    done = run("submit", "review", *arguments)
    return done.status, done.out.splitlines(), done.err


def test_a_good_submission(pull_request, run, evaluate):
    evaluate("new")
    # before the contributor has rendered the leaderboard
    status, lines, err = review(run, "--base", "base")
    assert status == 1
    assert err == (
        "LEADERBOARD.md, docs/leaderboard/overview.svg, docs/leaderboard/silent-paper.md: stale; "
        "run `livebench leaderboard` and commit it\n"
    )
    assert lines[:3] == ["submissions/new: in order", "", "silent-paper, setting blind"]
    assert lines[4:6] == ["", "silent-paper, setting comments"]
    row = lines[6]
    for line in (lines[3], row):
        assert line.startswith("  + New (new): no rank (model, claimed), R@1 ")
    assert lines[7:] == [""]
    # and after
    assert run("leaderboard").status == 0
    status, lines, err = review(run, "--base", "base")
    assert (status, err) == (0, "")
    assert lines[-1] == "LEADERBOARD.md: up to date"
    assert row in lines
    # the same for a folder that is named, against the leaderboard without it
    status, named, _ = review(run, "submissions/new")
    assert (status, named) == (0, lines)


def test_a_stale_submission(pull_request, run, evaluate):
    evaluate("new")
    path = pull_request / "submissions" / "new" / RESULT
    result = json.loads(path.read_text())
    result["manifest"]["set_hash"] = "ab" * 32
    path.write_text(json.dumps(result))
    assert run("leaderboard").status == 0
    status, lines, err = review(run, "--base", "base")
    assert (status, err) == (1, "")
    blind = lines.index("silent-paper, setting blind")
    assert lines[blind + 1].startswith("  + New (new): no rank (model, claimed), R@1 ")
    del lines[blind : blind + 3]
    assert lines == [
        f"submissions/new/{RESULT}: was made for another version of silent-paper, so its row is "
        "shown separately",
        "    fix: run `livebench evaluate submissions/new` again",
        "submissions/new: 1 problem",
        "",
        "silent-paper, setting comments",
        "  ! New (new): shown separately, was made with "
        "set:silent-paper@abababab|setting:comments|gt:best|score:sum|ties:mean"
        f"|v:{__version__}",
        "",
        "LEADERBOARD.md: up to date",
    ]
    # where it is a thing of the past, it is no fault
    status, lines, _ = review(run)
    assert status == 0
    assert "submissions/new: in order; out of date, and shown separately: 1 of its results" in lines


def test_a_broken_submission(pull_request, run):
    new = pull_request / "submissions" / "new"
    (new / "submission.toml").write_text(
        'name = "New"\nentry = "scorer:Mine"\nsettings = ["all"]\n'
    )
    status, lines, err = review(run, "--base", "base")
    assert (status, err) == (1, "")
    assert [
        line.split(":")[1].strip() for line in lines if line.startswith("submissions/new/s")
    ] == [
        *("authors", "date", "description", "settings", "runs"),
        *["submission.toml has no run default"] * 2,
        "submission.toml does not take part in comments",
    ]
    assert lines[-3:] == [
        "No row changes.",
        "",
        "LEADERBOARD.md: not compared before all is in order",
    ]
    status, lines, _ = review(run)
    assert status == 1
    assert "submissions/theirs: in order" in lines


def test_one_broken_folder_does_not_stop_the_review_of_others(pull_request, run, evaluate):
    evaluate("new")
    broken = pull_request / "submissions" / "broken"
    broken.mkdir()
    (broken / "submission.toml").write_text('name = "Broken"\n')
    status, lines, _ = review(run, "--base", "base")
    assert status == 1
    assert "submissions/new: in order" in lines
    assert "No row is computed before these are in order: submissions/broken" in lines
    assert any(line.startswith("  + New (new): no rank (model, claimed), R@1 ") for line in lines)
    # nor does one that is not up for review
    status, lines, _ = review(run, "submissions/new")
    assert any(line.startswith("left out: submissions/broken/submission.toml: ") for line in lines)
    assert any(line.startswith("  + New (new): no rank (model, claimed), R@1 ") for line in lines)


def test_what_a_change_does_to_others(pull_request, run, evaluate):
    shutil.rmtree(pull_request / "submissions" / "new")
    code = pull_request / "submissions" / "theirs" / "scorer.py"
    code.write_text("class Mine:\n    def score(self, v, c, x):\n        return -len(x.text)\n")
    evaluate("theirs")
    status, lines, _ = review(run, "--base", "base")
    assert lines[0] == "submissions/theirs: in order"
    changed = [line for line in lines if line.startswith("  ")]
    # the same as mine now, so that neither is better
    assert len(changed) >= 1
    assert any(line.startswith("  ~ Theirs (theirs): ") and "MRR" in line for line in changed)
    assert status == 1


def test_a_submission_that_goes(pull_request, run):
    shutil.rmtree(pull_request / "submissions" / "new")
    shutil.rmtree(pull_request / "submissions" / "theirs")
    assert run("leaderboard").status == 0
    status, lines, _ = review(run, "--base", "base")
    assert status == 0
    assert "  - Theirs (theirs): is gone" in lines


def test_nothing_changes(project, run):
    copy_base(project)
    status, lines, _ = review(run, "--base", "base")
    assert (status, lines) == (0, ["", "No row changes.", "", "LEADERBOARD.md: up to date"])
    status, lines, _ = review(run)
    assert status == 0
    assert lines == [
        "submissions/mine: in order",
        "submissions/theirs: in order",
        "LEADERBOARD.md: up to date",
    ]


def test_a_stale_leaderboard_shows_its_difference(project, run):
    board = project / "LEADERBOARD.md"
    board.write_text(board.read_text("utf-8").replace("Theirs", "Ours"), "utf-8")
    status, lines, err = review(run)
    assert status == 1
    assert any(line.startswith("-|") and "Ours" in line for line in lines)
    assert any(line.startswith("+|") and "Theirs" in line for line in lines)
    assert err.startswith("LEADERBOARD.md: stale; ")


def test_what_judges_is_the_bases_and_said_first(pull_request, run, evaluate):
    """A pull request swaps answers, reseals its set, and brings a workflow and a signer."""
    evaluate("new")
    assert run("leaderboard").status == 0
    honest = review(run, "--base", "base")[1]
    for name in ("answers.jsonl.gz", "manifest.json"):
        path = pull_request / "candidates" / "silent-paper" / name
        path.write_bytes(path.read_bytes()[::-1])
    for name in (".github/workflows/submission.yml", "livebench/attestation/allowed_signers"):
        path = pull_request / name
        path.parent.mkdir(parents=True)
        path.write_text("mine")
    status, lines, _ = review(run, "--base", "base")
    assert status == 1
    assert lines[:7] == [
        "Also changed, and NOT USED here: what judges a pull request is taken from its base.",
        "  .github/workflows/submission.yml",
        "  candidates/silent-paper/answers.jsonl.gz",
        "  candidates/silent-paper/manifest.json",
        "  livebench/attestation/allowed_signers",
        "A maintainer reviews these by themselves, before any row.",
        "",
    ]
    assert lines[7:] == honest


def test_a_base_is_a_checkout(pull_request, refused):
    message = refused("submit", "review", "--base", "base/submissions")
    assert message.startswith("base/submissions: is not a checkout (no submissions/ in it); ")
