"""Compares scorers on the same samples: differences, tests, ranks, and where they differ most."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import msgspec
import numpy as np

from livebench.scoring.metrics import METRICS, MR, MRR, Interval, by_metric, intervals
from livebench.scoring.resampling import SeedNoise, seed_noise, sum_by_video
from livebench.scoring.significance import PairTests, RowValues, flip_pairs

SIGNIFICANCE_LEVEL = 0.05
"""A difference is significant below this p."""

LARGEST = 20
_EQUAL = 1e-9
"""Numbers that differ by less count as equal."""


class RowPair(msgspec.Struct, frozen=True):
    """Two rows of a board: `first` has the higher mean, or comes first.

    Attributes:
        difference: of the means, first minus second, with its 95% interval over videos and seeds.
        p: two-sided, by flipping the signs of whole videos, with seed noise (`flip_pairs`).
        p_adjusted: the same, adjusted for all pairs of the board.
    """

    first: str
    second: str
    difference: Interval
    p: float
    p_adjusted: float

    @property
    def significant(self) -> bool:
        return self.p_adjusted < SIGNIFICANCE_LEVEL


def pair_tests(
    names: Sequence[str], rows: Sequence[np.ndarray], videos: Sequence[str], *, seed: int = 0
) -> list[RowPair]:
    """Test every two rows; `names` in the order of the board, best first.

    Args:
        rows: for each, float64 [runs, samples], the metric that rows are ranked by, higher is better.
        videos: [samples], the video of each.
        seed: of the flips.
    """
    if len(names) < 2:
        return []
    tests = _flip(rows, videos, seed)
    pairs = list(combinations(range(len(names)), 2))
    means = [runs.mean(axis=0) for runs in rows]
    apart = np.stack([means[i] - means[j] for i, j in pairs], axis=1)
    differences = intervals(apart, videos, _noise_of_pairs(rows, pairs, videos))
    columns = zip(pairs, differences, tests.p.tolist(), tests.adjusted.tolist(), strict=True)
    return [RowPair(names[i], names[j], gap, p, adjusted) for (i, j), gap, p, adjusted in columns]


def _flip(rows: Sequence[np.ndarray], videos: Sequence[str], seed: int = 0) -> PairTests:
    """The tests of all pairs of rows, each float64 [runs, samples]."""
    _, cluster, sizes = np.unique(np.asarray(videos), return_inverse=True, return_counts=True)
    return flip_pairs(
        [
            RowValues(
                sum_by_video(runs.mean(axis=0)[:, None], cluster)[:, 0],
                seed_noise(runs[:, :, None], videos),
            )
            for runs in rows
        ],
        sizes,
        seed=seed,
    )


def _noise_of_pairs(
    rows: Sequence[np.ndarray], pairs: Sequence[tuple[int, int]], videos: Sequence[str]
) -> list[SeedNoise]:
    """Seed noise of all pairs: first rows, then second rows, one entry for each number of runs."""
    noise = [seed_noise(runs[:, :, None], videos) for runs in rows]
    parts = []
    for members in zip(*pairs, strict=True):
        for freedom in sorted({part.freedom for row in members for part in noise[row]}):
            of_freedom = [
                [part for part in noise[row] if part.freedom == freedom] for row in members
            ]
            parts.append(
                SeedNoise(
                    np.array([part[0].between[0] if part else 0.0 for part in of_freedom]),
                    np.array([part[0].expected[0] if part else 0.0 for part in of_freedom]),
                    freedom,
                )
            )
    return parts


def rank_spreads(names: Sequence[str], pairs: Sequence[RowPair]) -> dict[str, tuple[int, int]]:
    """The best and the worst rank of each row that the tests allow.

    The best is 1 + the number of rows that are significantly better; the worst is the number of rows
    that are not significantly worse, itself included.
    """
    better, worse = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for pair in pairs:
        if pair.significant:
            ahead = pair.difference.value > 0
            winner, loser = (pair.first, pair.second) if ahead else (pair.second, pair.first)
            better[loser] += 1
            worse[winner] += 1
    return {name: (1 + better[name], len(names) - worse[name]) for name in names}


class Difference(msgspec.Struct, frozen=True):
    """A metric of two scorers; `difference` is first minus second, `p` is two-sided (`flip_pairs`)."""

    first: Interval
    second: Interval
    difference: Interval
    p: float


class Wins(msgspec.Struct, frozen=True):
    """On how many samples, or videos, each has the higher mean reciprocal rank."""

    first: int
    second: int
    equal: int


class SampleDifference(msgspec.Struct, frozen=True):
    """A sample, and the rank that each scorer gives its best-placed correct candidate (mean over ties
    and over runs)."""

    sample_id: str
    category: str
    first_rank: float
    second_rank: float


class ScorerComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two scorers on the same set and setting.

    Attributes:
        metrics: of the best-placed correct candidate, by metric.
        by_sample, by_video: wins of each, by reciprocal rank.
        largest: the samples whose reciprocal ranks differ most, largest difference first, at most
            LARGEST.
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
        first, second: float64 [runs, samples, METRICS], metrics of the best-placed correct candidate.
        sample_ids, videos, categories: [samples].
    """
    count = len(METRICS)
    p_values = [float(_flip([first[:, :, m], second[:, :, m]], videos).p[0]) for m in range(count)]
    noise = seed_noise(first, videos), seed_noise(second, videos)
    first, second = first.mean(axis=0), second.mean(axis=0)
    apart = first - second
    of_first, of_second = intervals(first, videos, noise[0]), intervals(second, videos, noise[1])
    differences = intervals(apart, videos, [*noise[0], *noise[1]])
    _, cluster = np.unique(np.asarray(videos), return_inverse=True)
    gains = MRR.column(apart)
    first_rank, second_rank = MR.column(first), MR.column(second)
    # Differences that are equal up to rounding are ordered by sample id.
    sizes = np.round(np.abs(gains), 9)
    order = sorted(range(len(gains)), key=lambda row: (-sizes[row], sample_ids[row]))
    return ScorerComparison(
        samples=len(gains),
        videos=int(cluster.max()) + 1,
        metrics=by_metric(
            [
                Difference(*columns)
                for columns in zip(of_first, of_second, differences, p_values, strict=True)
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
