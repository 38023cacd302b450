"""Goes through what a submission is evaluated on, or writes comments for, and names what is skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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


_NAMES = 3
"""Sets that are named in a line, at most."""


def _named(sets: tuple[str, ...]) -> str:
    return ", ".join(sets) if len(sets) <= _NAMES else f"{len(sets)} sets"


class SkippedTasks:
    """What is skipped, and why: each reason once, with all sets that it holds for.

    Args:
        quiet: say nothing, unless nothing at all could be done.
        verbose: a line for each thing that is skipped.
    """

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self._quiet, self._verbose = quiet, verbose
        self._waiting: dict[tuple[str, str, str], list[str]] = {}
        self._told: set[tuple[str, tuple[str, ...]]] = set()
        self._again = 0
        self._lines: list[str] = []

    def add(self, submission: Submission, skipped: Skipped) -> None:
        key = (submission.name, skipped.what, skipped.why)
        self._waiting.setdefault(key, []).append(skipped.candidate_set.name)

    def tell(self) -> None:
        """Say what was skipped since the last time."""
        reasons: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
        for (name, what, why), sets in self._waiting.items():
            for some in [(one,) for one in sets] if self._verbose else [tuple(sets)]:
                reasons.setdefault((name, why, some), []).append(what)
        self._waiting.clear()
        for (name, why, of_reason), whats in reasons.items():
            line = f"skipped {name} on {_named(of_reason)}, {'; '.join(whats)}: {why}"
            self._lines.append(line)
            if (why, of_reason) in self._told and not self._verbose:
                self._again += 1
            else:
                self._told.add((why, of_reason))
                remark(line, self._quiet)

    def tell_rest(self) -> None:
        """Say how many lines were left out, since their reasons had been given before."""
        self.tell()
        if self._again:
            remark(f"skipped for the same reasons: {self._again} more (-v lists them)", self._quiet)
            self._again = 0

    def nothing_done(self, submission: Submission, done: str) -> LiveBenchError:
        """The error where all was skipped: then the reasons are the answer, and shown even with
        --quiet."""
        self.tell()
        start = f"skipped {submission.name} on "
        for line in self._lines if self._quiet else ():
            remark(line) if line.startswith(start) else None
        return LiveBenchError(submission.path, f"nothing could be {done}", "see the reasons above")


def each_task(
    submission: Submission, tasks: Iterable[Task | Skipped], skipped: SkippedTasks
) -> Iterator[Task]:
    """Yield what can be done; all else is told, and why."""
    from livebench.scoring.plan import Skipped

    for task in tasks:
        if isinstance(task, Skipped):
            skipped.add(submission, task)
        else:
            skipped.tell()
            yield task
    skipped.tell()


@contextmanager
def naming_task(submission: Submission, task: Task) -> Iterator[None]:
    """Have an error of the scorer say which task it was."""
    try:
        yield
    except LiveBenchError as error:
        if task.scorer is None:  # the error names the file of scores
            raise
        raise error.of(task_name(submission, task)) from error.__cause__


@contextmanager
def task_progress(
    submission: Submission, task: Task, quiet: bool, unit: str = "sample"
) -> Iterator[Callable[..., object]]:
    """A progress bar over the samples; an error of the scorer says which task it was."""
    samples = task.candidate_set.manifest.files["answers.jsonl.gz"].records
    with (
        naming_task(submission, task),
        bar(samples, task_name(submission, task), quiet, unit) as progress,
    ):
        yield progress
