"""Raters: who looks careless is named with the reason, and nobody is dropped."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_raters import CARELESS, PAPER, Qualities, plain_key

from livebench.human.analysis.agreement import rater_pairs
from livebench.human.analysis.raters import describe_raters, self_agreement
from livebench.human.analysis.report import clusters_of

KEY = plain_key(60, list(PAPER), 3, repeats=10)


def described(ratings, resamples=1000):
    clusters = clusters_of(ratings.key, resamples=resamples)
    return {one.rater: one for one in describe_raters(ratings, rater_pairs(ratings, clusters))}


def reasons(ratings):
    return {
        name: [why.split(":")[0] for why in one.careless]
        for name, one in described(ratings).items()
    }


PAPERS = Qualities()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("honest", []),
        ("constant", ["constant"] * 3),
        ("reversed", ["no agreement", *["negative"] * 3]),
    ],
)
def test_the_third_rater(rated, kind, expected):
    found = reasons(rated(KEY, "honest", "honest", kind, world=PAPERS))
    assert found == {"R1": [], "R2": [], "R3": expected}


@pytest.mark.parametrize("kind", ["random", "sticky"])
def test_one_who_does_not_look(rated, kind):
    found = reasons(rated(KEY, "honest", "honest", kind, world=PAPERS))
    assert found["R1"] == found["R2"] == []
    assert found["R3"][0] == "no agreement"


def test_what_is_said(rated):
    found = described(rated(KEY, "honest", "random", "honest", world=PAPERS))["R2"].careless
    assert found[0].startswith(
        "no agreement: with no other rater is the correlation above 0 at 1%; the best"
    )
    found = described(rated(KEY, "honest", "constant", "honest", world=PAPERS))["R2"].careless
    assert found[0] == "constant: gave fluency 3 to all 240 items"
    found = described(rated(KEY, "honest", "reversed", "honest", world=PAPERS))["R2"].careless
    text = (
        "negative: the correlation with each other rater on relevance is below 0; their mean is -0."
    )
    assert found[2].startswith(text)


def test_with_two_raters_it_cannot_be_told_which(rated):
    key = plain_key(60, list(PAPER), 2)
    found = described(rated(key, "honest", "random", world=PAPERS))
    for one in found.values():
        assert one.careless[0].endswith("(with two raters it cannot be told which of them)")


def test_one_rater_is_not_held_against_anyone(rated):
    assert reasons(rated(plain_key(60, list(PAPER), 1), "random", world=PAPERS)) == {"R1": []}


def test_no_self_agreement(rated):
    # Second ratings of R3 belong to other comments: they agree with the others, and not with themselves.
    ratings = rated(KEY, world=PAPERS)
    ratings.again[2, :40] = np.random.default_rng(0).permutation(ratings.again[2, :40])
    found = described(ratings)
    assert not found["R1"].careless
    [why] = found["R3"].careless
    assert why.startswith(
        "no self-agreement: over 40 items rated twice the correlation with themselves is "
    )


def test_few_repeats_are_not_held_against_anyone(rated):
    ratings = rated(KEY, world=PAPERS)
    ratings.again[2, :40] = np.random.default_rng(0).permutation(ratings.again[2, :40])
    ratings.again[2, 19:] = np.nan
    assert described(ratings)["R3"].careless == []


def test_self_agreement_worked_by_hand():
    # 1 1, 2 3, 3 3, 5 2, and one that came once: two of four equal, three within 1. Ranks 1 2 3 4 and
    # 1 3.5 3.5 2: covariance sum (-1.5 -1.5) + (-.5 1) + (.5 1) + (1.5 -.5) = 1.5; squares 5 and 4.5.
    found = self_agreement(np.array([1, 2, 3, 5, 4]), np.array([1, 3, 3, 2, np.nan]), "R1")
    assert (found.n, found.equal, found.within_one) == (4, 0.5, 0.75)
    assert found.spearman == pytest.approx(1.5 / np.sqrt(5 * 4.5))
    nothing = self_agreement(np.array([1.0]), np.array([np.nan]), "R1")
    assert (nothing.n, nothing.equal, nothing.why) == (
        0,
        None,
        "undefined: nothing was rated twice",
    )
    constant = self_agreement(np.array([2, 2, 2.0]), np.array([1, 2, 3.0]), "R1")
    assert (constant.spearman, constant.why) == (
        None,
        "undefined: R1 gave 2 3 times and nothing else",
    )


def test_scale_use_worked_by_hand(ratings_of):
    key = plain_key(2, ["a", "human"], 1)
    found = described(ratings_of(key, [[1, 5, 2, 4]]))["R1"].scales["fluency"]
    assert (found.mean, found.counts) == (3, [1, 1, 0, 1, 1])
    assert found.sd == pytest.approx(np.sqrt(10 / 3))
    assert found.systems == {"a": 1.5, "human": 4.5}


@pytest.mark.slow
@pytest.mark.parametrize("kind", CARELESS)
def test_careless_raters_are_named_and_honest_ones_are_not(rated, kind):
    # benchmarks/human_calibration.py runs 1,000 studies and holds them to 95% and 5%.
    key = plain_key(100, list(PAPER), 3, repeats=10)
    found = [
        reasons(rated(key, "honest", "honest", kind, seed=seed, world=PAPERS)) for seed in range(20)
    ]
    assert sum(bool(one["R3"]) for one in found) >= 19
    assert sum(bool(one["R1"]) + bool(one["R2"]) for one in found) <= 2
