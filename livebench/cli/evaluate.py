"""`livebench evaluate`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livebench.cli.by_name import MODEL_VALUES, model_options, named_submission
from livebench.cli.datasets import Datasets
from livebench.cli.options import (
    DATASETS,
    PATH,
    SETS,
    SUBMISSIONS,
    candidates_option,
    chosen_isolation,
    chosen_sets,
    chosen_settings,
    cluster_option,
    dataset_option,
    isolation_options,
    json_option,
    print_json,
    setting_option,
    submissions_argument,
    verbose_option,
)
from livebench.cli.progress import INTERRUPTED, bar, quiet_option, remark, warning
from livebench.cli.tasks import SkippedTasks, each_task, naming_task, task_name
from livebench.errors import LiveBenchError

if TYPE_CHECKING:
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.isolation.remote import Isolation
    from livebench.records import Setting
    from livebench.scoring.plan import Planned, Skipped
    from livebench.scoring.preparation import Task
    from livebench.scoring.result import Result
    from livebench.scoring.trial import Trial, Trials
    from livebench.submissions.load import Submission
    from livebench.submissions.validate import Normalisation


@click.command("evaluate")
@submissions_argument
@model_options
@click.option(
    "--out",
    type=PATH,
    help="Folder that is written, or continued, for a model by name. Default: submissions/ and the "
    "name.",
)
@candidates_option
@dataset_option
@setting_option
@click.option(
    "--score",
    "normalisation",
    type=click.Choice(["sum", "mean", "words+2", "pmi"]),
    help="How scores are read for the printed metrics; files always contain the sums. Default: as "
    "submission.toml declares.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help="A trial on so many samples of each set: nothing is written.",
)
@json_option
@isolation_options
@cluster_option
@click.option(
    "--restart",
    is_flag=True,
    help="Start over after an interruption; the scores so far are kept under another name.",
)
@verbose_option
@quiet_option
def evaluate_command(
    submissions,
    candidates,
    datasets,
    setting,
    normalisation,
    limit,
    as_json,
    restart,
    verbose,
    quiet,
    out,
    cluster,
    **options,
) -> None:
    """Score each SUBMISSION, or the model that an option names, on sets; show where it would stand.

    Scores go to SUBMISSION/scores/, results to SUBMISSION/results/; whatever cannot be evaluated is
    named with the reason. Scores are saved as they are made, in .livebench/ beside SUBMISSION: if it is
    interrupted, the same command continues.
    """
    from livebench.cli.on_cluster import each_result_on_cluster
    from livebench.cli.verdicts import show_results
    from livebench.submissions.load import Submission

    named = named_submission(out, {name: options.pop(name) for name in MODEL_VALUES})
    submissions = [*submissions, named] if named else submissions
    sets, available = chosen_sets(candidates), Datasets(datasets, quiet)
    for one in sets:
        if one.manifest.is_private:
            what = "is private: its scores would show where the answers are"
            raise LiveBenchError(one.path, what, "re-run it with `livebench submit rerun`")
    # Where answers and other submissions are: a sandbox shows none of it.
    hidden = [
        *(candidate_set.path for candidate_set in sets),
        *datasets,
        SETS,
        DATASETS,
        SUBMISSIONS,
    ]
    isolation = chosen_isolation(**options, hidden=hidden, prints=partial(remark, quiet=quiet))
    if cluster and isolation.kind == "none":
        raise click.UsageError("--in-process cannot be combined with --cluster")
    how = Evaluating(isolation, normalisation, restart, quiet, limit, verbose=verbose)
    skipped = SkippedTasks(quiet=quiet, verbose=verbose)
    settings = chosen_settings(setting)
    opened = [Submission(path) for path in submissions]
    done: list[tuple[Submission, Task, Result | Trial]] = []
    try:
        each = partial(each_result_on_cluster, cluster) if cluster else _each_result_here
        found = each(opened, sets, settings, available, how, skipped)
        for submission, task, result in found:
            done.append((submission, task, result))
            if as_json:
                print_json(result)
    except KeyboardInterrupt:
        if done:
            remark(f"done before: {len(done)} of the evaluations, and what they wrote is kept")
        raise click.exceptions.Exit(INTERRUPTED) from None
    skipped.tell_rest()
    show_results(done, sets, normalisation, as_json=as_json, verbose=verbose, quiet=quiet)


@dataclass(frozen=True)
class Evaluating:
    """How submissions are evaluated.

    Attributes:
        normalisation: how scores are read for metrics; None: as declared.
        restart: start over where an evaluation was interrupted.
        limit: samples of a trial; None: all, for a result.
        progress: called with the number of samples scored, and with which task; None: shown here.
        verbose: warn of the same thing in each setting.
    """

    isolation: Isolation
    normalisation: Normalisation | None = None
    restart: bool = False
    quiet: bool = False
    limit: int | None = None
    progress: Callable[..., object] | None = None
    verbose: bool = False

    @cached_property
    def alarms(self) -> _Alarms:
        return _Alarms(self.quiet, self.verbose)


class _Alarms:
    """Warns of each thing once for a submission; on request of each time."""

    def __init__(self, quiet: bool, verbose: bool) -> None:
        self._quiet, self._verbose = quiet, verbose
        self._told: set[tuple[str, str]] = set()
        self._same: set[str] = set()

    def warn(self, name: str, submission: str, alarm: str) -> None:
        """Warn of an alarm; those that differ in their numbers alone are the same."""
        key = (submission, re.sub(r"[\d.]+", "", alarm))
        if key not in self._told or (self._verbose and f"{name}{key[1]}" not in self._same):
            warning(f"{name}: {alarm}", self._quiet)
        self._told.add(key)
        self._same.add(f"{name}{key[1]}")


def _each_result_here(
    submissions: Sequence[Submission],
    sets: Sequence[CandidateSet],
    settings: Sequence[Setting],
    available: Datasets,
    how: Evaluating,
    skipped: SkippedTasks,
) -> Iterator[tuple[Submission, Task, Result | Trial]]:
    """Evaluate one submission after another."""
    for submission in submissions:
        count = 0
        for task, result in each_result(submission, sets, settings, available, how, skipped):
            yield submission, task, result
            count += 1
        if not count:
            raise skipped.nothing_done(submission, "evaluated")


def each_result(
    submission: Submission,
    sets: Sequence[CandidateSet],
    settings: Sequence[Setting],
    available: Datasets,
    how: Evaluating,
    skipped: SkippedTasks,
) -> Iterator[tuple[Task, Result | Trial]]:
    """Evaluate a submission on what is available; a trial of each if there is a limit."""
    from livebench.scoring.plan import Skipped
    from livebench.scoring.preparation import prepare
    from livebench.scoring.trial import Trials

    planned = planned_for(submission, sets, settings, available, how)
    trials = Trials(submission, how.limit) if how.limit else None
    total = sum(samples_of(one, how.limit) for one in planned if not isinstance(one, Skipped))
    with bar(total, submission.name, how.quiet or how.progress is not None) as shown:
        for task in each_task(
            submission, prepare(submission, planned, how.isolation.open), skipped
        ):
            note = f"{task.candidate_set.name}, {task.setting}"
            progress = (
                partial(how.progress, note=note)
                if how.progress
                else partial(shown, note=note, of=samples_of(task, how.limit))
            )
            with _saying_what_is_kept(submission, task):
                result = result_of(submission, task, how, trials, progress)
            yield task, result


def planned_for(
    submission: Submission,
    sets: Sequence[CandidateSet],
    settings: Sequence[Setting],
    available: Datasets,
    how: Evaluating,
) -> list[Planned | Skipped]:
    """What a submission can be evaluated on; `blind` first, where scores are read with it and it is
    missing.

    Raises:
        LiveBenchError: an evaluation that was interrupted cannot be continued.
    """
    from livebench.scoring.evaluation import refuse_other_journals
    from livebench.scoring.plan import Planned, plan

    if _lacks_blind(submission, sets, settings, how):
        settings = ["blind", *settings]
    steps = list(plan(submission, sets, settings, available.source))
    if not how.limit and not how.restart:
        planned = (step for step in steps if isinstance(step, Planned))
        refuse_other_journals(submission, planned, how.isolation.kind)
    return steps


def _lacks_blind(
    submission: Submission,
    sets: Sequence[CandidateSet],
    settings: Sequence[Setting],
    how: Evaluating,
) -> bool:
    """Whether scores are read as what the context adds, and there are none of this model without it."""
    from livebench.scoring.blind import is_to_be_made

    read_as = how.normalisation or submission.card.score
    if read_as != "pmi" or "blind" in settings or not submission.card.entry:
        return False
    return how.limit is not None or any(
        is_to_be_made(submission, run, one)
        for one in sets
        for run in submission.card.runs
        if run.is_for(one.manifest.dataset)
    )


def result_of(
    submission: Submission,
    task: Task,
    how: Evaluating,
    trials: Trials | None,
    progress: Callable[[int], object],
) -> Result | Trial:
    """Do a task: a trial, if these are trials; raises LiveBenchError, which names the task."""
    name = task_name(submission, task)
    if task.remark:
        warning(f"{name}: {task.remark}", how.quiet)
    with naming_task(submission, task):
        if trials is None:
            return _evaluated(submission, task, how, progress)
        return trials.run(
            task,
            normalisation=how.normalisation,
            progress=progress,
            warn=partial(how.alarms.warn, name, submission.name),
        )


def samples_of(planned: Planned | Task, limit: int | None) -> int:
    """How many samples are scored."""
    samples: int = planned.candidate_set.manifest.files["answers.jsonl.gz"].records
    return min(samples, limit) if limit else samples


def _evaluated(
    submission: Submission, task: Task, how: Evaluating, progress: Callable[[int], object]
) -> Result:
    from livebench.leaderboard.verdict import chance_of
    from livebench.scoring.alarms import result_alarms
    from livebench.scoring.answers import Answers
    from livebench.scoring.evaluation import Listener, evaluate_task

    name = task_name(submission, task)
    warn = partial(how.alarms.warn, name, submission.name)

    def again(samples: int) -> None:
        remark(f"{name}: all is scored; {samples} samples are scored again, to compare", how.quiet)

    result = evaluate_task(
        submission,
        task,
        normalisation=how.normalisation,
        isolation=how.isolation.kind,
        restart=how.restart,
        told=Listener(progress, remark, warn, again),
    )
    if how.quiet:
        return result
    chance = chance_of(Answers(task.candidate_set))
    for alarm in result_alarms(result, chance, listwise=submission.card.listwise):
        warn(alarm)
    return result


@contextmanager
def _saying_what_is_kept(submission: Submission, task: Task) -> Iterator[None]:
    """Say what is kept of the scores so far, if the block does not come to its end."""
    try:
        yield
    except BaseException as error:
        path = _journal(submission, task)
        stopped = "interrupted" if isinstance(error, KeyboardInterrupt) else "stopped"
        if path is not None:
            remark(
                f"{stopped}; scored so far: {path}; the same command goes on from there, "
                "--restart starts over"
            )
        elif isinstance(error, KeyboardInterrupt):
            remark(f"{stopped}; nothing of {task_name(submission, task)} is kept")
        raise


def _journal(submission: Submission, task: Task) -> Path | None:
    """The file with the scores so far, if there is one."""
    with suppress(LiveBenchError):
        path = submission.journal_path(task.candidate_set.name, task.run, task.setting)
        return path if path.is_file() else None
    return None
