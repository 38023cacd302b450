"""The process of a submission: receives samples and sends back numbers.

It is a new process, not a fork: nothing of LiveBench's memory, which contains the answers, is here.
What the submission prints goes to a separate pipe, and cannot be mistaken for an answer.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import resource
import signal
import socket
import stat
import sys
import traceback
from pathlib import Path
from typing import NoReturn

import msgspec

from livebench.errors import LiveBenchError
from livebench.isolation import wire
from livebench.isolation.inspection import link_of, obstacle
from livebench.isolation.sandbox import SCRATCH
from livebench.isolation.seccomp import apply_filter, no_new_processes
from livebench.scoring.computation import computation_here
from livebench.scoring.numbers import WrongAnswer
from livebench.scoring.runner import make_scorer, score_block
from livebench.scoring.scorer import Scorer, is_fitted
from livebench.submissions.load import Submission

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 1, 4, 36
_THREADS_LIMIT = 4096


def serve(source: int, target: int, handles: int) -> None:
    """Answer messages until the source is closed.

    Args:
        source, target: open file descriptors to read messages from, and to write answers to.
        handles: of a socket; the descriptors of each copy come through it.
    """
    _end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to end
    server = _Server(source, target, handles)
    while (message := _read(source)) is not None:
        _write(target, server.answer(*message))
    # Nothing is left to do, and clean-up by libraries would take time.
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    os._exit(0)


class _Server:
    """Answers messages; where it is asked for a copy, the copy does so for one block."""

    def __init__(self, source: int, target: int, handles: int) -> None:
        self._scorer: Scorer | None = None
        self._start = wire.Start("", "", 0, 1, False)
        self._own = (source, target, handles)
        self._handles = socket.socket(fileno=handles)

    def answer(self, message_type: bytes, data: bytes) -> bytes:
        """The answer to a message, as it is sent."""
        try:
            if message_type == wire.COPY:
                return wire.message(wire.COPIED, self._copy())
            return wire.message(*self._do(message_type, data))
        except WrongAnswer as error:
            what = error.what[: wire.TEXT_LIMIT]
            failure = wire.Failure(
                "wrong", what, fix=error.fix, row=error.row, candidate=error.candidate
            )
        except LiveBenchError as error:
            shown = _shown(error.__cause__) if error.__cause__ is not None else ""
            what, where = error.what[: wire.TEXT_LIMIT], error.where[: wire.TEXT_LIMIT]
            failure = wire.Failure("error", what, where, error.fix, error.place, traceback=shown)
        except (Exception, SystemExit) as error:
            name, text = type(error).__name__, str(error)[: wire.TEXT_LIMIT]
            failure = wire.Failure("raised", text, name=name, traceback=_shown(error))
        return wire.message(wire.FAILED, failure)

    def _do(self, message_type: bytes, data: bytes) -> tuple[bytes, object]:
        """Kind and content of the answer to a message to the scorer."""
        if message_type == wire.START:
            self._start = msgspec.msgpack.decode(data, type=wire.Start)
            if self._start.sealed:  # a copy must not get at the memory of what it was copied from
                ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0)
            made = self._scorer = _made(self._start)
            remark = str(getattr(made, "remark", ""))[: wire.TEXT_LIMIT]
            name = type(made).__name__
            return wire.HELLO, wire.Hello(name, is_fitted(made), made.trained, remark)
        if (scorer := self._scorer) is None:
            raise ValueError("there is no scorer yet")
        if message_type == wire.FIT:
            _fit(scorer, msgspec.msgpack.decode(data, type=wire.Fit))
            return wire.FITTED, None
        if message_type == wire.DESCRIBE:
            return wire.DESCRIBED, computation_here(scorer)
        _use_threads(self._start.threads)
        samples = wire.unpack_samples(msgspec.msgpack.decode(data, type=list[wire.SentSample]))
        return wire.SCORED, wire.pack_numbers(score_block(scorer, samples))

    def _copy(self) -> wire.Copied:
        """Copy this process for one block: it ends there, and nothing of it comes back."""
        _, given, _, _ = socket.recv_fds(self._handles, 1, 2)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:  # the copy before, and what it left
                pass
        try:
            known = {link_of(handle) for handle in (0, 1, 2, *self._own, *given)}
            why = obstacle("self", known, sealed=self._start.sealed)
            if why:
                return wire.Copied(why=why)
            gc.freeze()  # a collection in the copy would write to all pages
            pid = os.fork()
            if not pid:
                self._be_a_copy(*given)
            return wire.Copied(pid)
        finally:
            for handle in given:
                os.close(handle)

    def _be_a_copy(self, channel: int, prints: int) -> NoReturn:
        try:
            _end_with_parent()
            os.dup2(prints, 1)
            os.dup2(prints, 2)
            _leave_behind(channel)
            if self._start.sealed:
                apply_filter(no_new_processes())
            _write(channel, wire.message(wire.READY, None))
            while (message := _read(channel)) is not None:
                _write(channel, self.answer(*message))
        finally:
            os._exit(1)


def _leave_behind(kept: int) -> None:
    """Close all descriptors but the standard ones and one; open files that are read anew, so that the
    place in them is this process's own."""
    for handle in [int(one.name) for one in Path("/proc/self/fd").iterdir()]:
        if handle <= 2 or handle == kept:
            continue
        try:
            if stat.S_ISREG(os.fstat(handle).st_mode):
                place = os.lseek(handle, 0, os.SEEK_CUR)
                again = os.open(f"/proc/self/fd/{handle}", os.O_RDONLY | os.O_CLOEXEC)
                os.dup2(again, handle, inheritable=False)
                os.close(again)
                os.lseek(handle, place, os.SEEK_SET)
            else:
                os.close(handle)
        except OSError:  # the descriptor of the folder just listed
            continue


def _use_threads(number: int) -> None:
    """Compute with so many threads. Until then it was one: a process with threads cannot be copied."""
    os.environ["OMP_NUM_THREADS"] = str(number)
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() == 1 != number:
        torch.set_num_threads(number)


def _made(start: wire.Start) -> Scorer:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if start.memory:
        resource.setrlimit(resource.RLIMIT_AS, (start.memory, start.memory))
    if start.sealed:
        _limit(resource.RLIMIT_FSIZE, SCRATCH)
        _limit(resource.RLIMIT_NPROC, _THREADS_LIMIT)  # of root, the kernel lets it pass
    submission = Submission(Path(start.folder))
    (run,) = (run for run in submission.card.runs if run.name == start.run)
    return make_scorer(submission, run)


def _limit(kind: int, value: int) -> None:
    """Lower a limit of this process for good."""
    before = resource.getrlimit(kind)[1]
    value = value if before == resource.RLIM_INFINITY else min(value, before)
    resource.setrlimit(kind, (value, value))


def _fit(scorer: Scorer, wanted: wire.Fit) -> None:
    from livebench.data.dataset import Dataset

    scorer.fit(Dataset(Path(wanted.folder)).split("train"))


def _shown(error: BaseException) -> str:
    lines = "".join(traceback.format_exception(error))
    return lines[-wire.TEXT_LIMIT :]


def _end_with_parent() -> None:
    """Have the kernel end this process when the parent ends for whatever reason (Linux)."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)  # whatever its children leave running comes to it


def _read(source: int) -> tuple[bytes, bytes] | None:
    head = _exactly(source, wire.HEAD.size)
    if head is None:
        return None
    message_type, size = wire.HEAD.unpack(head)
    data = _exactly(source, size)
    return None if data is None else (message_type, data)


def _exactly(source: int, size: int) -> bytes | None:
    """Read exactly this many bytes; None if the source ends before."""
    data = bytearray()
    while len(data) < size:
        part = os.read(source, size - len(data))
        if not part:
            return None
        data += part
    return bytes(data)


def _write(target: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(target, left) :]
