"""Reads CSV in UTF-8, strictly: a file that is not one is refused, with its line."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from livebench.errors import LiveBenchError


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
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            missing = [name for name in columns if name not in header]
            if missing:
                raise LiveBenchError(
                    f"{path}, line 1: the column {', '.join(missing)} is missing; needed are "
                    f"{', '.join(columns)}"
                )
            places = [header.index(name) for name in columns]
            places += [header.index(name) if name in header else -1 for name in optional]
            for row in reader:
                line = reader.line_num
                if not row:
                    continue
                if len(row) != len(header):
                    raise LiveBenchError(
                        f"{path}, line {line}: {len(row)} cells, the header has {len(header)}; "
                        "put texts with commas into quotes"
                    )
                yield line, ["" if place < 0 else row[place] for place in places]
    except FileNotFoundError:
        raise LiveBenchError(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise LiveBenchError(f"{path}, line {_undecodable(path)}: not UTF-8; convert it") from None
    except (csv.Error, OSError, EOFError, zlib.error) as error:
        raise LiveBenchError(
            f"{path}, after line {line}: cannot be read as CSV in UTF-8: {error}"
        ) from None


def _undecodable(path: Path) -> int:
    """The first line that is not UTF-8: the reader is ahead of the rows that it has given."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
        for line, content in enumerate(file, 1):
            try:
                content.decode()
            except UnicodeDecodeError:
                return line
    return 0


def read_about(path: Path) -> dict[str, tuple[int, str, str, float | str | None]]:
    """What an optional videos.csv says of videos: by id, its line, title, category and duration.

    Only the column video_id must be there; an empty duration is an unknown one. Empty if there is no
    such file.

    Raises:
        LiveBenchError: the file cannot be read, or has a video twice.
    """
    about: dict[str, tuple[int, str, str, float | str | None]] = {}
    if not path.exists():
        return about
    for line, (video_id, title, category, duration) in read_rows(
        path, ("video_id",), ("title", "category", "duration")
    ):
        if video_id in about:
            raise LiveBenchError(
                f"{path}, line {line}: video twice: {video_id[:80]} is on line "
                f"{about[video_id][0]} already; mend it"
            )
        about[video_id] = line, title, category, duration or None
    return about
