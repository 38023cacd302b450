"""Reads a folder of Bilibili's danmaku, XML or .ass, with an optional videos.csv.

Beside the rules of `Collection` and of the two formats:

    SRC/ID.xml, SRC/ID.ass    the comments of the video ID; where both are there, the XML is taken
    SRC/ID/*                  all files in a folder are of the video ID: a comment that is in several
                              of them is taken once (by its id; without one, by time and text)
    the same chat id          under two videos is the same comments twice: refused

    SRC/ID.mp4                (flv, mkv, webm; SRC/ID/*.mp4) a video beside its comments, of the same
                              stem: its header gives title and duration where videos.csv does not

Titles, categories and durations in videos.csv come first; a category is nowhere else.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from livebench.errors import LiveBenchError
from livebench.importers.ass import read_ass
from livebench.importers.collection import Collection
from livebench.importers.csv_rows import VideoRow, read_video_rows
from livebench.importers.danmaku_xml import read_xml
from livebench.importers.importing import SourceFacts


def read_bilibili(source: Path, collection: Collection) -> SourceFacts:
    """Read the danmaku in the folder `source`.

    Raises:
        LiveBenchError: the folder is missing or has no comments, a file is damaged, or a row is bad
            (file and line are named).
    """
    files = _files_by_video(source, collection)
    table = source / "videos.csv"
    rows = read_video_rows(table)
    collection.skipped["video without a file"] += len(rows.keys() - files.keys())
    chats: dict[str, Path] = {}
    for video_id, paths in sorted(files.items()):
        if rows and video_id not in rows:
            collection.repaired["video without a row in videos.csv"] += 1
        row = rows.get(video_id, VideoRow())
        title, duration = row.title, row.duration
        if not title or duration is None:
            # What is missing comes from the first video beside the files that has any of it.
            headers = (collection.header_beside(path) for path in paths)
            header = next((header for header in headers if any(header)), None)
            if header is not None:
                title = title or header.title
                duration = header.duration if duration is None else duration
        where: tuple[Path, int | str] = (table, row.line) if row.line else (paths[0], "")
        if collection.add_video(
            *where,
            video_id,
            title=title,
            category=row.category,
            duration=duration,
            group=row.group,
        ):
            _read_video(collection.number[video_id], paths, chats, collection)
    return SourceFacts()


def _files_by_video(source: Path, collection: Collection) -> dict[str, list[Path]]:
    if not source.is_dir():
        raise LiveBenchError(source, "no such folder")
    files: dict[str, list[Path]] = {}
    for path in sorted(source.rglob("*")):
        if path.suffix.lower() not in (".xml", ".ass") or not path.is_file():
            continue
        parts = path.relative_to(source).parts
        if len(parts) == 1:
            files.setdefault(path.stem, []).append(path)
        elif len(parts) == 2:
            files.setdefault(parts[0], []).append(path)
        else:
            collection.skipped["file below the folder of a video"] += 1
    if not files:
        raise LiveBenchError(source, "no .xml or .ass file in it, nor in a folder of it")
    return {video_id: _without_copies(paths, collection) for video_id, paths in files.items()}


def _without_copies(paths: list[Path], collection: Collection) -> list[Path]:
    """Leave out each .ass beside an .xml of the same name: it was made from it."""
    xml = {path.with_suffix("") for path in paths if path.suffix.lower() == ".xml"}
    kept = [
        path for path in paths if path.suffix.lower() == ".xml" or path.with_suffix("") not in xml
    ]
    collection.skipped[".ass beside an .xml of the same name"] += len(paths) - len(kept)
    return kept


def _read_video(
    video: int, paths: list[Path], chats: dict[str, Path], collection: Collection
) -> None:
    """Add the comments of a video's files, each comment once."""
    seen_ids: set[str] = set()
    seen: Counter[tuple[float | str, str]] = Counter()
    video_id = collection.videos[video].video_id
    for path in paths:
        if path.suffix.lower() == ".xml":
            chat, comments = read_xml(path, collection)
            first = chats.setdefault(chat, path)
            if chat.strip("0") and first not in paths:
                detail = (
                    f"{chat[:40]} is that of {first} already; put both into a folder {video_id}/"
                )
                collection.bad(path, "", "chat id of another video", detail)
                continue
        else:
            comments = read_ass(path, collection)
        in_file: Counter[tuple[float | str, str]] = Counter()
        for comment in comments:
            if comment.comment_id:
                again = comment.comment_id in seen_ids
                seen_ids.add(comment.comment_id)
            else:
                key = comment.time, comment.text
                in_file[key] += 1
                again = in_file[key] <= seen[key]
            if again:
                collection.skipped["comment again in a file of the same video"] += 1
            else:
                collection.add_comment(path, comment.line, video, comment.time, comment.text)
        seen |= in_file
