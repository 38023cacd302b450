"""Opens video files, and says what stands in their headers. Everything here needs the extra `video`."""

from __future__ import annotations

import contextlib
import glob
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from livebench.errors import LiveBenchError
from livebench.extras import need

SUFFIXES = (".mp4", ".flv", ".mkv", ".webm")
"""Of the files that are taken for videos; where two have one stem, the earlier suffix is taken."""


class About(NamedTuple):
    """What a video file says of itself: `title` is empty, `duration` (s) is None where it does not."""

    title: str
    duration: float | None


def pyav() -> ModuleType:
    """The package `av`. Its logging stays off, as it is by default: with it a decoder's thread that has
    something to say can wait for Python, while Python waits for the thread."""
    return need("av", "video")


@contextlib.contextmanager
def opened(path: Path) -> Iterator:
    """Open a video file for reading.

    Raises:
        LiveBenchError: it is missing, or FFmpeg does not know what it is.
    """
    av = pyav()
    try:
        container = av.open(str(path), metadata_errors="replace")
    except FileNotFoundError:
        raise LiveBenchError(f"{path}: no such file") from None
    except (av.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise LiveBenchError(
            f"{path}: cannot be opened as a video: {reason}; fetch it again"
        ) from None
    with container:
        yield container


def about(path: Path) -> About:
    """The title and duration in the header of a video file; no picture is decoded.

    Raises:
        LiveBenchError: it cannot be opened, or has no video stream.
    """
    with opened(path) as container:
        video_stream(container, path)
        seconds = container.duration / 1_000_000 if container.duration else None
        return About(" ".join(container.metadata.get("title", "").split()), seconds)


def video_stream(container, path: Path):
    """The first stream of moving pictures; a cover is none.

    Raises:
        LiveBenchError: there is none.
    """
    av = pyav()
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            return stream
    raise LiveBenchError(f"{path}: no video stream in it; take a file that has one")


def stem_paths(folder: Path) -> dict[str, list[Path]]:
    """All video files in `folder` and the folders in it, by stem, in the order in which they are taken.

    Raises:
        LiveBenchError: there is no such folder.
    """
    if not folder.is_dir():
        raise LiveBenchError(f"{folder}: no such folder")
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            found.setdefault(path.stem, []).append(path)
    return {stem: sorted(paths, key=_taken_first) for stem, paths in found.items()}


def beside(path: Path) -> Path | None:
    """The video file in the folder of `path` that has its stem, or None."""
    files = path.parent.glob(f"{glob.escape(path.stem)}.*")
    names = {file.name.lower(): file for file in files}
    for suffix in SUFFIXES:
        file = names.get(f"{path.stem}{suffix}".lower())
        if file is not None and file.stem == path.stem and file.is_file():
            return file
    return None


def _taken_first(path: Path) -> tuple[int, str]:
    return SUFFIXES.index(path.suffix.lower()), str(path)
