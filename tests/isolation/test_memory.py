"""What a scorer knows of earlier blocks: nothing in the sandbox; outside of it, no more than is said."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from test_sandbox import needs_bwrap

from livebench.errors import LiveBenchError
from livebench.isolation.environment import clean_environment
from livebench.isolation.remote import Isolation
from livebench.scoring.runner import memory_of, read_samples, score_blocks
from livebench.submissions.load import Submission

sys.path.insert(0, str(Path(__file__).parent))
import remembering

FRESH, KEPT = "fresh copy per block", "one process per setting"


@pytest.fixture
def ways_that_worked(submission, frozen):
    """Scores three blocks of two samples; gives the ways that told a later block of an earlier one, and
    what a result would say of memory."""
    some = list(read_samples(frozen, None, "comments"))
    blocks = [some[start : start + 2] for start in (0, 20, 40)]

    def call(kind, **arguments):
        path = submission(runs=[{"name": "r", "arguments": arguments}], entry="remembering:Mine")
        shutil.copy(remembering.__file__, path)
        one = Submission(path)
        with Isolation(kind).open(one, one.card.runs[0]) as scorer:
            scored = list(score_blocks(scorer, blocks))
            later = sum(numbers.totals for _, block in scored[1:] for numbers in block)
            names = zip(remembering.NAMES, later, strict=False)
            return [name for name, score in names if score], memory_of(scorer)

    return call


@needs_bwrap
@pytest.mark.parametrize("held", ["", "ReadOnly"])
def test_nothing_is_remembered_in_the_sandbox(ways_that_worked, held):
    assert ways_that_worked("sandbox", held=held) == ([], FRESH)


# What cannot be copied: one process scores, and the row says so.
@needs_bwrap
@pytest.mark.parametrize("held", ["SharedMemory", "Pipe", "File", "Thread"])
def test_what_cannot_be_copied_is_told(ways_that_worked, held):
    working, memory = ways_that_worked("sandbox", held=held)
    assert memory == KEPT
    assert "module" in working


@needs_bwrap
@pytest.mark.parametrize(
    ("held", "message"),
    [
        ("SharedMemory", r"keeps something from block to block: it shares memory"),
        ("Pipe", r"keeps something from block to block: it holds pipe:.* open"),
        ("File", r"keeps something from block to block: it holds /tmp/open.* open"),
        ("Thread", r"keeps something from block to block: it runs 2 threads"),
    ],
)
def test_whoever_says_that_it_can_be_copied_is_looked_at(ways_that_worked, held, message):
    with pytest.raises(LiveBenchError, match=message):
        ways_that_worked("sandbox", held=held, lies=True)


INSIDE = ["module", "attribute", "environment", "generator", "harness"]


def test_a_process_of_its_own_can_leave_files(ways_that_worked):
    """The other ways would change this machine."""
    assert ways_that_worked("process", ways=[*INSIDE, "own_folder"]) == (["own_folder"], FRESH)


def test_all_these_ways_work_in_one_process(ways_that_worked, monkeypatch):
    monkeypatch.setenv("SEEN", "no")
    assert ways_that_worked("none", ways=INSIDE) == (INSIDE, "one process")


SECRET = "LIVEBENCH_TEST_TOKEN"
SPIES = f"""
from pathlib import Path
class Mine:
    def score(self, v, c, x):
        found = 0
        for place in Path("/proc").glob("[0-9]*/environ"):
            try:
                found += {SECRET!r}.encode() in place.read_bytes()
            except OSError:
                pass
        return float(found)
"""


@needs_bwrap
def test_no_secret_of_the_environment_is_in_the_sandbox(submission, frozen, monkeypatch):
    monkeypatch.setenv(SECRET, "a secret")
    one = Submission(submission(code=SPIES))
    _, sample = next(read_samples(frozen, None, "comments"))
    with Isolation("sandbox").open(one, one.card.runs[0]) as scorer:
        assert set(scorer.score_samples([sample])[0]) == {0.0}


OWN = f"""
import json, os
class Mine:
    def __init__(self):
        if {SECRET!r} in os.environ or not os.environ.get("PATH"):
            raise ValueError(json.dumps(sorted(os.environ)))
    def score(self, v, c, x):
        return 0.0
"""


def test_a_process_of_its_own_is_not_given_the_environment(submission, frozen, monkeypatch):
    monkeypatch.setenv(SECRET, "a secret")
    one = Submission(submission(code=OWN))
    with Isolation().open(one, one.card.runs[0]):
        pass


@pytest.mark.parametrize("name", ["DO_NOT_TRACK", "VLLM_NO_USAGE_STATS", "VLLM_CPU_KVCACHE_SPACE"])
def test_settings_of_back_ends_reach_the_process_and_keys_do_not(name, monkeypatch):
    monkeypatch.setenv(name, "1")
    monkeypatch.setenv("VLLM_API_KEY", "a secret")
    found = clean_environment(sealed=False)
    assert found[name] == "1"
    assert name not in clean_environment(sealed=True)
    assert "a secret" not in found.values()


SETTINGS = """
SEEN = set()
class Mine:
    def score_samples(self, samples):
        SEEN.update(sample.video_ctx.title for sample in samples)
        SEEN.discard("")
        return [[float(len(SEEN))] * len(one.candidates) for one in samples]
    def score(self, v, c, x):
        return 0.0
"""


def test_what_one_setting_showed_is_not_known_in_another(submission, frozen, dataset, run):
    path = submission(code=SETTINGS + "import threading\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n")  # fmt: skip
    sources = ("--candidates", frozen.path, "--dataset", dataset.path)
    assert run("evaluate", "--submission", path, *sources).status == 0
    for setting, knows in (("video", True), ("comments", False)):
        result = path / "results/tiny-paper/default" / f"{setting}.json"
        assert json.loads(result.read_text())["manifest"]["memory"] == KEPT
        deviating = json.loads(result.read_text())["plausibility"]["fresh"]["samples"]
        assert (deviating > 0) == knows
