"""Reads tables: videos.csv, comments.csv or comments.csv.gz, and what there is of frames/VIDEO_ID.npy
and images/VIDEO_ID/SECOND.jpg.

Beside the rules of `Collection`: a comment's video is in videos.csv, texts are not empty, there is one
file of frames for each video, numbers [seconds, width], all of the same width, at least one row, and
pictures of the same seconds, or of the seconds from 0 on where there are no frames.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from livebench.data.images import IMAGES, decode_picture, read_picture
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
    folder, pictures = source / "frames", source / IMAGES
    frames = _FrameFolder(folder, collection.number) if folder.is_dir() else None
    images = _ImageFolder(pictures, collection.number, frames) if pictures.is_dir() else None
    return SourceFacts(frames=frames, images=images)


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


class _ImageFolder:
    """images/VIDEO_ID/SECOND.jpg: read, and decoded to see that it can be, one at a time.

    Attributes:
        counts: pictures of each video.
    """

    def __init__(self, folder: Path, video_ids: Iterable[str], frames: _FrameFolder | None) -> None:
        self._folder = folder
        self.counts: dict[str, int] = {}
        for video_id in video_ids:
            own = folder / video_id
            names = {path.name for path in own.iterdir()} if own.is_dir() else set()
            found = sum(name.endswith(".jpg") for name in names)
            count = found if frames is None else frames.counts[video_id]
            lacking = next((k for k in range(max(1, count)) if f"{k}.jpg" not in names), None)
            if lacking is not None:
                fix = "give each video a picture of each second from 0 on"
                if frames is not None:
                    fix = f"give it one for each of its {count} frames"
                raise LiveBenchError(own / f"{lacking}.jpg", "no such picture", fix)
            if found != count:
                what = f"has {found} pictures, and {count} frames"
                raise LiveBenchError(own, what, "give it a picture for each frame, and no others")
            self.counts[video_id] = count

    def of(self, video_id: str, second: int) -> bytes:
        path = self._folder / video_id / f"{second}.jpg"
        content = read_picture(path)
        decode_picture(content, path)
        return content
