"""`livebench evaluate --cluster`: all tasks in one queue, and one progress that shows all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from livebench.cli.datasets import Datasets
from livebench.cli.evaluate import Evaluating, planned_for, result_of, samples_of
from livebench.cli.progress import bar, remark
from livebench.cli.tasks import SkippedTasks
from livebench.errors import LiveBenchError
from livebench.extras import need

if TYPE_CHECKING:
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.records import Setting
    from livebench.scoring.plan import Planned
    from livebench.scoring.preparation import Task
    from livebench.scoring.result import Result
    from livebench.scoring.trial import Trial
    from livebench.submissions.load import Submission


def each_result_on_cluster(
    where: str,
    submissions: Sequence[Submission],
    sets: Sequence[CandidateSet],
    settings: Sequence[Setting],
    available: Datasets,
    how: Evaluating,
    skipped: SkippedTasks,
) -> Iterator[tuple[Submission, Task, Result | Trial]]:
    """Evaluate submissions on a cluster; yield what is done, in the order that one machine would have.

    Args:
        where: the value of --cluster.
    """
    need("distributed", "cluster")
    from livebench.cluster.connection import queue_on
    from livebench.cluster.lanes import Lanes
    from livebench.cluster.scorer import ClusterScorers
    from livebench.scoring.plan import Skipped
    from livebench.scoring.trial import Trials

    planned: list[tuple[Submission, list[Planned]]] = []
    for submission in submissions:
        steps = []
        for step in planned_for(submission, sets, settings, available, how):
            if isinstance(step, Skipped):
                skipped.add(submission, step)
            else:
                steps.append(step)
        planned.append((submission, steps))
    skipped.tell()
    total = sum(samples_of(step, how.limit) for _, steps in planned for step in steps)
    trials = {one.name: Trials(one, how.limit) for one in submissions if how.limit}
    label = submissions[0].name if len(submissions) == 1 else f"{len(submissions)} submissions"
    done: set[Path] = set()
    one_at_a_time = threading.Lock()
    with (
        bar(total, label, how.quiet or how.progress is not None) as shown,
        queue_on(where, partial(remark, quiet=how.quiet)) as queue,
    ):

        def work(submission: Submission, task: Task) -> Result | Trial:
            note = f"{task.candidate_set.name}, {task.setting}"
            if len(submissions) > 1:
                note = f"{submission.name} on {note}"
            progress = partial(_locked(one_at_a_time, how.progress or shown), note=note)
            return result_of(submission, task, how, trials.get(submission.name), progress)

        lanes = Lanes(
            queue,
            ClusterScorers(queue, how.isolation).open,
            work,
            _locked(one_at_a_time, skipped.add),
            lambda submission: (how.normalisation or submission.card.score) == "pmi",
        )
        try:
            for finished in lanes.run(planned):
                skipped.tell()
                done.add(finished.submission.path)
                yield finished
        except (LiveBenchError, KeyboardInterrupt):
            if not trials:
                remark(
                    "stopped; what is scored so far is kept: the same command goes on from there, "
                    "--restart starts over"
                )
            raise
    for submission in submissions:
        if submission.path not in done:
            raise skipped.nothing_done(submission, "evaluated")


def _locked(lock: threading.Lock, function: Callable[..., object]) -> Callable[..., object]:
    """The function, called by one thread at a time."""

    def locked(*arguments: object, **named: object) -> object:
        with lock:
            return function(*arguments, **named)

    return locked
