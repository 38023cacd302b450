"""Rows that were made with another version of the set, or by another major version, are separate."""

from __future__ import annotations

import json

import pytest

from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.leaderboard.collect import collect
from livebench.submissions.load import Submission

CODE = "class Mine:\n    def score(self, v, c, x):\n        return SIGN * len(x.text)\n"


@pytest.fixture
def project(made_once, frozen_without_frames, copy_set, submission, run):
    """A folder with a small set and two submissions, evaluated."""

    def make():
        copy_set(frozen_without_frames)
        for name, sign in (("first", "1"), ("second", "-1")):
            submission(name, code=CODE.replace("SIGN", sign), name=f"The {name}")
            done = run("evaluate", "--submission", f"submissions/{name}", "--quiet", "--json")
            assert done.status == 0, done

    return made_once(make)


def result_of(project, name):
    return project / "submissions" / name / "results" / "silent-paper" / "default" / "comments.json"


def change(project, name, **fields):
    path = result_of(project, name)
    result = json.loads(path.read_text())
    result["manifest"].update(fields)
    path.write_text(json.dumps(result))


def board_of(project):
    submissions = [Submission(project / "submissions" / name) for name in ("first", "second")]
    (section,) = collect([CandidateSet(project / "candidates" / "silent-paper")], submissions)
    _, board = section.boards  # the first is `blind`
    return board


def test_every_row_has_date_version_and_signature(project, frozen_without_frames):
    change(project, "first", date="2025-03-04", versions={"livebench": "0.0.9"})
    board = board_of(project)
    (row,) = [row for row in board.rows if row.folder == "first"]
    assert (str(row.date), str(row.made), row.version) == ("2026-01-02", "2025-03-04", "0.0.9")
    base = (
        f"{frozen_without_frames.manifest.signature}|setting:comments|gt:best|score:sum|ties:mean"
    )
    assert row.signature == f"{base}|v:0.0.9"
    assert board.outdated == []


@pytest.mark.parametrize("version", ["1.0.0", "9.1", "12"])
def test_another_major_version(project, version):
    before = board_of(project)
    change(project, "first", versions={"livebench": version})
    board = board_of(project)
    assert [row.folder for row in board.rows if row.folder] == ["second"]
    (outdated,) = board.outdated
    assert (outdated.folder, outdated.version, outdated.rank) == ("first", version, 0)
    assert outdated.outdated == "another major version of LiveBench"
    # The answers are the same: its numbers can be computed, and still are not mixed with others.
    (row,) = [row for row in before.rows if row.folder == "first"]
    assert outdated.metrics == row.metrics
    assert board.pairs == []


def test_another_version_of_the_set(
    project, run, dataset_without_frames, frozen_without_frames, tmp_path
):
    old = frozen_without_frames.manifest.hash
    folder = project / "candidates" / "silent-paper"
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    new = build_set(dataset_without_frames, load_protocol("paper"), folder, seed=5, max_samples=20)
    assert new.manifest.hash != old
    board = board_of(project)
    assert [row.folder for row in board.rows] == [""]  # chance alone
    assert [row.folder for row in board.outdated] == ["first", "second"]
    for row in board.outdated:
        assert row.outdated == "another version of the set"
        assert row.metrics == {}  # the answers that they are ranked by are not here
        assert row.signature.startswith(f"set:silent-paper@{old[:8]}|setting:comments|gt:best|")
    assert run("leaderboard", cwd=project).status == 0
    text = (project / "docs/leaderboard/silent-paper.md").read_text("utf-8")
    apart = text.split("Out of date, and not comparable")[1]
    assert apart.count("another version of the set |") == 2
    assert f"`set:silent-paper@{old[:8]}\\|setting:comments\\|" in apart
    assert "The first" not in text.split("Out of date, and not comparable")[0]
    done = run("evaluate", "--submission", "submissions/first", "--quiet", "--json", cwd=project)
    assert done.status == 0, done
    assert [row.folder for row in board_of(project).outdated] == ["second"]


def test_one_run_that_is_older_takes_the_row_along(project, submission, run):
    runs = [{"name": "default"}, {"name": "again"}]
    submission("first", code=CODE.replace("SIGN", "1"), within=project / "two", runs=runs)
    (project / "two/first/submission.toml").replace(project / "submissions/first/submission.toml")
    done = run("evaluate", "--submission", "submissions/first", "--quiet", "--json", cwd=project)
    assert done.status == 0, done
    change(project, "first", set_hash="0" * 64)
    board = board_of(project)
    assert [row.folder for row in board.outdated] == ["first"]
    assert board.outdated[0].runs == 2
