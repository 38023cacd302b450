"""Scorers against each other on the same samples: differences, tests, ranks, and where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import msgspec
import numpy as np

from livebench.scoring.metrics import METRICS, MR, MRR, Interval, by_metric, intervals
from livebench.scoring.significance import holm, pairwise_flip_p, sum_by_video

SIGNIFICANCE_LEVEL = 0.05
"""A difference is significant below this p."""

LARGEST = 20
_EQUAL = 1e-9
"""Numbers that differ by less differ by rounding."""


class RowPair(msgspec.Struct, frozen=True):
    """Two rows of a board: `first` has the higher mean, or comes first.

    Attributes:
        difference: of the means, first less second, with its 95% interval over videos.
        p: two-sided, by flipping signs of whole videos (`flip_p`).
        p_holm: the same, for being one of all pairs of the board.
    """

    first: str
    second: str
    difference: Interval
    p: float
    p_holm: float

    @property
    def significant(self) -> bool:
        return self.p_holm < SIGNIFICANCE_LEVEL


def pair_tests(names: Sequence[str], values: np.ndarray, videos: Sequence[str]) -> list[RowPair]:
    """Test each two rows; `names` in the order of the board, best first.

    Args:
        values: float64 [rows, samples], of the metric by which rows are ranked, higher is better.
        videos: [samples], the video of each.
    """
    if len(names) < 2:
        return []
    p_values = _p_values(values, videos)
    chosen = list(combinations(range(len(names)), 2))
    apart = np.stack([values[i] - values[j] for i, j in chosen], axis=1)
    raw = [float(p_values[i, j]) for i, j in chosen]
    rows = zip(chosen, intervals(apart, videos), raw, holm(raw), strict=True)
    return [
        RowPair(names[i], names[j], difference, p, p_holm) for (i, j), difference, p, p_holm in rows
    ]


def _p_values(values: np.ndarray, videos: Sequence[str]) -> np.ndarray:
    _, cluster = np.unique(np.asarray(videos), return_inverse=True)
    return pairwise_flip_p(sum_by_video(values.T, cluster).T)


def ranks(names: Sequence[str], pairs: Sequence[RowPair]) -> dict[str, int]:
    """1 + the number of rows that are significantly better; two rows that cannot be told apart may
    share a rank."""
    ranks_of = dict.fromkeys(names, 1)
    for pair in pairs:
        if pair.significant:
            ranks_of[pair.second if pair.difference.value > 0 else pair.first] += 1
    return ranks_of


class Difference(msgspec.Struct, frozen=True):
    """A metric of two scorers; `difference` is first less second, `p` two-sided (`flip_p`)."""

    first: Interval
    second: Interval
    difference: Interval
    p: float


class Wins(msgspec.Struct, frozen=True):
    """In how many samples, or videos, each has the higher mean reciprocal rank."""

    first: int
    second: int
    equal: int


class SampleDifference(msgspec.Struct, frozen=True):
    """A sample, and the rank of its best-placed correct candidate by each scorer (ties, and runs, are
    means)."""

    sample_id: str
    category: str
    first_rank: float
    second_rank: float


class ScorerComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two scorers on the same set and setting.

    Attributes:
        metrics: of the best-placed correct candidate, by metric.
        by_sample, by_video: who wins where, by reciprocal rank.
        largest: the samples whose reciprocal ranks differ most, at most LARGEST, the largest first.
    """

    samples: int
    videos: int
    metrics: dict[str, Difference]
    by_sample: Wins
    by_video: Wins
    largest: list[SampleDifference]


def compare_scorers(
    first: np.ndarray,
    second: np.ndarray,
    *,
    sample_ids: Sequence[str],
    videos: Sequence[str],
    categories: Sequence[str],
) -> ScorerComparison:
    """Compare two scorers.

    Args:
        first, second: float64 [samples, METRICS], of the best-placed correct candidate of each sample.
        sample_ids, videos, categories: [samples].
    """
    apart = first - second
    summaries = intervals(np.concatenate([first, second, apart], axis=1), videos)
    count = len(METRICS)
    p_values = [
        float(_p_values(np.stack([first[:, m], second[:, m]]), videos)[0, 1]) for m in range(count)
    ]
    _, cluster = np.unique(np.asarray(videos), return_inverse=True)
    gains = MRR.column(apart)
    first_rank, second_rank = MR.column(first), MR.column(second)
    # What is equal but for rounding goes by name.
    sizes = np.round(np.abs(gains), 9)
    order = sorted(range(len(gains)), key=lambda row: (-sizes[row], sample_ids[row]))
    return ScorerComparison(
        samples=len(gains),
        videos=int(cluster.max()) + 1,
        metrics=by_metric(
            [
                Difference(
                    summaries[m], summaries[count + m], summaries[2 * count + m], p_values[m]
                )
                for m in range(count)
            ]
        ),
        by_sample=wins(gains),
        by_video=wins(sum_by_video(gains[:, None], cluster)[:, 0]),
        largest=[
            SampleDifference(
                sample_ids[row],
                categories[row],
                float(first_rank[row]),
                float(second_rank[row]),
            )
            for row in order[:LARGEST]
            if sizes[row] > 0
        ],
    )


def wins(gains: np.ndarray) -> Wins:
    first, second = int((gains > _EQUAL).sum()), int((gains < -_EQUAL).sum())
    return Wins(first, second, len(gains) - first - second)
