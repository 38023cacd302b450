"""Reads CSV in UTF-8, strictly: a file that is not one is refused, with its line."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from livebench.files import open_regular, unreadable
from livebench.records import line_error


def read_rows(
    path: Path, columns: tuple[str, ...], optional: tuple[str, ...] = ()
) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and the cells of `columns` and `optional` of a CSV file, compressed or not.

    A column of `optional` that is not there has empty cells.

    Raises:
        LiveBenchError: the file is missing, is not CSV in UTF-8, or lacks a column.
    """
    line = 0
    try:
        with _opened(path) as content, io.TextIOWrapper(content, "utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            missing = [name for name in columns if name not in header]
            if missing:
                what = f"missing columns: {', '.join(missing)}"
                raise line_error(path, 1, what, f"needed are {', '.join(columns)}")
            places = [header.index(name) for name in columns]
            places += [header.index(name) if name in header else -1 for name in optional]
            for row in reader:
                line = reader.line_num
                if not row:
                    continue
                if len(row) != len(header):
                    what = f"{len(row)} cells, the header has {len(header)}"
                    raise line_error(path, line, what, "put texts with commas into quotes")
                yield line, ["" if place < 0 else row[place] for place in places]
    except UnicodeDecodeError:
        raise line_error(
            path, _undecodable(path), "is not UTF-8", "save the file as UTF-8"
        ) from None
    except (csv.Error, OSError, EOFError, zlib.error) as error:
        raise unreadable(path, error, f"CSV after line {line}" if line else "CSV") from None


def _opened(path: Path) -> IO[bytes]:
    file: Any = open_regular(path)  # gzip's types know only files that it opened itself
    if path.suffix != ".gz":
        return cast("IO[bytes]", file)
    packed = gzip.GzipFile(fileobj=file)
    packed.myfileobj = file  # it is closed with it
    return cast("IO[bytes]", packed)


def _undecodable(path: Path) -> int:
    """The first line that is not UTF-8: the reader is ahead of the rows that it has given."""
    with _opened(path) as file:
        for line, content in enumerate(file, 1):
            try:
                content.decode()
            except UnicodeDecodeError:
                return line
    return 0


class VideoRow(NamedTuple):
    """A row of an optional videos.csv: its line (0 for none), and what it says; duration in seconds."""

    line: int = 0
    title: str = ""
    category: str = ""
    duration: float | str | None = None
    group: str = ""


def read_video_rows(path: Path) -> dict[str, VideoRow]:
    """What an optional videos.csv says of videos, by id.

    Only the column video_id must be there; an empty duration is an unknown one. Empty if there is no
    such file.

    Raises:
        LiveBenchError: the file cannot be read, or has a video twice.
    """
    rows: dict[str, VideoRow] = {}
    if not path.exists():
        return rows
    for line, (video_id, title, category, duration, group) in read_rows(
        path, ("video_id",), ("title", "category", "duration", "group")
    ):
        if video_id in rows:
            what = f"video twice: {video_id[:80]}, first at line {rows[video_id].line}"
            raise line_error(path, line, what, "keep one of them")
        rows[video_id] = VideoRow(line, title, category, duration or None, group)
    return rows
