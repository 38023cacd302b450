"""Means and paired tests: by hand, and against scipy on the same differences."""

from __future__ import annotations

from fractions import Fraction

import msgspec
import numpy as np
import pytest
from scipy.stats import permutation_test, wilcoxon
from simulated_raters import PAPER, Qualities, plain_key

from livebench.human.analysis.report import clusters_of, make_report
from livebench.human.analysis.report_text import means_cells
from livebench.human.analysis.system_tests import (
    by_moment,
    compare_systems,
    paired_tests,
    system_means,
)
from livebench.human.sheets.key import CRITERIA, KeyItem

NAN = np.nan


def means_of(ratings):
    return {
        one.system: [found.value for found in one.criteria.values()]
        for one in system_means(ratings, clusters_of(ratings.key, resamples=200))
    }


def test_means_worked_by_hand(ratings_of):
    # By three raters: a 1 2 3 and 4 5 3, human 5 5 4 and 4 4 4; means of moments 2, 4 and 14/3, 4.
    key = plain_key(2, ["a", "human"], 3)
    found = means_of(ratings_of(key, [[1, 5, 4, 4], [2, 5, 5, 4], [3, 4, 3, 4]]))
    assert found["a"] == pytest.approx([3, 3, 3])
    assert found["human"] == pytest.approx([13 / 3] * 3)


def test_missing_ratings_leave_the_others(ratings_of):
    key = plain_key(2, ["a", "human"], 2)
    ratings = ratings_of(key, [[1, 5, NAN, 4], [2, 5, NAN, NAN]])
    found = means_of(ratings)
    assert found["a"] == pytest.approx([1.5] * 3)  # its second moment has no rating
    assert found["human"] == pytest.approx([4.5] * 3)
    one = system_means(ratings, clusters_of(key, resamples=200))[0].criteria["fluency"]
    assert (one.n, one.low, one.why) == (1, None, "all moments are of one video: no interval")


def test_a_comment_of_several_systems_counts_for_each(ratings_of):
    key = plain_key(2, ["a", "human"], 1)
    shared = [KeyItem("i00000", "v000@0", ["a", "human"]), *key.items[2:]]
    key = msgspec.structs.replace(key, items=shared)
    found = means_of(ratings_of(key, [[2, 4, 5]]))
    assert (found["a"][0], found["human"][0]) == (3, 3.5)


def test_only_raters_of_both_count_for_a_difference(ratings_of):
    # R2 is two points more lenient and left out the first comment of `a`: no difference must come of it.
    key = plain_key(3, ["a", "human"], 2)
    ratings = ratings_of(key, [[1, 1, 2, 2, 3, 3], [NAN, 3, 4, 4, 5, 5]])
    [found] = [
        one for one in compare_systems(ratings, clusters_of(key)) if one.criterion == "fluency"
    ]
    assert (found.difference.value, found.difference.n) == (0, 3)
    assert (found.wilcoxon, found.permutation, found.wilcoxon_holm) == (None, None, None)


DIFFERENCES = {
    "no ties": [["1.2"], ["-0.4"], ["2.1"], ["0.7"], ["-1.6"], ["3.3"], ["0.9"], ["1.4"]],
    "ties and zeros": [[1], [1], [0], [-1], [2], [0], [1], [1], [-2], [3]],
    "thirds": [["1/3"], ["2/3"], ["-1/3"], [1], [0], ["1/3"], ["1/3"], ["-2/3"], [1], ["4/3"]],
    # 1/3 is the mean of 1/3 alone, and of 2/3 and 0.
    "videos of several moments": [
        *(["2/3", 0], ["2/3"], ["2/3"], ["-2/3", 0], [0, 0], ["-2/3"], [0], ["1/3", "1/3"]),
        *(["-1/3"], ["-1/3", "-1/3", "-1/3"], [1, "-1/3"], [0]),
    ],
}


@pytest.mark.parametrize("case", DIFFERENCES)
def test_tests_against_scipy_on_whole_numbers(case):
    videos = [[Fraction(value) for value in video] for video in DIFFERENCES[case]]
    ranks, signs = paired_tests(videos)
    means = np.array([int(30 * sum(video) / len(video)) for video in videos])
    sums = np.array([int(30 * sum(video)) for video in videos])
    assert ranks == pytest.approx(wilcoxon(means, zero_method="pratt", method="approx").pvalue)
    expected = permutation_test(
        (sums, 0 * sums),
        lambda x, y, axis: (x - y).sum(axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
    )
    assert signs == pytest.approx(expected.pvalue)


def test_true_ties_survive_rounding():
    """Sums of thirds rounded to 9 digits gave .4979 and .7266: scipy's values, of whole numbers."""
    videos = [
        [Fraction(value) for value in video] for video in DIFFERENCES["videos of several moments"]
    ]
    assert paired_tests(videos) == pytest.approx((0.6577491938, 0.86328125))


def test_ties_are_counted_among_random_signs():
    # 40 videos are too many for all signs: against 500,000 flips of whole numbers.
    generator = np.random.default_rng(5)
    thirds = generator.integers(-2, 4, 40)
    flips = generator.choice((-1, 1), (500_000, 40)) @ thirds
    expected = np.mean(np.abs(flips) >= abs(thirds.sum()))
    _, signs = paired_tests([[Fraction(int(value), 3)] for value in thirds])
    assert signs == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 10_000))


def test_rounding_is_no_difference(ratings_of):
    # Means of three ratings in another order: 4/3 each, but not to the last bit if added up naively.
    key = plain_key(6, ["a", "human"], 3)
    a, b = [1, 1, 2], [2, 1, 1]
    values = [[value for _ in range(6) for value in (a[k], b[k])] for k in range(3)]
    found = compare_systems(ratings_of(key, values), clusters_of(key))[0]
    assert (found.wilcoxon, found.permutation) == (None, None)
    assert found.difference.value == 0
    assert found.difference.why == "all moments have the same value: no interval"


def test_moments_of_a_video_give_one_value(ratings_of):
    # 30 moments of 6 videos, the differences of a video alike: the p of six values, not of thirty.
    key = plain_key(30, ["a", "human"], 1, videos=6)
    shift = [1, 1, 1, 1, 1, -1]
    values = [[value for k in range(30) for value in (3 + shift[k % 6], 3)]]
    found = compare_systems(ratings_of(key, values), clusters_of(key))[0]
    # Signs of six equal sums: |total| is at least 4 where at most one, or all but one, differ: 14 of 64.
    assert found.permutation == pytest.approx(14 / 64)


def test_holm_over_all_pairs_and_criteria(rated):
    key = plain_key(12, list(PAPER), 3)
    found = make_report(rated(key, world=Qualities()), resamples=200).comparisons
    assert len(found) == 6 * len(CRITERIA)
    for raw, adjusted in (("wilcoxon", "wilcoxon_holm"), ("permutation", "permutation_holm")):
        p = sorted(getattr(one, raw) for one in found)
        expected, highest = {}, 0.0
        for place, value in enumerate(p):  # Holm, step by step
            highest = max(highest, min(1, value * (len(p) - place)))
            expected[value] = max(expected.get(value, 0), highest)
        for one in found:
            assert getattr(one, adjusted) == pytest.approx(expected[getattr(one, raw)])


def test_true_differences_are_found_and_no_others(rated):
    key = plain_key(100, ["a", "b", "human"], 3)
    world = Qualities({"a": (3, 3, 3), "b": (3, 3, 4), "human": (3, 3, 3)})
    found = make_report(rated(key, world=world), resamples=500).comparisons
    for one in found:
        differs = one.criterion == "correctness" and "b" in (one.first, one.second)
        assert (one.permutation_holm < 0.01) == differs
        assert (one.wilcoxon_holm < 0.01) == differs
        low, high = one.difference.low, one.difference.high
        assert (low > 0 or high < 0) or not differs


def test_by_moment(ratings_of):
    key = plain_key(2, ["a", "human"], 1)
    found = by_moment(ratings_of(key, [[1, 5, 4, 2]]), "human")
    assert found[:, :, 0].tolist() == [[5, 2]]


def test_the_layout_of_table_5(ratings_of):
    key = plain_key(2, ["S2S-IC", "human"], 3)
    ratings = ratings_of(key, [[1, 5, 4, 4], [2, 5, 5, 4], [3, 4, 3, NAN]])
    _, rows = means_cells(make_report(ratings, resamples=200))
    assert rows == [["S2S-IC", "3.00", "3.00", "3.00"], ["human", "4.33", "4.33", "4.33"]]
