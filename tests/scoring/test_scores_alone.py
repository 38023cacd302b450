"""Scores that somebody made elsewhere: read, checked, and shown as such."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from written import result_of, scores_of

from livebench.records import parse_json
from livebench.scoring.metrics import METRICS, sample_metrics
from livebench.scoring.result import Result


def handed_in(path, frozen, change=lambda lines: lines, setting="both"):
    """Writes scores as anybody may hand them in."""
    lines = [
        {"sample_id": one.sample_id, "scores": [float(place % 7) for place in range(100)]}
        for one in frozen.answers()
    ]
    target = scores_of(path, setting=setting)
    target.parent.mkdir(parents=True, exist_ok=True)
    encoded = [line if isinstance(line, str) else json.dumps(line) for line in change(lines)]
    target.write_bytes(gzip.compress("".join(f"{line}\n" for line in encoded).encode()))
    return target


def test_scores_alone_are_self_reported(evaluate, submission, frozen):
    path = submission()
    target = handed_in(path, frozen, lambda lines: lines[::-1])  # the order of lines is no matter
    before = target.read_bytes()
    done = evaluate(path)
    assert done.status == 0, done
    said = done.err.splitlines()
    assert said[0] == (
        "skipped mine on tiny-paper, run default: blind; run default: video; run default: comments: "
        "there are no scores"
    )
    assert said[1] == (
        "WARNING: mine/default on tiny-paper, both: 100% of candidates tie with another: all scores are "
        "whole numbers; if they are rounded, give all digits"
    )
    result = parse_json(result_of(path), Result)
    assert result.manifest.evaluated == "self-reported"
    assert "self-reported" in done.out
    scores = np.tile(np.arange(100) % 7.0, (60, 1))
    correct = np.array([[kind == "correct" for kind in one.types] for one in frozen.answers()])
    expected = sample_metrics(scores, correct)["best"].mean(axis=0)
    found = [result.metrics["best"][metric.name].value for metric in METRICS]
    assert found == pytest.approx(expected)
    assert target.read_bytes() == before


def change(place, **fields):
    return lambda lines: [*lines[:place], {**lines[place], **fields}, *lines[place + 1 :]]


BAD_SCORES = {
    "missing": (
        lambda lines: lines[:-2],
        "{}: 2 of 60 samples have no scores, the first is {58}; score",
    ),
    "empty": (
        lambda lines: [],
        "{}: 60 of 60 samples have no scores, the first is {0}; score every",
    ),
    "twice": (
        lambda lines: [*lines, lines[3]],
        "{}, line 61, sample {3}: scored on line 4 already; keep one",
    ),
    "surplus": (
        lambda lines: [{**lines[0], "sample_id": "x@1"}, *lines],
        "{}, line 1: the set has no sample x@1; remove the line",
    ),
    "nan": (
        change(4, scores=[float("nan")] * 100),
        "{}, line 5, sample {4}: a number is not finite",
    ),
    "inf": (
        change(4, scores=[float("inf")] * 100),
        "{}, line 5, sample {4}: a number is not finite",
    ),
    "null": (
        change(4, scores=[None] * 100),
        "{}, line 5, sample {4}: Expected `float`, got `null`",
    ),
    "text": (change(4, scores=["1"] * 100), "{}, line 5, sample {4}: Expected `float`, got `str`"),
    "99": (
        change(4, scores=[1.0] * 99),
        "{}, line 5, sample {4}: Expected `array` of length >= 100",
    ),
    "101": (
        change(4, scores=[1.0] * 101),
        "{}, line 5, sample {4}: Expected `array` of length <= 100",
    ),
    "no scores": (
        lambda lines: ['{"sample_id": "a"}'],
        "{}, line 1, sample a: Object missing required",
    ),
    "no id": (lambda lines: ['{"scores": []}'], "{}, line 1: "),
    "unknown field": (
        change(0, rank=1),
        "{}, line 1, sample {0}: Object contains unknown field `rank`",
    ),
    "not JSON": (lambda lines: [*lines[:7], "?"], "{}, line 8: "),
    "empty line": (lambda lines: [*lines[:7], "", *lines[7:]], "{}, line 8: "),
    "too large": (
        lambda lines: [json.dumps(lines[0]).replace("0.0", "1e400", 1), *lines[1:]],
        "{}, line 1, sample {0}: a number is not finite",
    ),
    "few token counts": (
        change(2, token_counts=[1] * 3),
        "{}, line 3, sample {2}: Expected `array` of length >= 100",
    ),
}


@pytest.mark.parametrize("case", BAD_SCORES)
def test_bad_scores_are_refused(submission, frozen, dataset, refused, case):
    changed, message = BAD_SCORES[case]
    path = submission()
    target = handed_in(path, frozen, changed)
    found = refused(
        "evaluate", "--submission", path, "--candidates", frozen.path, "--setting", "both"
    )
    ids = [one.sample_id for one in frozen.answers()]
    expected = message.replace("{}", str(target))
    for place, name in enumerate(ids):
        expected = expected.replace(f"{{{place}}}", name)
    assert found.startswith(expected)
    assert not result_of(path).exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "cut off"), (b"plain", "changed"), (gzip.compress(b"{}\n", mtime=0)[:-3], "cut off")],
)
def test_scores_that_are_no_gzip(submission, frozen, refused, content, message):
    path = submission()
    target = handed_in(path, frozen)
    target.write_bytes(content)
    found = refused(
        "evaluate", "--submission", path, "--candidates", frozen.path, "--setting", "both"
    )
    assert found.startswith(f"{target}: ")
    assert message in found or "gzip" in found
