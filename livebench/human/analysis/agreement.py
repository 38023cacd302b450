"""Agreement of raters: Spearman's rank correlation by pair, and Krippendorff's alpha.

Point estimates are those of scipy and of the package krippendorff. Resamples need thousands of them at
once: ratings are 1 to 5, so that a table of 5 x 5 counts holds all that either coefficient depends on,
and the table of a resample is a weighted sum of the tables of its videos.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import msgspec
import numpy as np

from livebench.human.analysis.ratings import Ratings
from livebench.human.analysis.resample import Clusters, Estimate, nan_mean, percentile_interval
from livebench.human.sheets.key import CRITERIA, HIGHEST, LOWEST

LEVELS = HIGHEST - LOWEST + 1
POOLED = "pooled"


class RaterPair(msgspec.Struct, frozen=True):
    """Two raters and Spearman's correlation between their ratings of the items that both rated."""

    first: str
    second: str
    spearman: Estimate


class Agreement(msgspec.Struct, frozen=True):
    """Agreement on a criterion, or on all ratings as one list (`pooled`).

    `mean` is over the pairs whose coefficient is defined; its n is their number. The n of alpha is the
    number of ratings that it compares.
    """

    criterion: str
    pairs: list[RaterPair]
    mean: Estimate
    alpha: Estimate


class RaterPairTables:
    """Joint counts of two raters' ratings, by criterion, and their resamples.

    Attributes:
        names: the two raters.
        ratings: by criterion, float64 [2, items], nan where missing.
        resampled: float64 [CRITERIA + 1, resamples], Spearman's correlation in resamples, the pooled one
            last; nan where undefined.
    """

    def __init__(self, ratings: Ratings, first: int, second: int, clusters: Clusters) -> None:
        self.names = (ratings.raters[first], ratings.raters[second])
        both = ratings.values[[first, second]]
        moments = item_moments(ratings)
        self.ratings = [both[:, :, column] for column in range(len(CRITERIA))]
        tables = []
        for x, y in self.ratings:
            present = ~(np.isnan(x) | np.isnan(y))
            cells = (x[present] - LOWEST) * LEVELS + (y[present] - LOWEST)
            one_hot = np.eye(LEVELS**2)[cells.astype(np.int64)]
            tables.append(clusters.weights @ clusters.sums(one_hot, moments[present]))
        resampled = np.stack([*tables, sum(tables)]).reshape(len(CRITERIA) + 1, -1, LEVELS, LEVELS)
        self.resampled: np.ndarray = spearman_of_tables(resampled)
        self._estimates: dict[int | None, Estimate] = {}

    def estimate(self, column: int | None) -> Estimate:
        """Spearman's correlation on a criterion; None: on all ratings as one list."""
        if column not in self._estimates:
            self._estimates[column] = self._estimate(column)
        return self._estimates[column]

    def _estimate(self, column: int | None) -> Estimate:
        x, y = np.concatenate(self.ratings, axis=1) if column is None else self.ratings[column]
        value, n, why = spearman(x, y, self.names)
        if value is None:
            return Estimate(None, None, None, n, why)
        return _with_interval(value, self.resampled_on(column), n)

    def resampled_on(self, column: int | None) -> np.ndarray:
        """float64 [resamples]: the correlation on a criterion, or pooled (None)."""
        resampled: np.ndarray = self.resampled[-1 if column is None else column]
        return resampled

    def resampled_mean(self) -> np.ndarray:
        """float64 [resamples]: the mean over the criteria that are defined, nan if none is."""
        return nan_mean(self.resampled[: len(CRITERIA)])


def item_moments(ratings: Ratings) -> np.ndarray:
    """int64 [items]: the moment of each item, its place in the key."""
    places = {moment.sample_id: place for place, moment in enumerate(ratings.key.moments)}
    return np.array([places[item.sample_id] for item in ratings.key.items])


def rater_pairs(ratings: Ratings, clusters: Clusters) -> list[RaterPairTables]:
    """Every two raters."""
    numbers = range(len(ratings.raters))
    return [RaterPairTables(ratings, *pair, clusters) for pair in combinations(numbers, 2)]


def agreement(
    ratings: Ratings, pairs: Sequence[RaterPairTables], clusters: Clusters
) -> list[Agreement]:
    """Agreement by criterion, then pooled."""
    names = (*CRITERIA, POOLED)
    columns = (*range(len(CRITERIA)), None)
    return [
        Agreement(
            name,
            [RaterPair(*pair.names, pair.estimate(column)) for pair in pairs],
            _mean_of_pairs(pairs, column),
            _alpha(ratings, column, clusters),
        )
        for name, column in zip(names, columns, strict=True)
    ]


def spearman(x: np.ndarray, y: np.ndarray, names: tuple[str, str]) -> tuple[float | None, int, str]:
    """Spearman's rank correlation over what both have (not nan): value, n, and why it is undefined."""
    from scipy.stats import spearmanr

    present = ~(np.isnan(x) | np.isnan(y))
    x, y, n = x[present], y[present], int(np.count_nonzero(present))
    if n < 3:
        return None, n, f"undefined: {n} ratings in common, 3 are needed"
    for values, name in ((x, names[0]), (y, names[1])):
        if np.ptp(values) == 0:
            return None, n, f"undefined: {name} gave {values[0]:.0f} {n} times and nothing else"
    return float(spearmanr(x, y).statistic), n, ""


def spearman_of_tables(tables: np.ndarray) -> np.ndarray:
    """Spearman's correlation of tables of counts: Pearson's, of mid-ranks.

    Args:
        tables: float64 [..., 5, 5].

    Returns:
        float64 [...], nan where a rater gave one value only.
    """
    rows, columns = tables.sum(axis=-1), tables.sum(axis=-2)
    total = rows.sum(axis=-1)
    # Mid-ranks, less their mean (total + 1) / 2.
    x, y = (c.cumsum(axis=-1) - c / 2 - total[..., None] / 2 for c in (rows, columns))
    product = _between(x, tables, y)
    spread = (rows * x**2).sum(axis=-1) * (columns * y**2).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > 0.25, product / np.sqrt(spread), np.nan)


def _between(x: np.ndarray, tables: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Sum over i and j of x_i tables_ij y_j: [..., 5], [..., 5, 5], [..., 5] -> [...]."""
    sums: np.ndarray = ((tables @ y[..., None])[..., 0] * x).sum(axis=-1)
    return sums


def alpha_of_tables(tables: np.ndarray) -> np.ndarray:
    """Krippendorff's alpha, ordinal, of tables of coincidences.

    Source: Krippendorff, Computing Krippendorff's alpha-reliability, 2011.

    Args:
        tables: float64 [..., 5, 5], symmetric.

    Returns:
        float64 [...], nan where all ratings are equal.
    """
    counts = tables.sum(axis=-1)
    total = counts.sum(axis=-1)
    middle = counts.cumsum(axis=-1) - counts / 2
    distances = (middle[..., :, None] - middle[..., None, :]) ** 2
    observed = (tables * distances).sum(axis=(-2, -1))
    expected = _between(counts, distances, counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 0, 1 - (total - 1) * observed / expected, np.nan)


def coincidences(values: np.ndarray) -> np.ndarray:
    """Coincidences of ratings, by item.

    Args:
        values: float64 [raters, items], nan where missing.

    Returns:
        float64 [items, 25]; 0 for items with fewer than two ratings.
    """
    levels = np.arange(LOWEST, HIGHEST + 1)
    counts = (values[:, :, None] == levels).sum(axis=0).astype(float)  # [items, 5]
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(LEVELS)
    ratings = counts.sum(axis=1)
    scale = np.where(ratings > 1, 1 / np.maximum(ratings - 1, 1), 0)
    scaled: np.ndarray = pairs * scale[:, None, None]
    return scaled.reshape(len(counts), -1)


def _alpha(ratings: Ratings, column: int | None, clusters: Clusters) -> Estimate:
    """Alpha on a criterion; pooled: each item on each criterion is a unit of its own."""
    import krippendorff

    columns = range(len(CRITERIA)) if column is None else [column]
    values = np.concatenate([ratings.values[:, :, column] for column in columns], axis=1)
    moments = np.tile(item_moments(ratings), len(columns))
    compared = values[:, (~np.isnan(values)).sum(axis=0) > 1]
    n = int(np.count_nonzero(~np.isnan(compared)))
    if n == 0:
        return Estimate(None, None, None, 0, "undefined: no item has two ratings")
    levels = np.unique(compared[~np.isnan(compared)])
    if len(levels) == 1:
        return Estimate(None, None, None, n, f"undefined: all ratings are {levels[0]:.0f}")
    value = krippendorff.alpha(compared, level_of_measurement="ordinal")
    tables = clusters.weights @ clusters.sums(coincidences(values), moments)
    return _with_interval(float(value), alpha_of_tables(tables.reshape(-1, LEVELS, LEVELS)), n)


def _mean_of_pairs(pairs: Sequence[RaterPairTables], column: int | None) -> Estimate:
    values = [pair.estimate(column).value for pair in pairs]
    defined = [value for value in values if value is not None]
    if not defined:
        why = "undefined: one rater" if not pairs else "undefined: no pair has a coefficient"
        return Estimate(None, None, None, 0, why)
    why = f"of {len(defined)} of {len(pairs)} pairs" if len(defined) < len(pairs) else ""
    resampled = nan_mean(np.stack([pair.resampled_on(column) for pair in pairs]))
    return _with_interval(float(np.mean(defined)), resampled, len(defined), why)


def _with_interval(value: float, resampled: np.ndarray, n: int, why: str = "") -> Estimate:
    interval = percentile_interval(resampled)
    if interval is None:
        return Estimate(value, None, None, n, "no interval: undefined in too many resamples")
    return Estimate(value, *interval, n, why)
