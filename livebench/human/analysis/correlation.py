"""Do the ranking metrics order systems as people do?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from math import factorial

import msgspec
import numpy as np

from livebench.candidates.candidate_set import CandidateSet
from livebench.errors import LiveBenchError
from livebench.human.analysis.ratings import Ratings
from livebench.human.analysis.resample import nan_mean, percentile_interval
from livebench.human.analysis.system_tests import by_moment
from livebench.human.sheets.key import CRITERIA, HUMAN, Key
from livebench.records import Setting
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import METRICS, by_metric, sample_metrics
from livebench.scoring.resampling import RESAMPLES, draw_counts
from livebench.scoring.significance import holm
from livebench.submissions.load import Run, Submission
from livebench.submissions.validate import Scores, read_scores, score_in

ENOUGH = 5
"""With fewer systems nothing can be concluded: with 4, even the best possible order has p = 2 / 24."""

EXACT_UP_TO = 8
RANDOM_ORDERS = 20_000
OVERALL = "mean of criteria"
COEFFICIENTS = ("spearman", "kendall")


class Correlation(msgspec.Struct, frozen=True):
    """A metric against human means over systems, signed so that 1 is the same order.

    Attributes:
        criterion: of the human means, or their mean.
        metric: of the best-placed correct candidate, by the score that its card declares; MR is
            negated.
        coefficient: "spearman" or "kendall" (tau-b).
        value, low, high: with its 95% interval over moments; None where undefined.
        p: two-sided, over the orders of the systems; None where undefined or nothing can be concluded.
        p_holm: the same, for being one of all rows with this coefficient.
        why: the reason for None.
    """

    criterion: str
    metric: str
    coefficient: str
    value: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None
    why: str = ""


class Correlations(msgspec.Struct, frozen=True, kw_only=True):
    """What `human-eval correlate` says. `exact`: p counts every order of the systems."""

    signature: str
    systems: list[str]
    exact: bool
    conclusion: str
    human: dict[str, dict[str, float | None]]
    metrics: dict[str, dict[str, float]]
    rows: list[Correlation]


def correlate_ratings(
    ratings: Ratings,
    candidate_set: CandidateSet,
    submissions: Sequence[Submission],
    *,
    signature: str = "",
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Correlations:
    """Correlate the human means of the systems with each ranking metric on the whole set.

    The videos of the set are resampled, each with all its samples and those of them that were rated:
    human means and metrics move together.

    Args:
        submissions: among them those that were rated; people have no rank among candidates.

    Raises:
        LiveBenchError: the set is another version, or a system has no scores on it.
    """
    key = ratings.key
    if candidate_set.manifest.hash != key.set_hash:
        raise LiveBenchError(
            candidate_set.path,
            f"not the set that was rated ({key.signature}, here {candidate_set.manifest.signature})",
            "give the rated one by --candidates",
        )
    answers = Answers(candidate_set)
    systems = [name for name in key.system_names if name != HUMAN]
    metrics = _metrics(key, candidate_set, answers, submissions)  # [systems, samples, METRICS]
    human = np.stack([nan_mean(by_moment(ratings, name)) for name in systems])
    names, video = np.unique(np.asarray(answers.videos), return_inverse=True)
    rated = np.searchsorted(names, [moment.video_id for moment in key.moments])
    weights = draw_counts(np.random.PCG64(seed), resamples, len(names))
    point = np.ones((1, len(names)))
    criteria = (*CRITERIA, OVERALL)
    # [1 or resamples, systems, columns]
    people = [_means(human, rated, counts) for counts in (point, weights)]
    people = [np.concatenate([m, m.mean(axis=2, keepdims=True)], axis=2) for m in people]
    ranks = [_means(metrics, video, counts) for counts in (point, weights)]
    rows = []
    for c, criterion in enumerate(criteria):
        for m, metric in enumerate(METRICS):
            pair = [(people[k][:, :, c], ranks[k][:, :, m]) for k in (0, 1)]
            rows += [_row(criterion, metric.name, name, pair, seed) for name in COEFFICIENTS]
    return Correlations(
        signature=signature,
        systems=systems,
        exact=len(systems) <= EXACT_UP_TO,
        conclusion=_conclusion(len(systems)),
        human={
            name: dict(zip(criteria, _numbers(people[0][0, k]), strict=True))
            for k, name in enumerate(systems)
        },
        metrics={
            name: by_metric((ranks[0][0, k] * _signs()).tolist()) for k, name in enumerate(systems)
        },
        rows=_adjusted(rows),
    )


def _metrics(
    key: Key, candidate_set: CandidateSet, answers: Answers, submissions: Sequence[Submission]
) -> np.ndarray:
    """float64 [systems, samples, METRICS] of the best-placed correct candidate, higher is better."""
    by_name = {submission.name: submission for submission in submissions}
    values = []
    for system in key.systems:
        if system.name == HUMAN:
            continue
        submission = by_name.get(system.name)
        if submission is None:
            raise LiveBenchError(
                system.name, "was rated, but is not among the submissions", "give --submissions"
            )
        run = next((run for run in submission.card.runs if run.name == system.run), None)
        if run is None:
            raise LiveBenchError(submission.path, f"has no run {system.run}, which was rated")
        score = score_in(key.setting, submission.card.score)
        shown: list[Setting] = [key.setting, "blind"] if score == "pmi" else [key.setting]
        read = [_read(submission, candidate_set, run, setting, answers) for setting in shown]
        declared = read[0].normalised(score, answers.lengths, read[-1])
        values.append(sample_metrics(declared, answers.correct)["best"] * _signs())
    return np.stack(values)


def _read(
    submission: Submission,
    candidate_set: CandidateSet,
    run: Run,
    setting: Setting,
    answers: Answers,
) -> Scores:
    path = submission.scores_path(candidate_set.name, run, setting)
    if not path.is_file():
        raise LiveBenchError(
            path,
            "no scores",
            f"run `livebench evaluate {submission.path} --candidates {candidate_set.path} "
            f"--setting {setting}`",
        )
    return read_scores(path, answers.sample_ids)


def _signs() -> np.ndarray:
    """[METRICS], which make higher better everywhere."""
    return np.array([1 if metric.higher_is_better else -1 for metric in METRICS])


def _means(values: np.ndarray, video: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted means over moments.

    Args:
        values: float64 [systems, moments, columns], nan where missing.
        video: int [moments].
        weights: float64 [resamples, videos].

    Returns:
        float64 [resamples, systems, columns], nan where there is nothing.
    """
    present = ~np.isnan(values)
    shape = (weights.shape[1], values.shape[0], values.shape[2])
    sums, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, video, np.where(present, values, 0).swapaxes(0, 1))
    np.add.at(counts, video, present.swapaxes(0, 1).astype(float))
    flat = (weights @ sums.reshape(len(sums), -1), weights @ counts.reshape(len(counts), -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return (flat[0] / flat[1]).reshape(-1, *shape[1:])


def _row(
    criterion: str,
    metric: str,
    coefficient: str,
    pair: Sequence[tuple[np.ndarray, np.ndarray]],
    seed: int,
) -> Correlation:
    (human, ranking), (human_drawn, ranking_drawn) = pair
    n = human.shape[1]
    if n < 3:
        why = f"undefined: {n} systems, 3 are needed"
        return Correlation(criterion, metric, coefficient, None, why=why)
    value = float(coefficients(coefficient, human, ranking)[0])
    if np.isnan(value):
        flat = "the human means are" if np.ptp(np.round(human, 9)) == 0 else f"{metric} is"
        why = f"undefined: {flat} the same for all systems"
        if np.isnan(human).any():
            why = "undefined: a system was not rated"
        return Correlation(criterion, metric, coefficient, None, why=why)
    interval = percentile_interval(coefficients(coefficient, human_drawn, ranking_drawn))
    low, high = interval or (None, None)
    why = "" if interval else "no interval: undefined in too many resamples"
    p = order_p(coefficient, human[0], ranking[0], seed) if n >= ENOUGH else None
    return Correlation(criterion, metric, coefficient, value, low, high, p, why=why)


def coefficients(name: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Spearman's rho or Kendall's tau-b of rows: both are Pearson's, of mid-ranks or of the signs of all
    differences.

    Args:
        x, y: float64 [rows, n]; equal if they agree to 9 digits.

    Returns:
        float64 [rows], nan where a row of x or y is constant, or holds nan.
    """

    def parts(values: np.ndarray) -> np.ndarray:
        values = np.round(values, 9)
        signs = np.sign(values[:, :, None] - values[:, None, :])
        # Mid-rank, less its mean: how many are below, less how many are above, halved.
        midranks: np.ndarray = signs.sum(axis=2) / 2
        return midranks if name == "spearman" else signs.reshape(len(values), -1)

    a, b = parts(x), parts(y)
    spread = (a * a).sum(axis=1) * (b * b).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 0, (a * b).sum(axis=1) / np.sqrt(spread), np.nan)


def order_p(name: str, x: np.ndarray, y: np.ndarray, seed: int = 0) -> float:
    """Two-sided p of a coefficient if every order of the systems were as likely: the share of orders
    at least as far from 0. All orders up to EXACT_UP_TO systems; beyond, (c + 1) / (n + 1) over random
    ones.

    Args:
        x, y: float64 [systems].
    """
    n = len(x)
    exact = n <= EXACT_UP_TO
    if exact:
        orders = np.array(list(permutations(range(n))))
    else:
        generator = np.random.default_rng(seed)
        orders = generator.permuted(np.tile(np.arange(n), (RANDOM_ORDERS, 1)), axis=1)
    observed = abs(coefficients(name, x[None], y[None])[0])
    shuffled = np.concatenate(
        [
            coefficients(name, np.broadcast_to(x, part.shape), y[part])
            for part in np.array_split(orders, max(1, len(orders) // 10_000))
        ]
    )
    count = int(np.count_nonzero(np.abs(shuffled) >= observed - 1e-9))
    return count / factorial(n) if exact else (count + 1) / (RANDOM_ORDERS + 1)


def _conclusion(n: int) -> str:
    if n >= ENOUGH:
        return f"{n} systems: read the intervals before the values."
    what = (
        "no order can be looked at"
        if n < 3
        else f"even the same order has p = {2 / factorial(n):.3f}"
    )
    return (
        f"Nothing can be concluded: with {n} systems {what}; rate at least {ENOUGH}. The numbers below "
        "describe these systems and no others."
    )


def _adjusted(rows: list[Correlation]) -> list[Correlation]:
    adjusted: dict[int, float] = {}
    for name in COEFFICIENTS:
        p = {
            k: row.p for k, row in enumerate(rows) if row.coefficient == name and row.p is not None
        }
        adjusted.update(zip(p, holm(list(p.values())), strict=True))
    return [msgspec.structs.replace(row, p_holm=adjusted.get(k)) for k, row in enumerate(rows)]


def _numbers(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]
