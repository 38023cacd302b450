"""From scores to ranks: the place of the correct candidates, ties counted as the law of chance.

Candidates with equal scores stand in random order: every order of them is equally likely, and each
quantity is its expectation over these orders. A scorer that gives one score to all gets exactly what
chance gets.

With b candidates above, and n candidates on the best score that a correct one reaches, c of them
correct, the best-placed correct candidate stands at b + X, where X is the smallest of c places drawn
from n without replacement:

    P(X > x) = C(n - x, c) / C(n, c),    E[X] = (n + 1) / (c + 1)

A single candidate that ties with n - 1 others stands at each of b + 1 .. b + n with probability 1/n.
"""

from __future__ import annotations

from functools import cache
from math import comb
from typing import NamedTuple

import numpy as np

from livebench.records import CANDIDATES


class Placement(NamedTuple):
    """Where a candidate, or the best of several that tie, stands: for each int64 [k].

    Attributes:
        above: candidates with a higher score (b).
        tied: candidates with the same score, itself included (n).
        chosen: of these, those whose best place is asked for (c).
    """

    above: np.ndarray
    tied: np.ndarray
    chosen: np.ndarray


def place_best(scores: np.ndarray, correct: np.ndarray) -> Placement:
    """Where the best-placed correct candidate of each sample stands.

    Args:
        scores: float [samples, candidates], finite, higher is better.
        correct: bool [samples, candidates], at least one in each row.
    """
    best = np.where(correct, scores, -np.inf).max(axis=1, keepdims=True)
    equal = scores == best
    return Placement(
        above=_count(scores > best),
        tied=_count(equal),
        chosen=_count(equal & correct),
    )


def place_each(scores: np.ndarray, correct: np.ndarray) -> tuple[np.ndarray, Placement]:
    """Where each correct candidate stands among all candidates of its sample.

    Returns:
        int64 [k], the sample of each correct candidate, ascending, and their places.
    """
    sample, column = np.divmod(np.flatnonzero(correct), correct.shape[1])
    rows, own = scores[sample], scores[sample, column, None]
    above, tied = _count(rows > own), _count(rows == own)
    return sample, Placement(above, tied, np.ones_like(above))


def best_of(sample: np.ndarray, each: Placement) -> Placement:
    """Where the best-placed of each sample stands, from `place_each`; as `place_best`."""
    starts = np.flatnonzero(np.diff(sample, prepend=-1))
    above = np.minimum.reduceat(each.above, starts)
    best = each.above == above[sample]
    return Placement(
        above=above,
        tied=np.maximum.reduceat(np.where(best, each.tied, 0), starts),
        chosen=np.add.reduceat(best, starts, dtype=np.int64),
    )


def _count(true: np.ndarray) -> np.ndarray:
    """How many of each row are true: int64 [rows]; a row has at most 255 (CANDIDATES are 100)."""
    counts: np.ndarray = true.view(np.uint8).sum(axis=1, dtype=np.uint8)
    return counts.astype(np.int64)


def expect(placement: Placement, values: np.ndarray) -> np.ndarray:
    """The expectation of functions of the rank over the orders of tied candidates, exactly.

    Args:
        values: float64 [CANDIDATES, functions], of the ranks from 1.

    Returns:
        float64 [k, functions], for each placement.
    """
    key = np.ravel_multi_index(placement, (CANDIDATES + 1,) * 3)
    distinct, inverse = np.unique(key, return_inverse=True)
    cases = zip(*np.unravel_index(distinct, (CANDIDATES + 1,) * 3), strict=True)
    laws = [_law(int(above), int(tied), int(chosen)) for above, tied, chosen in cases]
    expected = np.array([law @ values[above : above + len(law)] for above, law in laws])
    return expected.reshape(len(laws), values.shape[1])[inverse]


@cache
def _law(above: int, tied: int, chosen: int) -> tuple[int, np.ndarray]:
    """`above`, and the probabilities of the ranks above + 1 .. above + tied."""
    orders = comb(tied, chosen)
    beyond = [comb(tied - place, chosen) / orders for place in range(tied + 1)]
    return above, -np.diff(beyond)
