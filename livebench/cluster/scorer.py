"""The scorer of a run on the workers of a cluster, with the interface of any other scorer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from livebench.cluster import worker
from livebench.cluster.dispatch import Call, Queue
from livebench.cluster.orders import (
    Described,
    Done,
    Order,
    checksum,
    dataset_place,
    run_order,
    sent,
    with_task,
)
from livebench.errors import LiveBenchError
from livebench.isolation import wire
from livebench.isolation.remote import Isolation
from livebench.records import Setting
from livebench.scoring.runner import Asking, Elsewhere, MemoryKind, Named, Samples
from livebench.scoring.scorer import Comment, Score, Scorer, VideoContext
from livebench.submissions.load import Run, Submission

if TYPE_CHECKING:
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.data.dataset import Dataset, DatasetSplit

_Answer = TypeVar("_Answer")

# What a scorer could know of earlier samples, from least to most.
_KINDS: tuple[MemoryKind, ...] = (
    "",
    "fresh copy per block",
    "one process per setting",
    "one process",
    "server",
)


class ClusterScorers:
    """Makes scorers on the workers, as `Isolation.open` does on this machine.

    Args:
        isolation: in which each worker runs them.
    """

    def __init__(self, queue: Queue, isolation: Isolation) -> None:
        self._queue, self._isolation = queue, isolation

    @contextmanager
    def open(self, submission: Submission, run: Run) -> Iterator[Scorer]:
        """The scorer of a run.

        Raises:
            LiveBenchError: a worker cannot make it, or has other files or another LiveBench than this
                machine.
        """
        asker = _Asker(self._queue, self._isolation.prints or (lambda line: None), submission, run)
        order = run_order(submission, run, self._isolation)
        (done,) = asker.each(worker.describe, order, [()], ["making the scorer"])
        described: Described = done.content
        scorer_class = _ClusterFitted if described.fits else _ClusterScorer
        yield scorer_class(asker, order, described, done.memory)


class _Asker:
    """Sends the calls of a run to the workers."""

    def __init__(
        self, queue: Queue, prints: Callable[[str], object], submission: Submission, run: Run
    ) -> None:
        self._queue, self._prints = queue, prints
        self._key = (submission.path.resolve(), run.name)

    def each(
        self,
        function: Callable[..., Done],
        order: Order,
        arguments: Sequence[tuple[Any, ...]],
        names: Sequence[str],
    ) -> Iterator[Done]:
        """Yield what the workers answer, in any order."""
        for _, done in self.each_call(function, order, arguments, names):
            yield done

    def each_call(
        self,
        function: Callable[..., Done],
        order: Order,
        arguments: Sequence[tuple[Any, ...]],
        names: Sequence[str],
    ) -> Iterator[tuple[tuple[Any, ...], Done]]:
        """Yield the arguments of each call with what a worker answers, in any order.

        Raises:
            LiveBenchError: the scorer failed there, or workers died.
        """
        as_sent = sent(order)
        calls = [
            Call(function, (as_sent, *own), name)
            for own, name in zip(arguments, names, strict=True)
        ]
        for call, done in self._queue.run(calls, self._key, scores=function is not worker.describe):
            for line in done.printed:
                self._prints(line)
            if done.failure is not None:
                error = done.failure.error()
                raise error from error.__cause__
            yield call.arguments[1:], done


class _ClusterScorer(Elsewhere):
    """A scorer on workers; one that has no `fit`."""

    def __init__(
        self, asker: _Asker, order: Order, described: Described, memory: MemoryKind
    ) -> None:
        self._asker, self._order, self._memory = asker, order, memory
        self.trained, self.remark = described.trained, described.remark
        self.about = described.model

    @property
    def memory(self) -> MemoryKind:
        return self._memory

    def score(
        self, video_ctx: VideoContext, comments: Sequence[Comment], candidate: Comment
    ) -> Score:
        raise NotImplementedError("the samples are read on the workers: give their ids")

    def score_named(
        self,
        dealt: Sequence[Sequence[str]],
        candidate_set: CandidateSet,
        dataset: Dataset | None,
        setting: Setting,
    ) -> Iterator[Named]:
        order = with_task(self._order, candidate_set, dataset, setting)
        arguments = [(list(names),) for names in dealt]
        called = [f"samples {names[0]} to {names[-1]}" for names in dealt]
        return self._scored(worker.score, order, arguments, called)

    def score_given(
        self, blocks: Iterable[Samples], candidate_set: CandidateSet
    ) -> Iterator[Named]:
        order = with_task(self._order, candidate_set, None, "blind")
        arguments, called = [], []
        for block in blocks:
            packed = wire.pack_samples([sample for _, sample in block])
            arguments.append(([name for name, _ in block], msgspec.msgpack.encode(packed)))
            called.append(f"{block[0][0]} to {block[-1][0]}")
        return self._scored(worker.score_given, order, arguments, called)

    def _scored(
        self,
        function: Callable[..., Done],
        order: Order,
        arguments: Sequence[tuple[Any, ...]],
        called: Sequence[str],
    ) -> Iterator[Named]:
        for (names, *_), done in self._asker.each_call(function, order, arguments, called):
            if checksum(done.content) != done.sha256 or len(done.content) != len(names):
                what = "the numbers of a block are not those that the worker sent"
                raise LiveBenchError("--cluster", what, "run the same command again")
            self._memory = max(self._memory, done.memory, key=_KINDS.index)
            yield names, done.content

    def ask_afresh(
        self,
        names: Sequence[str],
        ask: Asking[_Answer],
        candidate_set: CandidateSet,
        dataset: Dataset | None,
        setting: Setting,
    ) -> _Answer:
        order = with_task(self._order, candidate_set, dataset, setting)
        given = [(list(names), ask)]
        (done,) = self._asker.each(worker.ask, order, given, ["the checks after scoring"])
        answer: _Answer = done.content
        return answer


class _ClusterFitted(_ClusterScorer):
    """A scorer that each worker fits."""

    def fit(self, training: DatasetSplit) -> None:
        place = dataset_place(training.dataset)
        self._order = msgspec.structs.replace(self._order, fitted_on=place)
