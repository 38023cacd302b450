"""A process that was shown no sample serves all settings and sets; any other, or a sandbox, does not."""

from __future__ import annotations

import json
import shutil

import pytest
from test_sandbox import needs_bwrap

LOGS = """
import os
from pathlib import Path
LOG = Path(__file__).parent / ".log"
def note(what):
    try:
        LOG.open("a").write(what + "\\n")
    except OSError:
        pass
note("made")
SEEN = set()
class Mine:
    def fit(self, training):
        note("fitted")
    def score_samples(self, samples):
        before = len(SEEN)
        SEEN.update(id(one) for one in samples)
        return [[float(before + len(text.text)) for text in one.candidates] for one in samples]
    def score(self, v, c, x):
        return 0.0
"""
THREAD = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"

# Code, options, and how often the scorer is made and fitted for four settings.
WAYS = {
    "copied": (LOGS, (), 2),
    "runs a thread, so it scores itself": (LOGS + THREAD, (), 8),
}


@pytest.fixture
def made(submission, frozen, dataset, run):
    def call(code, *options, sets=()):
        path = submission(code=code)
        arguments = ["--candidates", frozen.path, "--dataset", dataset.path, "--quiet"]
        for one in sets:
            arguments += ["--candidates", one]
        done = run("evaluate", path, *arguments, *options)
        assert done.status == 0, done
        log = path / ".log"
        return path, log.read_text().splitlines() if log.exists() else []

    return call


@pytest.mark.slow
@pytest.mark.parametrize("case", WAYS)
def test_how_often_it_is_made(made, case):
    code, options, expected = WAYS[case]
    path, log = made(code, *options)
    assert (log.count("made"), log.count("fitted")) == (expected, expected)
    result = json.loads((path / "results/tiny-paper/default/comments.json").read_text())
    copied = case == "copied"
    assert result["manifest"]["memory"] == (
        "fresh copy per block" if copied else "one process per setting"
    )
    # What a copy saw in one block is not known in the next, nor in the next setting.
    for name in ("blind", "comments") if copied else ():
        text = (path / f"results/tiny-paper/default/{name}.json").read_text()
        assert json.loads(text)["plausibility"]["fresh"]["samples"] == 0


def test_it_serves_all_sets_of_a_dataset(made, frozen, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(frozen.path, other)
    _, log = made(LOGS, sets=[other])
    assert (log.count("made"), log.count("fitted")) == (2, 2)


SLOW_TO_COPY = """
import os, time
os.register_at_fork(after_in_child=lambda: time.sleep(0.3))
"""


@pytest.mark.parametrize("options", [(), pytest.param(("--sandbox",), marks=needs_bwrap)])
def test_a_copy_may_take_its_time(made, monkeypatch, options):
    """On a busy machine, a copy says nothing for longer than LiveBench waits between two looks."""
    monkeypatch.setattr("livebench.isolation.pipes._LOOK", 0.05)
    path, _ = made(SLOW_TO_COPY + LOGS, "--setting", "comments", *options)
    assert (path / "results/tiny-paper/default/comments.json").exists()


DIES_AS_A_COPY = """
import os
os.register_at_fork(after_in_child=lambda: os._exit(7))
"""


def test_a_copy_that_ends_at_once(submission, frozen, dataset, run):
    path = submission(code=DIES_AS_A_COPY + LOGS)
    done = run("evaluate", path, "--candidates", frozen.path, "--dataset", dataset.path)
    assert done.status == 2
    assert "the submission ended its process (exit status 7)" in done.err


MARKS = """
import os
PLACE = "/tmp/marks"
class Mine:
    def __init__(self):
        # The number of this process in its sandbox, and how many there were before it.
        self.first = not os.path.exists(PLACE)
        open(PLACE, "w").close()
    def score(self, v, c, x):
        return float(self.first) + len(x.text)
"""


@needs_bwrap
def test_a_sandbox_is_of_one_setting(made, monkeypatch):
    from livebench.isolation.remote import Isolation

    opened = []
    start = Isolation._start

    def counted(self, *arguments, **options):
        opened.append(self.kind)
        return start(self, *arguments, **options)

    monkeypatch.setattr(Isolation, "_start", counted)
    made(MARKS, "--sandbox")
    assert opened == ["sandbox"] * 8
