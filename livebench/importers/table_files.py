"""Reads tables: videos.csv, comments.csv or comments.csv.gz, and frames/VIDEO_ID.npy if there are any.

Beside the rules of `Collection`: a comment's video is in videos.csv, texts are not empty, and there is
one file of frames for each video, numbers [seconds, width], all of the same width, at least one row.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from livebench.data.vectors import open_vectors
from livebench.errors import LiveBenchError
from livebench.importers.collection import Collection
from livebench.importers.csv_rows import read_rows
from livebench.importers.importing import SourceFacts


def read_tables(source: Path, collection: Collection) -> SourceFacts:
    """Read the tables in the folder `source`.

    Raises:
        LiveBenchError: a file is missing or cannot be read, or a row is bad (file and line are named).
    """
    collection.ordinary.clear()
    _read_videos(source / "videos.csv", collection)
    _read_comments(_comments_file(source), collection)
    folder = source / "frames"
    return SourceFacts(frames=_FrameFolder(folder, collection.number) if folder.is_dir() else None)


def _comments_file(source: Path) -> Path:
    names = ("comments.csv", "comments.csv.gz")
    paths = [path for name in names if (path := source / name).exists()]
    if len(paths) != 1:
        problem = "has both comments.csv and" if paths else "has neither comments.csv nor"
        fix = "keep one of them" if paths else "put one of them there"
        raise LiveBenchError(source, f"{problem} comments.csv.gz", fix)
    return paths[0]


def _read_videos(path: Path, collection: Collection) -> None:
    columns = ("video_id", "title", "category", "duration")
    named = collection.options.group_column
    for line, (video_id, title, category, duration, group) in read_rows(
        path, (*columns, named) if named else columns, () if named else ("group",)
    ):
        collection.add_video(
            path, line, video_id, title=title, category=category, duration=duration, group=group
        )
    if not collection.videos:
        raise LiveBenchError(path, "no video in it")


def _read_comments(path: Path, collection: Collection) -> None:
    number = collection.number
    for line, (video_id, time, text) in read_rows(path, ("video_id", "time", "text")):
        if video_id in number:
            collection.add_comment(path, line, number[video_id], time, text)
        else:
            detail = f"{video_id[:80]!r} is not in videos.csv"
            collection.bad(path, line, "unknown video", detail)


class _FrameFolder:
    """frames/VIDEO_ID.npy: opened one at a time, never read whole.

    Attributes:
        counts: frames of each video.
    """

    def __init__(self, folder: Path, video_ids: Iterable[str]) -> None:
        self._folder = folder
        self.counts: dict[str, int] = {}
        width = None
        for video_id in video_ids:
            frames, path = self.of(video_id), folder / f"{video_id}.npy"
            if width not in (None, frames.shape[1]):
                what = f"has vectors of width {frames.shape[1]}, those before have {width}"
                raise LiveBenchError(path, what)
            width = frames.shape[1]
            self.counts[video_id] = frames.shape[0]

    def of(self, video_id: str) -> np.ndarray:
        path = self._folder / f"{video_id}.npy"
        if not path.exists():
            raise LiveBenchError(path, "no such file", "give each video its frames")
        return open_vectors(path)
