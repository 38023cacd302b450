"""Imports LiveBot's raw release: videos with their danmaku, as downloaded, in folders by category.

    SRC/pets/A cat.flv    the video (mp4, mkv, webm): its header gives the duration; may be absent
    SRC/pets/A cat.ass    its comments

The folder is the category, the name of the file the title. A video's id is made of the title alone (the
first 12 hexadecimal digits of its sha256): the release files some videos under two categories, so that
the released code could put one into training and test; here such a title is one video, of the category
that comes first by name. Where no video is beside its .ass, it lasts until the end of the second of
its last comment.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from livebench.data.dataset import Dataset, DatasetInfo
from livebench.errors import LiveBenchError
from livebench.frames.container import SUFFIXES
from livebench.importers.ass import read_ass
from livebench.importers.cleaning import Collection, Options, Report, video_of
from livebench.importers.livebot import CITATION

ORDINARY = ("empty text",)
AGAIN, NO_COMMENTS = "video again in another category", "video without an .ass"


def import_livebot_raw(
    source: Path,
    out: Path,
    info: DatasetInfo,
    options: Options,
    report: Report = lambda text: None,
) -> Dataset:
    """Import the raw release in the folder `source` as the dataset `out`.

    Args:
        info: name, source, licence and so on; what is counted here is filled in.
        report: told what is going on.

    Raises:
        LiveBenchError: there is no .ass, one is damaged, or nothing is left to split.
    """
    collection = Collection(options, ORDINARY)
    read_livebot_raw(Path(source), collection)
    info = msgspec.structs.replace(info, citation=info.citation or CITATION)
    return collection.write(out, info, report=report)


def read_livebot_raw(source: Path, collection: Collection) -> None:
    """Read the folder `source` into `collection`; raises as `import_livebot_raw`."""
    files = sorted(path for path in source.glob("*/*") if path.is_file())
    subtitles = [path for path in files if path.suffix.lower() == ".ass"]
    if not subtitles:
        raise LiveBenchError(
            f"{source}: neither the processed release (train.json, dev.json, test.json) nor the raw one "
            "(CATEGORY/TITLE.ass)"
        )
    told = {path.with_suffix("") for path in subtitles}
    for path in files:
        if path.suffix.lower() in SUFFIXES and path.with_suffix("") not in told:
            collection.skipped[NO_COMMENTS] += 1
    for path in subtitles:
        video_id = hashlib.sha256(path.stem.encode(errors="surrogateescape")).hexdigest()[:12]
        if video_id in collection.number:
            collection.skipped[AGAIN] += 1
            continue
        video = video_of(video_id, path.stem, path.parent.name)
        _, duration = collection.about_file(path)
        collection.add_video(path, str(path), video, duration=duration)
        number = collection.number[video_id]
        for comment in read_ass(path, collection):
            collection.add_comment(path, comment.line, number, comment.time, comment.text)
