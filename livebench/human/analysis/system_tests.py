"""Means by system and criterion, and paired tests between systems."""

from __future__ import annotations

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
    found = np.full((len(ratings.raters), len(ratings.key.moments), len(CRITERIA)), np.nan)
    moments = item_moments(ratings)
    own = [number for number, item in enumerate(ratings.key.items) if system in item.systems]
    found[:, moments[own]] = ratings.values[:, own]
    return found


def mean_of_raters(values: np.ndarray) -> np.ndarray:
    """The mean over raters of what is there: [raters, ...] -> [...], nan where nothing is."""
    present = ~np.isnan(values)
    count = present.sum(axis=0)
    return np.where(present, values, 0).sum(axis=0) / np.where(count > 0, count, np.nan)


def system_means(ratings: Ratings, clusters: Clusters) -> list[SystemMeans]:
    """Means over moments of the mean over raters, in the order of the key."""
    found = []
    for system in ratings.key.system_names:
        values = mean_of_raters(by_moment(ratings, system))
        criteria = {
            criterion: mean_estimate(values[:, column], clusters, span=SCALE_SPAN)
            for column, criterion in enumerate(CRITERIA)
        }
        found.append(SystemMeans(system, criteria))
    return found


def compare_systems(
    ratings: Ratings, clusters: Clusters, *, seed: int = 0
) -> list[SystemComparison]:
    """Compare each two systems on each criterion.

    Only a rater who rated both counts for a moment, so that his severity cancels out. Both tests take
    one value a video, for the moments of one video are not independent: the sum of its differences for
    the permutation of signs, their mean for Wilcoxon's signed ranks.
    """
    found = []
    for first, second in combinations(ratings.key.system_names, 2):
        apart = mean_of_raters(by_moment(ratings, first) - by_moment(ratings, second))
        # Means of thirds: what is equal must be equal, or signed ranks see rounding as a difference.
        apart = np.round(apart, 12) + 0.0
        for column, criterion in enumerate(CRITERIA):
            difference = mean_estimate(apart[:, column], clusters, span=DIFFERENCE_SPAN)
            sums, sizes = _by_video(apart[:, column], clusters)
            wilcoxon, permutation = paired_tests(sums, sizes, seed)
            found.append(
                SystemComparison(first, second, criterion, difference, wilcoxon, permutation)
            )
    return _adjusted(found)


def _by_video(values: np.ndarray, clusters: Clusters) -> tuple[np.ndarray, np.ndarray]:
    """Sums and numbers of moments of the videos that have any."""
    moments = np.flatnonzero(~np.isnan(values))
    sizes = clusters.sums(np.ones(len(moments)), moments)
    return clusters.sums(values[moments], moments)[sizes > 0], sizes[sizes > 0]


def paired_tests(
    sums: np.ndarray, sizes: np.ndarray, seed: int = 0
) -> tuple[float | None, float | None]:
    """Two-sided p that the differences lie around 0: Wilcoxon's signed ranks, permutation of signs.

    Wilcoxon: differences of 0 are ranked and take part in neither sum (Pratt), ties share ranks, normal
    approximation. Permutation: `flip_p`.

    Args:
        sums: float64 [videos], the sum of the differences of each.
        sizes: float64 [videos], their number.

    Returns:
        None, None if no difference is other than 0.
    """
    sums = np.round(sums, 9) + 0.0
    if not np.any(sums):
        return None, None
    from scipy.stats import wilcoxon

    means = np.round(sums / sizes, 12)
    ranks = wilcoxon(means, zero_method="pratt", method="approx")
    return float(ranks.pvalue), flip_p(sums, seed=seed)


def _adjusted(found: list[SystemComparison]) -> list[SystemComparison]:
    defined = [one for one in found if one.wilcoxon is not None]
    wilcoxon = iter(holm([one.wilcoxon for one in defined]))
    permutation = iter(holm([one.permutation for one in defined]))
    return [
        one
        if one.wilcoxon is None
        else msgspec.structs.replace(
            one, wilcoxon_holm=next(wilcoxon), permutation_holm=next(permutation)
        )
        for one in found
    ]
