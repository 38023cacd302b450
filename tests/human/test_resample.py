"""Intervals: against slow, plain code of their own definition, and against the truth."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_raters import PAPER, Qualities, draw_raters, plain_key, simulate, true_means

from livebench.human.analysis.report import clusters_of
from livebench.human.analysis.resample import (
    SCALE_SPAN,
    Clusters,
    mean_estimate,
    nan_mean,
    percentile_interval,
)
from livebench.human.analysis.system_tests import by_moment

WIDE = (-1e9, 1e9)


def plainly(values, videos, weights):
    """The studentised interval, one resample after the other, from moments written out."""
    rows = {
        video: [k for k, one in enumerate(videos) if one == video] for video in sorted(set(videos))
    }

    def mean_and_error(drawn):
        found = [values[k] for video in drawn for k in rows[video]]
        mean = sum(found) / len(found)
        squares = sum(sum(values[k] - mean for k in rows[video]) ** 2 for video in drawn)
        return mean, np.sqrt(squares) / len(found)

    mean, error = mean_and_error(list(rows))
    ratios = []
    for counts in weights:
        drawn = [
            video for video, count in zip(rows, counts, strict=True) for _ in range(int(count))
        ]
        again, own = mean_and_error(drawn)
        ratios.append((again - mean) / own)
    least, most = (
        np.quantile(ratios, 0.025, method="lower"),
        np.quantile(ratios, 0.975, method="higher"),
    )
    return mean, mean - most * error, mean - least * error


@pytest.mark.parametrize("videos", ["abcdefghijkl", "aabbbcdefghh"])
def test_the_definition(videos):
    values = np.array([1, 2.5, 3, 3, 4, 4.5, 2, 5, 1.5, 3.5, 4, 2.0])
    clusters = Clusters(list(videos), resamples=999)
    found = mean_estimate(values, clusters, span=WIDE)
    expected = plainly(values, list(videos), clusters.weights)
    assert np.allclose((found.value, found.low, found.high), expected, rtol=0, atol=1e-9)
    assert found.n == 12


def test_moments_of_a_video_stay_together():
    values = np.repeat([1.0, 2, 3, 4, 5, 2, 3, 4], 5)
    alone = mean_estimate(values, Clusters([f"v{k}" for k in range(40)]), span=WIDE)
    together = mean_estimate(values, Clusters([f"v{k // 5}" for k in range(40)]), span=WIDE)
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_many_moments_agree_with_student():
    from scipy import stats

    values = np.random.default_rng(0).normal(3, 1, 400)
    found = mean_estimate(values, Clusters([f"v{k}" for k in range(400)]), span=WIDE)
    t = stats.t.interval(0.95, 399, values.mean(), stats.sem(values))
    assert np.allclose((found.low, found.high), t, atol=0.01)


@pytest.mark.parametrize(
    ("values", "videos", "why"),
    [
        ([np.nan, np.nan], "ab", "nothing was rated"),
        ([3, 4], "aa", "all moments are of one video: no interval"),
        ([4, 4, 4], "abc", "all moments have the same value: no interval"),
        ([4, np.nan, np.nan], "abc", "all moments are of one video: no interval"),
    ],
)
def test_undefined_with_the_reason(values, videos, why):
    found = mean_estimate(np.array(values, float), Clusters(list(videos)), span=SCALE_SPAN)
    assert (found.low, found.high, found.why) == (None, None, why)
    assert found.n == np.count_nonzero(~np.isnan(values))


def test_an_interval_stays_on_the_scale():
    values = np.array([5.0] * 30 + [4])
    found = mean_estimate(values, Clusters([f"v{k}" for k in range(31)]), span=SCALE_SPAN)
    assert found.low < found.value < found.high <= 5.0


def test_missing_values_are_left_out():
    values = np.array([1, np.nan, 3, 4, np.nan, 2])
    clusters = Clusters(list("abcdef"))
    found = mean_estimate(values, clusters, span=WIDE)
    assert (found.value, found.n) == (2.5, 4)
    assert found.low < 2.5 < found.high


def test_percentile_interval():
    assert percentile_interval(np.arange(101.0)) == (2.5, 97.5)
    assert percentile_interval(np.array([np.nan] * 6 + [1.0] * 94)) is None
    assert percentile_interval(np.array([np.nan] * 5 + [1.0] * 95)) == (1.0, 1.0)


def test_true_means_of_simulated_raters():
    # Against a great many moments: a mean of 5,000 has a standard error below 1 / 70.
    generator = np.random.default_rng(3)
    raters = draw_raters(generator, ["honest"] * 3)
    ratings = simulate(plain_key(5_000, list(PAPER), 3), raters, generator, Qualities())
    for system in PAPER:
        found = nan_mean(by_moment(ratings, system)).mean(axis=0)
        truth = true_means(raters, Qualities(), system)
        assert np.allclose(found, truth, rtol=0, atol=0.06)


@pytest.mark.slow
def test_intervals_cover_the_truth():
    # 12 means in each of 150 studies; within a study they share raters, so the bounds are wide here, and
    # benchmarks/human_calibration.py runs 1,000 studies.
    key, world, covered = plain_key(100, list(PAPER), 3), Qualities(), []
    clusters = clusters_of(key, resamples=2_000)
    for run in range(150):
        generator = np.random.default_rng(run)
        raters = draw_raters(generator, ["honest"] * 3)
        ratings = simulate(key, raters, generator, world)
        for system in PAPER:
            truth = true_means(raters, world, system)
            values = nan_mean(by_moment(ratings, system))
            for c in range(3):
                one = mean_estimate(values[:, c], clusters, span=SCALE_SPAN)
                covered.append(one.low <= truth[c] <= one.high)
    assert 0.93 <= np.mean(covered) <= 0.97
