"""The process of a submission: receives samples and sends back numbers.

It is a new process, not a fork: nothing of LiveBench's memory, which contains the answers, is here.
What the submission prints goes to a separate pipe, and cannot be mistaken for an answer.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
import traceback
from pathlib import Path

import msgspec

from livebench.errors import LiveBenchError
from livebench.isolation import wire
from livebench.scoring.computation import computation_here
from livebench.scoring.numbers import WrongAnswer
from livebench.scoring.runner import make_scorer, score_block
from livebench.scoring.scorer import Scorer, is_fitted
from livebench.submissions.load import Submission

_PR_SET_PDEATHSIG = 1


def serve(source: int, target: int) -> None:
    """Answer messages until the source is closed.

    Args:
        source, target: open file descriptors to read messages from, and to write answers to.
    """
    _end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to end
    scorer: Scorer | None = None
    while (message := _read(source)) is not None:
        try:
            if message[0] == wire.START:
                scorer = _start(msgspec.msgpack.decode(message[1], type=wire.Start))
                hello = wire.Hello(type(scorer).__name__, is_fitted(scorer), scorer.trained)
                answer: tuple[bytes, object] = wire.HELLO, hello
            else:
                answer = _answer(scorer, *message)
        except WrongAnswer as error:
            what = error.what[: wire.TEXT_LIMIT]
            failure = wire.Failure(
                "wrong", what, fix=error.fix, row=error.row, candidate=error.candidate
            )
            answer = wire.FAILED, failure
        except LiveBenchError as error:
            shown = _shown(error.__cause__) if error.__cause__ is not None else ""
            what, where = error.what[: wire.TEXT_LIMIT], error.where[: wire.TEXT_LIMIT]
            failure = wire.Failure("error", what, where, error.fix, error.place, traceback=shown)
            answer = wire.FAILED, failure
        except (Exception, SystemExit) as error:
            name, text = type(error).__name__, str(error)[: wire.TEXT_LIMIT]
            answer = wire.FAILED, wire.Failure("raised", text, name=name, traceback=_shown(error))
        _write(target, wire.message(*answer))
    # Nothing is left to do, and clean-up by libraries would take time.
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    os._exit(0)


def _start(start: wire.Start) -> Scorer:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if start.memory:
        resource.setrlimit(resource.RLIMIT_AS, (start.memory, start.memory))
    submission = Submission(Path(start.folder))
    (run,) = (run for run in submission.card.runs if run.name == start.run)
    return make_scorer(submission, run)


def _answer(scorer: Scorer | None, message_type: bytes, data: bytes) -> tuple[bytes, object]:
    """Kind and content of the answer to a message to the scorer."""
    if scorer is None:
        raise ValueError("there is no scorer yet")
    if message_type == wire.FIT:
        _fit(scorer, msgspec.msgpack.decode(data, type=wire.Fit))
        return wire.FITTED, None
    if message_type == wire.DESCRIBE:
        return wire.DESCRIBED, computation_here(scorer)
    samples = wire.unpack_samples(msgspec.msgpack.decode(data, type=list[wire.SentSample]))
    return wire.SCORED, wire.pack_numbers(score_block(scorer, samples))


def _fit(scorer: Scorer, wanted: wire.Fit) -> None:
    from livebench.data.dataset import Dataset

    scorer.fit(Dataset(Path(wanted.folder)).split("train"))


def _shown(error: BaseException) -> str:
    lines = "".join(traceback.format_exception(error))
    return lines[-wire.TEXT_LIMIT :]


def _end_with_parent() -> None:
    """Have the kernel end this process when the parent ends for whatever reason (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


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
