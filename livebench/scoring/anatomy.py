"""Breaks a row down: which types of candidates take the top ranks, and where a scorer does well.

Nothing here needs the text of a set: answers and scores are enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec
import numpy as np

from livebench.records import CANDIDATES
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import (
    METRICS,
    Interval,
    best_metrics,
    by_metric,
    each_metrics,
    intervals,
)
from livebench.scoring.ranking import best_of, expect, place_each

UNKNOWN = "unknown"
"""The group of samples for which the set does not record the attribute."""

_CONTEXT_BINS = (0, 1, 2, 3, 4, 5, 6, 11)
_FREQUENCY_BINS = (0, 1, 2, 4, 11, 101, 1001)
_LENGTH_BINS = (1, 2, 3, 4, 6, 9, 13)
"""The smallest value of each bin; the last one is open-ended."""


class Group(msgspec.Struct, frozen=True):
    """Metrics over a subset of the samples, or of the correct candidates.

    Attributes:
        name: a category, a type of candidate, or a range such as "4 to 10".
        samples: the number of samples, or of correct candidates where those are grouped.
        videos: the number of videos. With one video the interval has no width and means nothing.
        metrics: by metric.
        chance: by metric, what uninformed scores are expected to reach on this subset.
    """

    name: str
    samples: int
    videos: int
    metrics: dict[str, Interval]
    chance: dict[str, float]


class Curve(msgspec.Struct, frozen=True):
    """Recall at k = 1 .. 100, in per cent, [100] each; `low` to `high`: 95% interval over videos."""

    value: list[float]
    low: list[float]
    high: list[float]
    chance: list[float]


class Anatomy(msgspec.Struct, frozen=True, kw_only=True):
    """A row broken down. All numbers are means over its runs; ties are resolved in expectation.

    Attributes:
        shares: by type, its mean share of the 100 candidates: the chance level of `rank_1`.
        rank_1: by type, per cent of samples in which a candidate of the type takes rank 1.
        mean_rank: by type, the mean rank of its candidates; 50.5 by chance.
        against: for each wrong type, the best-placed correct candidate ranked among the correct ones
            and those of this type only. Samples without such candidates do not count.
        by_category, by_context: metrics of the best-placed correct candidate, by category of the video,
            and by number of surrounding comments.
        by_frequency, by_length: metrics of each correct candidate, ranked among all 100, by its
            occurrences in the training split, and by its length in words.
        curves: recall by ground truth, `best` and `all` (docs/metrics.md).
        unknown: attributes that cannot be computed for this set, and why.
    """

    shares: dict[str, float]
    rank_1: dict[str, float]
    mean_rank: dict[str, float]
    against: list[Group]
    by_category: list[Group]
    by_context: list[Group]
    by_frequency: list[Group]
    by_length: list[Group]
    curves: dict[str, Curve]
    unknown: dict[str, str]


def anatomy(scores: np.ndarray, types: np.ndarray) -> dict[str, dict[str, float]]:
    """How the types of candidates share the ranks; ties are resolved in expectation.

    Args:
        scores: float [samples, candidates], higher is better.
        types: str [samples, candidates], the type of each candidate.

    Returns:
        `rank_1`: by type, per cent of samples in which a candidate of the type takes rank 1;
        `mean_rank`: by type, the mean rank over its candidates; types in alphabetical order.
    """
    from scipy.stats import rankdata

    top = scores == scores.max(axis=1, keepdims=True)
    share = top / np.count_nonzero(top, axis=1)[:, None]
    ranks = rankdata(-scores, axis=1)
    names = np.unique(types).tolist()
    return {
        "rank_1": {name: 100 * float(share[types == name].sum()) / len(scores) for name in names},
        "mean_rank": {name: float(ranks[types == name].mean()) for name in names},
    }


def against_type(scores: np.ndarray, types: np.ndarray, wrong_type: str) -> np.ndarray:
    """Metrics of the best-placed correct candidate, ranked among the correct ones and one wrong type.

    Args:
        scores: float [samples, 100].
        types: str [samples, 100].

    Returns:
        float64 [samples, METRICS]; the chance level, where all scores are equal.
    """
    correct = types == "correct"
    # All other candidates go to the bottom.
    return best_metrics(np.where(correct | (types == wrong_type), scores, -np.inf), correct)


def dissect(runs: Sequence[np.ndarray], answers: Answers) -> Anatomy:
    """Break down the scores of a submission.

    Args:
        runs: the scores of each run, float [samples, 100], in the order of `answers`.
    """
    types = answers.types
    flat = np.zeros(types.shape)
    parts = [anatomy(scores, answers.types) for scores in runs]
    names = list(parts[0]["rank_1"])
    each = _EachCorrect(runs, answers)
    categories = [category or UNKNOWN for category in answers.categories]
    by_sample = [*_of_samples(runs, answers, types, categories)]
    unknown = {}
    if set(categories) == {UNKNOWN}:
        unknown["by_category"] = "the videos of this set have no category"
    return Anatomy(
        shares={name: float((types == name).sum(axis=1).mean()) for name in names},
        **{
            key: {name: float(np.mean([part[key][name] for part in parts])) for name in names}
            for key in ("rank_1", "mean_rank")
        },
        against=_grouped(
            (
                (
                    wrong_type,
                    _mean(against_type(scores, types, wrong_type) for scores in runs),
                    against_type(flat, types, wrong_type),
                    (types == wrong_type).any(axis=1),
                )
                for wrong_type in names
                if wrong_type != "correct"
            ),
            answers.videos,
        ),
        by_category=[] if unknown else by_sample[0],
        by_context=by_sample[1],
        by_frequency=each.groups(answers.train_counts, _FREQUENCY_BINS),
        by_length=each.groups(answers.lengths, _LENGTH_BINS),
        curves=_curves(runs, answers),
        unknown=unknown,
    )


def _mean(arrays: Iterable[np.ndarray]) -> np.ndarray:
    return np.asarray(np.mean(list(arrays), axis=0))


def _of_samples(
    runs: Sequence[np.ndarray], answers: Answers, types: np.ndarray, categories: Sequence[str]
) -> Iterator[list[Group]]:
    """By category, and by number of surrounding comments."""
    values = _mean(best_metrics(scores, answers.correct) for scores in runs)
    chance = best_metrics(np.zeros(types.shape), answers.correct)
    names = np.asarray(categories)
    yield _grouped(
        ((str(name), values, chance, names == name) for name in np.unique(names)), answers.videos
    )
    yield _grouped(
        ((name, values, chance, part) for name, part in _bins(answers.n_context, _CONTEXT_BINS)),
        answers.videos,
    )


class _EachCorrect:
    """Metrics of every correct candidate, ranked among all 100 of its sample."""

    def __init__(self, runs: Sequence[np.ndarray], answers: Answers) -> None:
        self._correct = answers.correct
        sample, _ = np.nonzero(answers.correct)
        self._videos = [answers.videos[row] for row in sample]
        self._values = _mean(each_metrics(scores, answers.correct) for scores in runs)
        self._chance = each_metrics(np.zeros(answers.correct.shape), answers.correct)

    def groups(self, about: np.ndarray, bins: Sequence[int]) -> list[Group]:
        """Group by an attribute of the candidates, int64 [samples, 100]."""
        parts = _bins(about[self._correct], bins)
        return _grouped(
            ((name, self._values, self._chance, part) for name, part in parts), self._videos
        )


def _bins(numbers: np.ndarray, starts: Sequence[int]) -> Iterator[tuple[str, np.ndarray]]:
    """Names of ranges, and which numbers are in each: bool [n]."""
    for start, after in zip(starts, [*starts[1:], None], strict=True):
        if after is None:
            yield f"{start} or more", numbers >= start
        else:
            name = str(start) if after == start + 1 else f"{start} to {after - 1}"
            yield name, (numbers >= start) & (numbers < after)


def _grouped(
    parts: Iterable[tuple[str, np.ndarray, np.ndarray, np.ndarray]], videos: Sequence[str]
) -> list[Group]:
    """The non-empty groups of (name, values, chance, which), resampled together."""
    kept = [part for part in parts if part[3].any()]
    if not kept:
        return []
    columns = [np.where(which[:, None], values, np.nan) for _, values, _, which in kept]
    summaries = iter(intervals(np.concatenate(columns, axis=1), videos))
    of = np.asarray(videos)
    return [
        Group(
            name=name,
            samples=int(which.sum()),
            videos=len(set(of[which].tolist())),
            metrics=by_metric([next(summaries) for _ in METRICS]),
            chance=by_metric(chance[which].mean(axis=0).tolist()),
        )
        for name, _, chance, which in kept
    ]


def _curves(runs: Sequence[np.ndarray], answers: Answers) -> dict[str, Curve]:
    recall = 100.0 * np.tri(CANDIDATES).T  # [rank, k]: 100 where rank <= k
    counts = answers.correct.sum(axis=1)

    def recalls(scores: np.ndarray) -> np.ndarray:
        """[samples, 2, k], for `best` and `all`."""
        sample, each = place_each(scores, answers.correct)
        best = expect(best_of(sample, each), recall)
        within = expect(each, recall)
        sums = np.zeros(best.shape)
        np.add.at(sums, sample, within)
        return np.stack([best, sums / counts[:, None]], axis=1)

    values = _mean(recalls(scores) for scores in runs)
    chance = recalls(np.zeros(answers.correct.shape)).mean(axis=0)
    summaries = intervals(values.reshape(len(values), -1), answers.videos)
    curves = {}
    for row, name in enumerate(("best", "all")):
        own = summaries[row * CANDIDATES : (row + 1) * CANDIDATES]
        curves[name] = Curve(
            value=[point.value for point in own],
            low=[point.low for point in own],
            high=[point.high for point in own],
            chance=chance[row].tolist(),
        )
    return curves
