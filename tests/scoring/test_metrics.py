"""Metrics, against what the design page worked out, and against slow loops."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from livebench.scoring.anatomy import anatomy
from livebench.scoring.metrics import (
    METRICS,
    by_metric,
    chance_metrics,
    sample_metrics,
    summarise,
)


def paper_metrics(row):
    """R@1, R@5, R@10, MR and MRR of a row, whatever else is measured."""
    values = by_metric(row)
    return [values[name] for name in ("R@1", "R@5", "R@10", "MR", "MRR")]


@pytest.mark.parametrize(
    ("correct", "expected"),
    [
        # from the design page: chance with so many correct among 100
        (1, ("1.00", "5.00", "10.00", "50.50", "0.0519")),
        (3, ("3.00", "14.40", "27.35", "25.25", "0.1129")),
        (5, ("5.00", "23.04", "41.62", "16.83", "0.1617")),
    ],
)
def test_chance_of_the_design_page(correct, expected):
    chance = chance_metrics([correct])["best"][0]
    texts = [metric.format(value) for metric, value in zip(METRICS, chance, strict=True)]
    assert tuple(paper_metrics(texts)) == expected


@pytest.mark.parametrize("correct", range(1, 101))
def test_chance_by_counting(correct):
    # the best-placed stands at x in comb(100 - x, correct - 1) of comb(100, correct) choices
    law = [comb(100 - x, correct - 1) / comb(100, correct) for x in range(1, 101)]
    expected = [
        *(100 * sum(law[:k]) for k in (1, 5, 10)),
        sum(x * p for x, p in enumerate(law, 1)),
        sum(p / x for x, p in enumerate(law, 1)),
    ]
    found = chance_metrics([correct])
    assert paper_metrics(found["best"][0]) == pytest.approx(expected, rel=1e-12)
    harmonic = sum(1 / x for x in range(1, 101)) / 100
    assert paper_metrics(found["all"][0]) == pytest.approx([1, 5, 10, 50.5, harmonic], rel=1e-12)


@pytest.mark.parametrize("score", [0.0, -0.0, -1e30, 3.5])
def test_a_constant_scorer_gets_exactly_chance(frozen, score):
    correct = np.array([[kind == "correct" for kind in a.types] for a in frozen.answers()])
    found = sample_metrics(np.full(correct.shape, score), correct)
    chance = chance_metrics(correct.sum(axis=1))
    for truth in ("best", "all"):
        assert np.abs(found[truth] - chance[truth]).max() <= 1e-12


def slow(scores, correct):
    """Metrics of one sample without ties, by sorting."""
    order = sorted(range(100), key=lambda place: -scores[place])
    ranks = [order.index(place) + 1 for place in range(100) if correct[place]]

    def row(some):
        return [
            *(100 * sum(rank <= k for rank in some) / len(some) for k in (1, 5, 10)),
            sum(some) / len(some),
            sum(1 / rank for rank in some) / len(some),
        ]

    return row([min(ranks)]), row(ranks)


def test_without_ties_as_sorting():
    generator = np.random.default_rng(1)
    scores = generator.permuted(np.tile(np.arange(100.0), (40, 1)), axis=1)
    correct = generator.random((40, 100)) < 0.04
    correct[:, 0] = True
    found = sample_metrics(scores, correct)
    for row in range(40):
        best, each = slow(scores[row], correct[row])
        assert paper_metrics(found["best"][row]) == pytest.approx(best, rel=1e-12)
        assert paper_metrics(found["all"][row]) == pytest.approx(each, rel=1e-12)


@pytest.mark.parametrize(
    ("score_of_correct", "best"),
    [(1.0, [100, 100, 100, 1, 1]), (-1.0, [0, 0, 0, 96, 1 / 96])],
    ids=["perfect", "worst"],
)
def test_five_correct_on_top_or_at_the_bottom(score_of_correct, best):
    correct = np.zeros((1, 100), bool)
    correct[0, ::20] = True
    scores = np.arange(100) / 1000 + np.where(correct, 10 * score_of_correct, 0)
    found = sample_metrics(scores, correct)
    assert paper_metrics(found["best"][0]) == pytest.approx(best)
    if score_of_correct > 0:  # ranks 1 to 5
        expected = [20, 100, 100, 3, (1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5) / 5]
        assert paper_metrics(found["all"][0]) == pytest.approx(expected)


@given(
    st.lists(st.integers(0, 5), min_size=100, max_size=100),
    st.sets(st.integers(0, 99), min_size=1, max_size=6),
    st.permutations(range(100)),
)
def test_permuted_candidates_and_rescaled_scores_change_nothing(scores, correct, order):
    row, right = np.array([scores], float), np.zeros((1, 100), bool)
    right[0, list(correct)] = True
    before = sample_metrics(row, right)
    for after in (
        sample_metrics(row[:, order], right[:, order]),
        sample_metrics(row * 0.001 - 7, right),
        sample_metrics(np.exp(row), right),
    ):
        for truth in before:
            assert after[truth] == pytest.approx(before[truth], abs=1e-12)


def test_summary_is_the_mean_over_samples(frozen):
    generator = np.random.default_rng(3)
    answers = list(frozen.answers())
    correct = np.array([[kind == "correct" for kind in a.types] for a in answers])
    videos = [a.video_id for a in answers]
    per_sample = sample_metrics(generator.random(correct.shape), correct)
    found = summarise([per_sample], videos)
    for truth in ("best", "all"):
        for column, metric in enumerate(METRICS):
            interval = found[truth][metric.name]
            assert interval.value == pytest.approx(per_sample[truth][:, column].mean(), rel=1e-12)
            assert interval.low <= interval.value <= interval.high
    order = generator.permutation(len(videos))
    shuffled = {truth: values[order] for truth, values in per_sample.items()}
    again = summarise([shuffled], [videos[row] for row in order])
    for truth in found:
        for metric in METRICS:
            for end in ("value", "low", "high"):
                one, two = (
                    getattr(found[truth][metric.name], end),
                    getattr(again[truth][metric.name], end),
                )
                assert one == pytest.approx(two, rel=1e-12)


def test_anatomy():
    scores = np.array([[3.0] * 2 + [1.0] * 98, list(range(100, 0, -1))])
    types = [["correct", "random"] + ["popular"] * 98, ["random"] + ["popular"] * 98 + ["correct"]]
    found = anatomy(scores, np.array(types))
    # sample 1: two share rank 1; sample 2: the first is random
    assert found["rank_1"] == pytest.approx({"correct": 25, "popular": 0, "random": 75})
    first = rankdata(-scores[0])
    assert found["mean_rank"] == pytest.approx(
        {
            "correct": (first[0] + 100) / 2,
            "popular": (first[2:].sum() + sum(range(2, 100))) / 196,
            "random": (first[1] + 1) / 2,
        }
    )
    assert list(found["rank_1"]) == ["correct", "popular", "random"]
    assert sum(found["rank_1"].values()) == pytest.approx(100)
