"""What a submission can be evaluated on with what is at hand, and what not, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.freeze import restore_set
from livebench.data.dataset import Dataset
from livebench.records import Setting
from livebench.scoring.runner import check_trained, fit, make_scorer, needs_dataset
from livebench.scoring.scorer import Scorer
from livebench.submissions.load import Run, Submission


class Task(NamedTuple):
    """An evaluation that can be done; `scorer` is fitted, or None where there are scores only.
    `remark`: what should be known of the numbers, if anything."""

    run: Run
    candidate_set: CandidateSet
    setting: Setting
    scorer: Scorer | None
    dataset: Dataset | None
    remark: str = ""


class Skipped(NamedTuple):
    """An evaluation that is not done."""

    candidate_set: CandidateSet
    what: str
    why: str


Opened = Callable[[Submission, Run], AbstractContextManager[Scorer]]
"""Makes the scorer of a run, and lets it go."""


@contextmanager
def in_process(submission: Submission, run: Run) -> Iterator[Scorer]:
    """The scorer of a run, in this process."""
    yield make_scorer(submission, run)


def plan(
    submission: Submission,
    candidate_sets: Sequence[CandidateSet],
    settings: Sequence[Setting],
    find_dataset: Callable[[CandidateSet], Dataset | None],
    opened: Opened = in_process,
) -> Iterator[Task | Skipped]:
    """Yield what to evaluate, set by set, and what is skipped.

    A set whose text is absent is restored if its dataset is at hand. A scorer is made (by `opened`) and
    fitted when its first task is asked for, and let go after its last.
    """
    for candidate_set in candidate_sets:
        declared = [setting for setting in settings if setting in submission.card.settings]
        wanted = [setting for setting in declared if setting in candidate_set.manifest.settings]
        other = ", ".join(setting for setting in settings if setting not in declared)
        lacking = ", ".join(setting for setting in declared if setting not in wanted)
        if other:
            yield Skipped(candidate_set, other, "the submission does not take part")
        if lacking:
            yield Skipped(candidate_set, lacking, "the dataset of the set has no frames")
        if wanted and submission.card.entry:
            yield from _to_run(submission, candidate_set, wanted, find_dataset, opened)
        elif wanted:
            yield from _to_read(submission, candidate_set, wanted)


def _to_run(
    submission: Submission,
    candidate_set: CandidateSet,
    settings: Sequence[Setting],
    find_dataset: Callable[[CandidateSet], Dataset | None],
    opened: Opened,
) -> Iterator[Task | Skipped]:
    trained_on = candidate_set.manifest.dataset.name
    dataset = find_dataset(candidate_set)
    no_dataset = candidate_set.no_dataset()
    absent = f"{no_dataset.what}; {no_dataset.fix}"
    if not candidate_set.has_text:
        if dataset is None:
            yield Skipped(candidate_set, "all settings", f"its text is absent, and {absent}")
            return
        restore_set(candidate_set.path, dataset)
    for run in submission.card.runs:
        if run.dataset not in ("", trained_on):
            yield Skipped(candidate_set, f"run {run.name}", f"it was trained on {run.dataset}")
            continue
        if run.checkpoint and not (submission.path / run.checkpoint).exists():
            why = f"its checkpoint {run.checkpoint} is not here; `livebench train` makes one"
            yield Skipped(candidate_set, f"run {run.name}", why)
            continue
        with opened(submission, run) as scorer:
            lacking = [setting for setting in settings if needs_dataset(scorer, setting)]
            if dataset is None and lacking:
                yield Skipped(candidate_set, f"run {run.name}: {', '.join(lacking)}", absent)
            elif dataset is not None:
                fit(scorer, dataset)
            for setting in settings:
                if dataset is not None or setting not in lacking:
                    remark = check_trained(scorer, candidate_set, setting)
                    yield Task(run, candidate_set, setting, scorer, dataset, remark)


def _to_read(
    submission: Submission, candidate_set: CandidateSet, settings: Sequence[Setting]
) -> Iterator[Task | Skipped]:
    trained_on = candidate_set.manifest.dataset.name
    for run in submission.card.runs:
        if run.dataset not in ("", trained_on):
            yield Skipped(candidate_set, f"run {run.name}", f"it was trained on {run.dataset}")
            continue
        for setting in settings:
            if submission.scores_path(candidate_set.name, run, setting).exists():
                yield Task(run, candidate_set, setting, None, None)
            else:
                yield Skipped(candidate_set, f"run {run.name}: {setting}", "there are no scores")
