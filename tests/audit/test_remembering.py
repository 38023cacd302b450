"""The zoo of scorers that remember, on every bundled set of `matched` and `live`, and on a leaky one."""

from pathlib import Path

import numpy as np
import pytest
from memory_zoo import ZOO

from livebench.audit.memory_probes import PROBES, memory_probes
from livebench.audit.probes import Probe
from livebench.audit.set_audit import _adjusted
from livebench.candidates.candidate_set import CandidateSet
from livebench.records import ContextComment, SampleRecord
from livebench.scoring.metrics import HEADLINE, best_metrics
from livebench.scoring.scorer import Comment, Sample, VideoContext

_BUNDLED = Path(__file__).parents[2] / "candidates"
SETS = sorted([*_BUNDLED.glob("*-matched"), *_BUNDLED.glob("*-live")])
_NO_FRAMES = np.empty((0, 0), np.float32), np.empty(0, np.int64)


def sample_of(record):
    """A sample as a scorer sees it, with the id of its video as its title."""
    around = [Comment(one.text, one.tokens, one.time - record.time) for one in record.context]
    candidates = [
        Comment(*both) for both in zip(record.candidates, record.candidate_tokens, strict=True)
    ]
    video = VideoContext(record.time, *_NO_FRAMES, record.video_id, "")
    return Sample(video, around, candidates)


def scored(samples):
    return {
        f"{name}{', in order' * in_order}": np.array(make(in_order).score_samples(samples), float)
        for name, make in ZOO.items()
        for in_order in (False, True)
    }


@pytest.mark.slow
@pytest.mark.parametrize("path", SETS, ids=lambda path: path.name)
def test_whoever_remembers_gains_nothing(path):
    candidate_set = CandidateSet(path)
    if not candidate_set.has_text:
        pytest.skip(f"{path} has no text; restore it")
    samples = [sample_of(record) for record in candidate_set.samples()]
    answers = list(candidate_set.answers())
    correct = np.array([answer.types for answer in answers]) == "correct"
    # Who gives all candidates of a sample one score is at chance exactly: no test is needed.
    found = [
        Probe(name, "memory", scores)
        for name, scores in scored(samples).items()
        if (scores != scores[:, :1]).any()
    ]
    p_values = _adjusted(found, correct, [answer.video_id for answer in answers])
    assert {probe.name: p for probe, p in zip(found, p_values, strict=True) if p < 0.05} == {}


def record(second, candidates, context):
    return SampleRecord(
        sample_id=f"v@{second}",
        video_id="v",
        time=second,
        frames=[],
        context=[ContextComment(time, text, text) for time, text in context],
        candidates=candidates,
        candidate_tokens=candidates,
    )


# a and e are correct. At second 2, one sees who wrote a at second 1; d is the candidate of both.
LEAKY = [
    record(1, ["a", "b", "d"], [(0.5, "x"), (2.2, "e")]),
    record(2, ["d", "c", "e"], [(1.5, "a")]),
]


def test_leaks_are_found():
    rows = scored([sample_of(one) for one in LEAKY])
    best = {
        name: [LEAKY[n].candidates[place] for n, place in enumerate(scores.argmax(axis=1))]
        for name, scores in rows.items()
    }
    assert best["clock"] == ["a", "e"]
    assert best["clock, in order"][1] == "e"
    assert best["listed far away"] == ["d", "d"]


@pytest.mark.parametrize(
    ("name", "everything", "in_order"),
    [
        ("stands in another's context", [[1, 0, 0], [0, 0, 1]], [[0, 0, 0], [0, 0, 1]]),
        ("stands in another's context at its second", [[1, 0, 0], [0, 0, 1]], [[0] * 3, [0, 0, 1]]),
        (
            "stands in another's context at its second, same title",
            [[1, 0, 0], [0, 0, 1]],
            [[0, 0, 0], [0, 0, 1]],
        ),
        ("recurs under its title", [[1, 0, 1], [1, 0, 1]], [[0, 0, 0], [1, 0, 1]]),
        ("another's candidate", [[0, 0, 1], [1, 0, 0]], [[0, 0, 0], [1, 0, 0]]),
        ("another's candidate, same title", [[0, 0, 1], [1, 0, 0]], [[0, 0, 0], [1, 0, 0]]),
    ],
)
def test_what_each_probe_remembers(name, everything, in_order):
    found = dict(memory_probes(LEAKY, ["t", "t"]))
    assert len(found) == 2 * len(PROBES)
    assert found[name].tolist() == everything
    assert found[f"{name}, in order"].tolist() == in_order


def test_titles_keep_apart():
    found = dict(memory_probes(LEAKY, ["t", "u"]))
    assert found["another's candidate"].tolist() == [[0, 0, 1], [1, 0, 0]]
    assert not found["another's candidate, same title"].any()
    assert not found["stands in another's context at its second, same title"].any()


def test_what_is_tied_is_chance():
    """What all candidates have in common tells nothing."""
    correct = np.eye(100, dtype=bool)[:1]
    values = HEADLINE.column(best_metrics(np.ones((1, 100)), correct))
    assert values == pytest.approx(sum(1 / rank for rank in range(1, 101)) / 100)
