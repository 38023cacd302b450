"""Reads LiveBot's raw release: videos with their danmaku, as downloaded, in folders by category.

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

from livebench.errors import LiveBenchError
from livebench.frames.video_files import VIDEO_SUFFIXES
from livebench.importers.ass import read_ass
from livebench.importers.collection import Collection
from livebench.importers.importing import SourceFacts
from livebench.importers.livebot import LIVEBOT_CITATION


def read_livebot_raw(source: Path, collection: Collection) -> SourceFacts:
    """Read the raw release in the folder `source`.

    Raises:
        LiveBenchError: there is no .ass, or one is damaged.
    """
    files = sorted(path for path in source.glob("*/*") if path.is_file())
    subtitles = [path for path in files if path.suffix.lower() == ".ass"]
    if not subtitles:
        raise LiveBenchError(
            source,
            "neither the processed release (train.json, dev.json, test.json) nor the raw one "
            "(CATEGORY/TITLE.ass)",
        )
    with_comments = {path.with_suffix("") for path in subtitles}
    for path in files:
        if path.suffix.lower() in VIDEO_SUFFIXES and path.with_suffix("") not in with_comments:
            collection.skipped["video without an .ass"] += 1
    for path in subtitles:
        video_id = hashlib.sha256(path.stem.encode(errors="surrogateescape")).hexdigest()[:12]
        if video_id in collection.number:
            collection.skipped["video again in another category"] += 1
            continue
        duration = collection.header_beside(path).duration
        collection.add_video(
            path, "", video_id, title=path.stem, category=path.parent.name, duration=duration
        )
        number = collection.number[video_id]
        for comment in read_ass(path, collection):
            collection.add_comment(path, comment.line, number, comment.time, comment.text)
    return SourceFacts(LIVEBOT_CITATION)
