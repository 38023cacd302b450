"""Videos and comments on their way from a source into a dataset, and the rules that they must keep.

An importer reads its source and hands each video and comment to a `Collection`, with its place in the
source. What is wrong refuses the source, or is left out and counted (--skip-bad-rows); what a source
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
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from livebench.data.dataset import Video
from livebench.data.split import Split
from livebench.errors import LiveBenchError
from livebench.frames.container import VideoHeader, pyav, read_header
from livebench.frames.video_files import video_beside
from livebench.importers.comment_store import CommentStore
from livebench.records import MOST_CHARACTERS

EMPTY_TEXT = "empty text"

_LONGEST = 10_000_000  # seconds
_UNREADABLE = "video file that cannot be opened: no title or duration from it"
_VIDEO_ID = re.compile(r"(?!\.{1,2}$)[^\s/\\\x00-\x1f\x7f\ud800-\udfff]{1,200}")


@dataclass(frozen=True)
class Options:
    """What the user chooses.

    Attributes:
        dev, test: videos for development and test: shares (floats below 1) or counts (ints); not
            used if the source has its own split.
        seed: of the split.
        split_by: whether the split separates videos, or groups of videos.
        group_column: of videos.csv, which must have it; "" for `group`, if it is there.
        min_duration: shorter videos (s) are left out; min_comments: those with fewer comments, too.
        skip_bad_rows: leave bad rows out and count them, instead of refusing the source.
        ignore_videos: do not open video files beside the comments.
    """

    dev: float | int = 0.05
    test: float | int = 0.05
    seed: int = 0
    split_by: Literal["video", "group"] = "video"
    group_column: str = ""
    min_duration: float = 0
    min_comments: int = 0
    skip_bad_rows: bool = False
    ignore_videos: bool = False


class Collection:
    """What was taken from a source, and the counts of what was not.

    Args:
        folder: where comments are put if they are too many for memory (`CommentStore`).

    Attributes:
        ordinary: rules that the source breaks by its nature: left out and counted without
            --skip-bad-rows.
        videos: those taken so far; `number` gives the place of an id in it.
        open_ended: numbers of the videos of unknown duration.
        has_split: whether the source says to which split its videos belong.
        comments: those taken.
        skipped: what was left out, by rule; `repaired`: what was read after a change, by rule.
    """

    def __init__(self, options: Options, folder: Path | None = None) -> None:
        self.options = options
        self.comments = CommentStore(folder)
        self.ordinary = {EMPTY_TEXT}
        self.videos: list[Video] = []
        self.number: dict[str, int] = {}
        self.open_ended: set[int] = set()
        self.has_split = False
        self.skipped: Counter[str] = Counter()
        self.repaired: Counter[str] = Counter()
        self._places: list[str] = []

    def bad(self, path: Path, at: int | str, rule: str, detail: str) -> None:
        """Refuse a row, or count it under its rule.

        Args:
            at: its line, or where else it is ("" for the whole file).

        Raises:
            LiveBenchError: file, place, rule and detail.
        """
        if not self.options.skip_bad_rows and rule not in self.ordinary:
            detail = " ".join(detail.split())  # a library's message may have several lines
            fix = "fix it, or give --skip-bad-rows"
            raise LiveBenchError(path, f"{rule}: {detail}", fix, _place(at))
        self.skipped[rule] += 1

    def header_beside(self, comments: Path) -> VideoHeader:
        """The header of the video file beside a file of comments, of the same stem; empty where there is
        none, or it cannot be opened (which is counted).

        Raises:
            LiveBenchError: there is one, and the package that opens it is not installed.
        """
        empty = VideoHeader("", None)
        file = None if self.options.ignore_videos else video_beside(comments)
        if file is None:
            return empty
        try:
            pyav()
        except LiveBenchError as error:
            fix = f"{error.fix}, or give --ignore-videos"
            raise LiveBenchError(file, error.what, fix, error.where) from None
        try:
            title, duration = read_header(file)
        except LiveBenchError:
            self.repaired[_UNREADABLE] += 1
            return empty
        return VideoHeader(title, duration if duration and 0 < duration <= _LONGEST else None)

    def add_video(
        self,
        path: Path,
        at: int | str,
        video_id: str,
        *,
        title: str = "",
        category: str = "",
        duration: float | str | None = None,
        split: Split | None = None,
        group: str = "",
    ) -> bool:
        """Take a video if it keeps the rules; say whether it did.

        Args:
            duration: in seconds; None if it is unknown.
            split: None where the source has no split.
            group: the series, channel or playlist that it is of, if one is known.

        Raises:
            LiveBenchError: see `bad`.
        """
        seconds = 1.0 if duration is None else finite(duration)
        if not _VIDEO_ID.fullmatch(video_id):
            shown = video_id[:80].encode(errors="backslashreplace").decode()
            self.bad(path, at, "bad video id", f"{shown!r} is not a plain name")
            return False
        if video_id in self.number:
            first = self._places[self.number[video_id]]
            self.bad(path, at, "video twice", f"{video_id}, first at {first}")
            return False
        if not 0 < seconds <= _LONGEST:
            wanted = f"a number of seconds above 0 and at most {_LONGEST:,}"
            self.bad(path, at, "bad duration", f"{duration!r} is not {wanted}")
            return False
        if duration is None:
            self.open_ended.add(len(self.videos))
        self.has_split |= split is not None
        self.number[video_id] = len(self.videos)
        self._places.append(_place(at))
        title = " ".join(_unicode_only(title).split())[:MOST_CHARACTERS]
        category = _unicode_only(category).strip()[:MOST_CHARACTERS]
        group = " ".join(_unicode_only(group).split())
        self.videos.append(Video(video_id, title, category, seconds, split or "train", group=group))
        return True

    def add_comment(
        self,
        path: Path,
        at: int | str,
        video: int,
        time: float | str,
        text: str,
        tokens: str | None = None,
    ) -> None:
        """Take a comment of the video with this number, at `time` (s), if it keeps the rules.

        Args:
            tokens: its words joined by spaces, given for all comments or for none.

        Raises:
            LiveBenchError: see `bad`.
        """
        seconds = finite(time)
        problem = self._problem(video, time, seconds, text)
        if problem is not None:
            self.bad(path, at, *problem)
            return
        time_ms = math.floor(round(seconds * 1000, 3))
        self.comments.add(video, time_ms, text, tokens)

    def _problem(
        self, video: int, time: float | str, seconds: float, text: str
    ) -> tuple[str, str] | None:
        """The rule that a comment breaks, and how; None if it keeps them all."""
        video_id, duration = self.videos[video].video_id, self.videos[video].duration
        if math.isnan(seconds):
            return "bad time", f"{str(time)[:80]!r} is not a finite number of seconds"
        if seconds < 0:
            return "negative time", f"{time} s"
        if video in self.open_ended and seconds > _LONGEST:
            return "time after the end", f"{time} s, a video has at most {_LONGEST:,} s"
        if video not in self.open_ended and seconds >= duration + 1:
            return "time after the end", f"{time} s, the video has {duration:g} s"
        if not text.strip():
            return EMPTY_TEXT, f"a comment of {video_id} at {time} s"
        if len(text) > MOST_CHARACTERS:
            what = f"a comment of {video_id} at {time} s has {len(text):,} characters"
            return "text too long", f"{what}, and {MOST_CHARACTERS:,} are the most"
        if _unicode_only(text) != text:
            return "text not in Unicode", f"a comment of {video_id} at {time} s"
        return None


def finite(value: float | str) -> float:
    """The number that `value` is or writes; NaN if it writes none, or none that is finite."""
    if isinstance(value, bool):
        return math.nan
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return number if math.isfinite(number) else math.nan


def _place(at: int | str) -> str:
    return f"line {at}" if isinstance(at, int) else at


def _unicode_only(text: str) -> str:
    """`text` without halves of surrogate pairs, which are not Unicode; mostly unchanged."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="ignore").decode()
    return text
