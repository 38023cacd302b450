"""Imports a folder of Bilibili's danmaku, XML or .ass, with an optional videos.csv.

Beside the rules of `collect` and of the two formats:

    SRC/ID.xml, SRC/ID.ass    the comments of the video ID; where both are there, the XML is taken
    SRC/ID/*                  all files in a folder are of the video ID: a comment that is in several
                              of them is taken once (by its id; without one, by time and text)
    the same chat id          under two videos is the same comments twice: refused

    SRC/ID.mp4                (flv, mkv, webm; SRC/ID/*.mp4) a video beside its comments, of the same
                              stem: its header gives title and duration where videos.csv does not

Titles, categories and durations come from videos.csv first; else there are none.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from livebench.data.dataset import Dataset, DatasetInfo
from livebench.errors import LiveBenchError
from livebench.importers.ass import read_ass
from livebench.importers.cleaning import Collection, Options, Report, video_of
from livebench.importers.csv_rows import read_about
from livebench.importers.danmaku_xml import XmlComment, read_xml

SUFFIXES = (".xml", ".ass")
ORDINARY = ("empty text",)
AGAIN = "comment again in a file of the same video"
BESIDE_XML, TOO_DEEP = ".ass beside an .xml of the same name", "file below the folder of a video"
NO_FILE, NO_ROW = "video without a file", "video without a row in videos.csv"


def import_bilibili(
    source: Path,
    out: Path,
    info: DatasetInfo,
    options: Options,
    report: Report = lambda text: None,
) -> Dataset:
    """Import the danmaku in the folder `source` as the dataset `out`.

    Args:
        info: name, source, licence and so on; what is counted here is filled in.
        report: told what is going on.

    Raises:
        LiveBenchError: there is no such folder or no file in it, a file is damaged or a row is bad
            (file and line are named), or nothing is left to split.
    """
    collection = Collection(options, ORDINARY)
    read_bilibili(Path(source), collection)
    return collection.write(out, info, report=report)


def read_bilibili(source: Path, collection: Collection) -> None:
    """Read the folder `source` into `collection`; raises as `import_bilibili`."""
    files = _files_by_video(source, collection)
    about = read_about(source / "videos.csv")
    collection.skipped[NO_FILE] += len(about.keys() - files.keys())
    chats: dict[str, Path] = {}
    for name, paths in sorted(files.items()):
        if about and name not in about:
            collection.repaired[NO_ROW] += 1
        line, title, category, duration = about.get(name, ("", "", "", None))
        where = (source / "videos.csv", line) if line else (paths[0], "")
        if not title or duration is None:
            title, duration = _from_header(paths, title, duration, collection)
        video = video_of(name, title, category)
        if not collection.add_video(*where, video, duration=duration):
            continue
        _read_video(collection.number[name], paths, chats, collection)


def _from_header(
    paths: list[Path], title: str, duration: float | str | None, collection: Collection
) -> tuple[str, float | str | None]:
    """Title and duration, what is missing of them from the first video beside the files."""
    for path in paths:
        found_title, found_duration = collection.about_file(path)
        if found_title or found_duration:
            return title or found_title, found_duration if duration is None else duration
    return title, duration


def _files_by_video(source: Path, collection: Collection) -> dict[str, list[Path]]:
    if not source.is_dir():
        raise LiveBenchError(f"{source}: no such folder")
    files: dict[str, list[Path]] = {}
    for path in sorted(source.rglob("*")):
        if path.suffix.lower() not in SUFFIXES or not path.is_file():
            continue
        parts = path.relative_to(source).parts
        if len(parts) == 1:
            files.setdefault(path.stem, []).append(path)
        elif len(parts) == 2:
            files.setdefault(parts[0], []).append(path)
        else:
            collection.skipped[TOO_DEEP] += 1
    if not files:
        raise LiveBenchError(f"{source}: no .xml or .ass file in it, nor in a folder of it")
    return {name: _without_copies(paths, collection) for name, paths in files.items()}


def _without_copies(paths: list[Path], collection: Collection) -> list[Path]:
    """Leave out each .ass that stands beside an .xml of the same name: it was made from it."""
    xml = {path.with_suffix("") for path in paths if path.suffix.lower() == ".xml"}
    kept = [
        path for path in paths if path.suffix.lower() == ".xml" or path.with_suffix("") not in xml
    ]
    collection.skipped[BESIDE_XML] += len(paths) - len(kept)
    return kept


def _read_video(
    video: int, paths: list[Path], chats: dict[str, Path], collection: Collection
) -> None:
    """Add the comments of a video's files, each comment once."""
    seen_ids: set[str] = set()
    seen: Counter[tuple] = Counter()
    name = collection.videos[video].video_id
    for path in paths:
        if path.suffix.lower() == ".xml":
            chat, comments = read_xml(path, collection)
            first = chats.setdefault(chat, path)
            if chat.strip("0") and first not in paths:
                detail = f"{chat[:40]} is that of {first} already; put both into a folder {name}/"
                collection.bad(path, "", "chat id of another video", detail)
                continue
        else:
            comments = read_ass(path, collection)
        here: Counter[tuple] = Counter()
        for comment in comments:
            comment_id = comment.comment_id if isinstance(comment, XmlComment) else ""
            if comment_id:
                again = comment_id in seen_ids
                seen_ids.add(comment_id)
            else:
                key = comment.time, comment.text
                here[key] += 1
                again = here[key] <= seen[key]
            if again:
                collection.skipped[AGAIN] += 1
            else:
                collection.add_comment(path, comment.line, video, comment.time, comment.text)
        seen |= here
