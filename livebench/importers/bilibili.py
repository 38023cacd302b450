"""Reads a folder of Bilibili's danmaku: XML, .ass, segments of the player, JSON; videos.csv is optional.

Beside the rules of `Collection` and of the formats:

    SRC/ID.xml (.ass, .json,  the comments of the video ID; an .ass beside another file of the same name
    .pb, .so, .bin)           was made from it, and is passed over. ID_00.pb, ID_01.pb are one video
    SRC/ID/*                  all files in a folder are of the video ID: a comment that is in several
                              of them is taken once (see same_comments.py). Files of different chats
                              that share no comment are parts of it: each a video of its own
    the same chat id          under two videos: they are compared, and refused (with --skip-bad-rows
                              put together, each comment once) if they share comments

    SRC/ID.mp4                (flv, mkv, webm; SRC/ID/*.mp4) a video beside its comments, of the same
                              stem: its header gives title and duration where videos.csv does not

Titles, categories and durations in videos.csv come first; a category is nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from livebench.errors import LiveBenchError
from livebench.importers.ass import read_ass
from livebench.importers.bilibili_dumps import read_dump
from livebench.importers.bilibili_segments import read_segment
from livebench.importers.collection import Collection, Options
from livebench.importers.csv_rows import VideoRow, read_video_rows
from livebench.importers.danmaku_xml import Danmaku, read_xml
from livebench.importers.importing import SourceFacts
from livebench.importers.same_comments import comment_keys, first_of_each, states_of_one
from livebench.importers.source_files import source_files

SEGMENTS = (".pb", ".so", ".bin", ".protobuf")
SUFFIXES = (".xml", ".ass", ".json", *SEGMENTS)
_SEGMENT_NUMBER = re.compile(r"_\d{2,3}$")
_CHAT = re.compile(rb"<(?:chatid|oid)>\s*([^<>\s]{1,200})\s*</")


class _Part(NamedTuple):
    """Files of one chat: the id of their video, and of each file its comments; of parts of a video the
    group that they are, too."""

    video_id: str
    files: list[tuple[Path, list[Danmaku]]]
    group: str = ""


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
    _put_together(files, collection)
    for video_id, paths in sorted(files.items()):
        row = rows.get(video_id, VideoRow())
        for part in _parts(video_id, paths, collection):
            own = rows.get(part.video_id, row._replace(duration=None))
            if rows and not own.line:
                collection.repaired["video without a row in videos.csv"] += 1
            _add(table, own, part, collection)
    looked_for = (
        '<d p="..."> in XML, Dialogue: in .ass, segments of the player, JSON of downloaders'
    )
    return SourceFacts(looked_for=looked_for)


def read_file(path: Path, collection: Collection) -> tuple[str, list[Danmaku]]:
    """The chat id of a file ("" without) and its comments.

    Raises:
        LiveBenchError: the file is damaged, unless bad rows are skipped.
    """
    suffix = path.suffix.lower()
    if suffix == ".xml":
        return read_xml(path, collection)
    if suffix == ".ass":
        return "", read_ass(path, collection)
    if suffix == ".json":
        return "", read_dump(path, collection)
    return "", read_segment(path, collection)


def _files_by_video(source: Path, collection: Collection) -> dict[str, list[Path]]:
    files: dict[str, list[Path]] = {}
    for path in source_files(source):
        if path.suffix.lower() not in SUFFIXES:
            continue
        parts = path.relative_to(source).parts
        if len(parts) == 1:
            stem = path.stem
            if path.suffix.lower() in SEGMENTS:
                stem = _SEGMENT_NUMBER.sub("", stem) or stem
            files.setdefault(stem, []).append(path)
        elif len(parts) == 2:
            files.setdefault(parts[0], []).append(path)
        else:
            collection.skipped["file below the folder of a video"] += 1
    if not files:
        raise LiveBenchError(
            source,
            f"no {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} file in it, nor in a folder of it",
        )
    return {video_id: _without_copies(paths, collection) for video_id, paths in files.items()}


def _without_copies(paths: list[Path], collection: Collection) -> list[Path]:
    """Leave out each .ass beside another file of the same name: it was made from it."""
    sources = {path.with_suffix("") for path in paths if path.suffix.lower() != ".ass"}
    kept = [
        path
        for path in paths
        if path.suffix.lower() != ".ass" or path.with_suffix("") not in sources
    ]
    collection.skipped[".ass beside an .xml of the same name"] += len(paths) - len(kept)
    return kept


def _put_together(files: dict[str, list[Path]], collection: Collection) -> None:
    """Put the files of videos that are states of one chat under the first of them.

    Only videos whose files name the same chat are compared.

    Raises:
        LiveBenchError: there are such videos, unless bad rows are skipped.
    """
    by_chat: dict[bytes, list[str]] = {}
    for video_id, paths in sorted(files.items()):
        for chat in sorted({chat for path in paths if (chat := _chat_of(path))}):
            by_chat.setdefault(chat, []).append(video_id)
    for video_ids in by_chat.values():
        together = [video_id for video_id in video_ids if video_id in files]
        if len(together) < 2:
            continue
        aside = Collection(Options(skip_bad_rows=True))  # counts nothing: they are read again
        keys = {}
        for video_id in together:
            read = [read_file(path, aside)[1] for path in files[video_id]]
            keys[video_id] = [key for of_file in comment_keys(read) for key in of_file]
        for video_id, (first, count) in states_of_one(keys).items():
            total, path = len(keys[video_id]), files[video_id][0]
            where = files[first][0]
            detail = f"{count} of its {total} are those of {where}; put both into a folder {first}/"
            collection.bad(path, "", "comments of another video", detail)
            files[first] += files.pop(video_id)


def _chat_of(path: Path) -> bytes:
    """The chat that an XML file names; empty without one, or if it is zero."""
    if path.suffix.lower() != ".xml":
        return b""
    chat = _CHAT.search(path.read_bytes().replace(b"\0", b""))
    return chat[1] if chat is not None and chat[1].strip(b"0") else b""


def _parts(video_id: str, paths: list[Path], collection: Collection) -> Iterator[_Part]:
    """The chats in the files of a video: mostly one."""
    read = [(path, *read_file(path, collection)) for path in paths]
    names = {chat if chat.strip("0") else "" for _, chat, _ in read}
    if len(names - {""}) < 2:
        yield _Part(video_id, [(path, comments) for path, _, comments in read])
        return
    by_file = {str(path): keys for (path, _, _), keys in zip(
        read, comment_keys(comments for _, _, comments in read), strict=True
    )}  # fmt: skip
    same = states_of_one(by_file)
    first_of_chat: dict[str, str] = {}
    parts: dict[str, _Part] = {}
    for path, chat, comments in read:
        name = str(path)
        first = same[name][0] if name in same else first_of_chat.get(chat, name)
        if chat.strip("0"):
            first_of_chat.setdefault(chat, first)
        if first not in parts:
            parts[first] = _Part(f"{video_id}-{path.stem}", [], video_id)
        parts[first].files.append((path, comments))
    if len(parts) == 1:
        parts = {name: part._replace(video_id=video_id, group="") for name, part in parts.items()}
    else:
        collection.repaired["part of a video with a chat of its own, as a video"] += len(parts)
    yield from parts.values()


def _add(table: Path, row: VideoRow, part: _Part, collection: Collection) -> None:
    """Add a video and its comments, each comment once."""
    title, duration = row.title, row.duration
    if not title or duration is None:
        # What is missing comes from the first video beside the files that has any of it.
        headers = (collection.header_beside(path) for path, _ in part.files)
        header = next((header for header in headers if any(header)), None)
        if header is not None:
            title = title or header.title
            duration = header.duration if duration is None else duration
    where: tuple[Path, int | str] = (table, row.line) if row.line else (part.files[0][0], "")
    if not collection.add_video(
        *where,
        part.video_id,
        title=title,
        category=row.category,
        duration=duration,
        group=row.group or part.group,
    ):
        count = sum(len(comments) for _, comments in part.files)
        collection.skipped["comment of a video that is not taken"] += count
        return
    number = collection.number[part.video_id]
    keys = comment_keys(comments for _, comments in part.files)
    for (path, comments), kept in zip(part.files, first_of_each(keys), strict=True):
        for comment, is_new in zip(comments, kept, strict=True):
            if is_new:
                collection.add_comment(path, comment.line, number, comment.time, comment.text)
        again = kept.count(False)
        collection.skipped["comment again in a file of the same video"] += again
