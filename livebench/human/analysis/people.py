"""What people reach: how often they pick the real one of ten candidates, and models on the same tens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from livebench import __version__
from livebench.candidates.candidate_set import CandidateSet
from livebench.errors import LiveBenchError
from livebench.human.analysis.choices import CHOICES, Choices, read_choices
from livebench.human.sheets.ranking_key import RANKING_KEY, SHOWN, read_ranking_key
from livebench.records import Setting
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import METRICS, MRR, Interval, expected_metrics, intervals
from livebench.scoring.ranking import place_best
from livebench.scoring.resampling import SeedNoise, seed_noise

PICKED_REAL = METRICS[0]
"""Recall@1 among the ten, in per cent; of people: how often they pick the real one."""

CHANCE = 100 / SHOWN


class PeopleRater(msgspec.Struct, frozen=True):
    """A rater, and the interval over videos."""

    rater: str
    real: Interval

    @property
    def like_chance(self) -> bool:
        """Whether the choices cannot be told from random ones."""
        return self.real.low <= CHANCE


class ScoredModel(NamedTuple):
    """A submission with scores for a set in a setting.

    Attributes:
        folder, name, kind: of its card.
        score: how its scores are read.
        values: [runs] of float64 [samples, 100], scores as they are read.
    """

    folder: str
    name: str
    kind: str
    score: str
    values: Sequence[np.ndarray]


class ModelOnTens(msgspec.Struct, frozen=True, kw_only=True):
    """A submission on the tens that people saw.

    Attributes:
        folder, name, kind, score: as of `ScoredModel`.
        runs: how many.
        real: Recall@1 among the ten, in per cent; intervals over videos, and over runs.
        reciprocal_rank: mean reciprocal rank among the ten.
        people_ahead: what people reach less that, paired by moment; interval over videos, raters, runs.
    """

    folder: str
    name: str
    kind: str
    score: str
    runs: int
    real: Interval
    reciprocal_rank: Interval
    people_ahead: Interval


class People(msgspec.Struct, frozen=True, kw_only=True):
    """A ranking task that people have done.

    Attributes:
        real: how often they pick the real one, in per cent: mean over raters and moments. Its interval
            is over videos, and over raters if there are several: other people, other videos.
        these_raters: the same with an interval over videos alone.
        same: how often two raters pick the same candidate, in per cent; None for one rater.
        pictures: moments with at least one picture.
        models: the best first.
    """

    name: str
    candidate_set: str
    set_hash: str
    setting: Setting
    signature: str
    moments: int
    videos: int
    pictures: int
    dropped: int
    absent: list[str]
    real: Interval
    these_raters: Interval
    same: Interval | None
    raters: list[PeopleRater]
    models: list[ModelOnTens]


Scored = Callable[[Setting], Sequence[ScoredModel]]
"""The submissions that have scores for a set in a setting."""


def find_people(
    candidate_set: CandidateSet,
    answers: Answers,
    scored: Scored,
    folder: Path,
    say: Callable[[str], object] = lambda line: None,
) -> list[People]:
    """The ranking tasks on a set that people have done, in a folder of human evaluations, by name; none
    if there are none.

    Args:
        say: called with a line for each task that was made from another version of the set, which is
            left out: what people reached there is no reference for the models of today.

    Raises:
        LiveBenchError: the files of a task are wrong.
    """
    found = []
    for path in sorted(Path(folder).glob(f"*/{RANKING_KEY}")):
        key = read_ranking_key(path)
        paths = sorted((path.parent / CHOICES).glob("*.csv"))
        if key.candidate_set != candidate_set.name or not paths:
            continue
        if key.set_hash != candidate_set.manifest.hash:
            say(
                f"{path.parent}: left out: people saw another version of {candidate_set.name} "
                f"({key.set_hash[:8]}, now {candidate_set.manifest.hash[:8]})"
            )
        else:
            choices = read_choices(paths, key, drop_missing=True)
            found.append(compare_people(choices, candidate_set, answers, scored(key.setting)))
    return found


def compare_people(
    choices: Choices, candidate_set: CandidateSet, answers: Answers, scored: Sequence[ScoredModel]
) -> People:
    """Compare people with models on the same tens.

    Raises:
        LiveBenchError: the set is not the one, or not the version, that raters saw.
    """
    key, manifest = choices.key, candidate_set.manifest
    if (candidate_set.name, manifest.hash) != (key.candidate_set, key.set_hash):
        what = f"not the set that raters saw ({key.signature}, here {manifest.signature})"
        raise LiveBenchError(candidate_set.path, what, "give that one, or move the task away")
    moments = [key.moments[place] for place in choices.moments.tolist()]
    place_of = {name: place for place, name in enumerate(answers.sample_ids)}
    samples = np.array([place_of[moment.sample_id] for moment in moments])
    correct = answers.correct[samples]
    real = 100.0 * np.take_along_axis(correct, choices.picked.T, axis=1).T[:, :, None]
    tens = _Tens(
        samples,
        np.array([moment.candidates for moment in moments]),
        np.array([moment.video_id for moment in moments]).tolist(),
    )
    same = [a == b for a, b in combinations(choices.picked, 2)]
    models = [tens.model(one, answers.correct, real) for one in scored]
    return People(
        name=key.name,
        candidate_set=candidate_set.name,
        set_hash=key.set_hash,
        setting=key.setting,
        signature=f"{key.signature}|setting:{key.setting}|task:one-of-{SHOWN}|moments:{len(moments)}"
        f"|seed:{key.seed}|raters:{len(real)}|interval:bootstrap-t|v:{__version__}",
        moments=len(moments),
        videos=len(set(tens.videos)),
        pictures=sum(moment.pictures > 0 for moment in moments),
        dropped=len(choices.dropped),
        absent=choices.absent,
        real=reached(real, tens.videos),
        these_raters=tens.mean(real),
        same=tens.mean(100.0 * np.array(same)[:, :, None]) if same else None,
        raters=[
            PeopleRater(name, tens.mean(values[None]))
            for name, values in zip(choices.raters, real, strict=True)
        ],
        models=sorted(models, key=lambda model: (-round(model.real.value, 9), model.folder)),
    )


def reached(real: np.ndarray, videos: Sequence[str]) -> Interval:
    """The mean accuracy of people, with an interval over videos and, if there are several, over raters.

    Args:
        real: float64 [raters, moments, 1], 100 where the real one was picked, else 0.
        videos: [moments].
    """
    return intervals(real.mean(axis=0), videos, rater_noise(real, videos))[0]


def rater_noise(real: np.ndarray, videos: Sequence[str]) -> list[SeedNoise]:
    """The variance that raters add, who are crossed with videos as training runs of a model are.

    As `seed_noise`, but what chance alone would give is not subtracted: raters are few, and the
    difference of two estimates, cut at 0, is too small too often (benchmarks/human_calibration.py). So
    intervals are rather too wide.
    """
    noise = seed_noise(real, videos)
    return [SeedNoise(one.between, np.zeros_like(one.between), one.freedom) for one in noise]


class _Tens(NamedTuple):
    """The tens that people saw.

    Attributes:
        samples: int64 [moments], places in the set.
        places: int64 [moments, 10], of the candidates among the sample's hundred.
        videos: [moments].
    """

    samples: np.ndarray
    places: np.ndarray
    videos: list[str]

    def mean(self, values: np.ndarray, noise: Sequence[SeedNoise] = ()) -> Interval:
        """The mean of [raters or runs, moments, 1] over all, and its interval over videos."""
        return intervals(values.mean(axis=0), self.videos, noise)[0]

    def model(self, one: ScoredModel, correct: np.ndarray, people: np.ndarray) -> ModelOnTens:
        """A model on the same tens; ties are resolved in expectation, as everywhere.

        Args:
            correct: bool [samples, 100].
            people: float64 [raters, moments, 1].
        """
        real, reciprocal = (
            np.stack([metric.column(self._metrics(v, correct)) for v in one.values])[:, :, None]
            for metric in (PICKED_REAL, MRR)
        )
        # Raters and runs are drawn apart from each other: their noise adds up.
        noise = [*rater_noise(people, self.videos), *seed_noise(real, self.videos)]
        ahead = people.mean(axis=0) - real.mean(axis=0)
        return ModelOnTens(
            folder=one.folder,
            name=one.name,
            kind=one.kind,
            score=one.score,
            runs=len(one.values),
            real=self.mean(real, seed_noise(real, self.videos)),
            reciprocal_rank=self.mean(reciprocal, seed_noise(reciprocal, self.videos)),
            people_ahead=self.mean(ahead[None], noise),
        )

    def _metrics(self, scores: np.ndarray, correct: np.ndarray) -> np.ndarray:
        """float64 [moments, METRICS] among the ten."""
        ten = (self.samples[:, None], self.places)
        return expected_metrics(place_best(scores[ten], correct[ten]))
