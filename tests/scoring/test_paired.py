"""Ranks by paired tests, and comparisons of two, against scipy and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from livebench.scoring.metrics import METRICS
from livebench.scoring.paired import LARGEST, RowPair, compare_scorers, pair_tests, rank_spreads
from livebench.scoring.resampling import RESAMPLES


def test_equal_rows():
    values = np.random.default_rng(0).random((1, 40)).repeat(2, axis=0)[:, None]
    (pair,) = pair_tests(["a", "b"], values, [f"v{n // 4}" for n in range(40)])
    assert (pair.p, pair.p_adjusted, pair.significant) == (1.0, 1.0, False)
    assert (pair.difference.value, pair.difference.low, pair.difference.high) == (0, 0, 0)
    assert pair_tests(["a"], values[:1], ["v"] * 40) == []


def test_pairs_of_a_board():
    generator = np.random.default_rng(5)
    videos = [f"v{n // 5:02}" for n in range(200)]
    base = generator.random(200)
    values = np.stack(
        [
            base + 0.2 + generator.normal(0, 0.01, 200),
            base + generator.normal(0, 0.05, 200),
            base - 0.3,
        ]
    )[:, None]
    found = pair_tests(["a", "b", "c"], values, videos)
    assert [(pair.first, pair.second) for pair in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    for pair, (i, j) in zip(found, [(0, 1), (0, 2), (1, 2)], strict=True):
        assert pair.difference.value == pytest.approx((values[i] - values[j]).mean())
        assert pair.difference.low <= pair.difference.value <= pair.difference.high
        assert pair.p == pytest.approx(1 / (RESAMPLES + 1))
        assert pair.p_adjusted == pytest.approx(pair.p)  # no flip gives as much for any pair
    again = pair_tests(["a", "b", "c"], values, videos)
    assert again == found


def pair(first, second, difference, p_adjusted):
    from livebench.scoring.metrics import Interval

    return RowPair(first, second, Interval(difference, 0, 0), 0.0, p_adjusted)


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], {"a": (1, 3), "b": (1, 3), "c": (1, 3)}),
        # a beats c; b can be told from neither
        (
            [pair("a", "b", 0.1, 0.2), pair("a", "c", 0.3, 0.01), pair("b", "c", 0.2, 0.06)],
            {"a": (1, 2), "b": (1, 3), "c": (2, 3)},
        ),
        (
            [pair("a", "b", 0.1, 0.04), pair("a", "c", 0.3, 0.01), pair("b", "c", 0.2, 0.01)],
            {"a": (1, 1), "b": (2, 2), "c": (3, 3)},
        ),
        (
            [pair("a", "b", 0.1, 0.05)],
            {"a": (1, 3), "b": (1, 3), "c": (1, 3)},
        ),  # 5% is not below 5%
        ([pair("a", "b", -0.1, 0.01)], {"a": (2, 3), "b": (1, 2), "c": (1, 3)}),
    ],
    ids=["no pairs", "one", "all", "at the level", "the second is better"],
)
def test_rank_spreads(pairs, expected):
    assert rank_spreads(["a", "b", "c"], pairs) == expected


def compared(first_ranks, second_ranks, videos):
    """Compare two scorers by the ranks of the one correct candidate."""

    def metrics(found):
        found = np.asarray(found, float)
        return np.stack([*(100.0 * (found <= k) for k in (1, 5, 10)), found, 1 / found], axis=1)

    names = [f"s{n:02}" for n in range(len(videos))]
    return compare_scorers(
        metrics(first_ranks)[None],
        metrics(second_ranks)[None],
        sample_ids=names,
        videos=videos,
        categories=["c"] * len(videos),
    )


def test_comparison_by_hand():
    found = compared([1, 2, 4, 10, 3], [2, 1, 4, 5, 1], ["u", "u", "u", "v", "w"])
    assert (found.samples, found.videos) == (5, 3)
    # reciprocal: 1 - 1/2, 1/2 - 1, 0, 1/10 - 1/5, 1/3 - 1
    assert (found.by_sample.first, found.by_sample.second, found.by_sample.equal) == (1, 3, 1)
    assert (found.by_video.first, found.by_video.second, found.by_video.equal) == (0, 2, 1)
    assert [(one.sample_id, one.first_rank, one.second_rank) for one in found.largest] == [
        ("s04", 3, 1),
        ("s00", 1, 2),  # as large as s01, by name
        ("s01", 2, 1),
        ("s03", 10, 5),
    ]
    mrr = found.metrics["MRR"]
    assert mrr.first.value == pytest.approx((1 + 1 / 2 + 1 / 4 + 1 / 10 + 1 / 3) / 5)
    assert mrr.second.value == pytest.approx((1 / 2 + 1 + 1 / 4 + 1 / 5 + 1) / 5)
    assert mrr.difference.value == pytest.approx((0 - 1 / 10 - 2 / 3) / 5)
    # sums by video 0, -1/10, -2/3: of 8 ways 4 are at least as far from 0
    assert mrr.p == pytest.approx(4 / 8)
    assert list(found.metrics) == [metric.name for metric in METRICS]
    assert found.metrics["R@1"].difference.value == pytest.approx((100 - 100 - 100) / 5)
    assert found.metrics["MR"].difference.value == pytest.approx((20 - 13) / 5)


def test_at_most_so_many_samples_are_listed():
    assert len(compared([1] * 50, [2] * 50, ["v"] * 50).largest) == LARGEST == 20
    assert compared([1] * 5, [1] * 5, ["v"] * 5).largest == []
