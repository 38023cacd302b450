"""Reads LiveBot's processed release: JSON Lines by split, words as released, frame vectors.

    train.json          {"video": 0, "time": 3, "comment": "so cute"}    (or train-context.json, which
                        has the same comments)
    dev.json, test.json the same
    res18.pkl           optional: {video: {second: vector}}, saved with torch
    videos.csv          optional, ours: video_id, title, category, duration; the release has no titles

A video's id is its number, its split that of its file, its words are the released ones, so nothing is
segmented. Its duration is the number of its frames (one a second); without them, as in `Collection`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from livebench.data.split import SPLITS, Split
from livebench.errors import LiveBenchError
from livebench.importers.collection import Collection
from livebench.importers.csv_rows import VideoRow, read_video_rows
from livebench.importers.importing import SourceFacts
from livebench.importers.json_lines import read_lines
from livebench.importers.released_frames import ReleasedFrames

LIVEBOT_CITATION = (
    "Ma et al., LiveBot: Generating Live Video Comments Based on Visual and Textual Contexts, AAAI "
    "2019"
)


class _ReleasedComment(msgspec.Struct, frozen=True):
    """A line of train.json: number of the video, time (s), words joined by spaces."""

    video: int
    time: float
    comment: str


def is_processed(source: Path) -> bool:
    """Whether a folder holds the processed release: else it may hold the raw one."""
    return any((Path(source) / name).exists() for name in ("train.json", "train-context.json"))


def read_livebot(source: Path, collection: Collection) -> SourceFacts:
    """Read the processed release in the folder `source`.

    Raises:
        LiveBenchError: a file is missing or damaged, a row is bad (file and line are named), or a video
            is in two splits.
    """
    path = source / "res18.pkl"
    frames = ReleasedFrames(path) if path.exists() else None
    return read_released(source, collection, _rows(source, collection), {}, frames)


class SegmentedRow(NamedTuple):
    """A comment of a release whose words are cut already, its file and its place in it; time in s."""

    path: Path
    at: int | str
    split: Split
    video_id: str
    time: float
    words: str


def _rows(source: Path, collection: Collection) -> Iterator[SegmentedRow]:
    for split in SPLITS:
        path = source / f"{split}.json"
        if split == "train" and not path.exists():
            path = source / "train-context.json"
        for line, row in read_lines(path, _ReleasedComment, collection):
            yield SegmentedRow(path, line, split, str(row.video), row.time, row.comment)


def read_released(
    source: Path,
    collection: Collection,
    rows: Iterable[SegmentedRow],
    titles: Mapping[str, str],
    frames: ReleasedFrames | None,
) -> SourceFacts:
    """Take the rows of a release, with what its videos.csv, or `titles`, say of the videos."""
    refused: set[str] = set()
    table = source / "videos.csv"
    videos = read_video_rows(table)
    for path, at, split, video_id, time, words in rows:
        if video_id not in collection.number and video_id not in refused:
            video = videos.get(video_id, VideoRow(title=titles.get(video_id, "")))
            duration = video.duration
            if frames is not None and duration is None:
                duration = frames.counts.get(video_id)
            where = (table, video.line) if video.line else (path, at)
            if frames is not None and not frames.counts.get(video_id):
                detail = f"{video_id[:80]} is not in {frames.path}"
                collection.bad(path, at, "video without frames", detail)
                refused.add(video_id)
            elif not collection.add_video(
                *where,
                video_id,
                title=video.title,
                category=video.category,
                duration=duration,
                split=split,
            ):
                refused.add(video_id)
        if video_id in refused:
            collection.skipped["comment of a video that is not taken"] += 1
            continue
        number = collection.number[video_id]
        if collection.videos[number].split != split:
            detail = f"{video_id[:80]} is in {collection.videos[number].split} already"
            collection.bad(path, at, "video in two splits", detail)
            continue
        tokens = " ".join(word for word in words.split(" ") if word)
        collection.add_comment(path, at, number, time, tokens.replace(" ", ""), tokens)
    if not collection.videos:
        raise LiveBenchError(source, "no comment in it")
    if frames is not None:
        frames.count_holes(collection)
        collection.skipped["frame of a video without comments"] += sum(
            count for video_id, count in frames.counts.items() if video_id not in collection.number
        )
    encoder = "" if frames is None else frames.path.stem
    return SourceFacts(LIVEBOT_CITATION, "jieba, as released", encoder, frames)
