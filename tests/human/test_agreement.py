"""Agreement: scipy and the library to 1e-9 on random tables with ties and gaps; reasons."""

from __future__ import annotations

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr
from simulated_raters import plain_key

from livebench.human.analysis.agreement import (
    agreement,
    alpha_of_tables,
    coincidences,
    rater_pairs,
    spearman,
    spearman_of_tables,
)
from livebench.human.analysis.report import clusters_of
from livebench.human.sheets.key import CRITERIA

TOLERANCE = {"rtol": 0, "atol": 1e-9}
TABLES = arrays(
    np.float64,
    st.tuples(st.integers(2, 5), st.integers(3, 30)),
    elements=st.sampled_from([1.0, 2, 3, 4, 5, np.nan]),
)


def table(x, y):
    """Joint counts, one rating after the other."""
    found = np.zeros((5, 5))
    for a, b in zip(x, y, strict=True):
        if not (np.isnan(a) or np.isnan(b)):
            found[int(a) - 1, int(b) - 1] += 1
    return found


@given(TABLES)
def test_spearman_is_that_of_scipy(ratings):
    x, y = ratings[:2]
    value, n, why = spearman(x, y, ("R1", "R2"))
    both = ~(np.isnan(x) | np.isnan(y))
    assert n == both.sum()
    constant = n and (np.ptp(x[both]) == 0 or np.ptp(y[both]) == 0)
    assert (value is None) == bool(why) == bool(n < 3 or constant)
    if value is not None:
        expected = spearmanr(x[both], y[both]).statistic
        assert np.allclose(value, expected, **TOLERANCE)
        assert np.allclose(spearman_of_tables(table(x, y)), expected, **TOLERANCE)
    elif n >= 3:
        assert np.isnan(spearman_of_tables(table(x, y)))


@given(TABLES)
def test_alpha_is_that_of_the_library(ratings):
    counted = ratings[:, (~np.isnan(ratings)).sum(axis=0) > 1]
    found = alpha_of_tables(coincidences(ratings).sum(axis=0).reshape(5, 5))
    if len(np.unique(counted[~np.isnan(counted)])) < 2:
        assert np.isnan(found)
    else:
        expected = krippendorff.alpha(ratings, level_of_measurement="ordinal")
        assert np.allclose(found, expected, **TOLERANCE)


def test_alpha_of_krippendorffs_own_example():
    # Krippendorff, Computing Krippendorff's alpha-reliability (2011), section C, four observers and
    # gaps: .815 is the ordinal value that is given there.
    gap = np.nan
    ratings = np.array(
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, gap, gap, gap],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, gap, 3],
            [gap, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, gap],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, gap],
        ]
    )
    found = alpha_of_tables(coincidences(ratings).sum(axis=0).reshape(5, 5))
    assert round(float(found), 3) == 0.815


@pytest.fixture
def gappy(rated):
    """Ratings of three raters and 30 moments of 20 videos, a tenth of them missing."""
    found = rated(plain_key(30, ["a", "b", "human"], 3, videos=20), world=world())
    gaps = np.random.default_rng(1).random(found.values.shape) < 0.1
    found.values[gaps] = np.nan
    return found


def world():
    from simulated_raters import Qualities

    return Qualities({"a": (4, 2, 3), "b": (3, 3, 3), "human": (4.5, 3.5, 4)})


def test_the_report_of_agreement(gappy):
    clusters = clusters_of(gappy.key, resamples=500)
    pairs = rater_pairs(gappy, clusters)
    found = {one.criterion: one for one in agreement(gappy, pairs, clusters)}
    assert list(found) == [*CRITERIA, "pooled"]
    for name, one in found.items():
        values = gappy.values[:, :, CRITERIA.index(name)] if name != "pooled" else None
        if values is None:  # all ratings as one list
            values = gappy.values.reshape(3, -1)
        expected = []
        for (i, j), pair in zip(((0, 1), (0, 2), (1, 2)), one.pairs, strict=True):
            both = ~np.isnan(values[[i, j]]).any(axis=0)
            expected.append(spearmanr(values[i][both], values[j][both]).statistic)
            assert np.allclose(pair.spearman.value, expected[-1], **TOLERANCE)
            assert pair.spearman.n == both.sum()
            assert pair.spearman.low < expected[-1] < pair.spearman.high
        assert np.allclose(one.mean.value, np.mean(expected), **TOLERANCE)
        assert (one.mean.n, one.mean.why) == (3, "")
        alpha = krippendorff.alpha(values, level_of_measurement="ordinal")
        assert np.allclose(one.alpha.value, alpha, **TOLERANCE)
        assert one.alpha.low < alpha < one.alpha.high


def test_resamples_are_those_of_whole_videos(gappy):
    # A resample written out: the ratings of each video as often as it was drawn.
    clusters = clusters_of(gappy.key, resamples=5)
    pair = rater_pairs(gappy, clusters)[1]
    video = {m.sample_id: clusters.of[k] for k, m in enumerate(gappy.key.moments)}
    for number, counts in enumerate(clusters.weights):
        times = [int(counts[video[item.sample_id]]) for item in gappy.key.items]
        x, y = (np.repeat(gappy.values[k, :, 1], times) for k in (0, 2))
        both = ~(np.isnan(x) | np.isnan(y))
        expected = spearmanr(x[both], y[both]).statistic
        assert np.allclose(pair.resampled_on(1)[number], expected, **TOLERANCE)


@pytest.mark.parametrize(
    ("first", "second", "n", "why"),
    [
        ([3, 3, 3, 3], [1, 2, 3, 4], 4, "undefined: R1 gave 3 4 times and nothing else"),
        ([1, 2, 3, 4], [5, 5, 5, 5], 4, "undefined: R2 gave 5 4 times and nothing else"),
        ([1, 2, np.nan, np.nan], [1, 2, 3, 4], 2, "undefined: 2 ratings in common, 3 are needed"),
    ],
)
def test_undefined_with_the_reason(ratings_of, first, second, n, why):
    found = ratings_of(plain_key(2, ["a", "b"], 3), [first, second, [1, 2, 3, 5]])
    clusters = clusters_of(found.key, resamples=200)
    one = agreement(found, rater_pairs(found, clusters), clusters)[0]
    estimate = one.pairs[0].spearman
    assert (estimate.value, estimate.low, estimate.n, estimate.why) == (None, None, n, why)
    assert one.mean.n in (1, 2)
    assert one.mean.why.startswith("of ") or "no interval" in one.mean.why


def test_one_rater(ratings_of):
    found = ratings_of(plain_key(2, ["a", "b"], 1), [[1, 2, 3, 4]])
    clusters = clusters_of(found.key, resamples=200)
    one = agreement(found, rater_pairs(found, clusters), clusters)[0]
    assert one.pairs == []
    assert (one.mean.value, one.mean.why) == (None, "undefined: one rater")
    assert (one.alpha.value, one.alpha.why) == (None, "undefined: no item has two ratings")


def test_all_ratings_equal(ratings_of):
    found = ratings_of(plain_key(2, ["a", "b"], 2), [[4] * 4, [4] * 4])
    clusters = clusters_of(found.key, resamples=200)
    one = agreement(found, rater_pairs(found, clusters), clusters)[3]
    assert (one.alpha.value, one.alpha.why) == (None, "undefined: all ratings are 4")
    assert (one.mean.value, one.mean.why) == (None, "undefined: no pair has a coefficient")
