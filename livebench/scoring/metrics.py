"""The metrics: per sample once, and everything else only re-aggregates these arrays.

`best`: of the best-placed correct candidate, what all released code computes; the headline.
`all`: the paper's words, "the proportion of human comments found in the top k": each correct candidate
ranked among all 100, the mean over the correct ones of a sample, then over samples.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from livebench.records import CANDIDATES
from livebench.scoring.ranking import Expected, best_of, expect, place_best, place_each
from livebench.scoring.significance import RESAMPLES, bootstrap_means

METRICS = ("R@1", "R@5", "R@10", "MR", "MRR")
"""Recall@k in per cent (of samples, not "relevant retrieved / relevant"), mean rank (lower is better),
mean reciprocal rank."""

GROUND_TRUTHS = ("best", "all")
RECALL_AT = [1, 5, 10]


class Interval(msgspec.Struct, frozen=True):
    """A mean over samples and its 95% interval from a bootstrap over videos."""

    value: float
    low: float
    high: float


def sample_metrics(scores: np.ndarray, correct: np.ndarray) -> dict[str, np.ndarray]:
    """The metrics of each sample.

    Args:
        scores: float [samples, 100], finite, higher is better.
        correct: bool [samples, 100], at least one in each row.

    Returns:
        For "best" and "all" float64 [samples, len(METRICS)], in the order of METRICS.
    """
    sample, placement = place_each(scores, correct)
    best = _columns(expect(best_of(sample, placement), RECALL_AT))
    each = _columns(expect(placement, RECALL_AT))
    counts = np.bincount(sample, minlength=len(scores))
    sums = [np.bincount(sample, column, minlength=len(scores)) for column in each.T]
    return {"best": best, "all": np.stack(sums, axis=1) / counts[:, None]}


def _columns(expected: Expected) -> np.ndarray:
    return np.column_stack([100 * expected.within, expected.rank, expected.reciprocal])


def best_metrics(scores: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """As `sample_metrics`, of the best-placed correct candidate alone: float64 [samples, METRICS]."""
    return _columns(expect(place_best(scores, correct), RECALL_AT))


def each_metrics(scores: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """Of each correct candidate among all 100 of its sample: float64 [correct ones, METRICS], in the
    order of np.nonzero(correct)."""
    return _columns(expect(place_each(scores, correct)[1], RECALL_AT))


def chance_metrics(correct_counts: Sequence[int]) -> dict[str, np.ndarray]:
    """What a scorer that knows nothing expects, exactly, for samples with so many correct ones.

    Returns:
        As `sample_metrics`.
    """
    counts = np.asarray(correct_counts)
    correct = np.arange(CANDIDATES) < counts[:, None]
    return sample_metrics(np.zeros(correct.shape, np.float32), correct)


def intervals(
    values: np.ndarray, videos: Sequence[str], *, seed: int = 0, resamples: int = RESAMPLES
) -> list[Interval]:
    """Mean of each column over samples, with its 95% interval, resampling videos.

    Args:
        values: float64 [samples, columns]; where one is nan, the sample does not count for that column,
            nor does a resample that has none which does.
        videos: [samples], the video of each.
    """
    resampled = bootstrap_means(values, videos, seed=seed, resamples=resamples)
    means = np.nanmean(values, axis=0) if np.isnan(values).any() else values.mean(axis=0)
    low, high = np.percentile(resampled, (2.5, 97.5), axis=0)
    for column in np.flatnonzero(np.isnan(low)):
        low[column], high[column] = np.nanpercentile(resampled[:, column], (2.5, 97.5))
    return [Interval(*map(float, row)) for row in zip(means, low, high, strict=True)]


def summarise(
    per_sample: dict[str, np.ndarray], videos: Sequence[str]
) -> dict[str, dict[str, Interval]]:
    """Means over samples with 95% intervals, by ground truth and metric.

    Args:
        per_sample: as from `sample_metrics`.
        videos: [samples], the video of each.
    """
    values = np.concatenate([per_sample[name] for name in GROUND_TRUTHS], axis=1)
    found = iter(intervals(values, videos))
    return {name: {metric: next(found) for metric in METRICS} for name in GROUND_TRUTHS}
