"""Estimates with 95% intervals from a bootstrap over moments; those of one video are kept together.

Where each video gives one moment, as `human-eval sheet` arranges it if it can, that is the bootstrap
over moments itself. The intervals speak of other moments rated by the same raters, not of other raters.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from livebench.human.sheets.key import HIGHEST, LOWEST
from livebench.scoring.resampling import (
    EXACT,
    RESAMPLES,
    draw_counts,
    ratio_quantiles,
    resampled_deviations,
)


class Estimate(msgspec.Struct, frozen=True):
    """A number over `n` things and its 95% interval; what is undefined is None, and `why` says why."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    why: str = ""


class Clusters:
    """Resamples of the videos of some moments, the same for everything that is estimated.

    Attributes:
        of: int64 [moments], the number of the video of each.
        count: how many videos.
        weights: float64 [resamples, videos], how often each is drawn.
    """

    def __init__(self, videos: Sequence[str], *, seed: int = 0, resamples: int = RESAMPLES) -> None:
        names, self.of = np.unique(np.asarray(videos), return_inverse=True)
        self.count = len(names)
        self.weights = draw_counts(np.random.PCG64(seed), resamples, self.count)

    def sums(self, values: np.ndarray, moments: np.ndarray) -> np.ndarray:
        """Sums by video: values [n, ...], moments int [n], the moment of each -> [videos, ...]."""
        sums = np.zeros((self.count, *values.shape[1:]))
        np.add.at(sums, self.of[moments], values)
        return sums


def mean_estimate(values: np.ndarray, clusters: Clusters, *, span: tuple[float, float]) -> Estimate:
    """The mean over moments and its studentised bootstrap interval, cut at what is possible.

    As `mean_intervals` of the leaderboard. Plain percentiles are too narrow if moments are few or pile
    up at an end of the scale: benchmarks/human_calibration.py shows both.

    Args:
        values: float64 [moments], nan where there is none.
        span: the least and the greatest mean that are possible.
    """
    present = ~np.isnan(values)
    n = int(np.count_nonzero(present))
    if n == 0:
        return Estimate(None, None, None, 0, "nothing was rated")
    moments = np.flatnonzero(present)
    sums = clusters.sums(values[moments], moments)
    sizes = clusters.sums(np.ones(n), moments)
    mean = sums.sum() / n
    used = int(np.count_nonzero(sizes))
    if used < 2:
        return Estimate(float(mean), None, None, n, "all moments are of one video: no interval")
    centred = sums - mean * sizes
    error = np.sqrt(np.square(centred).sum()) / n
    if error < EXACT:
        return Estimate(float(mean), None, None, n, "all moments have the same value: no interval")
    least, most = ratio_quantiles(
        *resampled_deviations(clusters.weights, centred[:, None], sizes[:, None])
    )
    low, high = np.clip([mean - most[0] * error, mean - least[0] * error], *span)
    return Estimate(float(mean), float(low), float(high), n)


SCALE_SPAN = (float(LOWEST), float(HIGHEST))
DIFFERENCE_SPAN = (float(LOWEST - HIGHEST), float(HIGHEST - LOWEST))


def percentile_interval(resampled: np.ndarray) -> tuple[float, float] | None:
    """The middle 95% of resampled values; None where more than 5% of them are undefined (nan)."""
    if np.isnan(resampled).mean() > 0.05:
        return None
    low, high = np.nanpercentile(resampled, (2.5, 97.5))
    return float(low), float(high)


def nan_mean(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis of what is not nan; nan where nothing is."""
    present = ~np.isnan(values)
    count = present.sum(axis=0)
    means: np.ndarray = np.where(present, values, 0).sum(axis=0) / np.where(
        count > 0, count, np.nan
    )
    return means
