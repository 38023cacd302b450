"""Warnings: what is likely to be wrong with scores, and when it is said."""

from __future__ import annotations

import numpy as np
import pytest

from livebench.scoring.alarms import first_block_alarms
from livebench.scoring.numbers import Numbers

UNLIKE = np.arange(100, dtype=np.float32)


def block(rows):
    return [Numbers(np.asarray(row, np.float32)) for row in rows]


# Scores of a block, setting, number format, and what is said.
BLOCKS = {
    "all differ": ([UNLIKE] * 4, "both", "", []),
    "one score": (
        [UNLIKE * 0] * 4,
        "both",
        "",
        ["one score for all candidates of every sample: does the scorer read the candidate?"],
    ),
    "one score in blind": ([UNLIKE * 0] * 4, "blind", "", []),
    "one score in one sample": (
        [UNLIKE, UNLIKE, UNLIKE, UNLIKE * 0],
        "both",
        "",
        [
            "one score for all candidates in 25% of samples",
            "25% of candidates tie with another: chance decides among them; are scores rounded?",
        ],
    ),
    "rounded": (
        [UNLIKE // 2] * 4,
        "both",
        "",
        ["100% of candidates tie with another: chance decides among them; are scores rounded?"],
    ),
    "in half precision": (
        [UNLIKE // 2] * 4,
        "both",
        "bfloat16",
        [
            "100% of candidates tie with another: bfloat16 has 2 or 3 digits; sum log-probabilities in "
            "float32"
        ],
    ),
    "too large for float32": (
        [1e6 + UNLIKE // 2 / 16] * 4,
        "both",
        "",
        [
            "100% of candidates tie with another: they differ by less than float32 can tell; subtract "
            "what all share"
        ],
    ),
}


@pytest.mark.parametrize("case", BLOCKS)
def test_the_first_block(case):
    rows, setting, dtype, expected = BLOCKS[case]
    assert first_block_alarms(block(rows), setting, dtype) == expected


KNOWS = """
class Mine:
    def score(self, v, c, x):
        return SIGN * float(x.text in SAID)
"""


@pytest.fixture
def warned(submission, frozen, run):
    """The warnings on a scorer that knows which candidates are correct, with a sign."""
    said = {
        text
        for sample, answer in zip(frozen.samples(), frozen.answers(), strict=True)
        for text, kind in zip(sample.candidates, answer.types, strict=True)
        if kind == "correct"
    }

    def call(code):
        path = submission(code=f"SAID = {said!r}\n{code}", settings=["comments"])
        done = run("evaluate", path, "--candidates", frozen.path)
        assert done.status == 0, done
        return [line for line in done.err.splitlines() if line.startswith("WARNING: ")]

    return call


def test_blind_above_chance_and_wrong_way_round(warned):
    lines = warned(KNOWS.replace("SIGN", "1"))
    assert any(
        line.startswith("WARNING: mine/default on tiny-paper, blind: blind is above chance (MRR ")
        for line in lines
    )
    assert not any("below chance" in line for line in lines)


def test_the_wrong_way_round(warned):
    lines = warned(KNOWS.replace("SIGN", "-1"))
    assert any("tiny-paper, comments: below chance (MRR 0." in line for line in lines)
    assert any(line.endswith("are they negative log-likelihoods?") for line in lines)


CHANGES = """
import itertools
COUNT = itertools.count()
class Mine:
    def score(self, v, c, x):
        return float(next(COUNT))
"""


def test_scores_that_change(warned):
    lines = warned(CHANGES)
    assert any("scored twice, it gives other scores (3 of 3 samples)" in line for line in lines)
    # each once, not for each setting
    assert len({line.partition(": ")[2].partition(": ")[2] for line in lines}) == len(lines)
