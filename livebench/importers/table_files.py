"""Imports tables: videos.csv, comments.csv or comments.csv.gz, and frames/VIDEO_ID.npy if there are any.

Beside the rules of `collect`: a comment's video is in videos.csv, and there is one file of frames for
each video, numbers [seconds, width], all of the same width, at least one row.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from livebench.data.dataset import Dataset, DatasetInfo, Video
from livebench.errors import LiveBenchError
from livebench.importers.cleaning import Collection, Options, Report, video_of
from livebench.importers.csv_rows import read_rows

VIDEO_COLUMNS = ("video_id", "title", "category", "duration")
COMMENT_COLUMNS = ("video_id", "time", "text")


def import_tables(
    source: Path,
    out: Path,
    info: DatasetInfo,
    options: Options,
    report: Report = lambda text: None,
) -> Dataset:
    """Import the tables in the folder `source` as the dataset `out`.

    Args:
        info: name, source, licence and so on; what is counted here is filled in.
        report: told what is going on.

    Raises:
        LiveBenchError: a file is missing or cannot be read, a row is bad (file and line are named), or
            nothing is left to split.
    """
    source = Path(source)
    collection = Collection(options)
    _read_videos(source / "videos.csv", collection)
    _read_comments(_comments_file(source), collection)
    frames = _FrameFolder(source / "frames") if (source / "frames").is_dir() else None
    if frames is not None:
        collection.videos[:] = frames.counted(collection.videos)
    return collection.write(out, info, frames=None if frames is None else frames.of, report=report)


def _comments_file(source: Path) -> Path:
    found = [
        path for name in ("comments.csv", "comments.csv.gz") if (path := source / name).exists()
    ]
    if len(found) != 1:
        problem = "both are there, keep one" if found else "neither is there"
        raise LiveBenchError(f"{source}: needs comments.csv or comments.csv.gz; {problem}")
    return found[0]


def _read_videos(path: Path, collection: Collection) -> None:
    for line, (video_id, title, category, duration) in read_rows(path, VIDEO_COLUMNS):
        collection.add_video(path, line, video_of(video_id, title, category), duration=duration)
    if not collection.videos:
        raise LiveBenchError(f"{path}: no video in it")


def _read_comments(path: Path, collection: Collection) -> None:
    number = collection.number
    for line, (video_id, when, text) in read_rows(path, COMMENT_COLUMNS):
        if video_id in number:
            collection.add_comment(path, line, number[video_id], when, text)
        else:
            detail = f"{video_id[:80]!r} is not in videos.csv"
            collection.bad(path, line, "unknown video", detail)


class _FrameFolder:
    """frames/VIDEO_ID.npy: opened one at a time, never read whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._width: int | None = None

    def _open(self, video: Video) -> np.ndarray:
        path = self._folder / f"{video.video_id}.npy"
        try:
            return np.lib.format.open_memmap(path, mode="r")  # np.load would also take a .npz
        except FileNotFoundError:
            raise LiveBenchError(f"{path}: no such file; each video needs its frames") from None
        except (ValueError, OSError, EOFError) as error:
            raise LiveBenchError(f"{path}: cannot be read as a NumPy array: {error}") from None

    def counted(self, videos: list[Video]) -> list[Video]:
        """The videos with the number of their frames."""
        found = []
        for video in videos:
            frames = self._open(video)
            path = self._folder / f"{video.video_id}.npy"
            if frames.ndim != 2 or 0 in frames.shape or frames.dtype.kind not in "fiu":
                raise LiveBenchError(
                    f"{path}: {frames.dtype} {list(frames.shape)}, needed are numbers [seconds, width]"
                )
            if self._width not in (None, frames.shape[1]):
                raise LiveBenchError(
                    f"{path}: vectors of width {frames.shape[1]}, those before have {self._width}"
                )
            self._width = frames.shape[1]
            found.append(msgspec.structs.replace(video, frame_count=frames.shape[0]))
        return found

    def of(self, video: Video) -> np.ndarray:
        return self._open(video)
