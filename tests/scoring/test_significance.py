"""The tests of flipped signs, by enumeration and against analytic values and scipy."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

from livebench.scoring.resampling import RESAMPLES, SeedNoise
from livebench.scoring.significance import RowValues, flip_p, flip_pairs, holm


@pytest.mark.parametrize(
    ("p_values", "expected"),
    [
        ([], []),
        ([0.03], [0.03]),
        # by hand: 0.01 * 3; 0.02 * 2; 0.03 * 1, never below those before
        ([0.01, 0.02, 0.03], [0.03, 0.04, 0.04]),
        ([0.03, 0.01, 0.02], [0.04, 0.03, 0.04]),
        ([0.5, 0.6], [1.0, 1.0]),
    ],
)
def test_holm(p_values, expected):
    assert holm(p_values) == pytest.approx(expected)


@pytest.mark.parametrize(
    "sums",
    [
        [1.2, -0.4, 2.1, 0.7, -1.6, 3.3, 0.9, 1.4],
        [1.0, 1, 0, -1, 2, 0, 1, 1, -2, 3],
        [1 / 3, 2 / 3, -1 / 3, 1, 0, 1 / 3],
    ],
)
def test_flipped_signs_as_scipy(sums):
    expected = stats.permutation_test(
        (np.array(sums),),
        lambda values, axis: np.abs(np.round(values.sum(axis=axis), 9)),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
        alternative="greater",
    ).pvalue
    assert flip_p(np.array(sums)) == pytest.approx(expected)


def test_flipped_signs_where_there_are_too_many_ways():
    # A sum of 40 signs, 28 of them positive: at least 16 from 0, twice a binomial tail.
    sums = np.array([1.0] * 28 + [-1] * 12)
    exact = 2 * stats.binom.sf(27, 40, 0.5)
    error = np.sqrt(exact * (1 - exact) / RESAMPLES)
    assert flip_p(sums) == pytest.approx(exact, abs=4.5 * error)
    assert flip_p(sums) == flip_p(sums) != flip_p(sums, seed=1)
    assert flip_p(np.ones(60)) == pytest.approx(1 / (RESAMPLES + 1))


def ratio(apart, sizes):
    """|mean| / standard error of a difference, from sums by video: the definition."""
    mean = apart.sum() / sizes.sum()
    error = np.sqrt(((apart - mean * sizes) ** 2).sum()) / sizes.sum()
    return abs(mean) / error if error > 1e-12 else (0.0 if abs(mean) < 1e-12 else np.inf)


def enumerated(rows, sizes):
    """p of each pair, and adjusted by the step-down maximum, over all signs."""
    pairs = list(combinations(range(len(rows)), 2))
    observed = [ratio(rows[i] - rows[j], sizes) for i, j in pairs]
    ways = []
    for signs in product((-1, 1), repeat=len(sizes)):
        flipped = [row * np.array(signs) for row in rows]
        ways.append([ratio(flipped[i] - flipped[j], sizes) for i, j in pairs])
    ways = np.array(ways)
    least = np.array(observed) - 1e-9
    order = np.argsort(-np.array(observed), kind="stable")
    adjusted, before = np.empty(len(pairs)), 0.0
    for place, pair in enumerate(order):
        left = order[place:]
        before = max(before, (ways[:, left].max(axis=1) >= least[pair]).mean())
        adjusted[pair] = before
    return (ways >= least).mean(axis=0), adjusted


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("sizes", [[1] * 8, [1, 2, 9, 4, 4, 1, 3, 7]])
def test_all_pairs_by_enumeration(sizes, count):
    generator = np.random.default_rng([len(set(sizes)), count])
    sizes = np.array(sizes, float)
    rows = generator.normal(0, 1, (count, 8)) * np.sqrt(sizes)
    rows += np.linspace(0, 1.2, count)[:, None] * sizes
    expected = enumerated(rows, sizes)
    found = flip_pairs([RowValues(row, ()) for row in rows], sizes)
    assert found.p == pytest.approx(expected[0])
    assert found.adjusted == pytest.approx(expected[1])


def test_adjusted_p_never_falls_and_is_at_least_p():
    generator = np.random.default_rng(4)
    rows = generator.normal(0, 1, (6, 40)) + np.array([0, 0, 0.2, 0.4, 0.5, 1])[:, None]
    found = flip_pairs([RowValues(row, ()) for row in rows], np.ones(40))
    assert (found.adjusted >= found.p).all()
    order = np.argsort(found.p, kind="stable")
    assert (np.diff(found.adjusted[order]) >= -0.01).all()


def test_many_videos_follow_the_normal_law():
    # the sum of 400 values with random signs is normal with the variance of their squares
    generator = np.random.default_rng(8)
    sums = np.stack([np.zeros(400), generator.normal(0.08, 1, 400), generator.normal(0, 1, 400)])
    found = flip_pairs([RowValues(row, ()) for row in sums], np.ones(400))
    for k, (i, j) in enumerate(combinations(range(3), 2)):
        apart = sums[i] - sums[j]
        expected = 2 * stats.norm.sf(abs(apart.sum()) / np.sqrt((apart**2).sum()))
        assert found.p[k] == pytest.approx(expected, abs=0.02)


def test_rows_that_are_equal_and_rows_that_differ_alike_everywhere():
    rows = np.array([np.zeros(6), np.zeros(6), np.ones(6)])
    found = flip_pairs([RowValues(row, ()) for row in rows], np.ones(6))
    # of 64 ways to set the signs two leave all six alike
    assert found.p == pytest.approx([1, 2 / 64, 2 / 64])
    assert found.adjusted == pytest.approx([1, 2 / 64, 2 / 64])


def test_one_row_has_no_pair():
    found = flip_pairs([RowValues(np.ones(5), ())], np.ones(5))
    assert (len(found.p), len(found.adjusted)) == (0, 0)


def test_many_rows_can_still_differ():
    # 60 rows are 1,770 pairs, all of them as far apart as can be
    rows = np.arange(60)[:, None] + np.random.default_rng(0).normal(0, 0.01, (60, 30))
    found = flip_pairs([RowValues(row, ()) for row in rows], np.ones(30))
    assert found.adjusted.max() < 0.05


def test_seeds_that_are_far_apart_leave_students_t():
    # 4,000 videos agree nearly; three runs have a mean with a variance of .04
    generator = np.random.default_rng(1)
    noise = [SeedNoise(np.array([0.04]), np.array([0.0]), 2)]
    apart = 0.9 + generator.normal(0, 0.01, 4_000)
    rows = [RowValues(apart, noise), RowValues(np.zeros(4_000), ())]
    expected = 2 * stats.t.sf(0.9 / 0.2, 2)
    found = flip_pairs(rows, np.ones(4_000), near_flips=RESAMPLES)
    # under a flip the sum of videos is near 0, what is left is noise over its estimate
    assert found.p[0] == pytest.approx(expected, abs=0.01)


def test_a_p_near_the_level_is_taken_from_many_flips():
    generator = np.random.default_rng(12)
    sums = generator.normal(0, 1, 50)
    sums += (1.97 * np.sqrt((sums**2).sum()) - sums.sum()) / 50  # p about .05
    rows = [RowValues(sums, ()), RowValues(np.zeros(50), ())]
    few = [
        flip_pairs(rows, np.ones(50), seed=seed, near_flips=RESAMPLES).adjusted[0]
        for seed in range(3)
    ]
    many = [
        flip_pairs(rows, np.ones(50), seed=seed, near_flips=200_000).adjusted[0]
        for seed in range(3)
    ]
    assert abs(few[0] - 0.05) < 0.015
    assert np.ptp(many) < 4 * np.sqrt(0.05 * 0.95 / 200_000)
    assert set(np.round(np.array(many) * 200_001) % 1) == {0.0}
