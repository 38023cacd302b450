"""Imports tables: videos.csv, comments.csv or comments.csv.gz, and frames/VIDEO_ID.npy if there are any.

The rules, each with its count where a row is skipped (--skip-bad-rows) and its message where it is not:

    videos     an id is a plain name (no white space, no / or \\, not . or ..) and occurs once;
               durations are above 0 and at most 10,000,000 s
    comments   their video is in videos.csv; times are finite, not negative, and before duration + 1 s
               (durations are mostly cut to whole seconds); texts are not empty or only white space
    frames     one file for each video, numbers [seconds, width], all of the same width, at least one row
"""

from __future__ import annotations

import csv
import gzip
import math
import re
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from livebench.data.dataset import Dataset, DatasetInfo, Video, write_dataset
from livebench.data.split import split_videos
from livebench.errors import LiveBenchError

VIDEO_COLUMNS = ("video_id", "title", "category", "duration")
COMMENT_COLUMNS = ("video_id", "time", "text")
LONGEST = 10_000_000
VIDEO_ID = re.compile(r"(?!\.{1,2}$)[^\s/\\\x00-\x1f\x7f]{1,200}")


@dataclass(frozen=True)
class Options:
    """What an importer is told beside its source.

    Attributes:
        dev, test: videos for development and test: shares (floats below 1) or counts (ints).
        seed: of the split.
        min_duration: shorter videos (s) are left out; min_comments: those with fewer comments, too.
        skip_bad_rows: leave bad rows out and count them, instead of refusing the source.
    """

    dev: float | int = 0.05
    test: float | int = 0.05
    seed: int = 0
    min_duration: float = 0
    min_comments: int = 0
    skip_bad_rows: bool = False


@dataclass
class _Bad:
    """Refuses bad rows, or counts them by rule."""

    skip: bool
    counts: Counter[str] = field(default_factory=Counter)

    def row(self, path: Path, line: int, rule: str, detail: str) -> None:
        if not self.skip:
            raise LiveBenchError(
                f"{path}, line {line}: {rule}: {detail}; mend it, or give --skip-bad-rows"
            )
        self.counts[rule] += 1


def import_tables(
    source: Path,
    out: Path,
    info: DatasetInfo,
    options: Options,
    report: Callable[[str], object] = lambda text: None,
) -> Dataset:
    """Import the tables in the folder `source` as the dataset `out`.

    Args:
        info: name, source, licence and so on; what is counted here is filled in.
        report: told what is going on.

    Raises:
        LiveBenchError: a file is missing or cannot be read, a row is bad (file and line are named), or
            nothing is left to split.
    """
    source = Path(source)
    bad = _Bad(options.skip_bad_rows)
    videos = _read_videos(source / "videos.csv", bad)
    comments = _read_comments(_comments_file(source), videos, bad)
    frames = _FrameFolder(source / "frames", bad) if (source / "frames").is_dir() else None
    if frames is not None:
        videos = frames.counted(videos)
    kept, skipped = _filter(videos, comments.video, options)
    splits = split_videos(
        [videos[i].video_id for i in kept], dev=options.dev, test=options.test, seed=options.seed
    )
    final = [
        msgspec.structs.replace(videos[i], split=split)
        for i, split in zip(kept, splits, strict=True)
    ]
    number = np.full(len(videos), -1)
    number[kept] = np.arange(len(kept))
    video = number[np.frombuffer(comments.video, np.int64)] if comments.texts else np.empty(0, int)
    rows = np.flatnonzero(video >= 0)
    report(f"{len(final)} videos, {len(rows)} comments; segmenting")
    return write_dataset(
        out,
        msgspec.structs.replace(
            info,
            split={"dev": options.dev, "test": options.test, "seed": options.seed},
            skipped=dict(sorted((bad.counts + skipped).items())),
        ),
        final,
        comment_video=video[rows],
        comment_time_ms=np.frombuffer(comments.time_ms, np.int64)[rows] if len(rows) else rows,
        comment_texts=[comments.texts[row] for row in rows],
        frames=None if frames is None else frames.of,
    )


def _read_rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and the cells of `columns` of a CSV file in UTF-8, compressed or not."""
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
            for row in reader:
                line = reader.line_num
                if not row:
                    continue
                if len(row) != len(header):
                    raise LiveBenchError(
                        f"{path}, line {line}: {len(row)} cells, the header has {len(header)}; "
                        "put texts with commas into quotes"
                    )
                yield line, [row[place] for place in places]
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


def _comments_file(source: Path) -> Path:
    found = [
        path for name in ("comments.csv", "comments.csv.gz") if (path := source / name).exists()
    ]
    if len(found) != 1:
        problem = "both are there, keep one" if found else "neither is there"
        raise LiveBenchError(f"{source}: needs comments.csv or comments.csv.gz; {problem}")
    return found[0]


def _finite(text: str) -> float:
    """The number that `text` writes; NaN if it writes none, or none that is finite."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _read_videos(path: Path, bad: _Bad) -> list[Video]:
    videos, lines = [], {}
    for line, (video_id, title, category, duration) in _read_rows(path, VIDEO_COLUMNS):
        seconds = _finite(duration)
        if not VIDEO_ID.fullmatch(video_id):
            bad.row(path, line, "bad video id", f"{video_id[:80]!r} is not a plain name")
        elif video_id in lines:
            bad.row(path, line, "video twice", f"{video_id} is on line {lines[video_id]} already")
        elif not 0 < seconds <= LONGEST:
            wanted = f"above 0 and at most {LONGEST:,}"
            bad.row(path, line, "bad duration", f"{duration!r} is not a number of seconds {wanted}")
        else:
            lines[video_id] = line
            videos.append(Video(video_id, " ".join(title.split()), category.strip(), seconds))
    if not videos:
        raise LiveBenchError(f"{path}: no video in it")
    return videos


@dataclass
class _Columns:
    """Comments read so far: number of the video, time in ms, text; each distinct text held once."""

    video: array = field(default_factory=lambda: array("q"))
    time_ms: array = field(default_factory=lambda: array("q"))
    texts: list[str] = field(default_factory=list)


def _read_comments(path: Path, videos: list[Video], bad: _Bad) -> _Columns:
    number = {video.video_id: index for index, video in enumerate(videos)}
    columns, distinct = _Columns(), {}
    for line, (video_id, when, text) in _read_rows(path, COMMENT_COLUMNS):
        index, seconds = number.get(video_id), _finite(when)
        if index is None:
            bad.row(path, line, "unknown video", f"{video_id[:80]!r} is not in videos.csv")
        elif math.isnan(seconds):
            bad.row(path, line, "bad time", f"{when!r} is not a finite number of seconds")
        elif seconds < 0:
            bad.row(path, line, "negative time", f"{when} s")
        elif seconds >= videos[index].duration + 1:
            end = f"{when} s, the video has {videos[index].duration:g} s"
            bad.row(path, line, "time after the end", end)
        elif not text.strip():
            bad.row(path, line, "empty text", f"a comment of {video_id} at {when} s")
        else:
            columns.video.append(index)
            columns.time_ms.append(math.floor(round(seconds * 1000, 3)))
            columns.texts.append(distinct.setdefault(text, text))
    return columns


def _filter(videos: list[Video], video: array, options: Options) -> tuple[list[int], Counter[str]]:
    """Numbers of the videos that are long and busy enough, and how many are not, by rule."""
    comments = np.bincount(np.frombuffer(video, np.int64), minlength=len(videos)) if video else None
    kept, skipped = [], Counter()
    for index, found in enumerate(videos):
        if found.duration < options.min_duration:
            skipped["video below --min-duration"] += 1
        elif options.min_comments and (comments is None or comments[index] < options.min_comments):
            skipped["video below --min-comments"] += 1
        else:
            kept.append(index)
    if not kept:
        raise LiveBenchError(
            f"no video has {options.min_duration:g} s and {options.min_comments} comments; lower "
            "--min-duration or --min-comments"
        )
    return kept, skipped


class _FrameFolder:
    """frames/VIDEO_ID.npy: opened one at a time, never read whole."""

    def __init__(self, folder: Path, bad: _Bad) -> None:
        self._folder, self._bad = folder, bad
        self._width: int | None = None

    def _open(self, video: Video) -> np.ndarray:
        path = self._folder / f"{video.video_id}.npy"
        try:
            return np.lib.format.open_memmap(path, mode="r")  # np.load would also take a .npz
        except FileNotFoundError:
            raise LiveBenchError(f"{path}: no such file; each video needs its frames") from None
        except (ValueError, OSError, EOFError) as error:
            raise LiveBenchError(f"{path}: cannot be read as a NumPy array: {error}") from None

    def counted(self, videos: list[Video]) -> list[Video]:
        """The videos with the number of their frames."""
        found = []
        for video in videos:
            frames = self._open(video)
            path = self._folder / f"{video.video_id}.npy"
            if frames.ndim != 2 or 0 in frames.shape or frames.dtype.kind not in "fiu":
                raise LiveBenchError(
                    f"{path}: {frames.dtype} {list(frames.shape)}, needed are numbers [seconds, width]"
                )
            if self._width not in (None, frames.shape[1]):
                raise LiveBenchError(
                    f"{path}: vectors of width {frames.shape[1]}, those before have {self._width}"
                )
            self._width = frames.shape[1]
            found.append(msgspec.structs.replace(video, frame_count=frames.shape[0]))
        return found

    def of(self, video: Video) -> np.ndarray:
        return self._open(video)
