"""`livebench evaluate --limit`: numbers to look at, and nothing is written."""

from __future__ import annotations

import json

import pytest

from livebench.draws import draw
from livebench.scoring.metrics import sample_metrics
from livebench.scoring.plausibility import plausibility_samples

LENGTH = """
class Mine:
    def score(self, video_ctx, comments, candidate):
        return -len(candidate.text)
"""


@pytest.fixture
def trial(run, frozen, dataset):
    def call(path, *options):
        where = ("--candidates", frozen.path, "--dataset", dataset.path)
        return run("evaluate", path, *where, *options)

    return call


def test_a_trial_says_so_and_writes_nothing(trial, submission, frozen, listing):
    path = submission(code=LENGTH, settings=["comments"])
    before = listing(path.parent)
    done = trial(path, "--limit", 10, "--json")
    assert done.status == 0, done
    found = [json.loads(line) for line in done.out.splitlines()]
    assert [one["setting"] for one in found] == ["blind", "comments"]
    for one in found:
        assert one["note"] == "trial of 10 samples: no result, and no row"
        assert (one["samples"], one["of"]) == (10, 60)
        assert one["signature"].endswith("|trial:10")
    assert [name for name in listing(path.parent) if "pycache" not in name] == before
    text = trial(path, "--limit", 10)
    assert "trial of 10 samples of 60" in text.out
    assert "nothing was written" in text.out
    assert [name for name in listing(path.parent) if "pycache" not in name] == before


def test_the_numbers_are_those_of_its_samples(trial, submission, frozen):
    """All samples: a trial of as many as there are gives the numbers of an evaluation."""
    path = submission(code=LENGTH, settings=["comments"])
    done = trial(path, "--limit", 1000, "--json", "--setting", "comments")
    (one,) = map(json.loads, done.out.splitlines())
    scores = [[-len(text) for text in sample.candidates] for sample in frozen.samples()]
    correct = [[kind == "correct" for kind in answer.types] for answer in frozen.answers()]
    import numpy as np

    expected = sample_metrics(np.array(scores, float), np.array(correct))["best"].mean(axis=0)
    assert one["samples"] == 60
    assert [value["value"] for value in one["metrics"]["best"].values()] == pytest.approx(expected)


def test_how_long_all_would_take(trial, submission, frozen, monkeypatch):
    """By hand: of 60 samples 3 are scored again, three times each; in blind each comment counts once."""
    ticks = iter([0.0, 100.0, 0.0, 100.0])
    monkeypatch.setattr("livebench.scoring.trial.perf_counter", lambda: next(ticks))
    path = submission(code=LENGTH, settings=["comments"], score="pmi")
    done = trial(path, "--limit", 10, "--json")
    blind, comments = (json.loads(line) for line in done.out.splitlines())
    assert (comments["seconds"], comments["seconds_of_all"]) == (100, 100 * (60 + 9) / 10)
    texts = {sample.sample_id: sample.candidates for sample in frozen.samples()}
    drawn = sorted(texts, key=lambda name: draw(0, name, "trial"))[:10]
    once, every, again = (
        len({text for name in names for text in texts[name]})
        for names in (drawn, texts, plausibility_samples(list(texts), "trial"))
    )
    assert once < 10 * 100
    assert blind["seconds_of_all"] == pytest.approx(100 * (every + 3 * again) / once, abs=1e-3)


def test_pmi_tries_blind_too(trial, submission):
    path = submission(code=LENGTH, settings=["comments"], score="pmi")
    done = trial(path, "--limit", 5, "--setting", "comments", "--json")
    assert [json.loads(line)["setting"] for line in done.out.splitlines()] == ["blind", "comments"]


def test_scores_alone_cannot_be_tried(trial, submission, frozen):
    path = submission()
    folder = path / "scores/tiny-paper/default"
    folder.mkdir(parents=True)
    lines = [{"sample_id": one.sample_id, "scores": [0.0] * 100} for one in frozen.answers()]
    (folder / "both.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    done = trial(path, "--limit", 5, "--quiet")
    assert done.status == 2
    assert done.err == (
        f"livebench: {path}: has scores only, and nothing to try; evaluate it without --limit\n"
    )
