"""The metrics: one table that is read wherever metrics are computed, printed, sorted or drawn.

They are computed per sample once; everything else only re-aggregates these arrays.

`best` (the headline): of the best-placed correct candidate, as all released code computes it.
`all`: in the paper's words, "the proportion of human comments found in the top k": each correct
candidate ranked among all 100, averaged over those of a sample, then over samples.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import numpy as np

from livebench.records import CANDIDATES
from livebench.scoring.ranking import Placement, best_of, expect, place_best, place_each
from livebench.scoring.resampling import SeedNoise, mean_intervals, seed_noise

_T = TypeVar("_T")


class Interval(msgspec.Struct, frozen=True):
    """A mean over samples and its 95% interval over videos, and over training seeds if there are several
    runs."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Metric:
    """A number for each sample, from the rank of a correct candidate.

    Attributes:
        name: as printed, and the key in result files.
        of_rank: maps ranks to values, for ranks 1 .. CANDIDATES at once; for tied candidates the metric
            is the expectation over their orders.
        digits: after the decimal point, wherever people read it.
        percent: whether it is a share, in per cent.
        higher_is_better: or lower.
    """

    name: str
    of_rank: Callable[[np.ndarray], np.ndarray]
    digits: int = 2
    percent: bool = False
    higher_is_better: bool = True

    def column(self, values: np.ndarray) -> np.ndarray:
        """The values of this metric in an array [..., len(METRICS)]: [...]."""
        return values[..., METRICS.index(self)]

    def format(self, value: float) -> str:
        """A value with the digits of the metric; values equal to within 1e-9 give the same text."""
        return f"{round(value, 9):z.{self.digits}f}"

    def format_interval(self, interval: Interval) -> str:
        """The 95% interval, such as "11.02 to 13.61"."""
        return f"{self.format(interval.low)} to {self.format(interval.high)}"

    def format_with_interval(self, interval: Interval) -> str:
        """Value and 95% interval, such as "12.30 [11.02 to 13.61]"."""
        return f"{self.format(interval.value)} [{self.format_interval(interval)}]"


def recall_at(k: int) -> Metric:
    """Recall@k: the per cent of samples (not "relevant retrieved / relevant") ranked k or better."""
    return Metric(f"R@{k}", lambda ranks: 100.0 * (ranks <= k), percent=True)


MR = Metric("MR", lambda ranks: ranks, higher_is_better=False)
"""Mean rank."""
MRR = Metric("MRR", lambda ranks: 1 / ranks, digits=4)
"""Mean reciprocal rank."""

METRICS: list[Metric] = [recall_at(1), recall_at(5), recall_at(10), MR, MRR]
"""The metrics of every table, in the order of its columns."""

HEADLINE = MRR
"""The metric used to sort, rank and test rows, and to audit sets."""

GROUND_TRUTHS = ("best", "all")


def expected_metrics(placement: Placement) -> np.ndarray:
    """The metrics of each placement, expected over orders of tied candidates: float64 [k, METRICS]."""
    ranks = np.arange(1.0, CANDIDATES + 1)
    return expect(placement, np.stack([metric.of_rank(ranks) for metric in METRICS], axis=1))


def sample_metrics(scores: np.ndarray, correct: np.ndarray) -> dict[str, np.ndarray]:
    """The metrics of each sample.

    Args:
        scores: float [samples, 100], finite, higher is better.
        correct: bool [samples, 100], at least one in each row.

    Returns:
        For "best" and "all" float64 [samples, len(METRICS)], in the order of METRICS.
    """
    sample, placement = place_each(scores, correct)
    best = expected_metrics(best_of(sample, placement))
    each = expected_metrics(placement)
    counts = np.bincount(sample, minlength=len(scores))
    sums = [np.bincount(sample, column, minlength=len(scores)) for column in each.T]
    return {"best": best, "all": np.stack(sums, axis=1) / counts[:, None]}


def best_metrics(scores: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """`sample_metrics` of "best" only: float64 [samples, METRICS]."""
    return expected_metrics(place_best(scores, correct))


def each_metrics(scores: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """Metrics of each correct candidate, ranked among all 100 of its sample: float64 [correct ones,
    METRICS], in the order of np.nonzero(correct)."""
    return expected_metrics(place_each(scores, correct)[1])


def chance_metrics(correct_counts: Sequence[int]) -> dict[str, np.ndarray]:
    """The exact chance level, given the number of correct candidates of each sample; as
    `sample_metrics`.
    """
    counts = np.asarray(correct_counts)
    correct = np.arange(CANDIDATES) < counts[:, None]
    return sample_metrics(np.zeros(correct.shape, np.float32), correct)


def intervals(
    values: np.ndarray, videos: Sequence[str], noise: Sequence[SeedNoise] = ()
) -> list[Interval]:
    """Mean of each column over samples, with its 95% interval; as `mean_intervals`.

    Args:
        values: float64 [samples, columns]; a sample with nan does not count for that column.
        videos: [samples], the video of each.
        noise: seed noise.
    """
    key = _digest(values, videos, noise)
    if key not in _known_intervals:
        columns = mean_intervals(values, videos, noise)
        found = [Interval(*map(float, column)) for column in zip(*columns, strict=True)]
        _known_intervals[key] = found
    return list(_known_intervals[key])


_known_intervals: dict[bytes, list[Interval]] = {}
"""By what they are computed from: a board and its copy made again, or a scorer that is the same in
several settings, need them once. Small, so all of a process are kept."""


def _digest(values: np.ndarray, videos: Sequence[str], noise: Sequence[SeedNoise]) -> bytes:
    digest = hashlib.sha256(repr(values.shape).encode())
    digest.update(values.tobytes())
    digest.update("\n".join(videos).encode("utf-8", "surrogatepass"))
    for part in noise:
        digest.update(repr(part.freedom).encode() + part.between.tobytes())
        digest.update(part.expected.tobytes())
    return digest.digest()


def by_metric(columns: Sequence[_T]) -> dict[str, _T]:
    """The columns, one for each metric, by the metric's name."""
    return {metric.name: column for metric, column in zip(METRICS, columns, strict=True)}


def summarise(
    runs: Sequence[dict[str, np.ndarray]], videos: Sequence[str]
) -> dict[str, dict[str, Interval]]:
    """Means over runs and samples with 95% intervals, by ground truth and name of metric.

    Args:
        runs: for each run, the result of `sample_metrics`; with several, intervals include seed noise.
        videos: [samples], the video of each.
    """
    values = np.stack(
        [np.concatenate([run[truth] for truth in GROUND_TRUTHS], axis=1) for run in runs]
    )
    columns = intervals(values.mean(axis=0), videos, seed_noise(values, videos))
    count = len(METRICS)
    return {
        truth: by_metric(columns[place * count : (place + 1) * count])
        for place, truth in enumerate(GROUND_TRUTHS)
    }
