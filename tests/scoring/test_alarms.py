"""Warnings: what is likely to be wrong with scores, and when it is said."""

from __future__ import annotations

import numpy as np
import pytest

from livebench.scoring.alarms import first_block_alarms
from livebench.scoring.numbers import Numbers

UNLIKE = np.arange(100, dtype=np.float32)
DRAWN = np.random.default_rng(0).normal(-20, 6, (4, 100)).astype(np.float32)
"""As log-likelihoods are."""

SIMILAR = np.where(np.arange(100) % 3, 0, 1 / np.sqrt(2 + np.arange(100) // 6)).astype(np.float32)
"""As cosines are: two thirds share no word with the context, and some share as many as another."""

PAIRS = np.repeat(DRAWN[:, :50], 2, axis=1)
"""Candidates of the same words, or equally likely ones."""


def block(rows):
    return [Numbers(np.asarray(row, np.float32)) for row in rows]


def short(values, bits):
    """The values rounded to so many significant bits."""
    mantissa, power = np.frexp(values)
    return np.ldexp(np.round(mantissa * 2**bits) / 2**bits, power)


def written(values):
    """As a file of scores gives them back."""
    return [[float(f"{value:.6g}") for value in row] for row in values]


TIE = " of candidates tie with another: "
FEW = " has 2 or 3 digits; sum log-probabilities in float32"
DIGITS = "; if they are rounded, give all digits"

# Scores of a block, number format as far as known, and what is said in a setting but `blind`.
BLOCKS = {
    "all differ": ([UNLIKE] * 4, "", []),
    "one score": (
        [UNLIKE * 0] * 4,
        "",
        ["one score for all candidates of every sample: does the scorer read the candidate?"],
    ),
    "one score in one sample": (
        [*DRAWN[:3], UNLIKE * 0 - 1.2345],
        "",
        ["one score for all candidates in 25% of samples"],
    ),
    "similarities": ([SIMILAR] * 4, "", []),
    "similarities as written": (written([SIMILAR] * 4), "", []),
    "some samples with nothing alike": ([SIMILAR] * 19 + [SIMILAR * 0], "", []),
    "equals": (PAIRS, "", []),
    "equals as written": (written(20 * PAIRS), "", []),
    "counts": (
        [UNLIKE // 2] * 4,
        "",
        [f"100%{TIE}all scores are whole numbers{DIGITS}"],
    ),
    "halves": (
        [UNLIKE // 2 / 2 - 9] * 4,
        "",
        [f"100%{TIE}all scores are numbers with 1 decimal{DIGITS}"],
    ),
    "2 decimals": (
        np.round(PAIRS * 3, 2),
        "",
        [f"100%{TIE}all scores are numbers with 2 decimals{DIGITS}"],
    ),
    "2 decimals as written": (
        written(np.round(PAIRS * 3, 2)),
        "",
        [f"100%{TIE}all scores are numbers with 2 decimals{DIGITS}"],
    ),
    "in half precision": (PAIRS, "bfloat16", [f"100%{TIE}bfloat16{FEW}"]),
    "bfloat16, not said": (short(PAIRS, 8), "", [f"100%{TIE}bfloat16{FEW}"]),
    "bfloat16 as written": (written(short(PAIRS, 8)), "", [f"100%{TIE}bfloat16{FEW}"]),
    "float16, not said": (short(PAIRS / 300, 11), "", [f"100%{TIE}float16{FEW}"]),
    "too large for float32": (
        [1e6 + UNLIKE // 2 / 16] * 4,
        "",
        [f"100%{TIE}they differ by less than float32 can tell; subtract what all share"],
    ),
    "cut off": (
        np.maximum(DRAWN, -19.87654),
        "",
        [
            f"{{}}%{TIE}{{}}% have the lowest score, -19.8765; if that is a floor, lower it",
        ],
    ),
}


@pytest.mark.parametrize("case", BLOCKS)
def test_the_first_block(case):
    rows, dtype, expected = BLOCKS[case]
    said = first_block_alarms(block(rows), "both", dtype)
    if case == "cut off":
        cut = 100 * float((DRAWN < -19.87654).mean())
        assert 50 < cut < 60
        expected = [expected[0].format(f"{cut:g}", f"{cut:.3g}")]
    assert said == expected
    assert first_block_alarms(block(rows), "blind", dtype) == []


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
