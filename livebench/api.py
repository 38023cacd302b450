"""LiveBench in Python: load a set, score it with a model, compare two models.

    import livebench

    candidates = livebench.load_set("simulated-matched")
    result = livebench.evaluate(MyScorer(), candidates, "comments")
    print(result)
    print(result.metrics["best"]["MRR"].value, result.signature)

The numbers are those of `livebench evaluate` and `livebench compare`. All happens in this process, and
nothing is written: for a row on the leaderboard, hand in a submission (docs/submissions.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.freeze import restore_set
from livebench.cli.datasets import Datasets
from livebench.cli.options import DATASET, SET
from livebench.data.dataset import Dataset
from livebench.errors import LiveBenchError
from livebench.files import new_gzip
from livebench.records import ScoreRecord, Setting, shows_video
from livebench.scoring.anatomy import anatomy
from livebench.scoring.answers import Answers
from livebench.scoring.dropped import dropped_remarks
from livebench.scoring.metrics import METRICS, Interval, chance_metrics, sample_metrics, summarise
from livebench.scoring.paired import ScorerComparison, compare_scorers
from livebench.scoring.preparation import check_trained, fit
from livebench.scoring.questions import answered, questions
from livebench.scoring.result import signature
from livebench.scoring.runner import read_samples
from livebench.scoring.scorer import (
    Comment,
    LogLikelihood,
    Sample,
    Score,
    Scorer,
    VideoContext,
    is_fitted,
)
from livebench.submissions.validate import Normalisation, Scores, score_in
from livebench.tables import text_table

__all__ = [
    "Comment",
    "Evaluation",
    "Interval",
    "LiveBenchError",
    "LoadedSet",
    "LogLikelihood",
    "Sample",
    "Scorer",
    "ScorerComparison",
    "VideoContext",
    "compare",
    "evaluate",
    "load_set",
]


class LoadedSet:
    """A candidate set with its dataset, ready to be scored.

    Attributes:
        candidate_set: the frozen set.
    """

    def __init__(self, candidate_set: CandidateSet, datasets: Datasets) -> None:
        self.candidate_set = candidate_set
        self._datasets = datasets

    @property
    def name(self) -> str:
        return self.candidate_set.name

    @property
    def settings(self) -> list[Setting]:
        """The settings that it can be scored in."""
        return self.candidate_set.settings

    @cached_property
    def answers(self) -> Answers:
        """What a scorer never sees: types, training counts and lengths of the candidates; no text."""
        return Answers(self.candidate_set)

    @cached_property
    def dataset(self) -> Dataset:
        """The dataset that it was built from; a simulated one is made if it is absent.

        Raises:
            LiveBenchError: it is not available.
        """
        return self._datasets.need(self.candidate_set)

    def __len__(self) -> int:
        """The number of samples."""
        return len(self.answers.sample_ids)

    def samples(self, setting: Setting = "both") -> dict[str, Sample]:
        """What a scorer sees of each sample in a setting, by sample id, in the order of the set.

        Raises:
            LiveBenchError: the set cannot be scored in this setting, or its dataset is absent.
        """
        dataset = self._shown(setting)
        return dict(read_samples(self.candidate_set, dataset, setting))

    def _shown(self, setting: Setting) -> Dataset | None:
        """The dataset, if the setting shows the video; the text of the set is there afterwards."""
        if setting not in self.settings:
            raise LiveBenchError(
                self.candidate_set.path,
                f"cannot be scored in the setting {setting!r}",
                f"choose from {', '.join(self.settings)}",
            )
        if not self.candidate_set.has_text:
            restore_set(self.candidate_set.path, self.dataset)
        return self.dataset if shows_video(setting) else None

    def __repr__(self) -> str:
        return f"LoadedSet({self.candidate_set.manifest.signature!r})"


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a scorer reached on a set in a setting.

    Attributes:
        candidates: the set.
        score: how the scores are read (docs/metrics.md).
        signature: one line that names everything the numbers depend on.
        metrics: by ground truth (`best`, `all`) and metric (`R@1`, `R@5`, `R@10`, `MR`, `MRR`), with 95%
            intervals over videos.
        chance: the exact chance level, likewise.
        anatomy: how often candidates of each type are placed first, and more (docs/metrics.md).
        scores: float64 [samples, 100], as a file of scores would hold them, in the order of
            `candidates.answers`.
        token_counts: int64 [samples, 100]; None if the scorer does not say.
        dropped_comments: int64 [samples], how many of the surrounding comments the model was not shown,
            since it cannot read so much.
        by_sample: float64 [samples, 5], the metrics of the best-placed correct candidate of each
            sample, in the order of `metrics`.
    """

    candidates: LoadedSet
    setting: Setting
    score: Normalisation
    signature: str
    metrics: dict[str, dict[str, Interval]]
    chance: dict[str, dict[str, Interval]]
    anatomy: dict[str, dict[str, float]]
    scores: np.ndarray
    token_counts: np.ndarray | None
    dropped_comments: np.ndarray
    by_sample: np.ndarray

    def write_scores(self, path: str | Path) -> None:
        """Write the scores as a file that a submission can hold: scores/SET/RUN/SETTING.jsonl.gz.

        Raises:
            LiveBenchError: the file cannot be written.
        """
        counts = self.token_counts
        with new_gzip(Path(path)) as file:
            for row, sample_id in enumerate(self.candidates.answers.sample_ids):
                record = ScoreRecord(
                    sample_id,
                    self.scores[row].tolist(),
                    None if counts is None else counts[row].tolist(),
                    self.candidates.candidate_set.manifest.hash,
                    int(self.dropped_comments[row]),
                )
                file.write(msgspec.json.encode(record) + b"\n")

    def __str__(self) -> str:
        """The metrics and chance as a table, what was left out of contexts, and the signature."""
        rows = {**self.metrics, "chance": self.chance["best"]}
        table = text_table(
            ["", *(metric.name for metric in METRICS)],
            [
                [name, *(metric.format_with_interval(values[metric.name]) for metric in METRICS)]
                for name, values in rows.items()
            ],
        )
        return "\n".join([table, *dropped_remarks(self.dropped_comments), self.signature])


def load_set(name: str | Path, *, dataset: str | Path | None = None) -> LoadedSet:
    """Open a candidate set.

    Args:
        name: of a set in candidates/, or the path of one.
        dataset: name in datasets/, or path, of the dataset that it was built from; by default it is
            found there by its fingerprint, or made if it is a simulated one.

    Raises:
        LiveBenchError: there is no such set or dataset.
    """
    path = SET.convert(str(name), None, None)
    given = [] if dataset is None else [DATASET.convert(str(dataset), None, None)]
    return LoadedSet(CandidateSet(path), Datasets(given, quiet=True))


def evaluate(
    scorer: Any,
    candidates: LoadedSet | str | Path,
    setting: Setting = "both",
    *,
    score: Normalisation = "sum",
    progress: Callable[[int], object] = lambda done: None,
) -> Evaluation:
    """Score a set with a scorer, in this process; the numbers are those of `livebench evaluate`.

    A scorer that overrides `fit` is fitted on the training split first, each time.

    Args:
        scorer: a `Scorer`, any object with a method `score(video_ctx, comments, candidate)`, or such a
            function.
        candidates: from `load_set`, or the name of a set.
        score: how scores are read: `sum`, `mean`, `words+2`, or `pmi`, for which the setting `blind` is
            scored as well.
        progress: called with the number of samples scored since the last call.

    Raises:
        LiveBenchError: the set, its dataset or the setting is not available; or the scorer raised (its
            exception is the cause), or did not give one finite number for each candidate.
    """
    if not isinstance(candidates, LoadedSet):
        candidates = load_set(candidates)
    candidates._shown(setting)
    score, scorer, answers = score_in(setting, score), _as_scorer(scorer), candidates.answers
    if is_fitted(scorer):
        fit(scorer, candidates.dataset)
    scores = _scored(scorer, candidates, setting, progress)
    blind = _scored(scorer, candidates, "blind", progress) if score == "pmi" else None
    values = scores.normalised(score, answers.lengths, blind)
    measured = sample_metrics(values, answers.correct)
    return Evaluation(
        candidates,
        setting,
        score,
        signature(candidates.candidate_set, setting, score),
        summarise([measured], answers.videos),
        summarise([chance_metrics(answers.correct.sum(axis=1))], answers.videos),
        anatomy(values, answers.types),
        scores.sums,
        scores.token_counts,
        scores.dropped_comments,
        measured["best"],
    )


def compare(
    first: Evaluation | Sequence[Evaluation], second: Evaluation | Sequence[Evaluation]
) -> ScorerComparison:
    """Compare two scorers on the same set and setting; the numbers are those of `livebench compare`.

    Args:
        first, second: an evaluation, or one for each training run: intervals and tests then include the
            seed of training.

    Raises:
        LiveBenchError: they are not of the same set and setting, or there is none.
    """
    runs = [[one] if isinstance(one, Evaluation) else list(one) for one in (first, second)]
    if not all(runs):
        raise LiveBenchError(
            "compare", "was given no evaluation", "give at least one for each side"
        )
    of = {
        (one.candidates.candidate_set.manifest.hash, one.setting) for side in runs for one in side
    }
    if len(of) > 1:
        names = sorted({f"{one.candidates.name} {one.setting}" for side in runs for one in side})
        what = f"the evaluations are of different samples: {', '.join(names)}"
        raise LiveBenchError("compare", what, "evaluate all on the same set in the same setting")
    answers = runs[0][0].candidates.answers
    return compare_scorers(
        np.stack([one.by_sample for one in runs[0]]),
        np.stack([one.by_sample for one in runs[1]]),
        sample_ids=answers.sample_ids,
        videos=answers.videos,
        categories=answers.categories,
    )


def _scored(
    scorer: Scorer, candidates: LoadedSet, setting: Setting, progress: Callable[[int], object]
) -> Scores:
    """The scores in a setting, as they come back from a file; in the blocks that the command uses."""
    dataset, answers = candidates._shown(setting), candidates.answers
    check_trained(scorer, candidates.candidate_set, setting)
    asked = questions(
        candidates.candidate_set, dataset, setting, answers.sample_ids, answers.videos
    )
    return answered(scorer, asked, progress=progress)


def _as_scorer(scorer: Any) -> Scorer:
    """A scorer of whatever has a method `score`, or is such a function."""
    if isinstance(scorer, Scorer):
        return scorer
    if callable(getattr(scorer, "score", None)) and not isinstance(scorer, type):
        methods = ("fit", "score", "score_candidates", "score_samples")
        own = {name: getattr(scorer, name) for name in methods if hasattr(scorer, name)}
    elif callable(scorer) and not isinstance(scorer, type):
        own = {"score": scorer}
    else:
        fix = "give an instance with a method score(video_ctx, comments, candidate)"
        raise LiveBenchError("evaluate", f"{scorer!r} is no scorer", fix)
    found = {name: staticmethod(method) for name, method in own.items()}
    wrapped: Scorer = type(type(scorer).__name__, (_Wrapped,), found)()
    return wrapped


class _Wrapped(Scorer):
    """Base of the classes that `_as_scorer` makes."""

    def score(
        self, video_ctx: VideoContext, comments: Sequence[Comment], candidate: Comment
    ) -> Score:
        raise NotImplementedError
