"""`livebench evaluate`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from livebench.cli.by_name import HF_VALUES, hf_options, hf_submission
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
    dataset_option,
    isolation_options,
    json_option,
    print_json,
    setting_option,
    submissions_argument,
)
from livebench.cli.progress import quiet_option, remark
from livebench.cli.tasks import each_task, nothing_done, task_progress
from livebench.errors import LiveBenchError

if TYPE_CHECKING:
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.isolation.remote import Isolation
    from livebench.records import Setting
    from livebench.scoring.preparation import Task
    from livebench.scoring.result import Result
    from livebench.submissions.load import Submission
    from livebench.submissions.validate import Normalisation


@click.command("evaluate")
@submissions_argument
@hf_options
@click.option(
    "--out",
    type=PATH,
    help="Folder of the submission that --hf writes, or continues. Default: submissions/ and its name.",
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
@json_option
@isolation_options
@click.option(
    "--restart",
    is_flag=True,
    help="Start over after an interruption; the scores so far are kept under another name.",
)
@quiet_option
def evaluate_command(
    submissions,
    candidates,
    datasets,
    setting,
    normalisation,
    as_json,
    restart,
    quiet,
    hf,
    out,
    **options,
) -> None:
    """Score each SUBMISSION, or the model that --hf names, on candidate sets.

    Scores go to SUBMISSION/scores/, results to SUBMISSION/results/; whatever cannot be evaluated is
    named with the reason. Scores are saved as they are made, in .livebench/ beside SUBMISSION: if it is
    interrupted, the same command continues.
    """
    from livebench.submissions.load import Submission

    model_values = {name: options.pop(name) for name in HF_VALUES}
    if hf:
        submissions = [*submissions, hf_submission(out, hf, **model_values)]
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
    isolation = chosen_isolation(**options, hidden=hidden)
    for submission in [Submission(path) for path in submissions]:
        reasons: list[str] = []
        count = 0
        for task, result in each_result(
            submission,
            sets,
            chosen_settings(setting),
            available,
            isolation=isolation,
            normalisation=normalisation,
            restart=restart,
            quiet=quiet,
            skipped=reasons.append if quiet else remark,
        ):
            count += 1
            print_json(result) if as_json else click.echo(_text(submission, task, result))
        if not count:
            raise nothing_done(submission, "evaluated", reasons)


def each_result(
    submission: Submission,
    sets: Sequence[CandidateSet],
    settings: Sequence[Setting],
    available: Datasets,
    *,
    isolation: Isolation,
    normalisation: Normalisation | None = None,
    restart: bool = False,
    quiet: bool = False,
    skipped: Callable[[str], object] = remark,
) -> Iterator[tuple[Task, Result]]:
    """Evaluate a submission on what is available.

    `skipped` is called with a line for each thing that is not evaluated: what, and why.
    """
    from livebench.scoring.evaluation import evaluate
    from livebench.scoring.plan import plan
    from livebench.scoring.preparation import prepare

    planned = plan(submission, sets, settings, available.source)
    tasks = prepare(submission, planned, isolation.open)
    for task in each_task(submission, tasks, skipped):
        if task.remark:
            where = f"{submission.name} on {task.candidate_set.name}, run {task.run.name}"
            remark(f"{where}: {task.remark}", quiet)
        with (
            _saying_what_is_kept(submission, task),
            task_progress(submission, task, quiet) as progress,
        ):
            result = evaluate(
                submission,
                task,
                normalisation=normalisation,
                isolation=isolation.kind,
                restart=restart,
                progress=progress,
                say=remark,
            )
        yield task, result


@contextmanager
def _saying_what_is_kept(submission: Submission, task: Task) -> Iterator[None]:
    """Say where the scores so far are, if the block does not come to its end."""
    try:
        yield
    except BaseException:
        with suppress(LiveBenchError):
            path = submission.journal_path(task.candidate_set.name, task.run, task.setting)
            if path.is_file():
                remark(f"scored so far: {path}; the same command goes on from there")
        raise


def _text(submission: Submission, task: Task, result: Result) -> str:
    from livebench.scoring.answers import Answers
    from livebench.scoring.metrics import METRICS, chance_metrics, summarise
    from livebench.tables import text_table

    heading = (
        f"{submission.name}/{task.run.name} on {task.candidate_set.name}, setting {task.setting} "
        f"({result.manifest.evaluated}, {result.manifest.wall_seconds:.1f} s)"
    )
    answers = Answers(task.candidate_set)
    chance = summarise([chance_metrics(answers.correct.sum(axis=1))], answers.videos)["best"]
    rows = {**result.metrics, "chance": chance}
    files = f"scores and results: {submission.path}/scores/, {submission.path}/results/"
    table = text_table(
        ["", *(metric.name for metric in METRICS)],
        [
            [name, *(metric.format_with_interval(values[metric.name]) for metric in METRICS)]
            for name, values in rows.items()
        ],
    )
    return f"{heading}\n{table}\n{result.signature}\n{files}\n"
