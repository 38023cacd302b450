"""Ctrl-C: what is kept, and how to go on."""

from __future__ import annotations

import pytest

from livebench.scoring.journal import Journal

CODE = "class Mine:\n    def score(self, v, c, x):\n        return float(len(x.text))\n"


@pytest.fixture
def interrupted(monkeypatch):
    """Makes Ctrl-C come with a block of samples, by its number over all settings."""

    def at(number):
        append, calls = Journal.append, []

        def appended(self, *arguments):
            calls.append(1)
            if len(calls) == number:
                raise KeyboardInterrupt
            return append(self, *arguments)

        monkeypatch.setattr(Journal, "append", appended)
        return lambda: monkeypatch.setattr(Journal, "append", append)

    return at


def test_evaluate(interrupted, submission, frozen, run):
    path = submission(code=CODE, settings=["comments"])
    let_go = interrupted(3)  # one block in blind, one in comments
    command = ("evaluate", path, "--candidates", frozen.path)
    done = run(*command)
    assert done.status == 130
    journal = path.parent / ".livebench/mine/tiny-paper/default/comments.journal"
    lines = [line for line in done.err.splitlines() if not line.startswith(("WARN", "skipped"))]
    assert lines == [
        f"interrupted; scored so far: {journal}; the same command goes on from there, --restart starts "
        "over",
        "done before: 1 of the evaluations, and what they wrote is kept",
    ]
    assert (path / "results/tiny-paper/default/blind.json").exists()
    let_go()
    again = run(*command)
    assert again.status == 0
    assert not journal.exists()


def test_train(run, submission, dataset, monkeypatch, tmp_path):
    path = submission(code=CODE)

    def stopped(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("livebench.training.job.train_submission", stopped)
    out = tmp_path / "run"
    command = ("train", path, "--dataset", dataset.path, "--protocol", "paper", "--out", out)
    done = run(*command)
    assert (done.status, done.err) == (130, "interrupted: nothing was saved yet\n")
    out.mkdir()
    done = run(*command)
    assert done.err == (
        f"interrupted: what is in {out} is kept, and the same command goes on from there\n"
    )
