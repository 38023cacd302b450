"""Finds video files: in a folder by stem, beside a file of comments, and those of a dataset."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path

from livebench.data.dataset import Video
from livebench.errors import LiveBenchError

VIDEO_SUFFIXES = (".mp4", ".flv", ".mkv", ".webm")
"""Of the files that are taken for videos; where two have one stem, the earlier suffix is taken."""


def files_by_stem(folder: Path) -> dict[str, list[Path]]:
    """All video files in `folder` and the folders in it, by stem, in the order in which they are taken.

    Raises:
        LiveBenchError: the folder is missing.
    """
    if not folder.is_dir():
        raise LiveBenchError(folder, "no such folder")
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        is_hidden = path.name.startswith(".") or "__MACOSX" in path.parts
        if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file() and not is_hidden:
            files.setdefault(path.stem, []).append(path)
    return {stem: sorted(paths, key=_taken_first) for stem, paths in files.items()}


def _taken_first(path: Path) -> tuple[int, str]:
    return VIDEO_SUFFIXES.index(path.suffix.lower()), str(path)


def video_beside(path: Path) -> Path | None:
    """The video file in the folder of `path` that has its stem, or None."""
    files = path.parent.glob(f"{glob.escape(path.stem)}.*")
    names = {file.name.lower(): file for file in files}
    for suffix in VIDEO_SUFFIXES:
        file = names.get(f"{path.stem}{suffix}".lower())
        if file is not None and file.stem == path.stem and file.is_file():
            return file
    return None


def find_video_files(videos: Iterable[Video], folder: Path) -> dict[str, Path]:
    """Which file in `folder` is which video: by its stem, the id; by its folder, of that name; or by its
    stem, the title (white space apart).

    Raises:
        LiveBenchError: the folder is missing.
    """
    by_stem = files_by_stem(folder)
    by_title: dict[str, list[Path]] = {}
    by_folder: dict[str, list[Path]] = {}
    for stem, paths in by_stem.items():
        by_title.setdefault(" ".join(stem.split()), []).extend(paths)
        for path in paths:
            if path.parent != folder:
                by_folder.setdefault(path.parent.name, []).append(path)
    files = {}
    for video in videos:
        alone = by_folder.get(video.video_id, [])
        paths = by_stem.get(video.video_id, [])
        if not paths and len(alone) == 1:
            paths = alone
        paths = paths or by_title.get(video.title, [])
        if paths:
            files[video.video_id] = paths[0]
    return files
