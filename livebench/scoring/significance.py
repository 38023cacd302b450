"""Intervals and tests that resample videos: the samples of one video are not independent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from livebench.records import CANDIDATES

RESAMPLES = 10_000
VALUES_AT_ONCE = 1 << 22
"""Weights of videos held in memory at a time."""


def bootstrap_means(
    values: np.ndarray, videos: Sequence[str], *, seed: int = 0, resamples: int = RESAMPLES
) -> np.ndarray:
    """Means over samples in resamples of the videos, drawn with replacement.

    Args:
        values: float64 [samples, metrics]; where one is nan, the sample does not count for that metric.
        videos: [samples], the video of each sample; their order does not matter.
        seed: of the resamples. The same seed and the same videos give the same resamples, so that two
            submissions are resampled alike.

    Returns:
        float64 [resamples, metrics]; nan where a resample has no sample that counts.
    """
    _, cluster, sizes = np.unique(np.asarray(videos), return_inverse=True, return_counts=True)
    count, absent = len(sizes), np.isnan(values)
    sizes = sizes[:, None]
    if absent.any():
        sizes = sum_by_video((~absent).astype(np.float64), cluster)
        values = np.where(absent, 0.0, values)
    sums = sum_by_video(values, cluster)
    means, start = np.empty((resamples, values.shape[1])), 0
    for weights in _weights(seed, resamples, count):
        rows = slice(start, start + len(weights))
        with np.errstate(invalid="ignore"):
            means[rows] = (weights @ sums) / (weights @ sizes)
        start += len(weights)
    return means


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


def shift_p(places: np.ndarray, videos: Sequence[str], observed: float, *, seed: int = 0) -> float:
    """One-sided p that a mean reciprocal rank as high as `observed` comes about by chance.

    The hypothesis: the places of the correct candidates are uniform, and the samples of a video hang
    together in any way that a common cyclic shift of their places leaves alone ("not at all" and "all
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
    return float(pairwise_flip_p(np.stack([sums, np.zeros_like(sums)]), seed=seed)[0, 1])


_PAIR_FLIPS = 40
"""Ways to set the signs for each pair, where there are many: Holm can then still find p below 1 / 40."""


def pairwise_flip_p(sums: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """`flip_p` of the difference of each two rows, under the same flips.

    n is at least RESAMPLES, and PAIR_FLIPS for each pair: the least p there can be, 1 / (n + 1), must
    stay small after correction for so many pairs.

    Args:
        sums: float64 [rows, videos], the sum of the values of each video.

    Returns:
        float64 [rows, rows], symmetric, 1 on the diagonal.
    """
    rows, videos = sums.shape
    exact = 2**videos <= RESAMPLES
    flips = 2**videos if exact else max(RESAMPLES, _PAIR_FLIPS * rows * (rows - 1) // 2)
    observed = np.abs(sums.sum(axis=1)[:, None] - sums.sum(axis=1))
    counts = np.zeros((rows, rows), np.int64)
    generator = np.random.PCG64(seed)
    step = max(1, VALUES_AT_ONCE // max(videos, rows))
    for start in range(0, flips, step):
        number = min(step, flips - start)
        if exact:
            bits = np.arange(start, start + number)[:, None] >> np.arange(videos) & 1
        else:
            raw = generator.random_raw(number * videos)
            bits = (raw >> np.uint64(63)).astype(np.int8).reshape(number, videos)
        flipped = (2.0 * bits - 1) @ sums.T
        for row in range(rows - 1):
            apart = np.abs(flipped[:, row + 1 :] - flipped[:, row, None])
            # Sums that differ by rounding alone are equal.
            counts[row, row + 1 :] += (apart >= observed[row, row + 1 :] - 1e-9).sum(axis=0)
    counts += counts.T
    p_values: np.ndarray = counts / flips if exact else (counts + 1) / (flips + 1)
    np.fill_diagonal(p_values, 1.0)
    return p_values


def holm(p_values: Sequence[float]) -> list[float]:
    """p values adjusted for being one of many, after Holm."""
    from statsmodels.stats.multitest import multipletests

    return multipletests(p_values, method="holm")[1].tolist() if len(p_values) else []


def format_p(p: float) -> str:
    """A p with four digits; never 0."""
    return f"{p:.4f}" if p >= 0.00005 else "below 0.0001"
