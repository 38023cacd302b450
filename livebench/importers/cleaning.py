"""What all importers share: the rules that every row passes, the filters, the split, the counts.

An importer reads its source and hands each video and comment to a `Collection`, with the place where it
stands. What is wrong refuses the source, or is left out and counted (--skip-bad-rows); what a source
holds by its nature and a dataset does not is always left out and counted; what was read after a change
is counted as repaired.

    videos     an id is a plain name (no white space, no / or \\, not . or ..) and occurs once;
               durations are above 0 and at most 10,000,000 s. Where a source has none, a video lasts
               until the end of the second of its last comment; without comments it is left out
    comments   times are finite, not negative, and before duration + 1 s (durations are mostly cut to
               whole seconds); texts are not empty or only white space, and are Unicode
"""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from collections.abc import Callable
from collections.abc import Collection as Container
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from livebench.data.dataset import Dataset, DatasetInfo, Video
from livebench.data.dataset_writer import write_dataset
from livebench.data.split import Split, split_videos
from livebench.errors import LiveBenchError
from livebench.frames.container import about, beside, pyav

LONGEST = 10_000_000
"""Seconds of the longest video."""
UNREADABLE = "video file that cannot be opened: no title or duration from it"
VIDEO_ID = re.compile(r"(?!\.{1,2}$)[^\s/\\\x00-\x1f\x7f\ud800-\udfff]{1,200}")

Report = Callable[[str], object]


@dataclass(frozen=True)
class Options:
    """What an importer is told beside its source.

    Attributes:
        dev, test: videos for development and test: shares (floats below 1) or counts (ints); not
            used where the source has a split of its own.
        seed: of the split.
        min_duration: shorter videos (s) are left out; min_comments: those with fewer comments, too.
        skip_bad_rows: leave bad rows out and count them, instead of refusing the source.
        ignore_videos: do not open video files beside the comments.
    """

    dev: float | int = 0.05
    test: float | int = 0.05
    seed: int = 0
    min_duration: float = 0
    min_comments: int = 0
    skip_bad_rows: bool = False
    ignore_videos: bool = False


@dataclass
class _Columns:
    """Comments read so far: number of the video, time in ms, text, words where the source has them;
    each distinct text held once."""

    video: array = field(default_factory=lambda: array("q"))
    time_ms: array = field(default_factory=lambda: array("q"))
    texts: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)


class Collection:
    """Videos and comments on their way into a dataset.

    Args:
        options: what the user wants.
        ordinary: rules of `bad` that the source breaks by its nature: left out and counted without
            --skip-bad-rows.

    Attributes:
        videos: those taken so far; `number` gives the place of an id in it.
        skipped: what was left out, by rule; `repaired`: what was read after a change, by rule.
    """

    def __init__(self, options: Options, ordinary: Container[str] = ()) -> None:
        self.options = options
        self._ordinary = frozenset(ordinary)
        self.videos: list[Video] = []
        self.number: dict[str, int] = {}
        self.skipped: Counter[str] = Counter()
        self.repaired: Counter[str] = Counter()
        self._places: list[int | str] = []
        self._lasting: set[int] = set()
        self._split_given = False
        self._columns = _Columns()
        self._distinct: dict[str, str] = {}

    def bad(self, path: Path, at: int | str, rule: str, detail: str) -> None:
        """Refuse a row, or count it under its rule.

        Args:
            at: its line, or where else it is ("" for the whole file).

        Raises:
            LiveBenchError: file, place, rule and detail.
        """
        if not self.options.skip_bad_rows and rule not in self._ordinary:
            place = f", line {at}" if isinstance(at, int) else f", {at}" if at else ""
            detail = " ".join(detail.split())  # a library's message may have several lines
            raise LiveBenchError(
                f"{path}{place}: {rule}: {detail}; mend it, or give --skip-bad-rows"
            )
        self.skipped[rule] += 1

    def about_file(self, comments: Path) -> tuple[str, float | None]:
        """Title and duration (s) in the header of the video file beside a file of comments, of the same
        stem; "" and None where there is none, or it cannot be opened (which is counted).

        Raises:
            LiveBenchError: there is one, and the package that opens it is not installed.
        """
        file = None if self.options.ignore_videos else beside(comments)
        if file is None:
            return "", None
        try:
            pyav()
        except LiveBenchError as error:
            raise LiveBenchError(f"{file}: {error}, or give --ignore-videos") from None
        try:
            title, duration = about(file)
        except LiveBenchError:
            self.repaired[UNREADABLE] += 1
            return "", None
        return title, duration if duration and 0 < duration <= LONGEST else None

    def add_video(
        self,
        path: Path,
        at: int | str,
        video: Video,
        *,
        duration: float | str | None,
        split_given: bool = False,
    ) -> bool:
        """Take a video, if it keeps the rules; its `duration` (s) is None where nobody knows it.

        `split_given`: the source says to which split its videos belong.
        """
        name = video.video_id
        seconds = 1.0 if duration is None else finite(duration)
        if not VIDEO_ID.fullmatch(name):
            shown = name[:80].encode(errors="backslashreplace").decode()
            self.bad(path, at, "bad video id", f"{shown!r} is not a plain name")
            return False
        if name in self.number:
            place = self._places[self.number[name]]
            there = f"on line {place}" if isinstance(place, int) else f"in {place}"
            self.bad(path, at, "video twice", f"{name} is {there} already")
            return False
        if not 0 < seconds <= LONGEST:
            wanted = f"above 0 and at most {LONGEST:,}"
            detail = f"{duration!r} is not a number of seconds {wanted}"
            self.bad(path, at, "bad duration", detail)
            return False
        if duration is None:
            self._lasting.add(len(self.videos))
        self._split_given |= split_given
        self.number[name] = len(self.videos)
        self._places.append(at)
        title, category = unicode_only(video.title), unicode_only(video.category)
        self.videos.append(
            msgspec.structs.replace(
                video,
                title=" ".join(title.split()),
                category=category.strip(),
                duration=seconds,
            )
        )
        return True

    def add_comment(
        self,
        path: Path,
        at: int | str,
        video: int,
        time: float | str,
        text: str,
        tokens: str | None = None,
    ) -> bool:
        """Take a comment of the video with this number, at `time` (s), if it keeps the rules.

        `tokens`: its words joined by spaces, given for all comments or for none.
        """
        seconds, name = finite(time), self.videos[video].video_id
        if math.isnan(seconds):
            shown = f"{str(time)[:80]!r} is not a finite number of seconds"
            self.bad(path, at, "bad time", shown)
        elif seconds < 0:
            self.bad(path, at, "negative time", f"{time} s")
        elif video in self._lasting and seconds > LONGEST:
            end = f"{time} s, a video has at most {LONGEST:,} s"
            self.bad(path, at, "time after the end", end)
        elif video not in self._lasting and seconds >= self.videos[video].duration + 1:
            end = f"{time} s, the video has {self.videos[video].duration:g} s"
            self.bad(path, at, "time after the end", end)
        elif not text.strip():
            self.bad(path, at, "empty text", f"a comment of {name} at {time} s")
        elif unicode_only(text) != text:
            self.bad(path, at, "text not in Unicode", f"a comment of {name} at {time} s")
        else:
            self._columns.video.append(video)
            self._columns.time_ms.append(math.floor(round(seconds * 1000, 3)))
            self._columns.texts.append(self._distinct.setdefault(text, text))
            if tokens is not None:
                self._columns.tokens.append(self._distinct.setdefault(tokens, tokens))
            return True
        return False

    def write(
        self,
        out: Path,
        info: DatasetInfo,
        *,
        frames: Callable[[Video], np.ndarray] | None = None,
        report: Report = lambda text: None,
    ) -> Dataset:
        """Filter, split, segment and write what was taken as the dataset `out`.

        Args:
            info: name, source, licence and so on; what is counted here is filled in.
            frames: gives the frame vectors of a video, [video.frame_count, width].
            report: told what is going on.

        Raises:
            LiveBenchError: nothing is left to split, or the dataset cannot be written.
        """
        columns, options = self._columns, self.options
        video = np.frombuffer(columns.video, np.int64) if columns.texts else np.empty(0, np.int64)
        times = np.frombuffer(columns.time_ms, np.int64) if columns.texts else video
        self._settle_durations(video, times)
        kept = self._kept(np.bincount(video, minlength=len(self.videos)))
        found = [self.videos[index] for index in kept]
        if self._split_given:
            if not any(one.split == "train" for one in found):
                raise LiveBenchError(f"{out}: of {len(found)} videos none is for training")
            split_by = {}
        else:
            ids = [one.video_id for one in found]
            splits = split_videos(ids, dev=options.dev, test=options.test, seed=options.seed)
            pairs = zip(found, splits, strict=True)
            found = [msgspec.structs.replace(one, split=split) for one, split in pairs]
            split_by = {"dev": options.dev, "test": options.test, "seed": options.seed}
        number = np.full(len(self.videos), -1)
        number[kept] = np.arange(len(kept))
        rows = np.flatnonzero(number[video] >= 0)
        doing = "writing" if columns.tokens else "segmenting"
        report(f"{len(found)} videos, {len(rows)} comments; {doing}")
        return write_dataset(
            out,
            msgspec.structs.replace(
                info,
                split=split_by,
                skipped=dict(sorted((+self.skipped).items())),
                repaired=dict(sorted((+self.repaired).items())),
            ),
            found,
            comment_video=number[video][rows],
            comment_time_ms=times[rows],
            comment_texts=[columns.texts[row] for row in rows],
            comment_tokens=[columns.tokens[row] for row in rows] if columns.tokens else None,
            frames=frames,
        )

    def _settle_durations(self, video: np.ndarray, times: np.ndarray) -> None:
        """Give videos of unknown duration the end of the second of their last comment."""
        last = np.full(len(self.videos), -1)
        np.maximum.at(last, video, times)
        for index in self._lasting:
            self.videos[index] = msgspec.structs.replace(
                self.videos[index], duration=float(last[index] // 1000 + 1)
            )

    def _kept(self, comments: np.ndarray) -> list[int]:
        """Numbers of the videos that are long and busy enough; the others are counted by rule."""
        options, kept = self.options, []
        for index, found in enumerate(self.videos):
            if index in self._lasting and not comments[index]:
                self.skipped["video without comments and duration"] += 1
            elif found.duration < options.min_duration:
                self.skipped["video below --min-duration"] += 1
            elif comments[index] < options.min_comments:
                self.skipped["video below --min-comments"] += 1
            else:
                kept.append(index)
        if not kept:
            raise LiveBenchError(
                f"no video has {options.min_duration:g} s and {options.min_comments} comments; lower "
                "--min-duration or --min-comments"
            )
        return kept


def finite(value: float | str) -> float:
    """The number that `value` is or writes; NaN if it writes none, or none that is finite."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return number if math.isfinite(number) else math.nan


def unicode_only(text: str) -> str:
    """`text` without halves of surrogate pairs, which are no Unicode; mostly as it is."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="ignore").decode()
    return text


def video_of(video_id: str, title: str = "", category: str = "", split: Split = "train") -> Video:
    """A video whose duration and frames are not known yet."""
    return Video(video_id, title, category, 0.0, split)
