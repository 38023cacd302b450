"""What goes over the pipes between LiveBench and the process of a submission.

A message is one byte for its kind, four for its size (big-endian), and MessagePack of one of the
records below. Nothing that comes from a submission is unpickled or evaluated: it is decoded as the
record that is due, of bounded size, or refused.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np

from livebench.scoring.numbers import Numbers, checked
from livebench.scoring.scorer import Comment, Sample, Trained, VideoContext

HEAD = struct.Struct(">cI")
MESSAGE_LIMIT = 8 << 20
"""Bytes of a message from a submission, at most: a block of scores is far below."""

TEXT_LIMIT = 20_000
"""Characters of what a submission says of its failure, at most."""

START, FIT, BLOCK, DESCRIBE = b"I", b"T", b"B", b"D"
HELLO, FITTED, SCORED, DESCRIBED, FAILED = b"H", b"F", b"S", b"C", b"E"
ANSWERS = (HELLO, FITTED, SCORED, DESCRIBED, FAILED)


class Start(msgspec.Struct, frozen=True):
    """Make the scorer of a run; take at most `memory` bytes of address space (0: no limit)."""

    folder: str
    run: str
    memory: int


class Fit(msgspec.Struct, frozen=True):
    """Fit the scorer on the training split of the dataset in this folder."""

    folder: str


class Hello(msgspec.Struct, frozen=True):
    """The scorer is made; whether it wants to be fitted, and what its checkpoint was trained on."""

    name: str
    fits: bool
    trained: Trained | None


class Failure(msgspec.Struct, frozen=True):
    """It went wrong: `mend` for what a user can mend, `raised` with the type's `name`, or `wrong` for
    an answer that is not as it should be, at `place` in the block."""

    kind: Literal["mend", "raised", "wrong"]
    text: str
    name: str = ""
    place: int = -1
    traceback: str = ""


class SentSample(msgspec.Struct, frozen=True, array_like=True):
    """A sample without its id; `frames` are the bytes of float32 [.., width]."""

    time: int
    frames: bytes
    width: int
    frame_times: list[int]
    title: str
    category: str
    comments: list[Comment]
    candidates: list[Comment]


class SentNumbers(msgspec.Struct, frozen=True, array_like=True):
    """The scores of a sample: bytes of little-endian float64, and of int64 or None."""

    totals: bytes
    tokens: bytes | None = None


def message(kind: bytes, content: object) -> bytes:
    """The bytes of a message."""
    data = msgspec.msgpack.encode(content)
    return HEAD.pack(kind, len(data)) + data


def pack_samples(samples: Sequence[Sample]) -> list[SentSample]:
    """Samples as they are sent."""
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
        )
        for video, comments, candidates in samples
    ]


def unpack_samples(sent: Sequence[SentSample]) -> list[Sample]:
    """What `pack_samples` was given."""
    return [
        Sample(
            VideoContext(
                time=one.time,
                frames=np.frombuffer(one.frames, "<f4")
                .reshape((len(one.frame_times), one.width) if one.width else (0, 0))
                .copy(),  # as in this process: it can be written to
                frame_times=np.array(one.frame_times, np.int64),
                title=one.title,
                category=one.category,
            ),
            one.comments,
            one.candidates,
        )
        for one in sent
    ]


def pack_numbers(found: Sequence[Numbers]) -> list[SentNumbers]:
    """Numbers as they are sent."""
    return [
        SentNumbers(
            totals=one.totals.astype("<f8").tobytes(),
            tokens=None if one.tokens is None else one.tokens.astype("<i8").tobytes(),
        )
        for one in found
    ]


def unpack_numbers(sent: Sequence[SentNumbers], samples: Sequence[Sample]) -> list[Numbers]:
    """The numbers that a submission sent for these samples, checked as if nobody had before.

    Raises:
        WrongAnswer: they are not one finite number for each candidate.
        ValueError: they are not even numbers of the right size.
    """
    if len(sent) != len(samples):
        raise ValueError("it sent scores of other samples")
    found = []
    for place, (one, sample) in enumerate(zip(sent, samples, strict=True)):
        size = 8 * len(sample.candidates)
        if len(one.totals) != size or (one.tokens is not None and len(one.tokens) != size):
            raise ValueError("it sent scores of other candidates")
        tokens = None if one.tokens is None else np.frombuffer(one.tokens, "<i8")
        found.append(checked(np.frombuffer(one.totals, "<f8"), tokens, place))
    return found
