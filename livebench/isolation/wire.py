"""The messages between LiveBench and the process of a submission.

A message is one byte for its type, four for its size (big-endian), and one of the records below as
MessagePack. Nothing that comes from a submission is unpickled or evaluated: it is decoded as the
expected record, with bounded size, or refused.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np

from livebench.data.images import Images
from livebench.scoring.numbers import Numbers, checked, checked_dropped
from livebench.scoring.scorer import Comment, Sample, Trained, VideoContext

HEAD = struct.Struct(">cI")
MESSAGE_LIMIT = 8 << 20
"""Maximum bytes of a message from a submission; a block of scores is far smaller."""

TEXT_LIMIT = 20_000
"""Maximum characters of a submission's error message."""

START, FIT, COPY, BLOCK, DESCRIBE = b"I", b"T", b"P", b"B", b"D"
HELLO, FITTED, COPIED, READY, SCORED, DESCRIBED, FAILED = b"H", b"F", b"Y", b"R", b"S", b"C", b"E"
ANSWERS = (HELLO, FITTED, COPIED, READY, SCORED, DESCRIBED, FAILED)


class Start(msgspec.Struct, frozen=True):
    """Create the scorer of a run; use at most `memory` bytes of address space (0: no limit), and score
    with so many `threads`. In a sandbox it is `sealed`."""

    folder: str
    run: str
    memory: int
    threads: int
    sealed: bool


class Fit(msgspec.Struct, frozen=True):
    """Fit the scorer on the training split of the dataset in this folder."""

    folder: str


class Hello(msgspec.Struct, frozen=True):
    """The scorer is created; whether it has to be fitted, what its checkpoint was trained on, and what a
    reader of its scores should know."""

    name: str
    fits: bool
    trained: Trained | None
    remark: str = ""


class Copied(msgspec.Struct, frozen=True):
    """The process was copied; `pid` is the copy's, as the process sees it. Or why it must not be."""

    pid: int = 0
    why: str = ""


class Failure(msgspec.Struct, frozen=True):
    """A failure: an `error` that a user can fix (`where`, `what`, `fix`, `place` as in LiveBenchError),
    an exception that was `raised` (`name` is its type, `what` its text), or a `wrong` answer (`row` and
    `candidate` as in WrongAnswer)."""

    kind: Literal["error", "raised", "wrong"]
    what: str
    where: str = ""
    fix: str = ""
    place: str = ""
    name: str = ""
    row: int = -1
    candidate: int = -1
    traceback: str = ""


class SentSample(msgspec.Struct, frozen=True, array_like=True):
    """A sample without its id; `frames` are the bytes of float32 [.., width], `images` JPEG files, which
    no name tells of."""

    time: int
    frames: bytes
    width: int
    frame_times: list[int]
    title: str
    category: str
    comments: list[Comment]
    candidates: list[Comment]
    language: str = ""
    images: list[bytes] = []


class SentNumbers(msgspec.Struct, frozen=True, array_like=True):
    """The scores of a sample: bytes of little-endian float64, and of int64 or None; and how many of its
    comments the model was not shown."""

    totals: bytes
    tokens: bytes | None = None
    dropped: int = 0


def message(message_type: bytes, content: object) -> bytes:
    """The bytes of a message."""
    data = msgspec.msgpack.encode(content)
    return HEAD.pack(message_type, len(data)) + data


def pack_samples(samples: Sequence[Sample]) -> list[SentSample]:
    """Convert samples for sending."""
    return [
        SentSample(
            time=video.time,
            frames=np.ascontiguousarray(video.frames, "<f4").tobytes(),
            width=video.frames.shape[1],
            frame_times=video.frame_times.tolist(),
            title=video.title,
            category=video.category,
            comments=list(comments),
            candidates=list(candidates),
            language=video.language,
            images=video.images.files(),
        )
        for video, comments, candidates in samples
    ]


def unpack_samples(sent: Sequence[SentSample]) -> list[Sample]:
    """The inverse of `pack_samples`."""
    return [
        Sample(
            VideoContext(
                time=sample.time,
                frames=np.frombuffer(sample.frames, "<f4")
                .reshape(len(sample.frame_times), sample.width)
                .copy(),  # writable, as in this process
                frame_times=np.array(sample.frame_times, np.int64),
                title=sample.title,
                category=sample.category,
                language=sample.language,
                images=Images.of_files(sample.images),
            ),
            sample.comments,
            sample.candidates,
        )
        for sample in sent
    ]


def pack_numbers(block: Sequence[Numbers]) -> list[SentNumbers]:
    """Convert numbers for sending."""
    return [
        SentNumbers(
            totals=numbers.totals.astype("<f8").tobytes(),
            tokens=None if numbers.tokens is None else numbers.tokens.astype("<i8").tobytes(),
            dropped=numbers.dropped,
        )
        for numbers in block
    ]


def unpack_numbers(sent: Sequence[SentNumbers], samples: Sequence[Sample]) -> list[Numbers]:
    """The numbers that a submission sent for these samples, checked without trusting its process.

    Raises:
        WrongAnswer: they are not one finite number per candidate, or more comments were dropped than
            there are.
        ValueError: their bytes are not numbers at all.
    """
    if len(sent) != len(samples):
        raise ValueError("it sent scores of other samples")
    block = []
    for row, (numbers, sample) in enumerate(zip(sent, samples, strict=True)):
        size = 8 * len(sample.candidates)
        sizes = {len(part) for part in (numbers.totals, numbers.tokens) if part is not None}
        if sizes != {size}:
            raise ValueError("it sent scores of other candidates")
        tokens = None if numbers.tokens is None else np.frombuffer(numbers.tokens, "<i8")
        found = checked(np.frombuffer(numbers.totals, "<f8"), tokens, row)
        dropped = checked_dropped(numbers.dropped, len(sample.comments), row)
        block.append(found._replace(dropped=dropped))
    return block
