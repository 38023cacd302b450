"""Goes through what a submission is evaluated on, or writes comments for, and names what is skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from livebench.cli.progress import bar, remark
from livebench.errors import LiveBenchError

if TYPE_CHECKING:
    from livebench.scoring.plan import Skipped
    from livebench.scoring.preparation import Task
    from livebench.submissions.load import Submission


def task_name(submission: Submission, task: Task) -> str:
    return f"{submission.name}/{task.run.name} on {task.candidate_set.name}, {task.setting}"


def each_task(
    submission: Submission, tasks: Iterable[Task | Skipped], skipped: Callable[[str], object]
) -> Iterator[Task]:
    """Yield what can be done; `skipped` is called with a line for all else: what, and why."""
    from livebench.scoring.plan import Skipped

    for task in tasks:
        if isinstance(task, Skipped):
            name = f"{submission.name} on {task.candidate_set.name}"
            skipped(f"skipped {name}, {task.what}: {task.why}")
        else:
            yield task


def nothing_done(submission: Submission, done: str, reasons: Sequence[str]) -> LiveBenchError:
    """The error where all was skipped: then the reasons are the answer, and shown even with --quiet."""
    for reason in reasons:
        remark(reason)
    return LiveBenchError(submission.path, f"nothing could be {done}", "see the reasons above")


@contextmanager
def task_progress(
    submission: Submission, task: Task, quiet: bool, unit: str = "sample"
) -> Iterator[Callable[..., object]]:
    """A progress bar over the samples; an error of the scorer says which task it was."""
    samples = task.candidate_set.manifest.files["answers.jsonl.gz"].records
    name = task_name(submission, task)
    try:
        with bar(samples, name, quiet, unit) as progress:
            yield progress
    except LiveBenchError as error:
        if task.scorer is None:  # the error names the file of scores
            raise
        raise error.of(name) from error.__cause__
