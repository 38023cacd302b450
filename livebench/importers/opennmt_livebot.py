"""Imports the data of OpenNMT-Livebot (the code behind "Response to LiveBot").

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

from livebench.data.dataset import Dataset, DatasetInfo
from livebench.data.split import SPLITS, Split
from livebench.errors import LiveBenchError
from livebench.importers.cleaning import Collection, Options, Report
from livebench.importers.csv_rows import read_about
from livebench.importers.json_lines import read_whole
from livebench.importers.livebot import ORDINARY, add_released, write_released
from livebench.importers.released_frames import ReleasedFrames

CITATION = "Wu, Jones and Pitié, Response to LiveBot, arXiv 2006.03022, 2020"
FRAMES = ("resnet18.pkl", "visual/resnet18.pkl")


class Danmu(msgspec.Struct, frozen=True):
    """A comment: words joined by spaces, time (s)."""

    danmu: str
    time: float


def import_opennmt_livebot(
    source: Path,
    out: Path,
    info: DatasetInfo,
    options: Options,
    report: Report = lambda text: None,
) -> Dataset:
    """Import the three files in the folder `source` as the dataset `out`.

    Args:
        info: name, source, licence and so on; what is counted here is filled in.
        report: told what is going on.

    Raises:
        LiveBenchError: a file is missing or is not such a file, a row is bad, a video is in two splits,
            or nothing is left for training.
    """
    source, collection = Path(source), Collection(options, ORDINARY)
    found = [source / name for name in FRAMES if (source / name).exists()]
    frames = ReleasedFrames(found[0]) if found else None
    about = read_about(source / "videos.csv")
    path = source / "video_map.json"
    titles = read_whole(path, dict[str, int]) if path.exists() else {}
    if len(set(titles.values())) < len(titles):
        raise LiveBenchError(f"{path}: two titles have one number; mend it")
    for title, number in titles.items():
        about.setdefault(str(number), (0, title, "", None))
    add_released(collection, _rows(source), frames, about, source / "videos.csv")
    info = msgspec.structs.replace(info, citation=info.citation or CITATION)
    return write_released(collection, out, info, frames, report)


def _rows(source: Path) -> Iterator[tuple[Path, str, Split, str, float, str]]:
    for split in SPLITS:
        path = source / f"{split}.json"
        for video, comments in read_whole(path, dict[str, list[Danmu]]).items():
            for number, comment in enumerate(comments, 1):
                at = f"video {video[:80]}, comment {number}"
                yield path, at, split, video, comment.time, comment.danmu
