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

from collections.abc import Iterator
from pathlib import Path

import msgspec

from livebench.data.split import SPLITS
from livebench.errors import LiveBenchError
from livebench.importers.collection import Collection
from livebench.importers.importing import SourceFacts
from livebench.importers.json_lines import read_whole
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
    facts = read_released(source, collection, _rows(source), titles, frames)
    return facts._replace(citation=_CITATION)


def _rows(source: Path) -> Iterator[SegmentedRow]:
    for split in SPLITS:
        path = source / f"{split}.json"
        for video_id, comments in read_whole(path, dict[str, list[_Danmu]]).items():
            for number, comment in enumerate(comments, 1):
                at = f"video {video_id[:80]}, comment {number}"
                yield SegmentedRow(path, at, split, video_id, comment.time, comment.danmu)
