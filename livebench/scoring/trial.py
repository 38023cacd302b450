"""A trial on some samples: numbers to look at, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter

import msgspec

from livebench.draws import draw
from livebench.errors import LiveBenchError
from livebench.records import Setting
from livebench.scoring.alarms import first_block_alarms
from livebench.scoring.answers import Answers
from livebench.scoring.dropped import dropped_remarks
from livebench.scoring.metrics import Interval, sample_metrics, summarise
from livebench.scoring.plausibility import (
    WHOLE_AGAIN,
    Ties,
    measure_ties,
    plausibility_samples,
)
from livebench.scoring.preparation import Task
from livebench.scoring.questions import answered, questions
from livebench.scoring.result import signature
from livebench.scoring.runner import computation_of
from livebench.submissions.load import Submission
from livebench.submissions.validate import Normalisation, Scores, score_in


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What a trial found: `metrics` of `samples` of the `of` samples of a set, as in a result.

    Attributes:
        note: that it is a trial, in words.
        seconds: of scoring.
        seconds_of_all: that the evaluation would take at this pace, samples that are scored again to
            compare included.
    """

    note: str
    samples: int
    of: int
    submission: str
    run: str
    candidate_set: str
    setting: Setting
    signature: str
    metrics: dict[str, dict[str, Interval]]
    ties: Ties
    seconds: float
    seconds_of_all: float


class Trials:
    """Trials of a submission: those of `blind` are kept for the settings that need them.

    Args:
        samples: of each set, at most; drawn by hash, the same for all submissions.
    """

    def __init__(self, submission: Submission, samples: int) -> None:
        self._submission, self._samples = submission, samples
        self._blind: dict[tuple[str, str], Scores] = {}

    def run(
        self,
        task: Task,
        *,
        normalisation: Normalisation | None = None,
        progress: Callable[[int], object] = lambda done: None,
        warn: Callable[[str], object] = lambda line: None,
    ) -> Trial:
        """Score some samples of a task.

        Raises:
            LiveBenchError: there is no scorer to run, or it failed; or score:pmi is asked for and
                `blind` was not tried before.
        """
        if task.scorer is None:
            what = "has scores only, and nothing to try"
            raise LiveBenchError(self._submission.path, what, "evaluate it without --limit")
        started = perf_counter()
        candidate_set, setting = task.candidate_set, task.setting
        name = score_in(setting, normalisation or self._submission.card.score)
        blind = self._blind.get((candidate_set.name, task.run.name))
        if name == "pmi" and blind is None:
            what = "score:pmi is what is left of a score without that in the setting blind"
            raise LiveBenchError("--limit", what, "try all settings")
        answers = Answers(candidate_set)
        chosen = sorted(
            range(len(answers.sample_ids)),
            key=lambda row: draw(0, answers.sample_ids[row], "trial"),
        )[: self._samples]
        ids = [answers.sample_ids[row] for row in chosen]
        videos = [answers.videos[row] for row in chosen]
        listwise = self._submission.card.listwise
        ask = partial(questions, candidate_set, task.dataset, setting, listwise=listwise)
        asked = ask(ids, videos)
        scores = answered(
            task.scorer,
            asked,
            progress=progress,
            look=lambda block: [warn(one) for one in first_block_alarms(block, setting)],
        )
        if setting == "blind":
            self._blind[candidate_set.name, task.run.name] = scores
        for alarm in dropped_remarks(scores.dropped_comments):
            warn(alarm)
        values = scores.normalised(name, answers.lengths[chosen], blind)
        measured = sample_metrics(values, answers.correct[chosen])
        count, total = len(ids), len(answers.sample_ids)
        prompt = computation_of(task.scorer).model.get("prompt", "")
        seconds = perf_counter() - started
        again = plausibility_samples(answers.sample_ids, "trial")
        wanted = ask(answers.sample_ids, answers.videos).candidates
        wanted += WHOLE_AGAIN * ask(again, [""] * len(again)).candidates
        return Trial(
            note=f"trial of {count} samples: no result, and no row",
            samples=count,
            of=total,
            submission=self._submission.name,
            run=task.run.name,
            candidate_set=candidate_set.name,
            setting=setting,
            signature=f"{signature(candidate_set, setting, name, prompt)}|trial:{count}",
            metrics=summarise([measured], videos),
            ties=measure_ties(scores.sums),
            seconds=round(seconds, 3),
            seconds_of_all=round(seconds * wanted / asked.candidates, 3),
        )
