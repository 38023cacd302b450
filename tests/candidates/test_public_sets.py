"""Which sets the public leaderboard shows: those that a file lists, and those that are named."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from livebench.candidates.candidate_set import PUBLIC, CandidateSet, find_board_sets
from livebench.errors import LiveBenchError

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def folder(frozen, small, frozen_without_frames, copy_set):
    for one in (frozen, small, frozen_without_frames):
        found = copy_set(one)
    return found.path.parent


def names(found):
    return [one.name for one in found[0]], found[1]


def test_without_a_list_all_are_public(folder):
    assert names(find_board_sets(folder)) == (["silent-paper", "tiny-paper", "tiny-small"], [])


def test_own_sets_are_left_out_unless_named(folder):
    (folder / PUBLIC).write_text("# a remark\ntiny-paper\n\n")
    assert names(find_board_sets(folder)) == (["tiny-paper"], ["silent-paper", "tiny-small"])
    named = [CandidateSet(folder / "silent-paper")]
    assert names(find_board_sets(folder, named)) == (["silent-paper", "tiny-paper"], ["tiny-small"])


def test_a_name_without_a_set(folder):
    (folder / PUBLIC).write_text("tiny-paper\nabsent\n")
    with pytest.raises(LiveBenchError) as error:
        find_board_sets(folder)
    assert str(error.value) == (
        f"{folder / PUBLIC}: names absent, and there is no such set; remove the line, or bring the set "
        "back"
    )


def test_the_leaderboard_leaves_own_sets_out(folder, submission, run):
    (folder / PUBLIC).write_text("tiny-paper\n")
    submission(settings=["comments"])
    done = run("leaderboard")
    assert done.status == 0
    assert done.err == (
        "left out, not being public: silent-paper, tiny-small; --own-set NAME shows one\n"
    )
    own = "tiny-small"
    assert own not in (folder.parent / "LEADERBOARD.md").read_text("utf-8")
    assert run("leaderboard", "--own-set", own, "--out", "mine.md").status == 0
    assert own in (folder.parent / "mine.md").read_text("utf-8")


def test_every_committed_set_is_listed():
    command = ["git", "-C", ROOT, "ls-files", "candidates/*/manifest.json"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    committed = [CandidateSet(ROOT / name.rpartition("/")[0]) for name in found]
    public = [one.name for one in committed if not one.is_published_only]
    lines = (ROOT / "candidates" / PUBLIC).read_text("utf-8").splitlines()
    assert sorted(line for line in lines if not line.startswith("#")) == sorted(public)
