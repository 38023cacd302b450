"""Resamples of videos, and intervals from them: the samples of one video are not independent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

RESAMPLES = 10_000
EXACT = 1e-12
"""Below this a spread is rounding."""

VALUES_AT_ONCE = 1 << 22
"""Weights of videos held in memory at a time."""


class SeedNoise(NamedTuple):
    """What the seeds of training add to the variance of means over runs; a difference of two means over
    runs has two of these.

    Attributes:
        between: float64 [columns], the variance of the means of the runs, over their number.
        expected: float64 [columns], what `between` is where seeds change nothing but which samples of
            which videos a run does well on: runs differ by chance, too.
        freedom: degrees of freedom, the number of runs less 1.
    """

    between: np.ndarray
    expected: np.ndarray
    freedom: int

    @property
    def variance(self) -> np.ndarray:
        """float64 [columns], what seeds add, at least 0."""
        variance: np.ndarray = np.maximum(self.between - self.expected, 0.0)
        return variance

    def draw(self, generator: np.random.PCG64, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Noise as seeds make it, and its variance as so many runs would estimate it.

        Returns:
            float64 [count, columns] each.
        """
        normal = draw_normal(generator, count * (1 + self.freedom)).reshape(1 + self.freedom, count)
        squares = np.square(normal[1:]).sum(axis=0)[:, None] / self.freedom
        between = np.maximum(self.between, self.expected)
        estimated = np.maximum(between * squares - self.expected, 0.0)
        return np.sqrt(self.variance) * normal[0][:, None], estimated


def seed_noise(runs: np.ndarray, videos: Sequence[str]) -> list[SeedNoise]:
    """The part of seeds in the variance of a mean over runs: one, or none where there is one run.

    Runs are a random factor crossed with videos: the variance between the means of runs, less what the
    interaction of runs and videos alone would make of it (the estimate of a component of variance from
    mean squares; Searle, Casella and McCulloch, Variance Components, 1992, chapter 4).

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

    In each resample of the videos the mean, less that of all samples, is divided by its own standard
    error (of a mean over clusters: the root of the sum of squared residuals of the videos, over the
    number of samples), and the quantiles of these ratios take the place of Student's t (Efron and
    Tibshirani, An Introduction to the Bootstrap, 1993, section 12.5). Noise of seeds is drawn from the
    normal law, with its variance estimated anew in each resample. An interval is cut at the least and
    the greatest value of a sample. benchmarks/calibration.py shows what it covers.

    Args:
        values: float64 [samples, columns]; where one is nan, the sample does not count for that column.
        videos: [samples], the video of each sample; their order does not matter.
        noise: of the training seeds; empty where the values are of one run, or need no training.
        seed: of the resamples. The same seed and the same videos give the same resamples, so that two
            submissions are resampled alike.
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
    ratios = np.empty((resamples, values.shape[1]))
    generator = np.random.PCG64([seed, 1])
    start = 0
    for weights in _weights(seed, resamples, len(counts)):
        rows = slice(start, start + len(weights))
        start += len(weights)
        size = weights @ sizes
        with np.errstate(divide="ignore", invalid="ignore"):
            shift = weights @ centred / size
            squares = weights @ centred**2 - 2 * shift * (weights @ (centred * sizes))
            variance = np.maximum(squares + shift**2 * (weights @ sizes**2), 0.0) / size**2
            for part in noise:
                drawn, estimated = part.draw(generator, len(weights))
                shift, variance = shift + drawn, variance + estimated
            errors = np.sqrt(variance)
            # A resample without spread says nothing of its error: as far off as can be, if it is off.
            spreadless = np.sign(np.round(shift, 9)) * np.inf
            ratios[rows] = np.where(errors < EXACT, spreadless, shift / errors)
    ratios[np.isnan(ratios)] = 0.0
    ratios.sort(axis=0)
    first = int(0.025 * (resamples - 1))
    least, most = ratios[first], ratios[resamples - 1 - first]
    spread = error >= EXACT
    with np.errstate(invalid="ignore"):
        low = np.where(spread, means - most * error, means)
        high = np.where(spread, means - least * error, means)
    lowest, highest = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    return MeanIntervals(means, np.clip(low, lowest, means), np.clip(high, means, highest))


def _weights(seed: int, resamples: int, videos: int) -> Iterator[np.ndarray]:
    """The weights of all resamples, in parts that fit into memory."""
    step = max(1, VALUES_AT_ONCE // videos)
    if resamples <= step:
        yield _kept_weights(seed, resamples, videos)
        return
    generator = np.random.PCG64(seed)
    for start in range(0, resamples, step):
        yield draw_counts(generator, min(step, resamples - start), videos)


@lru_cache(maxsize=1)
def _kept_weights(seed: int, resamples: int, videos: int) -> np.ndarray:
    """The rows of a table are resampled alike: drawing takes longer than all else."""
    weights = draw_counts(np.random.PCG64(seed), resamples, videos)
    weights.flags.writeable = False
    return weights


def sum_by_video(values: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """Sums of float64 [samples, columns] by the number of their video, int64 [samples]."""
    count = int(cluster.max()) + 1
    return np.stack([np.bincount(cluster, column, minlength=count) for column in values.T], axis=1)


def draw_counts(generator: np.random.PCG64, resamples: int, videos: int) -> np.ndarray:
    """How often each video is drawn: float64 [resamples, videos], rows add up to `videos`.

    From the raw output of the generator, which numpy promises never to change; the bias against a
    uniform draw is below videos / 2**32.
    """
    raw = generator.random_raw(resamples * videos) >> np.uint64(32)
    drawn = (raw * np.uint64(videos) >> np.uint64(32)).astype(np.int64).reshape(resamples, videos)
    drawn += np.arange(resamples)[:, None] * videos
    counts = np.bincount(drawn.ravel(), minlength=resamples * videos)
    return counts.reshape(resamples, videos).astype(np.float64)


def draw_normal(generator: np.random.PCG64, count: int) -> np.ndarray:
    """Standard normal numbers, float64 [count], from the raw output of the generator, which numpy
    promises never to change."""
    from scipy.special import ndtri

    raw = generator.random_raw(count) >> np.uint64(11)
    normal: np.ndarray = ndtri((raw + 0.5) / 2.0**53)
    return normal
