"""The crawl of Bilibili's knowledge section: a table of videos and a table of comments for each video.

    源数据/CATEGORY.csv              BV号, 名称 (title), 时长 (h:m:s or m:s), and more
    弹幕(详细)/CATEGORY/BV.csv        弹幕出现时间 (s), 弹幕内容 (text), and more

Both in gb18030; bytes that are not are read as U+FFFD. Of a video in several categories the first file
counts. Rows without a number as time or with an empty text are left out and counted, and so are files
without times: their videos have no comments.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from livebench.errors import LiveBenchError
from livebench.importers.collection import Collection, finite
from livebench.importers.importing import SourceFacts
from livebench.sources.tree import SourceFile, Tree

_VIDEOS, _COMMENTS, _TIME = "源数据", "弹幕(详细)", "弹幕出现时间"


def read_bilibili_crawl(tree: Tree, collection: Collection) -> SourceFacts:
    """Read the crawl.

    Raises:
        LiveBenchError: a table lacks a column; file and column are named.
    """
    collection.ordinary |= {"bad time", "negative time", "empty text"}
    files = tree.files()
    tables = [file for file in files if PurePosixPath(file.path).parts[0] == _VIDEOS]
    listed: dict[str, tuple[str, str, str]] = {}
    for file, content in zip(tables, tree.read(tables), strict=True):
        category = PurePosixPath(file.path).stem
        for video_id, title, clock in _rows(file, content, "BV号", "名称", "时长"):
            listed.setdefault(video_id, (title, category, clock))
    chosen: dict[str, SourceFile] = {}
    for file in files:
        path = PurePosixPath(file.path)
        if path.parts[0] == _COMMENTS:
            if path.stem not in chosen:
                chosen[path.stem] = file
            else:
                collection.skipped["file of comments of a video that has one already"] += 1
    collection.skipped["video without a file of comments"] += len(listed.keys() - chosen.keys())
    ordered = sorted(chosen.items())
    contents = tree.read([file for _, file in ordered])
    for (video_id, file), content in zip(ordered, contents, strict=True):
        if video_id not in listed:
            collection.skipped["file of comments of a video that is not listed"] += 1
            continue
        place = Path(file.path)
        title, _, clock = listed[video_id]
        category = PurePosixPath(file.path).parts[1]
        if collection.add_video(
            place, "", video_id, title=title, category=category, duration=seconds_of(clock)
        ):
            number = collection.number[video_id]
            if _TIME not in _table(content)[0]:
                collection.skipped["file of comments without times"] += 1
                continue
            rows = _rows(file, content, _TIME, "弹幕内容")
            for row, (time, text) in enumerate(rows, 1):
                # Three digits, as the tables that the committed sets were built from have them.
                seconds = finite(time)
                rounded: float | str = time if math.isnan(seconds) else round(seconds, 3)
                collection.add_comment(place, f"row {row}", number, rounded, text)
    return SourceFacts()


def seconds_of(clock: str) -> float | str:
    """Seconds of a clock such as 1:02:03 or 02:03; the clock itself if it is none."""
    parts = clock.split(":")
    if not all(part.isascii() and part.isdigit() for part in parts):
        return clock
    return float(sum(int(part) * 60**place for place, part in enumerate(reversed(parts))))


def _table(content: bytes) -> tuple[list[str], Iterator[list[str]]]:
    """The header of a table, and its rows."""
    text = content.decode("gb18030", "replace").removeprefix("\ufeff")
    reader = csv.reader(io.StringIO(text, newline=""))
    return next(reader, []), reader


def _rows(file: SourceFile, content: bytes, *columns: str) -> Iterator[list[str]]:
    """These columns of a table's rows; cells that a row lacks are empty."""
    header, rows = _table(content)
    missing = [name for name in columns if name not in header]
    if missing:
        raise LiveBenchError(file.path, f"missing columns: {', '.join(missing)}", "", "line 1")
    places = [header.index(name) for name in columns]
    for row in rows:
        yield [row[place] if place < len(row) else "" for place in places]
