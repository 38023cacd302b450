"""From scores to ranks of the correct candidates; ties are resolved in expectation.

Candidates with equal scores are in random order: every order is equally likely, and each quantity is
its expectation over these orders. A scorer that gives all candidates the same score gets exactly what
chance gets.

With b candidates above, and n candidates tied at the best score of a correct one, c of them correct,
the best-placed correct candidate has rank b + X, where X is the smallest of c places drawn from n
without replacement:

    P(X > x) = C(n - x, c) / C(n, c),    E[X] = (n + 1) / (c + 1)

A single candidate that ties with n - 1 others has each rank of b + 1 .. b + n with probability 1/n.
"""

from __future__ import annotations

from functools import cache
from math import comb
from typing import NamedTuple

import numpy as np

from livebench.records import CANDIDATES


class Placement(NamedTuple):
    """The rank of a candidate, or of the best of several, up to ties: int64 [k] each.

    Attributes:
        above: candidates with a higher score (b).
        tied: candidates with the same score, itself included (n).
        chosen: how many of these count; the best-placed one is meant (c).
    """

    above: np.ndarray
    tied: np.ndarray
    chosen: np.ndarray


def place_best(scores: np.ndarray, correct: np.ndarray) -> Placement:
    """The placement of the best-placed correct candidate of each sample.

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
    """The placement of each correct candidate among all candidates of its sample.

    Returns:
        int64 [k], the sample of each correct candidate, ascending, and the placements.
    """
    sample, column = np.divmod(np.flatnonzero(correct), correct.shape[1])
    rows, own = scores[sample], scores[sample, column, None]
    above, tied = _count(rows > own), _count(rows == own)
    return sample, Placement(above, tied, np.ones_like(above))


def best_of(sample: np.ndarray, each: Placement) -> Placement:
    """The same as `place_best`, computed from the output of `place_each`."""
    starts = np.flatnonzero(np.diff(sample, prepend=-1))
    above = np.minimum.reduceat(each.above, starts)
    best = each.above == above[sample]
    return Placement(
        above=above,
        tied=np.maximum.reduceat(np.where(best, each.tied, 0), starts),
        chosen=np.add.reduceat(best, starts, dtype=np.int64),
    )


def _count(true: np.ndarray) -> np.ndarray:
    """The number of true values in each row: int64 [rows]; rows have at most 255 (CANDIDATES is 100)."""
    counts: np.ndarray = true.view(np.uint8).sum(axis=1, dtype=np.uint8)
    return counts.astype(np.int64)


def expect(placement: Placement, values: np.ndarray) -> np.ndarray:
    """The exact expectation of functions of the rank over the orders of tied candidates.

    Args:
        values: float64 [CANDIDATES, functions], the functions at ranks 1, 2, ...

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
