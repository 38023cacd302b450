"""Imports LiveBot's processed release: JSON Lines by split, words as released, frame vectors.

    train.json          {"video": 0, "time": 3, "comment": "so cute"}    (or train-context.json, which
                        has the same comments)
    dev.json, test.json the same
    res18.pkl           optional: {video: {second: vector}}, saved with torch
    videos.csv          optional, ours: video_id, title, category, duration; the release has no titles

A video's id is its number, its split that of its file, its words are the released ones, so nothing is
segmented. Its duration is the number of its frames (one a second); without them, as in `collect`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from livebench.data.dataset import Dataset, DatasetInfo, Video
from livebench.data.split import SPLITS, Split
from livebench.errors import LiveBenchError
from livebench.importers.cleaning import Collection, Options, Report, video_of
from livebench.importers.csv_rows import read_about
from livebench.importers.json_lines import read_lines
from livebench.importers.released_frames import NO_FRAMES, OTHER_VIDEO, ReleasedFrames

FRAMES = "res18.pkl"
TOKENIZER = "jieba, as released"
CITATION = (
    "Ma et al., LiveBot: Generating Live Video Comments Based on Visual and Textual Contexts, AAAI "
    "2019"
)
ORDINARY = ("empty text",)
COMMENT_OF_NONE = "comment of a video that is not taken"
TWO_SPLITS = "video in two splits"


class ReleasedComment(msgspec.Struct, frozen=True):
    """A line of train.json: number of the video, time (s), words joined by spaces."""

    video: int
    time: float
    comment: str


def is_processed(source: Path) -> bool:
    """Whether a folder holds the processed release: else it may hold the raw one."""
    return any((Path(source) / name).exists() for name in ("train.json", "train-context.json"))


def import_livebot(
    source: Path,
    out: Path,
    info: DatasetInfo,
    options: Options,
    report: Report = lambda text: None,
) -> Dataset:
    """Import the processed release in the folder `source` as the dataset `out`.

    Args:
        info: name, source, licence and so on; what is counted here is filled in.
        report: told what is going on.

    Raises:
        LiveBenchError: a file is missing or damaged, a row is bad (file and line are named), a video
            is in two splits, or nothing is left for training.
    """
    source, collection = Path(source), Collection(options, ORDINARY)
    frames = ReleasedFrames(source / FRAMES) if (source / FRAMES).exists() else None
    about = read_about(source / "videos.csv")
    rows = (
        (path, f"line {line}", split, row.video, row.time, row.comment)
        for path, split in _files(source)
        for line, row in read_lines(path, ReleasedComment, collection)
    )
    add_released(collection, rows, frames, about, source / "videos.csv")
    return write_released(collection, out, info, frames, report)


def _files(source: Path) -> Iterator[tuple[Path, Split]]:
    for split in SPLITS:
        path = source / f"{split}.json"
        if split == "train" and not path.exists():
            path = source / "train-context.json"
        yield path, split


def add_released(
    collection: Collection,
    rows: Iterator[tuple[Path, str, Split, int | str, float, str]],
    frames: ReleasedFrames | None,
    about: dict[str, tuple[int, str, str, float | str | None]],
    about_path: Path,
) -> None:
    """Take rows (file, place, split, video, time, words) of a release whose words are cut already."""
    refused: set[str] = set()
    for path, at, split, video, time, words in rows:
        name = str(video)
        if name not in collection.number and name not in refused:
            line, title, category, duration = about.get(name, (0, "", "", None))
            if frames is not None and duration is None:
                duration = frames.counts.get(name)
            where = (about_path, line) if line else (path, at)
            found = video_of(name, title, category, split)
            if frames is not None and not frames.counts.get(name):
                collection.bad(path, at, NO_FRAMES, f"{name[:80]} is not in {frames.path}")
                refused.add(name)
            elif not collection.add_video(*where, found, duration=duration, split_given=True):
                refused.add(name)
        if name in refused:
            collection.skipped[COMMENT_OF_NONE] += 1
            continue
        number = collection.number[name]
        if collection.videos[number].split != split:
            there = f"{name[:80]} is in {collection.videos[number].split} already"
            collection.bad(path, at, TWO_SPLITS, there)
            continue
        tokens = " ".join(word for word in words.split(" ") if word)
        collection.add_comment(path, at, number, time, tokens.replace(" ", ""), tokens)


def write_released(
    collection: Collection,
    out: Path,
    info: DatasetInfo,
    frames: ReleasedFrames | None,
    report: Report,
) -> Dataset:
    """Write what was taken, with the frames of its videos, as the dataset `out`."""
    if not collection.videos:
        raise LiveBenchError(f"{out}: no comment in the source")
    if frames is not None:
        frames.count_holes(collection)
        collection.videos[:] = [
            msgspec.structs.replace(video, frame_count=frames.counts[video.video_id])
            for video in collection.videos
        ]
        collection.skipped[OTHER_VIDEO] += sum(
            count for name, count in frames.counts.items() if name not in collection.number
        )

    def frames_of(video: Video) -> np.ndarray:
        return frames.of(video.video_id)

    info = msgspec.structs.replace(
        info,
        tokenizer=TOKENIZER,
        citation=info.citation or CITATION,
        encoder=info.encoder or (frames.path.stem if frames is not None else ""),
    )
    return collection.write(out, info, frames=None if frames is None else frames_of, report=report)
