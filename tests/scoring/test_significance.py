"""Bootstrap over videos and the sign-flip test, against analytic values and scipy."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from livebench.scoring import significance
from livebench.scoring.metrics import intervals
from livebench.scoring.significance import bootstrap_means, flip_p, holm


def clusters(count, size, seed=11):
    """`count` videos of `size` samples each that hang together, and their names."""
    generator = np.random.default_rng(seed)
    shift = generator.normal(size=count)
    values = np.repeat(shift, size) + generator.normal(size=count * size) / 3
    return values[:, None], [f"v{n:03}" for n in np.repeat(np.arange(count), size)]


def test_mean_and_spread_for_equal_clusters():
    values, videos = clusters(40, 7)
    found = bootstrap_means(values, videos, resamples=40_000)[:, 0]
    of_videos = values[:, 0].reshape(40, 7).mean(axis=1)
    error = of_videos.std() / np.sqrt(40)  # of a mean of 40 drawn with replacement from these
    assert found.mean() == pytest.approx(values.mean(), abs=4 * error / np.sqrt(40_000))
    assert found.std() == pytest.approx(error, rel=4 / np.sqrt(2 * 40_000))
    # samples taken for independent would give an interval far too narrow
    assert error > 2 * values.std() / np.sqrt(len(values))


def test_interval_as_scipy():
    values, videos = clusters(60, 4)
    of_videos = values[:, 0].reshape(60, 4).mean(axis=1)
    expected = stats.bootstrap(
        (of_videos,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    (found,) = intervals(values, videos, resamples=20_000)
    width = expected.high - expected.low
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(expected.low, abs=0.03 * width)
    assert found.high == pytest.approx(expected.high, abs=0.03 * width)


def test_unequal_clusters_by_enumeration():
    # three videos of 1, 2 and 3 samples: 27 equally likely resamples
    values = np.array([[1.0], [4.0], [6.0], [0.0], [2.0], [10.0]])
    videos = ["a", "b", "b", "c", "c", "c"]
    sums, sizes = np.array([1, 10, 12]), np.array([1, 2, 3])
    exact = [
        sums[list(drawn)].sum() / sizes[list(drawn)].sum() for drawn in product(range(3), repeat=3)
    ]
    found = bootstrap_means(values, videos, resamples=30_000)[:, 0]
    places, counts = np.unique(np.round(found, 9), return_counts=True)
    expected = {value: exact.count(value) / 27 for value in exact}
    assert places == pytest.approx(sorted({round(value, 9) for value in exact}))
    for place, count in zip(places, counts, strict=True):
        share = sum(p for value, p in expected.items() if abs(value - place) < 1e-6)
        assert count / 30_000 == pytest.approx(share, abs=4 * np.sqrt(share / 30_000))


def test_coverage():
    """A 95% interval holds the true mean in about 95% of worlds (a little less with 40 videos)."""
    held = 0
    for seed in range(300):
        values, videos = clusters(40, 3, seed)
        (found,) = intervals(values, videos, resamples=500)
        held += found.low <= 0 <= found.high
    assert 0.88 <= held / 300 <= 0.98


def test_seeds():
    values, videos = clusters(9, 5)
    one = bootstrap_means(values, videos, seed=1, resamples=100)
    assert np.array_equal(one, bootstrap_means(values, videos, seed=1, resamples=100))
    assert not np.array_equal(one, bootstrap_means(values, videos, seed=2, resamples=100))
    # two submissions are resampled alike: the difference of means is the mean of differences
    other = bootstrap_means(values * 2 + 1, videos, seed=1, resamples=100)
    assert other == pytest.approx(one * 2 + 1)


def test_fewer_resamples_are_the_first_of_more():
    values, videos = clusters(9, 5)
    more = bootstrap_means(values, videos, resamples=100)
    assert bootstrap_means(values, videos, resamples=30) == pytest.approx(more[:30], abs=1e-13)


@pytest.mark.parametrize("at_once", [1, 9, 10, 45, 899, 900, 901])
def test_how_many_at_once_changes_nothing(monkeypatch, at_once):
    values, videos = clusters(9, 5)
    values = np.hstack([values, values**2])
    whole = bootstrap_means(values, videos, resamples=100)
    monkeypatch.setattr(significance, "VALUES_AT_ONCE", at_once)
    assert bootstrap_means(values, videos, resamples=100) == pytest.approx(whole, abs=1e-13)


def test_the_order_of_samples_changes_nothing():
    values, videos = clusters(9, 5)
    whole = bootstrap_means(values, videos, resamples=100)
    order = np.random.default_rng(0).permutation(45)
    again = bootstrap_means(values[order], [videos[row] for row in order], resamples=100)
    assert again == pytest.approx(whole, abs=1e-12)


def test_one_video_has_no_spread():
    (found,) = intervals(np.array([[1.0], [3.0]]), ["a", "a"], resamples=50)
    assert (found.low, found.value, found.high) == (2, 2, 2)


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
    error = np.sqrt(exact * (1 - exact) / significance.RESAMPLES)
    assert flip_p(sums) == pytest.approx(exact, abs=4.5 * error)
    assert flip_p(sums) == flip_p(sums) != flip_p(sums, seed=1)
    assert flip_p(np.ones(60)) == pytest.approx(1 / (significance.RESAMPLES + 1))
