"""Intervals over videos and seeds, against analytic values, scipy and enumeration."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from livebench.scoring import resampling
from livebench.scoring.resampling import (
    SeedNoise,
    draw_counts,
    draw_normal,
    mean_intervals,
    seed_noise,
    sum_by_video,
)


def clusters(count, size, seed=11):
    """`count` videos of `size` samples each that are correlated, and their names."""
    generator = np.random.default_rng(seed)
    shift = generator.normal(size=count)
    values = np.repeat(shift, size) + generator.normal(size=count * size) / 3
    return values[:, None], [f"v{n:03}" for n in np.repeat(np.arange(count), size)]


def bootstrap_t_of_means(means, resamples, seed):
    """Bootstrap-t of a plain mean, from its definition: one loop, no sums kept."""
    generator = np.random.default_rng(seed)
    mean, error = means.mean(), means.std() / np.sqrt(len(means))
    ratios = []
    for _ in range(resamples):
        drawn = generator.choice(means, len(means))
        ratios.append((drawn.mean() - mean) / (drawn.std() / np.sqrt(len(means))))
    low, high = np.percentile(ratios, (2.5, 97.5))
    return mean - high * error, mean - low * error


def test_equal_videos_are_a_mean_of_their_means():
    values, videos = clusters(40, 4)
    low, high = bootstrap_t_of_means(values[:, 0].reshape(40, 4).mean(axis=1), 10_000, 0)
    found = mean_intervals(values, videos)
    width = high - low
    assert found.means == pytest.approx([values.mean()])
    assert found.low == pytest.approx([low], abs=0.03 * width)
    assert found.high == pytest.approx([high], abs=0.03 * width)


def test_wide_as_students_t_where_values_are_normal():
    generator = np.random.default_rng(2)
    widths, expected = [], []
    for _ in range(200):
        values = generator.normal(size=(12, 1))
        found = mean_intervals(values, [f"v{k}" for k in range(12)], resamples=2_000)
        widths.append(float(found.high[0] - found.low[0]))
        expected.append(2 * stats.t.ppf(0.975, 11) * values.std(ddof=1) / np.sqrt(12))
    assert np.mean(widths) == pytest.approx(np.mean(expected), rel=0.06)


def test_unequal_videos_by_enumeration():
    # three videos of 1, 2 and 3 samples: 27 equally likely resamples, ratios from their definition
    values = np.array([[1.0], [4.0], [6.0], [0.0], [2.0], [10.0]])
    sums, sizes = np.array([1.0, 10, 12]), np.array([1.0, 2, 3])
    mean = sums.sum() / sizes.sum()

    def mean_and_error(drawn):
        own = sums[drawn].sum() / sizes[drawn].sum()
        return own, np.sqrt(((sums[drawn] - own * sizes[drawn]) ** 2).sum()) / sizes[drawn].sum()

    ratios = []
    for drawn in product(range(3), repeat=3):
        own, error = mean_and_error(list(drawn))
        apart = own - mean
        ratios.append(apart / error if error > 1e-12 else np.sign(apart) * np.inf)
    # 1 in 27 is all of one video, 3.7%: the ends at 2.5% are the extreme ratios
    error = mean_and_error([0, 1, 2])[1]
    low = max(mean - max(ratios) * error, 0.0)
    high = min(mean - min(ratios) * error, 10.0)
    found = mean_intervals(values, ["a", "b", "b", "c", "c", "c"])
    assert (found.low[0], found.high[0]) == pytest.approx((low, high))


def test_what_does_not_count():
    values = np.array([[1.0, 1.0], [3.0, np.nan], [5.0, 5.0], [7.0, 7.0], [2.0, np.nan]])
    videos = ["a", "a", "b", "c", "c"]
    both = mean_intervals(values, videos)
    alone = mean_intervals(values[[0, 2, 3], 1:], ["a", "b", "c"])
    assert both.means == pytest.approx([18 / 5, 13 / 3])
    assert (both.low[1], both.high[1]) == pytest.approx((alone.low[0], alone.high[0]))


@pytest.mark.parametrize("values", [[[1.0], [3.0]], [[2.0], [2.0]]])
def test_one_video_has_no_spread(values):
    found = mean_intervals(np.array(values), ["a", "a"])
    assert (found.low[0], found.means[0], found.high[0]) == (2, 2, 2)


def test_equal_values_have_no_spread():
    found = mean_intervals(np.full((6, 1), 0.3), list("aabbcc"))
    assert (found.low[0], found.high[0]) == pytest.approx((0.3, 0.3))


def test_an_interval_stays_between_the_least_and_the_greatest_value():
    found = mean_intervals(np.array([[0.0], [0.0], [0.0], [1.0]]), list("abcd"))
    assert 0 <= found.low[0] <= 0.25 <= found.high[0] <= 1


def test_coverage():
    """A 95% interval holds the true mean in about 95% of worlds."""
    held = 0
    for seed in range(400):
        values, videos = clusters(20, 3, seed)
        found = mean_intervals(values, videos, resamples=1_000)
        held += bool(found.low[0] <= 0 <= found.high[0])
    assert 0.92 <= held / 400 <= 0.98


def test_order_of_samples_and_of_videos_mean_nothing():
    values, videos = clusters(9, 5)
    whole = mean_intervals(values, videos)
    order = np.random.default_rng(0).permutation(45)
    again = mean_intervals(values[order], [videos[row] for row in order])
    assert np.array(again) == pytest.approx(np.array(whole), abs=1e-12)


@pytest.mark.parametrize("at_once", [1, 9, 10, 45, 899, 900, 901])
def test_how_many_at_once_changes_nothing(monkeypatch, at_once):
    values, videos = clusters(9, 5)
    values = np.hstack([values, values**2])
    whole = mean_intervals(values, videos, resamples=100)
    monkeypatch.setattr(resampling, "VALUES_AT_ONCE", at_once)
    again = mean_intervals(values, videos, resamples=100)
    assert np.array(again) == pytest.approx(np.array(whole), abs=1e-12)


def test_each_video_is_drawn_once_on_average():
    counts = draw_counts(np.random.PCG64(0), 4_000, 25)
    assert (counts.sum(axis=1) == 25).all()
    assert counts.mean(axis=0) == pytest.approx(np.ones(25), abs=5 / np.sqrt(4_000))


def test_normal_numbers():
    drawn = draw_normal(np.random.PCG64(3), 50_000)
    assert stats.kstest(drawn, "norm").pvalue > 0.001
    assert np.isfinite(drawn).all()


class TestSeeds:
    def test_components_of_variance(self):
        # run means 1, 2, 6: variance 7, over 3 runs 7/3; all samples shift alike, nothing interacts
        runs = np.array([1.0, 2, 6])[:, None, None] + np.zeros((3, 8, 1))
        (noise,) = seed_noise(runs, list("aabbccdd"))
        assert noise.between == pytest.approx([7 / 3])
        assert noise.expected == pytest.approx([0])
        assert noise.freedom == 2
        assert noise.variance == pytest.approx([7 / 3])

    def test_by_hand_with_interaction(self):
        # two runs on two videos of one sample: means 1 and 3; residuals -2, 0 and 2, 0; centred by
        # their means (-1 and 1): -1, 1 and 1, -1; squares 2 each, over 2 samples squared .5 each
        runs = np.array([[[0.0], [2.0]], [[4.0], [2.0]]])
        (noise,) = seed_noise(runs, ["a", "b"])
        assert noise.between == pytest.approx([2 / 2])
        assert noise.expected == pytest.approx([1 / 2])
        assert noise.variance == pytest.approx([1 / 2])

    def test_unbiased(self):
        """Over many worlds the mean of between less expected is what seeds add."""
        generator = np.random.default_rng(8)
        excess = []
        for _ in range(2_000):
            runs = generator.normal(size=(3, 1, 1)) * 0.5 + generator.normal(size=(3, 30, 1))
            (noise,) = seed_noise(runs, [f"v{k}" for k in range(30)])
            excess.append(float(noise.between[0] - noise.expected[0]))
        error = np.std(excess) / np.sqrt(2_000)
        # the interaction of 30 videos is estimated with 29 of 30 of its variance
        assert np.mean(excess) == pytest.approx(0.25 / 3 + 1 / 30 / 3 / 30, abs=4 * error)

    def test_one_run_has_none(self):
        assert seed_noise(np.ones((1, 4, 2)), list("abcd")) == []

    def test_seeds_alone_give_students_t(self):
        # videos all alike: what is left is the mean of three runs, and Student's t with two degrees
        noise = SeedNoise(np.array([0.04]), np.array([0.0]), 2)
        values = np.zeros((50, 1)) + np.linspace(-50, 50, 50)[:, None] * 1e-6
        values[0], values[-1] = -100, 100
        videos = ["a"] * 50
        found = mean_intervals(values, videos, [noise])
        half = stats.t.ppf(0.975, 2) * 0.2
        assert found.high[0] - found.means[0] == pytest.approx(half, rel=0.06)
        assert found.means[0] - found.low[0] == pytest.approx(half, rel=0.06)

    def test_noise_of_two_adds(self):
        noise = [SeedNoise(np.array([0.03]), np.array([0.0]), 400) for _ in range(2)]
        values, videos = clusters(60, 1)
        plain, noisy = mean_intervals(values, videos), mean_intervals(values, videos, noise)
        width = np.hypot((plain.high - plain.low)[0], 2 * 1.96 * np.sqrt(0.06))
        assert (noisy.high - noisy.low)[0] == pytest.approx(width, rel=0.04)


def test_sums_by_video():
    values = np.array([[1.0, 10], [2, 20], [4, 40]])
    assert sum_by_video(values, np.array([1, 0, 1])).tolist() == [[2, 20], [5, 50]]
