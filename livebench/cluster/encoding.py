"""Frame vectors on workers: a video is a call, and its vectors wait in the folder that all share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
from distributed import get_worker

from livebench.cluster.dispatch import Call, Queue
from livebench.cluster.orders import (
    OTHER_LIVEBENCH,
    SAME_LIVEBENCH,
    Failure,
    Place,
    check_software,
    dataset_place,
    opened_dataset,
    software,
)
from livebench.errors import LiveBenchError
from livebench.frames.encoders import load_encoder
from livebench.frames.extract import Extraction, ExtractionOptions


class EncodingOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be encoded, and how; `identity`: of the encoder, weights included."""

    software: dict[str, str]
    dataset: Place
    videos: str
    encoder: str
    device: str
    identity: str
    options: ExtractionOptions


class _Answer(NamedTuple):
    """What a worker answers: why the video has no vectors, or why the work cannot go on, if so."""

    unusable: Failure | None = None
    failure: Failure | None = None


def encode_there(
    queue: Queue,
    extraction: Extraction,
    videos: Path,
    encoder: str,
    device: str,
    report: Callable[[int, str], object] = lambda count, video_id: None,
) -> tuple[list[str], dict[str, LiveBenchError]]:
    """Have workers encode the videos that wait.

    Args:
        encoder, device: as `load_encoder` takes them.
        report: called with the number of pictures of each video that is done, and its id.

    Returns:
        The ids of the videos that are done now, and why others have no vectors.

    Raises:
        LiveBenchError: a worker has another dataset, encoder or LiveBench; or as `Extraction.encode`.
    """
    order = EncodingOrder(
        software=software(),
        dataset=dataset_place(extraction.dataset),
        videos=str(Path(videos).resolve()),
        encoder=encoder,
        device=device,
        identity=extraction.encoder.identity,
        options=extraction.options,
    )
    sent = as_sent(order)
    calls = [Call(encode, (sent, one), f"video {one}") for one in extraction.waiting]
    done: list[str] = []
    failed: dict[str, LiveBenchError] = {}
    answer: _Answer
    for call, answer in queue.run(calls, "features"):
        video_id = call.arguments[1]
        if answer.failure is not None:
            error = answer.failure.error()
            raise error from error.__cause__
        if answer.unusable is not None:
            failed[video_id] = answer.unusable.error()
        else:
            done.append(video_id)
        report(extraction.seconds_of(video_id), video_id)
    return done, failed


def as_sent(order: EncodingOrder) -> bytes:
    """An order on its way."""
    return msgspec.msgpack.encode(order)


_one_at_a_time = threading.Lock()
_KEPT = "livebench_encoding"


def encode(sent: bytes, video_id: str) -> _Answer:
    """Encode a video, on a worker, which loads the encoder once."""
    worker = get_worker()
    with _one_at_a_time:
        try:
            kept: tuple[bytes, Extraction] | None = getattr(worker, _KEPT, None)
            if kept is None or kept[0] != sent:
                kept = (sent, _opened(sent, worker.address))
                setattr(worker, _KEPT, kept)
            wrong = kept[1].encode(video_id)
        except LiveBenchError as error:
            return _Answer(failure=Failure.of(error))
    return _Answer(unusable=None if wrong is None else Failure.of(wrong))


def _opened(sent: bytes, worker: str) -> Extraction:
    try:
        order = msgspec.msgpack.decode(sent, type=EncodingOrder)
    except msgspec.DecodeError:
        raise LiveBenchError(f"worker {worker}", OTHER_LIVEBENCH, SAME_LIVEBENCH) from None
    check_software(order.software, worker)
    encoder = load_encoder(order.encoder, order.device)
    if encoder.identity != order.identity:
        what = f"has another encoder ({encoder.identity}, needed {order.identity})"
        raise LiveBenchError(f"worker {worker}", what, "use the same weights everywhere")
    dataset = opened_dataset(order.dataset, worker)
    return Extraction(dataset, Path(order.videos), encoder, order.options)
