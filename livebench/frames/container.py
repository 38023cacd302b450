"""Opens video files, and reads their headers. Everything here needs the extra `video`."""

from __future__ import annotations

import contextlib
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
        return VideoHeader(" ".join(container.metadata.get("title", "").split()), seconds)


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
