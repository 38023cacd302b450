"""The check afresh in half precision: how far scores may differ, and in which direction ranks change."""

from __future__ import annotations

from collections import Counter

import msgspec
import numpy as np
import pytest

from livebench.scoring.plausibility import (
    Deviation,
    Direction,
    Plausibility,
    Ties,
    measure_plausibility,
    plausibility_remarks,
)
from livebench.scoring.scorer import Comment, Sample, Scorer, VideoContext


def asked_afresh(first, fresh, dtype, correct):
    """Measures a scorer that gives each sample the scores of `fresh`, as its candidates' texts."""

    class Says(Scorer):
        def score(self, video_ctx, comments, candidate):
            return float(candidate.text)

    moment = VideoContext(0, np.empty((0, 0), np.float32), np.empty(0, np.int64), "", "")
    some = [
        (str(place), Sample(moment, [], [Comment(repr(float(score)), "") for score in row]))
        for place, row in enumerate(fresh)
    ]
    return measure_plausibility(
        Says(),
        iter(some),
        {str(place): row for place, row in enumerate(first)},
        False,
        correct={str(place): correct for place in range(len(first))},
        dtype=dtype,
    )


# Number format, what is added to one score of -1, whether the sample deviates: 16 units of rounding of
# 8 are .5 and .0625.
NEAR_0 = [
    ("float32", 1.1e-4, 1),
    ("float16", 0.06, 0),
    ("float16", 0.07, 1),
    ("bfloat16", 0.45, 0),
    ("bfloat16", 0.55, 1),
]


@pytest.mark.parametrize(("dtype", "more", "expected"), NEAR_0)
def test_the_tolerance_of_half_precision_does_not_shrink_with_the_score(dtype, more, expected):
    fresh = -1 - 0.01 * np.arange(100.0)[None]
    first = fresh.copy()
    first[0, 0] += more
    found = asked_afresh(first, fresh, dtype, np.arange(100) == 50)
    assert found.fresh.samples == expected


# By hand: (14, 0) has p = 2**-14 = 6e-5, (13, 0) 1.2e-4; (17, 1) (1 + 18) / 2**18 = 7e-5, (16, 1)
# (1 + 17) / 2**17 = 1.4e-4. The limit is 1e-4.
SIGNS = [
    ((0, 0), False),
    ((13, 0), False),
    ((14, 0), True),
    ((0, 13), False),
    ((0, 14), True),
    ((16, 1), False),
    ((17, 1), True),
    ((25, 25), False),
]


@pytest.mark.parametrize(("counts", "expected"), SIGNS)
def test_in_one_direction(counts, expected):
    better, worse = counts
    assert Direction(better, worse).one_sided == expected
    quiet = Deviation(0, 0.0)
    found = Plausibility(50, quiet, quiet, quiet, quiet, direction=Direction(better, worse))
    assert found.remembers == expected
    told = (
        "no rank: scores depend on what was scored before (afresh, the correct comment ranks worse in "
        f"{better} samples, better in {worse})"
    )
    assert plausibility_remarks(found, Ties(0, 0), listwise=False) == ((told,) if expected else ())


def simulated(noise, hint, times):
    """How often ranks change in one direction: the scores of 50 samples twice, with noise, as a language
    model in half precision has it, and a hint in the first."""
    random = np.random.default_rng(5)
    scores = -random.gamma(4, 15, (50, 100)).astype(np.float32)
    counts = Counter()
    for _ in range(times):
        first, fresh = scores * (1 + noise * random.standard_normal((2, 50, 100), np.float32))
        first[:, 0] += hint * np.abs(scores[:, 0])  # the correct one
        above, above_fresh = ((one > one[:, :1]).sum(axis=1) for one in (first, fresh))
        counts[int((above < above_fresh).sum()), int((above > above_fresh).sum())] += 1
    return sum(n for found, n in counts.items() if Direction(*found).one_sided) / times


@pytest.mark.parametrize("noise", [0.01, 0.03])
def test_noise_goes_both_ways_and_a_hint_does_not(noise):
    assert simulated(noise, 0, 2500) < 1e-3
    assert simulated(noise, 0.055, 100) > 0.95


HINTS = [
    # Number format, what is added to the correct comment of what is claimed, in how many of 30 samples;
    # direction, and whether it costs the rank.
    ("bfloat16", 0.055, 30, Direction(30, 0), True),
    ("bfloat16", -0.055, 30, Direction(0, 30), True),  # in blind, for pmi
    ("bfloat16", 0.055, 13, Direction(13, 0), False),
    ("bfloat16", 0, 30, Direction(0, 0), False),
    ("float16", 0.007, 30, Direction(30, 0), True),
    ("float32", 0, 30, msgspec.UNSET, False),
]


@pytest.mark.parametrize(("dtype", "hint", "samples", "direction", "expected"), HINTS)
def test_a_hint_within_the_tolerance_of_half_precision(dtype, hint, samples, direction, expected):
    # 100 candidates at -50.0, -50.2, ...; the correct one is in their middle.
    fresh = np.tile(-50.1 - 0.2 * np.arange(100.0), (30, 1))
    first = fresh.copy()
    first[:samples, 50] *= 1 - hint
    found = asked_afresh(first, fresh, dtype, np.arange(100) == 50)
    assert found.fresh.samples == 0
    assert (found.direction, found.remembers) == (direction, expected)


def test_a_hint_that_breaks_ties():
    """All candidates tie in a fresh process; nothing is above the correct one there either."""
    fresh = np.full((30, 100), -50.0)
    first = fresh.copy()
    first[:, 50] += 1
    found = asked_afresh(first, fresh, "bfloat16", np.arange(100) == 50)
    assert (found.direction, found.remembers) == (Direction(30, 0), True)


def test_results_of_before_and_in_float32_are_written_as_they_were():
    quiet = Deviation(0, 0.0)
    old = Plausibility(50, quiet, quiet, quiet, quiet, "5e", 3)
    assert b"direction" not in msgspec.json.encode(old)
    assert msgspec.json.decode(msgspec.json.encode(old), type=Plausibility) == old
