"""Each rater: how they use the scales, whether they repeat themselves, whether they look careless."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from livebench.human.analysis.agreement import RaterPairTables, spearman
from livebench.human.analysis.ratings import Ratings
from livebench.human.sheets.key import CRITERIA, HIGHEST, LOWEST

ALPHA = 0.01
"""A rater looks careless if their agreement with no other rater is above 0 at this level, one-sided. One
who rates at random is then named in about 99 of 100 studies; an honest one as often as the study is too
small to show their agreement (benchmarks/human_calibration.py)."""

SELF_ALPHA = 0.05
MIN_REPEATS = 20
"""Fewer items rated twice are shown, and say nothing of anyone."""

MIN_CONSTANT = 10
"""So many equal ratings, and no other, look careless."""

PERMUTATIONS = 2_000


class ScaleUse(msgspec.Struct, frozen=True):
    """How a rater uses a scale: mean and standard deviation (n - 1) of the first ratings, how often they
    gave 1 to 5, and the mean by system; None where there is nothing to take it of."""

    mean: float | None
    sd: float | None
    counts: list[int]
    systems: dict[str, float | None]


class SelfAgreement(msgspec.Struct, frozen=True):
    """A rater against themselves on the `n` items shown twice: the shares of equal ratings and of those
    at most 1 apart, Spearman's correlation; None with the reason where undefined."""

    n: int
    equal: float | None
    within_one: float | None
    spearman: float | None
    why: str = ""


class Rater(msgspec.Struct, frozen=True):
    """A rater, by criterion; `missing` ratings, and why they look `careless` (nothing: they do not)."""

    rater: str
    missing: int
    scales: dict[str, ScaleUse]
    repeats: dict[str, SelfAgreement]
    careless: list[str]


def describe_raters(
    ratings: Ratings, pairs: Sequence[RaterPairTables], *, seed: int = 0
) -> list[Rater]:
    """Describe every rater; those who look careless are named, and none is dropped."""
    raters = []
    for number, name in enumerate(ratings.raters):
        repeats = {
            criterion: self_agreement(
                ratings.values[number, :, c], ratings.again[number, :, c], name
            )
            for c, criterion in enumerate(CRITERIA)
        }
        careless = [
            *_constant(ratings.values[number]),
            *_apart_from_others(name, pairs, ratings),
            *_against_others(name, pairs),
            *_against_themselves(ratings.values[number], ratings.again[number], seed),
        ]
        scales = {criterion: _scale_use(ratings, number, c) for c, criterion in enumerate(CRITERIA)}
        raters.append(Rater(name, ratings.missing[name], scales, repeats, careless))
    return raters


def _scale_use(ratings: Ratings, rater: int, column: int) -> ScaleUse:
    values = ratings.values[rater, :, column]
    given = values[~np.isnan(values)]
    counts = [int(np.count_nonzero(given == level)) for level in range(LOWEST, HIGHEST + 1)]
    systems = {}
    for system in ratings.key.system_names:
        own = [system in item.systems for item in ratings.key.items]
        rated = values[own][~np.isnan(values[own])]
        systems[system] = float(rated.mean()) if len(rated) else None
    return ScaleUse(
        float(given.mean()) if len(given) else None,
        float(given.std(ddof=1)) if len(given) > 1 else None,
        counts,
        systems,
    )


def self_agreement(first: np.ndarray, second: np.ndarray, name: str) -> SelfAgreement:
    """Agreement of first and second ratings (float64 [items], nan where there is none)."""
    present = ~(np.isnan(first) | np.isnan(second))
    n = int(np.count_nonzero(present))
    if not n:
        return SelfAgreement(0, None, None, None, "undefined: nothing was rated twice")
    apart = np.abs(first[present] - second[present])
    value, _, why = spearman(first, second, (name, name))
    return SelfAgreement(n, float((apart == 0).mean()), float((apart <= 1).mean()), value, why)


def _constant(values: np.ndarray) -> list[str]:
    reasons = []
    for column, criterion in enumerate(CRITERIA):
        given = values[~np.isnan(values[:, column]), column]
        if len(given) >= MIN_CONSTANT and np.ptp(given) == 0:
            reasons.append(f"constant: gave {criterion} {given[0]:.0f} to all {len(given)} items")
    return reasons


def _with_others(name: str, pairs: Sequence[RaterPairTables]) -> list[RaterPairTables]:
    return [pair for pair in pairs if name in pair.names]


def _apart_from_others(name: str, pairs: Sequence[RaterPairTables], ratings: Ratings) -> list[str]:
    """Whether the rater agrees with nobody: the mean over criteria of Spearman's correlation.

    With each other rater alone, not with their mean: one careless rater would drag an honest one's
    correlation with that mean down. Of k others the level is ALPHA / k each.
    """
    own = _with_others(name, pairs)
    best: tuple[float, str] | None = None
    for pair in own:
        resampled = pair.resampled_mean()
        values = [pair.estimate(column).value for column in range(len(CRITERIA))]
        defined = [value for value in values if value is not None]
        if not defined or np.isnan(resampled).mean() > 0.05:
            continue
        if np.nanquantile(resampled, ALPHA / len(own)) > 0:
            return []
        other = pair.names[1 - pair.names.index(name)]
        if best is None or np.mean(defined) > best[0]:
            best = (float(np.mean(defined)), other)
    if best is None:
        return []
    text = (
        f"no agreement: with no other rater is the correlation above 0 at {100 * ALPHA:.0f}%; the best "
        f"is {best[0]:+.2f}, with {best[1]}"
    )
    if len(ratings.raters) == 2:
        text += " (with two raters it cannot be told which of them)"
    return [text]


def _against_others(name: str, pairs: Sequence[RaterPairTables]) -> list[str]:
    """Criteria on which the rater goes against every other: each correlation is below 0 at ALPHA,
    shared among the criteria. Against the mean of the others would not do: beside a rater who reverses
    the scale an honest one's mean is about 0."""
    own = _with_others(name, pairs)
    reasons = []
    for column, criterion in enumerate(CRITERIA):
        values = [pair.estimate(column).value for pair in own]
        defined = [value for value in values if value is not None]
        if defined and all(_below_zero(pair.resampled_on(column)) for pair in own):
            text = "the correlation with each other rater on {} is below 0; their mean is {:+.2f}"
            reasons.append("negative: " + text.format(criterion, np.mean(defined)))
    return reasons


def _below_zero(resampled: np.ndarray) -> bool:
    """Undefined correlations (a constant rater) count neither for nor against."""
    if np.isnan(resampled).mean() > 0.05:
        return True
    return bool(np.nanquantile(resampled, 1 - ALPHA / len(CRITERIA)) < 0)


def _against_themselves(first: np.ndarray, second: np.ndarray, seed: int) -> list[str]:
    """Whether second ratings go with first ones no better than if they were shuffled among the items:
    a permutation test of the mean over criteria of Spearman's correlation, at SELF_ALPHA."""
    present = ~np.isnan(first + second).any(axis=1)
    n = int(np.count_nonzero(present))
    if n < MIN_REPEATS:
        return []
    from scipy.stats import rankdata

    columns = [
        c for c in range(len(CRITERIA)) if np.ptp(first[present, c]) and np.ptp(second[present, c])
    ]
    if not columns:
        return []

    def standard(values: np.ndarray) -> np.ndarray:
        ranks = rankdata(values[present][:, columns], axis=0)
        ranks -= ranks.mean(axis=0)
        standardised: np.ndarray = ranks / np.sqrt(np.square(ranks).sum(axis=0))
        return standardised

    x, y = standard(first), standard(second)
    observed = float((x * y).sum() / len(columns))
    orders = np.random.default_rng(seed).permuted(np.tile(np.arange(n), (PERMUTATIONS, 1)), axis=1)
    shuffled = np.einsum("ij,kij->k", x, y[orders]) / len(columns)
    p = (np.count_nonzero(shuffled >= observed - 1e-9) + 1) / (PERMUTATIONS + 1)
    if p <= SELF_ALPHA:
        return []
    return [
        f"no self-agreement: over {n} items rated twice the correlation with themselves is "
        f"{observed:+.2f}, p = {p:.2f}"
    ]
