"""Opens video files, and reads their headers. Everything here needs the extra `video`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from livebench.errors import LiveBenchError
from livebench.extras import need
from livebench.files import unreadable


class VideoHeader(NamedTuple):
    """What a video file says of itself: `title` is empty, `duration` (s) is None where it does not."""

    title: str
    duration: float | None


def pyav() -> ModuleType:
    """The package `av`. Its logging stays off, as it is by default: with it a decoder's thread that has
    something to say can wait for Python, while Python waits for the thread."""
    return need("av", "video")


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a video file for reading.

    Raises:
        LiveBenchError: it is missing, or FFmpeg does not know what it is.
    """
    av = pyav()
    try:
        container = av.open(str(path), metadata_errors="replace")
    except (av.FFmpegError, OSError) as error:
        raise unreadable(path, error, "a video", "fetch it again") from None
    with container:
        yield container


def read_header(path: Path) -> VideoHeader:
    """The title and duration in the header of a video file; no picture is decoded.

    Raises:
        LiveBenchError: it cannot be opened, or has no video stream.
    """
    with opened(path) as container:
        video_stream(container, path)
        seconds = container.duration / 1_000_000 if container.duration else None
        if "flv" in container.format.name:
            end = _last_flv_time(path)
            end = _last_packet_time(container) if end is None else end
            seconds = _flv_duration((container.start_time or 0) / 1_000_000, end, seconds)
        return VideoHeader(" ".join(container.metadata.get("title", "").split()), seconds)


def _flv_duration(start: float, end: float, said: float | None) -> float | None:
    """How long an .flv is (s): recorders of live streams let its clock begin anywhere, and write into
    its header what they knew when they wrote it.

    Args:
        start, end: the times of its first and last packet; `said`: the duration by its header, or by
            FFmpeg's estimate.
    """
    if end <= start:
        return said
    span = end - start  # without the last picture
    return said if said is not None and span <= said <= span + 1 else round(span, 3)


def _last_packet_time(container: Any) -> float:
    """The time (s) of the last packet of a file, all of which is read, but not decoded."""
    last = 0.0
    with contextlib.suppress(pyav().FFmpegError, OSError):
        for packet in container.demux():
            if packet.pts is not None:
                last = max(last, float(packet.pts * packet.time_base))
    return last


def _last_flv_time(path: Path) -> float | None:
    """The time (s) of the last tag of picture or sound of an .flv; None where it does not end in tags.

    Each tag is followed by its size, so they are read from the end. Source: Adobe Flash Video File
    Format Specification 10.1, E.3 and E.4.
    """
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        for _ in range(20):  # others may follow it
            if end < 4:
                return None
            file.seek(end - 4)
            size = int.from_bytes(file.read(4))
            if not 11 <= size <= end - 4:
                return None
            file.seek(end - 4 - size)
            tag = file.read(11)
            if int.from_bytes(tag[1:4]) + 11 != size:
                return None
            if tag[0] & 0x1F in (8, 9):
                return int.from_bytes(tag[7:8] + tag[4:7]) / 1000
            end -= size + 4
    return None


def video_stream(container: Any, path: Path) -> Any:
    """The first stream of moving pictures, which a cover is not.

    Raises:
        LiveBenchError: the file has none.
    """
    av = pyav()
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            return stream
    raise LiveBenchError(path, "no video stream in it", "take a file that has one")
