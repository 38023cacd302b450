"""Ranks under ties: against the enumeration of all orders, and against scipy."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from livebench.scoring.ranking import expect, place_best, place_each

# (scores of a few candidates, which are correct); the others of the hundred stand below or above
SMALL = [
    ([1], [1]),
    ([1, 1], [1, 0]),
    ([1, 1], [1, 1]),
    ([2, 1, 1], [0, 1, 0]),
    ([1, 1, 1], [1, 1, 0]),
    ([3, 2, 2, 2, 1], [0, 1, 1, 0, 1]),
    ([1, 1, 1, 1, 1, 1], [1, 0, 1, 0, 1, 0]),
    ([2, 2, 1, 1, 1, 1], [0, 0, 1, 1, 0, 0]),
    ([5, 4, 4, 4, 3, 3], [0, 0, 0, 0, 1, 1]),
    ([1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 1]),
    ([0.0, -0.0, 0.0, -1, -1, -0.0], [0, 1, 0, 1, 0, 1]),
]


def orders(scores):
    """All orders of the candidates, best first, that the scores allow."""
    for order in permutations(range(len(scores))):
        if all(scores[a] >= scores[b] for a, b in pairwise(order)):
            yield order


def enumerated(scores, correct, above):
    """Exact mean rank, reciprocal rank and P(rank <= k) of the best-placed correct candidate."""
    ranks = []
    for order in orders(scores):
        ranks.append(above + 1 + min(place for place, one in enumerate(order) if correct[one]))
    count = Fraction(len(ranks))
    return [
        sum(ranks) / count,
        sum(Fraction(1, rank) for rank in ranks) / count,
        *(sum(rank <= k for rank in ranks) / count for k in (1, 5, 10)),
    ]


def hundred(scores, correct, above):
    """A row of 100: `above` wrong ones above all, the rest below all, in an order of no meaning."""
    row = np.concatenate(
        [np.full(above, 100.0), scores, np.arange(100 - len(scores) - above) - 1000.0]
    )
    right = np.zeros(100, bool)
    right[above : above + len(scores)] = correct
    shuffle = (np.arange(100) * 37 + 11) % 100
    return row[None, shuffle], right[None, shuffle]


RANKS = np.arange(1.0, 101)
VALUES = np.column_stack([RANKS, 1 / RANKS, RANKS <= 1, RANKS <= 5, RANKS <= 10])


def flat(placement):
    return expect(placement, VALUES)[0].tolist()


@pytest.mark.parametrize("above", [0, 1, 3, 6])
@pytest.mark.parametrize(("scores", "correct"), SMALL)
def test_the_best_placed_as_enumerated(scores, correct, above):
    found = flat(place_best(*hundred(scores, correct, above)))
    assert found == pytest.approx(list(map(float, enumerated(scores, correct, above))), abs=1e-13)


@pytest.mark.parametrize(("scores", "correct"), SMALL)
def test_each_as_enumerated(scores, correct):
    row, right = hundred(scores, correct, 2)
    sample, placement = place_each(row, right)
    assert sample.tolist() == [0] * sum(correct)
    expected = []
    for column in np.flatnonzero(right[0]):
        score = row[0, column]
        alone = [score] + [score] * (np.count_nonzero(row[0] == score) - 1)
        higher = int(np.count_nonzero(row[0] > score))
        values = enumerated(alone, [1] + [0] * (len(alone) - 1), higher)
        expected.append(list(map(float, values)))
    assert expect(placement, VALUES) == pytest.approx(np.array(expected), abs=1e-13)


SCORES = st.lists(
    st.integers(-3, 3).map(float) | st.floats(-1000, 1000, width=32), min_size=100, max_size=100
)
CORRECT = st.sets(st.integers(0, 99), min_size=1, max_size=7)


@given(SCORES, CORRECT)
def test_the_rank_of_each_is_the_mean_rank_of_scipy(scores, correct):
    row = np.array([scores])
    right = np.zeros((1, 100), bool)
    right[0, list(correct)] = True
    _, placement = place_each(row, right)
    expected = rankdata(-row[0], method="average")[sorted(correct)]
    assert expect(placement, VALUES)[:, 0] == pytest.approx(expected, abs=1e-12)
    low = rankdata(-row[0], method="min")[sorted(correct)]
    high = rankdata(-row[0], method="max")[sorted(correct)]
    assert (placement.above + 1).tolist() == low.tolist()
    assert (placement.above + placement.tied).tolist() == high.tolist()


@given(SCORES, CORRECT, st.permutations(range(100)))
def test_order_and_monotone_changes_of_scores_mean_nothing(scores, correct, order):
    row = np.array([scores])
    right = np.zeros((1, 100), bool)
    right[0, list(correct)] = True
    before = place_best(row, right)
    ranks = rankdata(row[0], method="dense")[None]  # the smallest numbers with the same order
    for changed in (ranks, np.exp(ranks / 10), ranks**3 - 500, -1 / ranks):
        assert place_best(changed, right) == before
    assert place_best(row[:, order], right[:, order]) == before


def test_many_rows_are_many_times_one_row():
    generator = np.random.default_rng(5)
    scores = generator.integers(0, 9, (50, 100)).astype(float)
    correct = generator.random((50, 100)) < generator.choice([0.01, 0.05, 0.5], 50)[:, None]
    correct[:, 7] = True
    correct[3] = True  # all are correct
    whole = expect(place_best(scores, correct), VALUES)
    sample, placement = place_each(scores, correct)
    each = expect(placement, VALUES)
    assert sample.tolist() == np.nonzero(correct)[0].tolist()
    for row in range(50):
        assert whole[row].tolist() == flat(place_best(scores[[row]], correct[[row]]))
        _, own = place_each(scores[[row]], correct[[row]])
        assert each[sample == row].tolist() == expect(own, VALUES).tolist()


def test_within_is_a_probability_that_grows_to_one():
    scores = np.zeros((4, 100))
    correct = np.arange(100) < np.array([1, 2, 50, 100])[:, None]
    within = expect(place_best(scores, correct), np.tri(100).T)
    assert (np.diff(within) >= -1e-15).all()
    assert within[:, -1] == pytest.approx(1)
    assert within[3, 0] == 1


def test_infinitely_low_scores_of_wrong_candidates_are_no_ties():
    # float64 may hold what float32 cannot; place_best uses -inf for wrong ones inside
    scores = np.full((1, 100), -1.7e308)
    scores[0, 0] = -1.6e308
    correct = np.zeros((1, 100), bool)
    correct[0, 1] = True
    assert flat(place_best(scores, correct))[0] == pytest.approx(1 + 50)
