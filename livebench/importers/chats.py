"""Chats of one file each, in a folder: what a source names its files, and takes from them.

    SRC/NAME.json, SRC/FOLDER/NAME.json    a chat; the folder is its group (a series, a channel)
    SRC/videos.csv                         optional: what it says of a video comes first

The id of a video is the one that the file gives it; else its name, if that is a plain one and not in a
folder; else a letter or two and the first 10 hexadecimal digits of the sha256 of its path below SRC.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from livebench.errors import LiveBenchError
from livebench.importers.collection import Collection
from livebench.importers.csv_rows import VideoRow, read_video_rows
from livebench.importers.danmaku_xml import Danmaku
from livebench.importers.same_comments import comment_keys, first_of_each
from livebench.importers.source_files import source_files

AGAIN = "comment again in the same file"
_PLAIN = re.compile(r"[\w.+-]{1,100}\Z", re.ASCII)


class Chat(NamedTuple):
    """What a file says of its video, and its comments; duration in seconds, None if it does not say."""

    comments: Sequence[Danmaku]
    video_id: str = ""
    title: str = ""
    category: str = ""
    duration: float | str | None = None
    group: str = ""


def read_chats(
    source: Path,
    collection: Collection,
    read: Callable[[Path, Collection], Chat],
    *,
    endings: Sequence[str],
    prefix: str,
) -> None:
    """Add the chat of each file below `source` whose name has one of these endings.

    Args:
        prefix: of the ids that are made of paths.

    Raises:
        LiveBenchError: there is no such file, one is damaged, or a row is bad.
    """
    files = [path for path in source_files(source) if path.name.lower().endswith(tuple(endings))]
    if not files:
        what = f"no {' or '.join(endings)} file in it, nor in a folder of it"
        raise LiveBenchError(source, what)
    table = source / "videos.csv"
    rows = read_video_rows(table)
    taken = set()
    for path in files:
        chat = read(path, collection)
        ending = max((end for end in endings if path.name.lower().endswith(end)), key=len)
        stem = path.name[: -len(ending)]
        video_id = chat.video_id or _id_of(path, source, stem, prefix)
        row = rows.get(video_id, VideoRow())
        if rows and not row.line:
            collection.repaired["video without a row in videos.csv"] += 1
        taken.add(video_id)
        folder = path.parent.name if path.parent != source else ""
        where: tuple[Path, int | str] = (table, row.line) if row.line else (path, "")
        if collection.add_video(
            *where,
            video_id,
            title=row.title or chat.title or stem,
            category=row.category or chat.category,
            duration=chat.duration if row.duration is None else row.duration,
            group=row.group or chat.group or folder,
        ):
            _add_comments(path, collection.number[video_id], chat.comments, collection)
        else:
            collection.skipped["comment of a video that is not taken"] += len(chat.comments)
    collection.skipped["video without a file"] += len(rows.keys() - taken)


def _add_comments(
    path: Path, number: int, comments: Sequence[Danmaku], collection: Collection
) -> None:
    (kept,) = first_of_each(comment_keys([comments]))
    for comment, is_new in zip(comments, kept, strict=True):
        if is_new:
            collection.add_comment(path, comment.line, number, comment.time, comment.text)
    collection.skipped[AGAIN] += kept.count(False)


def _id_of(path: Path, source: Path, stem: str, prefix: str) -> str:
    if path.parent == source and _PLAIN.match(stem) and stem.strip("."):
        return stem
    name = path.relative_to(source).as_posix().encode(errors="surrogateescape")
    return prefix + hashlib.sha256(name).hexdigest()[:10]
