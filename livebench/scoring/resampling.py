"""Bootstrap intervals over videos: the samples of one video are not independent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

RESAMPLES = 10_000
EXACT = 1e-12
"""A spread below this is rounding error."""

VALUES_AT_ONCE = 1 << 22
"""Video weights held in memory at a time."""


class SeedNoise(NamedTuple):
    """The variance that training seeds add to a mean over runs; a difference of two such means has two
    of these.

    Attributes:
        between: float64 [columns], the variance of the runs' means, divided by the number of runs.
        expected: float64 [columns], `between` if seeds had no effect but the interaction of runs and
            videos.
        freedom: degrees of freedom, the number of runs minus 1.
    """

    between: np.ndarray
    expected: np.ndarray
    freedom: int

    @property
    def variance(self) -> np.ndarray:
        """float64 [columns], the variance due to seeds, at least 0."""
        variance: np.ndarray = np.maximum(self.between - self.expected, 0.0)
        return variance

    def draw(self, generator: np.random.PCG64, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw seed noise, and its variance as estimated from the same number of runs.

        Returns:
            float64 [count, columns] each.
        """
        normal = draw_normal(generator, count * (1 + self.freedom)).reshape(1 + self.freedom, count)
        squares = np.square(normal[1:]).sum(axis=0)[:, None] / self.freedom
        between = np.maximum(self.between, self.expected)
        estimated = np.maximum(between * squares - self.expected, 0.0)
        return np.sqrt(self.variance) * normal[0][:, None], estimated


def seed_noise(runs: np.ndarray, videos: Sequence[str]) -> list[SeedNoise]:
    """The variance that seeds add to a mean over runs: one entry, or none if there is only one run.

    Runs are a random factor crossed with videos: the seed variance is the variance between the runs'
    means minus what the interaction of runs and videos alone would give (estimated from mean squares;
    Searle, Casella and McCulloch, Variance Components, 1992, chapter 4).

    Args:
        runs: float64 [runs, samples, columns], without nan.
        videos: [samples], the video of each.
    """
    count = len(runs)
    if count < 2:
        return []
    _, cluster, sizes = np.unique(np.asarray(videos), return_inverse=True, return_counts=True)
    means = runs.mean(axis=1)
    interaction = np.zeros(runs.shape[2])
    for residual in runs - runs.mean(axis=0):
        centred = sum_by_video(residual, cluster) - residual.mean(axis=0) * sizes[:, None]
        interaction += np.square(centred).sum(axis=0) / len(cluster) ** 2
    between = means.var(axis=0, ddof=1) / count
    return [SeedNoise(between, interaction / (count - 1) / count, count - 1)]


class MeanIntervals(NamedTuple):
    """Means of columns and their 95% intervals: float64 [columns] each."""

    means: np.ndarray
    low: np.ndarray
    high: np.ndarray


def mean_intervals(
    values: np.ndarray,
    videos: Sequence[str],
    noise: Sequence[SeedNoise] = (),
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> MeanIntervals:
    """Means over samples and their studentised bootstrap intervals (bootstrap-t) over videos.

    In each resample of the videos, the deviation from the observed mean is divided by its own standard
    error (cluster-robust: the root of the sum of squared residuals of the videos, over the number of
    samples), and the quantiles of these ratios replace those of Student's t (Efron and Tibshirani, An
    Introduction to the Bootstrap, 1993, section 12.5). Seed noise is drawn from a normal distribution,
    and its variance is re-estimated in each resample. Intervals are clipped to the smallest and largest
    value of a sample. benchmarks/calibration.py measures their coverage.

    Args:
        values: float64 [samples, columns]; a sample with nan does not count for that column.
        videos: [samples], the video of each sample; the order does not matter.
        noise: seed noise; empty for a single run or a scorer without training.
        seed: of the resamples. The same seed and videos give the same resamples, so all submissions
            are resampled alike.
    """
    _, cluster, counts = np.unique(np.asarray(videos), return_inverse=True, return_counts=True)
    absent = np.isnan(values)
    sizes = np.broadcast_to(counts[:, None].astype(np.float64), (len(counts), values.shape[1]))
    if absent.any():
        sizes = sum_by_video((~absent).astype(np.float64), cluster)
    total = sizes.sum(axis=0)
    sums = sum_by_video(np.where(absent, 0.0, values), cluster)
    means = sums.sum(axis=0) / total
    centred = sums - means * sizes
    squared = np.square(centred).sum(axis=0) / total**2
    error = np.sqrt(squared + sum(part.variance for part in noise))
    shift, variance = np.empty((2, resamples, values.shape[1]))
    generator = np.random.PCG64([seed, 1])
    start = 0
    for weights in _weights(seed, resamples, len(counts)):
        rows = slice(start, start + len(weights))
        start += len(weights)
        shift[rows], variance[rows] = resampled_deviations(weights, centred, sizes)
        for part in noise:
            drawn, estimated = part.draw(generator, len(weights))
            shift[rows] += drawn
            variance[rows] += estimated
    least, most = ratio_quantiles(shift, variance)
    spread = error >= EXACT
    with np.errstate(invalid="ignore"):
        low = np.where(spread, means - most * error, means)
        high = np.where(spread, means - least * error, means)
    lowest, highest = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    return MeanIntervals(means, np.clip(low, lowest, means), np.clip(high, means, highest))


def resampled_deviations(
    weights: np.ndarray, centred: np.ndarray, sizes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The deviation of the mean in each resample, and its squared standard error: [resamples, columns].

    Args:
        weights: float64 [resamples, videos], how often each video is drawn.
        centred: float64 [videos, columns], the sum of a video's samples, minus the mean times its size.
        sizes: float64 [videos, columns], how many samples count.
    """
    size = weights @ sizes
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = weights @ centred / size
        squares = weights @ centred**2 - 2 * shift * (weights @ (centred * sizes))
        return shift, np.maximum(squares + shift**2 * (weights @ sizes**2), 0.0) / size**2


def ratio_quantiles(shift: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 2.5% and 97.5% quantiles of deviations over their standard errors: float64 [columns] each."""
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = np.sqrt(variance)
        # A resample without spread says nothing about its error: infinitely far off, if it is off.
        spreadless = np.sign(np.round(shift, 9)) * np.inf
        ratios = np.where(errors < EXACT, spreadless, shift / errors)
    ratios[np.isnan(ratios)] = 0.0
    ratios.sort(axis=0)
    first = int(0.025 * (len(ratios) - 1))
    return ratios[first], ratios[len(ratios) - 1 - first]


def _weights(seed: int, resamples: int, videos: int) -> Iterator[np.ndarray]:
    """The video weights of all resamples, in chunks that fit into memory."""
    step = max(1, VALUES_AT_ONCE // videos)
    if resamples <= step:
        yield _kept_weights(seed, resamples, videos)
        return
    generator = np.random.PCG64(seed)
    for start in range(0, resamples, step):
        yield draw_counts(generator, min(step, resamples - start), videos)


@lru_cache(maxsize=1)
def _kept_weights(seed: int, resamples: int, videos: int) -> np.ndarray:
    """Cached: all rows of a table share the resamples, and drawing them takes most of the time."""
    weights = draw_counts(np.random.PCG64(seed), resamples, videos)
    weights.flags.writeable = False
    return weights


def sum_by_video(values: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """Sums of float64 [samples, columns] by video (`cluster`: int64 [samples], the video numbers)."""
    count = int(cluster.max()) + 1
    return np.stack([np.bincount(cluster, column, minlength=count) for column in values.T], axis=1)


def draw_counts(generator: np.random.PCG64, resamples: int, videos: int) -> np.ndarray:
    """How often each video is drawn: float64 [resamples, videos], rows add up to `videos`.

    Uses the raw output of the generator, which numpy guarantees to be stable; the bias relative to a
    uniform draw is below videos / 2**32.
    """
    raw = generator.random_raw(resamples * videos) >> np.uint64(32)
    drawn = (raw * np.uint64(videos) >> np.uint64(32)).astype(np.int64).reshape(resamples, videos)
    drawn += np.arange(resamples)[:, None] * videos
    counts = np.bincount(drawn.ravel(), minlength=resamples * videos)
    return counts.reshape(resamples, videos).astype(np.float64)


def draw_normal(generator: np.random.PCG64, count: int) -> np.ndarray:
    """Standard normal numbers, float64 [count], from the raw output of the generator, which numpy
    guarantees to be stable."""
    from scipy.special import ndtri

    raw = generator.random_raw(count) >> np.uint64(11)
    normal: np.ndarray = ndtri((raw + 0.5) / 2.0**53)
    return normal
