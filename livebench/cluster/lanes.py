"""Tasks of several submissions, sets and settings on one queue: as many are begun as keep the workers
busy.

Each has a thread here, which waits for answers: a task is done as on one machine, but that its scorer is
elsewhere.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Generic, NamedTuple, TypeVar

from livebench.candidates.freeze import restore_set
from livebench.cluster.dispatch import Lane, Queue, Stopped
from livebench.data.dataset import Dataset
from livebench.scoring.plan import OpenDataset, Planned, Skipped
from livebench.scoring.preparation import OpenScorer, Task, prepare
from livebench.submissions.load import Submission

_Result = TypeVar("_Result")


class Finished(NamedTuple, Generic[_Result]):
    """A task that is done."""

    submission: Submission
    task: Task
    result: _Result


class _Begun(NamedTuple):
    """A task that a thread has taken, and whether it has ended."""

    task: Task
    ended: threading.Event


class _Run:
    """The tasks of a run, in order.

    Attributes:
        begun: those that were taken. `left`: how many may still be, or are not done.
    """

    def __init__(
        self, submission: Submission, steps: Sequence[Planned], open_scorer: OpenScorer
    ) -> None:
        self.submission = submission
        self._tasks = prepare(submission, steps, open_scorer)
        self._lock = threading.Lock()
        self.begun: list[_Begun] = []
        self.left = len(steps)

    def take(self, skip: Callable[[Submission, Skipped], object]) -> int | None:
        """The place of the next task, which may make the scorer first; None if there is no more."""
        with self._lock:
            for task in self._tasks:
                if not isinstance(task, Skipped):
                    self.begun.append(_Begun(task, threading.Event()))
                    return len(self.begun) - 1
                skip(self.submission, task)
            return None

    def blind_before(self, place: int) -> threading.Event | None:
        """When the task in `blind` that this one may build on has ended; None if it needs none."""
        task = self.begun[place].task
        for earlier in self.begun[:place]:
            same = earlier.task.candidate_set.path == task.candidate_set.path
            if same and earlier.task.setting == "blind":
                return earlier.ended
        return None


class Lanes(Generic[_Result]):
    """Does tasks, and gives their results in the order of the plan.

    Args:
        open_scorer: makes scorers on the workers.
        work: does a task, in a thread of its own.
        skip: called with what turns out to be impossible.
        needs_blind: whether a submission's tasks need that in `blind` to be done before.
    """

    def __init__(
        self,
        queue: Queue,
        open_scorer: OpenScorer,
        work: Callable[[Submission, Task], _Result],
        skip: Callable[[Submission, Skipped], object],
        needs_blind: Callable[[Submission], bool],
    ) -> None:
        self._queue, self._open, self._work, self._skip = queue, open_scorer, work, skip
        self._needs_blind = needs_blind
        self._done: dict[tuple[int, int], _Result] = {}
        self._threads: list[threading.Thread] = []
        self._problem: BaseException | None = None
        self._news = False
        self._ended: deque[_Run] = deque()

    def run(
        self, planned: Iterable[tuple[Submission, Sequence[Planned]]]
    ) -> Iterator[Finished[_Result]]:
        """Do all tasks, those of a run together; yield what is done.

        Raises:
            LiveBenchError: a task failed. The others are ended then, and what they have saved stays.
        """
        opening = threading.Lock()
        runs: list[_Run] = []
        waiting: deque[int] = deque()
        for submission, steps in planned:
            of_run = sorted(steps, key=lambda step: submission.card.runs.index(step.run))
            for _, some in groupby(of_run, key=lambda step: step.run.name):
                guarded = [_guarded(step, opening) for step in some]
                waiting += [len(runs)] * len(guarded)
                runs.append(_Run(submission, guarded, self._open))
        try:
            for number, run in enumerate(runs):
                told = 0
                while run.left or told < len(run.begun):
                    if (number, told) in self._done:
                        result = self._done.pop((number, told))
                        yield Finished(run.submission, run.begun[told].task, result)
                        told += 1
                    elif self._problem is not None:
                        break
                    else:
                        self._await_news(waiting, runs)
                if self._problem is not None:
                    raise self._problem
                run.take(self._skip)  # no task is left, but what is skipped is told last
        finally:
            self._queue.stop(Stopped())
            for thread in self._threads:
                thread.join()

    def _await_news(self, waiting: deque[int], runs: Sequence[_Run]) -> None:
        """Begin tasks as they are wanted, until one has ended."""
        while not self._news:
            self._queue.more = bool(waiting)
            self._queue.wait(lambda: self._news)
            if not self._news and waiting:
                self._begin(waiting.popleft(), runs)
        self._news = False
        while self._ended:
            self._ended.popleft().left -= 1

    def _begin(self, number: int, runs: Sequence[_Run]) -> None:
        lane = self._queue.begin()
        thread = threading.Thread(target=self._do, args=(number, runs[number], lane), daemon=True)
        self._threads = [one for one in self._threads if one.is_alive()]
        self._threads.append(thread)
        thread.start()

    def _do(self, number: int, run: _Run, lane: Lane) -> None:
        """Do the next task of a run."""
        try:
            with self._queue.on(lane):
                place = run.take(self._skip)
                if place is None:
                    return
                if self._needs_blind(run.submission) and (before := run.blind_before(place)):
                    lane.waits = True
                    self._queue.wait_for(before)
                    lane.waits = False
                self._done[number, place] = self._work(run.submission, run.begun[place].task)
                run.begun[place].ended.set()
        except BaseException as error:  # told by the thread that began this one
            self._problem = self._problem or error
            self._queue.stop(Stopped())
        finally:
            self._ended.append(run)  # after what is done
            self._news = True
            self._queue.notify()


def _guarded(step: Planned, opening: threading.Lock) -> Planned:
    """A step whose dataset is opened, made and used to restore the text by one thread at a time."""
    open_dataset = step.open_dataset
    if open_dataset is None:
        return step

    def opened() -> Dataset | None:
        with opening:
            dataset = open_dataset()
            if dataset is not None and not step.candidate_set.has_text:
                restore_set(step.candidate_set.path, dataset)
            return dataset

    opened_once: OpenDataset = opened
    return step._replace(open_dataset=opened_once)
