"""Means by system and criterion, and paired tests between systems."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

import msgspec
import numpy as np

from livebench.human.analysis.agreement import item_moments
from livebench.human.analysis.ratings import Ratings
from livebench.human.analysis.resample import (
    DIFFERENCE_SPAN,
    SCALE_SPAN,
    Clusters,
    Estimate,
    mean_estimate,
    nan_mean,
)
from livebench.human.sheets.key import CRITERIA
from livebench.scoring.significance import flip_p, holm


class SystemMeans(msgspec.Struct, frozen=True):
    """The means of a system, by criterion; `n` of an estimate is its number of moments."""

    system: str
    criteria: dict[str, Estimate]


class SystemComparison(msgspec.Struct, frozen=True):
    """Two systems on a criterion: first less second over the moments where both were rated.

    Attributes:
        difference: the mean difference.
        wilcoxon, permutation: two-sided p; None where no moment differs.
        wilcoxon_holm, permutation_holm: the same, for being one of all pairs and criteria.
    """

    first: str
    second: str
    criterion: str
    difference: Estimate
    wilcoxon: float | None
    permutation: float | None
    wilcoxon_holm: float | None = None
    permutation_holm: float | None = None


def by_moment(ratings: Ratings, system: str) -> np.ndarray:
    """The ratings of a system: float64 [raters, moments, CRITERIA], nan where there is none."""
    values = np.full((len(ratings.raters), len(ratings.key.moments), len(CRITERIA)), np.nan)
    moments = item_moments(ratings)
    own = [number for number, item in enumerate(ratings.key.items) if system in item.systems]
    values[:, moments[own]] = ratings.values[:, own]
    return values


def system_means(ratings: Ratings, clusters: Clusters) -> list[SystemMeans]:
    """Means over moments of the mean over raters, in the order of the key."""
    means = []
    for system in ratings.key.system_names:
        values = nan_mean(by_moment(ratings, system))
        criteria = {
            criterion: mean_estimate(values[:, column], clusters, span=SCALE_SPAN)
            for column, criterion in enumerate(CRITERIA)
        }
        means.append(SystemMeans(system, criteria))
    return means


def compare_systems(
    ratings: Ratings, clusters: Clusters, *, seed: int = 0
) -> list[SystemComparison]:
    """Compare each two systems on each criterion.

    Only raters who rated both count for a moment, so that their severity cancels out. Both tests take
    one value a video, for the moments of one video are not independent: the sum of its differences for
    the permutation of signs, their mean for Wilcoxon's signed ranks.
    """
    comparisons = []
    for first, second in combinations(ratings.key.system_names, 2):
        differences = by_moment(ratings, first) - by_moment(ratings, second)
        means = nan_mean(differences)
        for column, criterion in enumerate(CRITERIA):
            estimate = mean_estimate(means[:, column], clusters, span=DIFFERENCE_SPAN)
            videos = _exact_means(differences[:, :, column], clusters)
            wilcoxon, permutation = paired_tests(videos, seed)
            comparisons.append(
                SystemComparison(first, second, criterion, estimate, wilcoxon, permutation)
            )
    return _adjusted(comparisons)


def _exact_means(differences: np.ndarray, clusters: Clusters) -> list[list[Fraction]]:
    """By video, the mean over raters at each of its moments that has one, as fractions.

    Args:
        differences: float64 [raters, moments], whole numbers, nan where there is none.
    """
    counts = (~np.isnan(differences)).sum(axis=0)
    sums = np.nansum(differences, axis=0)
    videos: dict[int, list[Fraction]] = {}
    for moment in np.flatnonzero(counts):
        mean = Fraction(int(sums[moment]), int(counts[moment]))
        videos.setdefault(clusters.of[moment], []).append(mean)
    return list(videos.values())


def paired_tests(
    videos: Sequence[Sequence[Fraction]], seed: int = 0
) -> tuple[float | None, float | None]:
    """Two-sided p that the differences lie around 0: Wilcoxon's signed ranks, permutation of signs.

    Wilcoxon: differences of 0 are ranked and take part in neither sum (Pratt), ties share ranks, normal
    approximation. Permutation: `flip_p`. Both depend on what is equal: sums and means are taken of
    fractions, and rounded once.

    Args:
        videos: the differences of each.

    Returns:
        None, None if no video has a sum other than 0.
    """
    sums = np.array([float(sum(video)) for video in videos])
    if not np.any(sums):
        return None, None
    from scipy.stats import wilcoxon

    means = np.array([float(sum(video) / len(video)) for video in videos])
    ranks = wilcoxon(means, zero_method="pratt", method="approx")
    return float(ranks.pvalue), flip_p(sums, seed=seed)


def _adjusted(comparisons: list[SystemComparison]) -> list[SystemComparison]:
    """With the p values of Holm over all comparisons that have one."""
    wilcoxon = iter(holm([c.wilcoxon for c in comparisons if c.wilcoxon is not None]))
    permutation = iter(holm([c.permutation for c in comparisons if c.permutation is not None]))
    return [
        comparison
        if comparison.wilcoxon is None
        else msgspec.structs.replace(
            comparison, wilcoxon_holm=next(wilcoxon), permutation_holm=next(permutation)
        )
        for comparison in comparisons
    ]
