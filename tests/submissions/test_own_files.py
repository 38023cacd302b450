"""The folder of a submission is hostile: no link is followed, and no pipe is waited for."""

from __future__ import annotations

import os
import shutil
import socket

import pytest

from livebench.errors import LiveBenchError
from livebench.submissions.load import Submission, find_submissions
from livebench.submissions.own_files import own_path

LINK = "is a symbolic link, and none is followed in the folder of a submission; put the file itself"


def test_a_path_that_is_not_there_yet(tmp_path):
    assert own_path(tmp_path, "scores", "set/run", "x.gz") == tmp_path / "scores/set/run/x.gz"


@pytest.mark.parametrize("part", ["..", "a/../../b", "/etc/passwd", "a/.."])
def test_paths_that_lead_out(tmp_path, part):
    with pytest.raises(LiveBenchError, match="leads out of the folder of the submission"):
        own_path(tmp_path, part)


@pytest.mark.parametrize("folder", ["scores", "scores/set", "scores/set/default"])
@pytest.mark.parametrize("leads", ["outside", "inside", "nowhere", "to itself"])
def test_no_link_is_followed(submission, tmp_path, folder, leads):
    one = Submission(submission())
    (one.path / "inside").mkdir()
    (tmp_path / "outside").mkdir()
    link = one.path / folder
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(
        {"outside": tmp_path / "outside", "to itself": link}.get(leads, one.path / leads)
    )
    with pytest.raises(LiveBenchError) as error:
        one.scores_path("set", one.card.runs[0], "both")
    assert str(error.value).startswith(f"{link}: {LINK}")
    assert one.result_path("set", one.card.runs[0], "both").name == "both.json"


@pytest.mark.parametrize("kind", ["pipe", "socket", "folder"])
def test_what_is_no_regular_file(submission, kind):
    one = Submission(submission())
    path = one.path / "scores/set/default/both.jsonl.gz"
    path.parent.mkdir(parents=True)
    here = os.open(path.parent, os.O_RDONLY)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(f"/proc/self/fd/{here}/{path.name}")
    os.close(here)
    with pytest.raises(LiveBenchError, match=r"both\.jsonl\.gz: is not a regular file"):
        one.scores_path("set", one.card.runs[0], "both")


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_card_is_a_file(submission, tmp_path, kind):
    path = submission()
    card = path / "submission.toml"
    shutil.move(card, tmp_path / "card.toml")
    card.symlink_to(tmp_path / "card.toml") if kind == "link" else os.mkfifo(card)
    with pytest.raises(
        LiveBenchError, match=r"submission\.toml: is (a symbolic link|not a regular)"
    ):
        find_submissions(path.parent)


def test_a_linked_folder_is_no_second_submission(submission):
    path = submission("good")
    evil = path.with_name("evil")
    evil.symlink_to(path)
    with pytest.raises(
        LiveBenchError, match="evil: is a symbolic link, and a submission is a folder"
    ):
        find_submissions(path.parent)
    assert Submission(evil).name == "good"  # who names it means it


CODE = "class Mine:\n    def score(self, v, c, x):\n        return -float(len(x.text))\n"
HOSTILE = {
    "a link for the journal": (".livebench/mine/tiny-paper/default/comments.journal", "link"),
    "a pipe for the journal": (".livebench/mine/tiny-paper/default/comments.journal", "pipe"),
    "a link for the state": (".livebench", "link"),
    "a link for the scores": ("mine/scores/tiny-paper/default/comments.jsonl.gz", "link"),
    "a pipe for the scores": ("mine/scores/tiny-paper/default/comments.jsonl.gz", "pipe"),
    "a link for the result": ("mine/results/tiny-paper/default/comments.json", "link"),
    "a link for the scorer": ("mine/scorer.py", "link"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_evaluate_writes_nothing_outside(submission, frozen, run, tmp_path, case):
    name, kind = HOSTILE[case]
    path = submission(code=CODE)
    victim = tmp_path / "victim"
    victim.write_text("precious")
    place = path.parent / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(victim) if kind == "link" else os.mkfifo(place)
    options = ("--candidates", frozen.path, "--setting", "comments")
    done = run("evaluate", "--submission", path, *options)
    assert done.status == 2
    what = "is a symbolic link" if kind == "link" else "is not a regular file"
    assert f"{place}: {what}" in done.err.splitlines()[-1]
    assert victim.read_text() == "precious"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["submissions", "victim"]
