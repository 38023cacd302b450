"""Significance tests that treat each video as a cluster: its samples are not independent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from livebench.records import CANDIDATES
from livebench.scoring.resampling import EXACT, RESAMPLES, SeedNoise


def shift_p(places: np.ndarray, videos: Sequence[str], observed: float, *, seed: int = 0) -> float:
    """One-sided p of a mean reciprocal rank as high as `observed` under chance.

    Null hypothesis: the places of the correct candidates are uniform, and any correlation between the
    samples of a video is invariant under a common cyclic shift of their places (independent samples
    and identical samples both qualify). So, RESAMPLES times, the places of all samples of a video are
    shifted cyclically by the same random number, and the mean of 1 / (best place) is taken:
    p = (c + 1) / (n + 1), where c of n are at least `observed`; never 0. Unlike sign flipping, this
    does not assume symmetry, which reciprocal ranks lack.

    Args:
        places: int64 [samples, g], places of the correct candidates among CANDIDATES, from 0, ties
            broken at random; rows with fewer than g repeat a place.
        videos: [samples], the video of each.
        observed: the mean reciprocal rank, expected over ties.
    """
    shifted = (places[:, None, :] + np.arange(CANDIDATES)[None, :, None]) % CANDIDATES
    _, cluster = np.unique(np.asarray(videos), return_inverse=True)
    sums = np.zeros((cluster.max() + 1, CANDIDATES))  # [videos, shift]
    np.add.at(sums, cluster, 1 / (1 + shifted.min(axis=2)))
    raw = np.random.PCG64(seed).random_raw(RESAMPLES * len(sums)) >> np.uint64(32)
    shifts = (raw * np.uint64(CANDIDATES) >> np.uint64(32)).astype(np.int64)
    means = sums[np.arange(len(sums)), shifts.reshape(RESAMPLES, -1)].sum(axis=1) / len(places)
    # Sums that differ only by rounding count as equal.
    return (int(np.count_nonzero(means >= observed - 1e-9)) + 1) / (RESAMPLES + 1)


def flip_p(sums: np.ndarray, *, seed: int = 0) -> float:
    """Two-sided p of paired differences under symmetry around 0: a sign-flip permutation test.

    Exact if there are at most RESAMPLES sign assignments; else (c + 1) / (n + 1), where c of n =
    RESAMPLES random assignments give a sum at least as far from 0; never 0.

    Args:
        sums: float64 [videos], the sum of the differences of each video: their signs flip together.
    """
    flips = _Flips([RowValues(sums, ()), RowValues(np.zeros_like(sums), ())], np.ones(len(sums)))
    return float(flips.tests(RESAMPLES, seed).p[0])


NEAR_FLIPS = 1_000_000


class RowValues(NamedTuple):
    """The input of the tests for one row.

    Attributes:
        sums: float64 [videos], the sum over each video's samples of the mean over runs.
        noise: seed noise, in one column; empty if there is only one run.
    """

    sums: np.ndarray
    noise: Sequence[SeedNoise]


class PairTests(NamedTuple):
    """Two-sided p of the difference of every two rows, float64 [pairs], in the order of `combinations`.

    Attributes:
        p: unadjusted.
        adjusted: for multiple comparisons, over all pairs.
    """

    p: np.ndarray
    adjusted: np.ndarray


def flip_pairs(
    rows: Sequence[RowValues], sizes: np.ndarray, *, seed: int = 0, near_flips: int = NEAR_FLIPS
) -> PairTests:
    """Test the difference of every two rows by flipping signs of whole videos, the same for all pairs.

    The statistic is the difference of means divided by its standard error, recomputed under each flip,
    with seed noise drawn as in `mean_intervals`. p is adjusted by the step-down maximum (Westfall and
    Young, Resampling-Based Multiple Testing, 1993, algorithm 2.8): pairs are taken from the largest
    ratio down, and each is compared with the maximum over those remaining, under the same flips.

    Exact if there are at most RESAMPLES sign assignments and no noise; else (c + 1) / (n + 1), where c
    of n flips give a ratio at least as large; never 0. n is RESAMPLES, or `near_flips` if an adjusted p
    is so close to .05 that the seed of the flips might decide.

    Args:
        sizes: [videos], the number of samples of each.
    """
    from threadpoolctl import threadpool_limits

    if len(rows) < 2:
        return PairTests(np.empty(0), np.empty(0))
    with threadpool_limits(1, user_api="blas"):  # many small products: threads do not pay off
        flips = _Flips(rows, np.asarray(sizes, np.float64))
        tests = flips.tests(RESAMPLES, seed)
        near = np.abs(tests.adjusted - _DECISIVE) < NEAR
        if near.any() and near_flips > RESAMPLES and not flips.exact:
            return flips.tests(near_flips, seed)
    return tests


_DECISIVE = 0.05
_RATIOS_AT_ONCE = 1 << 17
"""Size of the arrays worked on at a time; a few of them fit into a processor's cache."""

NEAR = 0.015
"""Six standard errors of a p of .05 from RESAMPLES flips, and a little more."""


class _Flips:
    """Squared ratios of all pairs under sign flips; squares sort like the ratios, and need no roots."""

    def __init__(self, rows: Sequence[RowValues], sizes: np.ndarray) -> None:
        sums = np.stack([row.sums for row in rows], axis=1)  # [videos, rows]
        first, second = np.triu_indices(len(rows), 1)
        apart = sums[:, first] - sums[:, second]
        self._pairs = len(first)
        self._both = np.hstack([apart, apart * sizes[:, None]])  # [videos, 2 * pairs]
        self._squares = np.square(apart).sum(axis=0)
        self._size_squares, self._samples = np.square(sizes).sum(), sizes.sum()
        self._noise = [(row, part) for row, values in enumerate(rows) for part in values.noise]
        # From rows to pairs: differences, and sums.
        self._differ = np.zeros((len(rows), len(first)))
        self._differ[first, np.arange(len(first))] = 1
        self._differ[second, np.arange(len(first))] = -1
        self.exact = 2 ** len(sizes) <= RESAMPLES and not self._noise
        variance = np.zeros((1, len(rows)))
        for row, part in self._noise:
            variance[0, row] += part.variance[0]
        observed = self._ratios(self._both.sum(axis=0)[None], 0.0, variance @ np.abs(self._differ))
        # Ratios that differ only by rounding count as equal.
        self._least = observed[0] * (1 - 1e-9) - 1e-12
        self._order = np.argsort(-observed[0], kind="stable")

    def _ratios(
        self, flipped: np.ndarray, drawn: np.ndarray | float, variance: np.ndarray | float
    ) -> np.ndarray:
        """(difference / standard error)^2 of each pair: float64 [flips, pairs].

        Args:
            flipped: [flips, 2 * pairs], sums over videos, plain and weighted by the videos' sizes.
            drawn, variance: seed noise, and its estimated variance.
        """
        mean: np.ndarray = flipped[:, : self._pairs] / self._samples
        squares = mean * self._size_squares - 2 * flipped[:, self._pairs :]
        squares *= mean
        squares += self._squares
        np.maximum(squares, 0.0, out=squares)
        squares /= self._samples**2
        squares += variance
        mean += drawn
        np.square(mean, out=mean)
        none = squares < EXACT**2
        if none.any():  # no variance: infinite if there is a difference, else 0
            squares[none] = np.where(mean[none] < EXACT**2, 1.0, 0.0)
            mean[none] = np.where(mean[none] < EXACT**2, 0.0, 1.0)
        with np.errstate(divide="ignore"):
            np.divide(mean, squares, out=mean)
        return mean

    def tests(self, flips: int, seed: int) -> PairTests:
        videos = len(self._both)
        flips = 2**videos if self.exact else flips
        single, stepped = np.zeros((2, self._pairs), np.int64)
        generator = np.random.PCG64(seed)
        step = max(1, _RATIOS_AT_ONCE // self._pairs)
        for start in range(0, flips, step):
            number = min(step, flips - start)
            if self.exact:
                bits = np.arange(start, start + number)[:, None] >> np.arange(videos) & 1
            else:
                raw = generator.random_raw(number * videos)
                bits = (raw >> np.uint64(63)).astype(np.int8).reshape(number, videos)
            drawn, variance = self._draw(generator, number)
            ratios = self._ratios((2.0 * bits - 1) @ self._both, drawn, variance)
            single += (ratios >= self._least).sum(axis=0)
            largest = ratios[:, self._order[::-1]]
            np.maximum.accumulate(largest, axis=1, out=largest)
            stepped += (largest[:, ::-1] >= self._least[self._order]).sum(axis=0)
        more, total = (0, flips) if self.exact else (1, flips + 1)
        adjusted = np.empty(self._pairs)
        adjusted[self._order] = np.maximum.accumulate((stepped + more) / total)
        return PairTests((single + more) / total, adjusted)

    def _draw(
        self, generator: np.random.PCG64, count: int
    ) -> tuple[np.ndarray | float, np.ndarray | float]:
        """Seed noise of each pair, and its estimated variance: float64 [count, pairs] each."""
        if not self._noise:
            return 0.0, 0.0
        drawn, variance = np.zeros((2, count, len(self._differ)))
        for row, part in self._noise:
            values, estimated = part.draw(generator, count)
            drawn[:, row] += values[:, 0]
            variance[:, row] += estimated[:, 0]
        return drawn @ self._differ, variance @ np.abs(self._differ)


def holm(p_values: Sequence[float]) -> list[float]:
    """p values after Holm's correction for multiple tests."""
    from statsmodels.stats.multitest import multipletests

    return multipletests(p_values, method="holm")[1].tolist() if len(p_values) else []


def format_p(p: float) -> str:
    """A p value with four digits; never 0."""
    return f"{p:.4f}" if p >= 0.00005 else "below 0.0001"
