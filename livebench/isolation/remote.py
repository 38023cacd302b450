"""The scorer of a submission in a process of its own, with the interface of any other scorer."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from livebench.errors import LiveBenchError, one_line
from livebench.isolation import sandbox, wire
from livebench.isolation.copies import Copies
from livebench.isolation.environment import clean_environment, threads
from livebench.isolation.inspection import available, resident
from livebench.isolation.learning_folder import learning_folder
from livebench.isolation.pipes import Child, Peer, SubmissionTraceback
from livebench.isolation.printed import Printed, harmless
from livebench.isolation.seccomp import no_new_processes
from livebench.scoring.computation import Computation
from livebench.scoring.numbers import Numbers, WrongAnswer
from livebench.scoring.runner import (
    MemoryKind,
    Samples,
    Streaming,
    answer_error,
    block_name,
    make_scorer,
)
from livebench.scoring.scorer import Comment, LogLikelihood, Sample, Score, Scorer, VideoContext
from livebench.submissions.load import Run, Submission

if TYPE_CHECKING:
    from livebench.data.dataset import DatasetSplit

_Answer = TypeVar("_Answer")

_AHEAD = 2
"""Blocks sent to a process at a time: the one being scored, and the next."""

_ROOM = 4
"""A process leaves room for another if the memory that is available is so many times its own."""

_GIGABYTE = 1 << 30
_NAME_LIMIT = 100
"""Maximum characters of a name that a submission reports."""

_VALUE_LIMIT, _MOST_VALUES = 300, 10
"""Maximum characters of what it says of its model, and how much it may say."""

# Modules are found as in this process, except in the current folder.
_PROGRAM = (
    "import sys; sys.path[:] = {path!r}; from livebench.isolation.child import serve; "
    "serve({source}, {target}, {handles})"
)


@dataclass(frozen=True)
class Isolation:
    """Where the code of submissions runs.

    Attributes:
        kind: `none`, in this process; `process`, in one of its own, which sees the files of this
            machine but no memory of this process; `sandbox`, in one that sees next to nothing.
        memory: GB of address space that it may use; 0 for no limit.
        time_limit: seconds that it may take to be created, to be fitted, or to score a block.
        hidden: folders that a sandbox never shows.
        copies: whether a process scores each block in a fresh copy of itself, where it can be copied.
        trusted: whether one process may score everything itself, since its code is known to remember
            nothing: that of LiveBench.
        prints: what is called with each line that a submission prints; by default they are shown if it
            fails.
        threads: to compute with; 0: OMP_NUM_THREADS, or one for each core.
    """

    kind: Literal["none", "process", "sandbox"] = "process"
    memory: float = 0
    time_limit: float = 3600
    hidden: tuple[Path, ...] = ()
    copies: bool = True
    trusted: bool = False
    prints: Callable[[str], object] | None = None
    threads: int = 0

    @contextmanager
    def open(self, submission: Submission, run: Run) -> Iterator[Scorer]:
        """The scorer of a run; its process ends with the block.

        Raises:
            LiveBenchError: it cannot be created, or bubblewrap is needed and not installed.
        """
        if submission.is_on_server and self.kind == "sandbox":
            what = "has no network, and the model of this submission is on a server"
            fix = "leave it out: the code is LiveBench's own, and the row says that a server scored"
            raise LiveBenchError("--sandbox", what, fix)
        if self.kind == "none" or submission.is_on_server:
            yield make_scorer(submission, run)
            return
        with learning_folder() as inputs, ExitStack() as open_ends:
            ours, theirs = map(open_ends.enter_context, socket.socketpair())
            child = self._start(submission, inputs, theirs.fileno(), copies=self.copies)
            theirs.close()
            try:
                start = wire.Start(
                    folder=str(submission.path.absolute()),
                    run=run.name,
                    memory=int(self.memory * _GIGABYTE),
                    threads=self.threads or threads(),
                    sealed=self.kind == "sandbox",
                )
                made = Copies(child, ours, self.time_limit, sealed=start.sealed)
                yield self._scorer(child, start, submission, inputs, made if self.copies else None)
            finally:
                child.close()

    def _start(self, submission: Submission, inputs: Path, handles: int, *, copies: bool) -> Child:
        path = [entry for entry in sys.path if entry]

        def program(source: int, target: int) -> list[str]:
            code = _PROGRAM.format(path=path, source=source, target=target, handles=handles)
            return [sys.executable, "-P", "-c", code]

        folder, sealed = str(submission.path), self.kind == "sandbox"
        say = self.prints
        shown = Printed(lambda line: say(f"[{submission.name}] {line}")) if say else None
        environment = clean_environment(sealed=sealed)
        if not sealed:
            return Child(
                program,
                folder=folder,
                environment=environment,
                handles=(handles,),
                time_limit=self.time_limit,
                shown=shown,
            )
        source, target = os.pipe()
        try:
            os.write(target, no_new_processes(but_copies=copies))
            os.close(target)
            view = sandbox.SandboxView(
                submission.path, inputs, self.hidden, world=submission.is_own_oracle
            )
            around = sandbox.sandbox_command(view, source)
            return Child(
                lambda *pipes: [*around, *program(*pipes)],
                folder=folder,
                environment=environment,
                handles=(source, handles),
                time_limit=self.time_limit,
                shown=shown,
            )
        finally:
            os.close(source)

    def _scorer(
        self,
        child: Child,
        start: wire.Start,
        submission: Submission,
        inputs: Path,
        copies: Copies | None,
    ) -> Scorer:
        child.send(wire.message(wire.START, start))
        hello = _answer(child, wire.HELLO, wire.Hello, doing=(submission.path, "making the scorer"))
        shown = Path(sandbox.INPUTS) if self.kind == "sandbox" else inputs
        whole = submission.is_own_oracle
        scorer_class = _RemoteFitted if hello.fits else _RemoteScorer
        folder = _LearningFolder(inputs, shown, whole)
        return scorer_class(child, hello, folder, copies, trusted=self.trusted)


@dataclass(frozen=True)
class _LearningFolder:
    """Where a scorer's training data is put, and where its process sees it; an oracle is given the
    `whole` dataset."""

    here: Path
    there: Path
    whole: bool


class _RemoteScorer(Streaming):
    """A scorer in a process of its own; `copies` of it score, unless it is `trusted` or has none."""

    def __init__(
        self,
        child: Peer,
        hello: wire.Hello,
        inputs: _LearningFolder,
        copies: Copies | None,
        *,
        trusted: bool = False,
    ) -> None:
        self._trusted = trusted
        self._child, self._hello, self._inputs, self._copies = child, hello, inputs, copies
        self.trained, self.remark = hello.trained, _clean(hello.remark)[:300]

    @property
    def memory(self) -> MemoryKind:
        if self._trusted:
            return "one process"
        copied = self._copies is not None and not self._copies.why_not
        return "fresh copy per block" if copied else "one process per setting"

    @property
    def may_serve_again(self) -> bool:
        # Copies of a sandbox see its counters (docs/trust.md), which must not lead from one setting to
        # another. Outside of one they could leave files, whichever process they were copied from.
        copies = self._copies
        apart = copies is not None and not copies.why_not and not copies.sealed
        return self._trusted or apart

    @property
    def leaves_room(self) -> bool:
        return _ROOM * resident(self._child.pid) < available()

    @contextmanager
    def one_copy(self) -> Iterator[Scorer]:
        copies = self._copies
        if copies is None or copies.why_not:
            yield self
            return
        with copies.next(*self._answers_to_copy()) as copy:
            yield self if copy is None else _RemoteScorer(copy, self._hello, self._inputs, None)

    def close(self) -> None:
        self._child.close()

    def score(
        self, video_ctx: VideoContext, comments: Sequence[Comment], candidate: Comment
    ) -> Score:
        """A single score; scoring in blocks is faster."""
        return self.score_samples([Sample(video_ctx, comments, [candidate])])[0][0]

    def score_samples(self, samples: Sequence[Sample]) -> list[list[Score]]:
        ((_, block),) = self.score_blocks([[("", sample) for sample in samples]])
        return [_scores(numbers) for numbers in block]

    def score_blocks(self, blocks: Iterable[Samples]) -> Iterator[tuple[Samples, list[Numbers]]]:
        left = iter(blocks)
        if self._copies is not None and not self._trusted:
            for block in left:
                numbers = self._scored_by_copy(self._copies, block)
                if numbers is None:
                    left = chain([block], left)
                    break
                yield block, numbers
        waiting: deque[Samples] = deque()
        for block in left:
            self._child.send(_message(block))
            waiting.append(block)
            if len(waiting) == _AHEAD:
                yield waiting[0], self._scored(self._child, waiting.popleft())
        while waiting:
            yield waiting[0], self._scored(self._child, waiting.popleft())

    def _scored_by_copy(self, copies: Copies, block: Samples) -> list[Numbers] | None:
        """The numbers from a fresh copy; None if there can be none."""
        if copies.why_not:
            return None
        try:
            with copies.next(*self._answers_to_copy(block)) as copy:
                if copy is None:
                    return None
                copy.send(_message(block))
                return self._scored(copy, block)
        except LiveBenchError as error:
            raise (error if error.where else error.of(block_name(block))) from error.__cause__

    def _answers_to_copy(
        self, block: Samples | None = None
    ) -> tuple[Callable[[], wire.Copied], Callable[[Peer], None]]:
        """Wait for what the process says to being copied, and for the copy to be ready."""
        doing = (self._hello.name, "copying the scorer")
        return (
            lambda: _answer(self._child, wire.COPIED, wire.Copied, block, doing),
            lambda copy: _answer(copy, wire.READY, type(None), block, doing),
        )

    def computation(self) -> Computation:
        self._child.send(wire.message(wire.DESCRIBE, None))
        doing = ("", "describing the scorer")
        computation = _answer(self._child, wire.DESCRIBED, Computation, doing=doing)
        return Computation(
            one_line(computation.device, _NAME_LIMIT),
            one_line(computation.dtype, _NAME_LIMIT),
            computation.torch,
            max(0, computation.parameters),
            {
                one_line(key, _NAME_LIMIT): one_line(value, _VALUE_LIMIT)
                for key, value in sorted(computation.model.items())[:_MOST_VALUES]
            },
        )

    def _scored(self, process: Peer, block: Samples) -> list[Numbers]:
        sent = _answer(process, wire.SCORED, list[wire.SentNumbers], block)
        try:
            return wire.unpack_numbers(sent, [sample for _, sample in block])
        except WrongAnswer as error:
            raise answer_error(block, error) from None
        except ValueError as error:
            raise process.garbage(str(error)) from None


class _RemoteFitted(_RemoteScorer):
    """A remote scorer that has to be fitted."""

    def fit(self, training: DatasetSplit) -> None:
        from livebench.isolation.training_copy import write_training_copy

        # A copy without anything from the test videos.
        here = self._inputs.here / "dataset"
        shutil.rmtree(here, ignore_errors=True)
        if self._inputs.whole:
            shutil.copytree(training.dataset.path, here)
        else:
            write_training_copy(training, here)
        there = str(self._inputs.there / "dataset")
        self._child.send(wire.message(wire.FIT, wire.Fit(there)))
        doing = (training.dataset.path, f"fitting {self._hello.name}")
        _answer(self._child, wire.FITTED, type(None), doing=doing)


def _message(block: Samples) -> bytes:
    return wire.message(wire.BLOCK, wire.pack_samples([sample for _, sample in block]))


def _scores(numbers: Numbers) -> list[Score]:
    totals: list[float] = numbers.totals.tolist()
    if numbers.tokens is None:
        return [*totals]
    pairs = zip(totals, numbers.tokens.tolist(), strict=True)
    return [LogLikelihood(*pair, numbers.dropped) for pair in pairs]


def _answer(
    child: Peer,
    due: bytes,
    record_type: type[_Answer],
    block: Samples | None = None,
    doing: tuple[object, str] = ("", ""),
) -> _Answer:
    """The next message, which must be of type `due`.

    Args:
        block: what the process is scoring; if there is no block, `doing` says where, and what it is
            doing.

    Raises:
        LiveBenchError: the message has another type, or reports a failure.
    """
    try:
        message_type, data = child.receive()
    except LiveBenchError as error:
        raise error.of(block_name(block) if block else doing[0]) from error.__cause__
    try:
        if message_type == wire.FAILED:
            raise _failure(msgspec.msgpack.decode(data, type=wire.Failure), block, *doing)
        if message_type != due:
            raise child.garbage("it is another answer than was asked for")
        return msgspec.msgpack.decode(data, type=record_type)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise child.garbage(str(error)) from None


def _failure(
    failure: wire.Failure, block: Samples | None, where: object, doing: str
) -> LiveBenchError:
    what, fix = _clean(failure.what), _clean(failure.fix)
    if failure.kind == "wrong" and block:
        row = min(failure.row, len(block) - 1)
        return answer_error(block, WrongAnswer(what, fix, row, failure.candidate))
    if failure.kind == "raised":
        where, doing = (block_name(block), "the scorer") if block else (where, doing)
        error = LiveBenchError(where, f"{doing} raised {_clean(failure.name)}: {what}")
    else:
        error = LiveBenchError(_clean(failure.where), what, fix, _clean(failure.place))
        error = error.of(block_name(block)) if block else error
    if failure.traceback:
        error.__cause__ = SubmissionTraceback(harmless(failure.traceback[: wire.TEXT_LIMIT]))
    return error


def _clean(text: str) -> str:
    """A text from a submission, on one line."""
    return " ".join(harmless(text[: wire.TEXT_LIMIT]).split())
