"""Intervals and tests that resample videos: the samples of one video are not independent."""

from __future__ import annotations

from collections.abc import Sequence

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
        values: float64 [samples, metrics].
        videos: [samples], the video of each sample; their order does not matter.
        seed: of the resamples. The same seed and the same videos give the same resamples, so that two
            submissions are resampled alike.

    Returns:
        float64 [resamples, metrics].
    """
    _, cluster, sizes = np.unique(np.asarray(videos), return_inverse=True, return_counts=True)
    count = len(sizes)
    sums = np.stack([np.bincount(cluster, column, minlength=count) for column in values.T], axis=1)
    means = np.empty((resamples, values.shape[1]))
    generator = np.random.PCG64(seed)
    step = max(1, VALUES_AT_ONCE // count)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        weights = draw_counts(generator, rows, count)
        means[start : start + rows] = (weights @ sums) / (weights @ sizes)[:, None]
    return means


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
    exact = 2 ** len(sums) <= RESAMPLES
    if exact:
        bits = np.arange(2 ** len(sums))[:, None] >> np.arange(len(sums)) & 1
    else:
        raw = np.random.PCG64(seed).random_raw(RESAMPLES * len(sums))
        bits = (raw >> np.uint64(63)).astype(np.int8).reshape(RESAMPLES, -1)
    flipped = np.abs((2.0 * bits - 1) @ sums)
    # Sums that differ by rounding alone are equal.
    count = int(np.count_nonzero(flipped >= abs(sums.sum()) - 1e-9))
    return count / len(flipped) if exact else (count + 1) / (len(flipped) + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """p values adjusted for being one of many, after Holm."""
    from statsmodels.stats.multitest import multipletests

    return multipletests(p_values, method="holm")[1].tolist() if len(p_values) else []
