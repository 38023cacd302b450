"""Reads the data of OpenNMT-Livebot (the code behind "Response to LiveBot").

    train.json, dev.json, test.json    {"12": [{"danmu": "so cute", "time": 3}, ...], ...}: by the number
                                       of the video, comments as words joined by spaces
    video_map.json                     optional: {"title": 12}
    resnet18.pkl                       optional, here or in visual/: {video: {second: vector}}
    videos.csv                         optional, ours: video_id, title, category, duration

Its split, numbers and words are kept. The release has left out strings of words below 2 or above 50
characters already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from livebench.data.split import SPLITS
from livebench.errors import LiveBenchError
from livebench.importers.broken_json import Fragment, Shape, recovered
from livebench.importers.collection import Collection
from livebench.importers.importing import SourceFacts
from livebench.importers.json_lines import read_typed, read_whole
from livebench.importers.livebot import SegmentedRow, read_released
from livebench.importers.released_frames import ReleasedFrames

_CITATION = "Wu, Jones and Pitié, Response to LiveBot, arXiv 2006.03022, 2020"


class _Danmu(msgspec.Struct, frozen=True):
    """A comment: words joined by spaces, time (s)."""

    danmu: str
    time: float


def read_opennmt_livebot(source: Path, collection: Collection) -> SourceFacts:
    """Read the files in the folder `source`.

    Raises:
        LiveBenchError: a file is missing or is not such a file, a row is bad, or a video is in two
            splits.
    """
    places = [source / "resnet18.pkl", source / "visual" / "resnet18.pkl"]
    frames = next((ReleasedFrames(path) for path in places if path.exists()), None)
    path = source / "video_map.json"
    numbers: dict[str, int] = read_whole(path, dict[str, int]) if path.exists() else {}
    titles = {str(number): title for title, number in numbers.items()}
    if len(titles) < len(numbers):
        raise LiveBenchError(path, "two titles have one number", "give each its own")
    facts = read_released(source, collection, _rows(source, collection), titles, frames)
    return facts._replace(citation=_CITATION)


def _rows(source: Path, collection: Collection) -> Iterator[SegmentedRow]:
    for split in SPLITS:
        path = source / f"{split}.json"
        videos: dict[str, list[_Danmu | None]]
        videos = read_typed(path, dict[str, list[_Danmu]], collection, _recovered)
        for video_id, comments in videos.items():
            for number, comment in enumerate(comments, 1):
                at = f"video {video_id[:80]}, comment {number}"
                if comment is None or not video_id:
                    what = "it is not of the form of danmu and time" if video_id else "of no video"
                    collection.bad(path, at, "record that is no comment", what)
                    continue
                yield SegmentedRow(path, at, split, video_id, comment.time, comment.danmu)


def _recovered(text: str, collection: Collection) -> dict[str, list[_Danmu | None]]:
    videos: dict[str, list[_Danmu | None]] = recovered(text, _SHAPE, collection)
    return videos


def _rebuilt(fragments: list[Fragment]) -> dict[str, list[_Danmu | None]]:
    """The comments of a broken document by video, "" where its number is broken; None for one of other
    types."""
    videos: dict[str, list[_Danmu | None]] = {}
    video_id = ""
    for before, comment in fragments:
        heads = _VIDEO.findall(before)
        if heads or _ENDED.match(before):
            video_id = heads[-1] if heads else ""
        if comment is not None:
            try:
                danmu = msgspec.convert(comment, _Danmu)
            except msgspec.ValidationError:
                danmu = None
            videos.setdefault(video_id, []).append(danmu)
    return videos


_VIDEO = re.compile(r'"([^"\\]+)"\s*:\s*\[')
_ENDED = re.compile(r"\s*\]")
_SHAPE = Shape(frozenset(("danmu",)), frozenset(("time",)), _rebuilt)
