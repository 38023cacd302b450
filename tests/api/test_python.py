"""The Python API: the numbers of the commands, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import livebench
from livebench import compare, evaluate, load_set
from livebench.errors import LiveBenchError
from livebench.submissions.validate import read_scores

LENGTH = """
from livebench.scoring.scorer import LogLikelihood

class Mine:
    def score(self, video_ctx, comments, candidate):
        near = sum(candidate.text[:2] == comment.text[:2] for comment in comments)
        total = -len(candidate.text) * 1.2345678 + near + len(video_ctx.title) / 70
        return LogLikelihood(total, len(candidate.text))
"""


def length(sign: float):
    """The scorer LENGTH, or one that prefers long comments, as a function."""

    def score(video_ctx, comments, candidate):
        near = sum(candidate.text[:2] == comment.text[:2] for comment in comments)
        total = -len(candidate.text) * 1.2345678 * sign + near + len(video_ctx.title) / 70
        return livebench.LogLikelihood(total, len(candidate.text))

    return score


class Longest:
    """An object that has `score`, and `score_candidates`."""

    def score(self, video_ctx, comments, candidate):
        return length(-1)(video_ctx, comments, candidate)

    def score_candidates(self, video_ctx, comments, candidates):
        return [self.score(video_ctx, comments, candidate) for candidate in candidates]


@pytest.fixture(scope="module")
def loaded(small, dataset):
    return load_set(small.path, dataset=dataset.path)


@pytest.mark.parametrize(
    ("setting", "score"),
    [
        ("both", "sum"),
        ("comments", "mean"),
        ("video", "words+2"),
        ("comments", "pmi"),
        ("blind", "sum"),
    ],
)
def test_the_numbers_are_those_of_evaluate(loaded, small, dataset, submission, run, setting, score):
    result = evaluate(length(1), loaded, setting, score=score)
    path = submission(code=LENGTH)
    ask = ("evaluate", path, "--candidates", small.path, "--dataset", dataset.path, "--in-process")
    if score == "pmi":
        assert run(*ask, "--setting", "blind", "--quiet").status == 0
    done = run(*ask, "--setting", setting, "--score", score, "--json", "--quiet")
    assert done.status == 0, done
    said = json.loads(done.out.splitlines()[0])  # the next line is the verdict
    assert result.signature == said["signature"]
    assert {
        truth: {name: [one.value, one.low, one.high] for name, one in values.items()}
        for truth, values in result.metrics.items()
    } == {
        truth: {name: list(one.values()) for name, one in values.items()}
        for truth, values in said["metrics"].items()
    }
    assert result.anatomy == said["anatomy"]


def test_the_numbers_are_those_of_compare(loaded, small, dataset, submission, run, tmp_path):
    """And scores that were written come back as a submission with scores only."""
    first = evaluate(length(1), loaded, "comments")
    second = evaluate(Longest(), loaded, "comments")
    paths = [submission(name) for name in ("short", "long")]
    for path, result in zip(paths, (first, second), strict=True):
        result.write_scores(path / "scores" / small.name / "default" / "comments.jsonl.gz")
    done = run("evaluate", *paths, "--candidates", small.path, "--setting", "comments", "--json")
    assert done.status == 0, done
    done = run("compare", *paths, "--candidates", small.path, "--json")
    assert done.status == 0, done
    said = json.loads(done.out)["comparison"]
    compared = compare(first, second)
    assert compared.samples == said["samples"] == 12
    mrr = compared.metrics["MRR"]
    assert [mrr.p, mrr.difference.value, mrr.difference.low] == [
        said["metrics"]["MRR"]["p"],
        *(said["metrics"]["MRR"]["difference"][name] for name in ("value", "low")),
    ]
    assert compared.by_video.first == said["by_video"]["first"]
    assert compare([first, first], [second]).metrics["MRR"].first.value == mrr.first.value


def test_what_a_result_and_a_set_say(loaded, dataset):
    result = evaluate(lambda *_: 0.0, loaded, "comments")
    for truth, names in result.metrics.items():
        assert {name: one.value for name, one in names.items()} == pytest.approx(
            {name: one.value for name, one in result.chance[truth].items()}
        )
    assert result.scores.shape == (12, 100)
    assert result.token_counts is None
    assert len(loaded) == 12
    lines = str(result).splitlines()
    assert lines[0].split() == ["R@1", "R@5", "R@10", "MR", "MRR"]
    assert lines[-1] == result.signature
    samples = loaded.samples("comments")
    assert list(samples) == loaded.answers.sample_ids
    assert next(iter(samples.values())).video_ctx.title == ""
    assert next(iter(loaded.samples("both").values())).video_ctx.frames.shape[1] == 4
    assert loaded.dataset.info.fingerprint == dataset.info.fingerprint


def test_what_a_model_was_not_shown(loaded, tmp_path):
    """It reads but the three nearest comments."""
    result = evaluate(
        lambda _, comments, candidate: livebench.LogLikelihood(0.0, 1, max(0, len(comments) - 3)),
        loaded,
        "comments",
    )
    unread = np.maximum(0, loaded.answers.n_context - 3)
    assert result.dropped_comments.tolist() == unread.tolist()
    said = f"in {(unread > 0).sum()} of 12 samples; comments left out: {unread.sum()}"
    assert str(result).splitlines()[-2].endswith(said)
    result.write_scores(tmp_path / "scores.jsonl.gz")
    read = read_scores(tmp_path / "scores.jsonl.gz", loaded.answers.sample_ids)
    assert read.dropped_comments.tolist() == unread.tolist()


def test_a_scorer_is_fitted(loaded):
    class Counts(livebench.Scorer):
        def fit(self, training):
            self.known = frozenset(training.strings)

        def score(self, video_ctx, comments, candidate):
            return float(candidate.tokens in self.known)

    result = evaluate(Counts(), loaded, "blind")
    membership = loaded.answers.train_counts > 0
    assert np.array_equal(result.scores, membership.astype(float))


REFUSED = {
    "nowhere: set not found; available: none in candidates/": lambda one: load_set("nowhere"),
    "is no scorer; give an instance with a method score": lambda one: evaluate(object(), one),
    "Longest'> is no scorer": lambda one: evaluate(Longest, one),
    "cannot be scored in the setting 'all'; choose from": lambda one: evaluate(
        length(1), one, "all"
    ),
    "a score is not a number": lambda one: evaluate(lambda *_: "x", one, "blind"),
    "needs token counts": lambda one: evaluate(lambda *_: 0.0, one, "blind", score="mean"),
    "the scorer raised ZeroDivisionError": lambda one: evaluate(lambda *_: 1 / 0, one, "blind"),
    "was given no evaluation": lambda one: compare([], []),
}


@pytest.mark.parametrize(("message", "ask"), REFUSED.items(), ids=lambda one: str(one)[:20])
def test_what_is_refused(loaded, message, ask, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LiveBenchError) as caught:
        ask(loaded)
    assert message in str(caught.value)


def test_evaluations_of_different_settings(loaded):
    one, other = (evaluate(length(1), loaded, name) for name in ("blind", "comments"))
    with pytest.raises(
        LiveBenchError, match="different samples: tiny-small blind, tiny-small comm"
    ):
        compare(one, other)


def test_importing_loads_nothing_heavy():
    code = "import livebench, sys; dir(livebench); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name in ("numpy", "click", "torch", "msgspec", "livebench.api"):
        assert f"'{name}'" not in done.stdout
    assert set(livebench.api.__all__) - {"Interval", "LoadedSet", "ScorerComparison"} <= set(
        dir(livebench)
    )
    with pytest.raises(AttributeError, match="no attribute 'evaluation'"):
        livebench.evaluation  # noqa: B018
