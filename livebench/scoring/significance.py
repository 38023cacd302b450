"""Tests that keep the samples of a video together, since they are not independent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from livebench.records import CANDIDATES
from livebench.scoring.resampling import EXACT, RESAMPLES, SeedNoise


def shift_p(places: np.ndarray, videos: Sequence[str], observed: float, *, seed: int = 0) -> float:
    """One-sided p that a mean reciprocal rank as high as `observed` comes about by chance.

    The hypothesis: the places of the correct candidates are uniform, and the samples of a video are
    correlated in any way that a common cyclic shift of their places leaves alone ("not at all" and "all
    alike" are such). So, RESAMPLES times, the places of all samples of a video are shifted by one
    random number, cyclically, and the mean of 1 / (best place) is taken: p = (c + 1) / (n + 1), where c
    of n are at least `observed`; never 0. Unlike flipping signs it needs no symmetry, which reciprocal
    ranks do not have.

    Args:
        places: int64 [samples, g], places of the correct candidates among CANDIDATES, from 0, ties
            broken at random; surplus columns repeat a place.
        videos: [samples], the video of each.
        observed: the mean reciprocal rank, in expectation over ties.
    """
    shifted = (places[:, None, :] + np.arange(CANDIDATES)[None, :, None]) % CANDIDATES
    _, cluster = np.unique(np.asarray(videos), return_inverse=True)
    sums = np.zeros((cluster.max() + 1, CANDIDATES))  # [videos, shift]
    np.add.at(sums, cluster, 1 / (1 + shifted.min(axis=2)))
    raw = np.random.PCG64(seed).random_raw(RESAMPLES * len(sums)) >> np.uint64(32)
    shifts = (raw * np.uint64(CANDIDATES) >> np.uint64(32)).astype(np.int64)
    means = sums[np.arange(len(sums)), shifts.reshape(RESAMPLES, -1)].sum(axis=1) / len(places)
    # Sums that differ by rounding alone are equal.
    return (int(np.count_nonzero(means >= observed - 1e-9)) + 1) / (RESAMPLES + 1)


def flip_p(sums: np.ndarray, *, seed: int = 0) -> float:
    """Two-sided p that paired differences lie around 0: the permutation test of their signs.

    Exact where there are at most RESAMPLES ways to set the signs; else (c + 1) / (n + 1), where c of n
    = RESAMPLES random ways give a sum at least as far from 0; never 0.

    Args:
        sums: float64 [videos], the sum of the differences of each video: their signs flip together.
    """
    flips = _Flips([RowValues(sums, ()), RowValues(np.zeros_like(sums), ())], np.ones(len(sums)))
    return float(flips.tests(RESAMPLES, seed).p[0])


NEAR_FLIPS = 1_000_000


class RowValues(NamedTuple):
    """What a row is tested by.

    Attributes:
        sums: float64 [videos], of the mean over runs, the sum of the samples of each video.
        noise: of the training seeds, in one column; empty where there is one run.
    """

    sums: np.ndarray
    noise: Sequence[SeedNoise]


class PairTests(NamedTuple):
    """Two-sided p of the difference of each two rows, float64 [pairs], in the order of `combinations`.

    Attributes:
        p: of the pair by itself.
        adjusted: for being one of all pairs.
    """

    p: np.ndarray
    adjusted: np.ndarray


def flip_pairs(
    rows: Sequence[RowValues], sizes: np.ndarray, *, seed: int = 0, near_flips: int = NEAR_FLIPS
) -> PairTests:
    """Test the differences of each two rows by flipping the signs of whole videos, the same for all.

    Each difference of means is divided by its standard error, and so is what comes of it under each
    flip, with noise of the seeds drawn as in `mean_intervals`. Adjusted by the step-down maximum
    (Westfall and Young, Resampling-Based Multiple Testing, 1993, algorithm 2.8): pairs from the largest
    ratio down, each held against the largest among those that are left, under the same flips.

    Exact where there are at most RESAMPLES ways to set the signs and no noise; else (c + 1) / (n + 1),
    where c of n flips give a ratio at least as large; never 0. n is RESAMPLES, and `near_flips` where an
    adjusted p is so near to .05 that the seed of the flips might decide.

    Args:
        sizes: [videos], their numbers of samples.
    """
    from threadpoolctl import threadpool_limits

    if len(rows) < 2:
        return PairTests(np.empty(0), np.empty(0))
    with threadpool_limits(1, user_api="blas"):  # many small products: threads would wait
        flips = _Flips(rows, np.asarray(sizes, np.float64))
        tests = flips.tests(RESAMPLES, seed)
        near = np.abs(tests.adjusted - _DECISIVE) < _NEAR
        if near.any() and near_flips > RESAMPLES and not flips.exact:
            return flips.tests(near_flips, seed)
    return tests


_DECISIVE = 0.05
_RATIOS_AT_ONCE = 1 << 17
"""In memory: a few arrays of so many, which a processor's cache holds."""

_NEAR = 0.015
"""Six standard errors of a p of .05 from RESAMPLES flips, and a little more."""


class _Flips:
    """The squares of the ratios of all pairs under flips of signs: in the same order, without roots."""

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
        # Ratios that differ by rounding alone are equal.
        self._least = observed[0] * (1 - 1e-9) - 1e-12
        self._order = np.argsort(-observed[0], kind="stable")

    def _ratios(
        self, flipped: np.ndarray, drawn: np.ndarray | float, variance: np.ndarray | float
    ) -> np.ndarray:
        """(difference / standard error)^2 of each pair: float64 [flips, pairs].

        Args:
            flipped: [flips, 2 * pairs], sums over videos, and of these times the sizes of the videos.
            drawn, variance: noise of seeds, and its variance as it would be estimated.
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
        if none.any():  # videos that all agree are as sure as can be; nothing but 0 says nothing
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
        """Noise of the seeds of each pair, and its estimated variance: float64 [count, pairs] each."""
        if not self._noise:
            return 0.0, 0.0
        drawn, variance = np.zeros((2, count, len(self._differ)))
        for row, part in self._noise:
            values, estimated = part.draw(generator, count)
            drawn[:, row] += values[:, 0]
            variance[:, row] += estimated[:, 0]
        return drawn @ self._differ, variance @ np.abs(self._differ)


def holm(p_values: Sequence[float]) -> list[float]:
    """p values adjusted for being one of many, after Holm."""
    from statsmodels.stats.multitest import multipletests

    return multipletests(p_values, method="holm")[1].tolist() if len(p_values) else []


def format_p(p: float) -> str:
    """A p with four digits; never 0."""
    return f"{p:.4f}" if p >= 0.00005 else "below 0.0001"
