"""Removes people's comments from a dataset, by a list of ids.

    removed.txt    in the folder of the dataset: a line an id, with the date on which it was put there

An id is VIDEO@SECONDS, all comments of a video at that time (to the millisecond), or VIDEO, the video
itself with all its comments. The list holds no text: it would repeat what somebody wants to be gone.
"""

from __future__ import annotations

import datetime
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from livebench.data.comments import COMMENT_COLUMNS
from livebench.data.dataset import Dataset, Video
from livebench.data.dataset_writer import write_dataset
from livebench.data.languages import tokenizer_of
from livebench.data.parquet import read_parquet
from livebench.errors import LiveBenchError
from livebench.files import write_text

REMOVED = "removed.txt"
_HEAD = "# Comments that were removed on request: VIDEO@SECONDS or VIDEO, and the date. No text.\n"
_VERSION = "-removed."
_COUNTED = "removed on request"


@dataclass(frozen=True)
class Removed:
    """What was removed: the dataset without it, and how many comments and videos."""

    dataset: Dataset
    comments: int
    videos: int


def read_removals(path: Path) -> dict[str, str]:
    """The ids of a list with their dates, in its order; none if there is no such file.

    Raises:
        LiveBenchError: a line is not an id and a date.
    """
    if not Path(path).exists():
        return {}
    found: dict[str, str] = {}
    for number, line in enumerate(Path(path).read_text("utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = line.split("\t")
        if len(parts) != 2 or not re.fullmatch(r"\d{4}-\d\d-\d\d", parts[1]):
            fix = "write an id, a tab, and a date such as 2026-11-29"
            raise LiveBenchError(path, "is not an entry", fix, f"line {number}")
        found[parts[0]] = parts[1]
    return found


def write_removals(path: Path, removals: Mapping[str, str]) -> None:
    """Write a list, as `read_removals` reads it."""
    lines = "".join(f"{name}\t{date}\n" for name, date in removals.items())
    write_text(path, _HEAD + lines)


def find_comments(dataset: Dataset, text: str) -> list[str]:
    """The ids of all comments with this text, white space apart.

    Raises:
        LiveBenchError: there is none.
    """
    bare = tokenizer_of(dataset.info.language).bare
    wanted, comments = bare(text), dataset.comments
    texts = {number for number, one in enumerate(comments.texts) if bare(one) == wanted}
    rows = np.flatnonzero(np.isin(comments.string, list(texts)))
    if not len(rows):
        raise LiveBenchError(dataset.path, "has no comment with this text")
    videos = [dataset.videos[number].video_id for number in comments.video[rows].tolist()]
    times = comments.time_ms[rows].tolist()
    return list(dict.fromkeys(map(_comment_id, videos, times)))


def remove_comments(dataset: Dataset, removals: Mapping[str, str], out: Path) -> Removed:
    """Write the dataset without what the list names, as another version; the split stays as it was.

    What was removed before stays on the list of the new dataset. Files kept beside a dataset are copied
    where they belong to a video that stays; what goes with rows of comments (latent.parquet) is not.

    Args:
        removals: dates by id, of ids that are not yet on the list of the dataset, too.

    Raises:
        LiveBenchError: all ids are on the list already, one that is not names nothing in the dataset, no
            comment would be left, or `out` exists.
    """
    before = read_removals(dataset.path / REMOVED)
    new = {_canonical(name): date for name, date in removals.items()}
    added = [name for name in new if name not in before]
    if not added:
        raise LiveBenchError(dataset.path / REMOVED, "all of this is on the list already")
    merged = before | {name: new[name] for name in added}
    gone, left_videos = _rows(dataset, added)
    videos = [video for index, video in enumerate(dataset.videos) if not left_videos[index]]
    comments = dataset.comments
    keep = ~gone
    if not keep.any():
        raise LiveBenchError(dataset.path, "no comment would be left", "delete the dataset instead")
    table = read_parquet(dataset.path / "comments.parquet", COMMENT_COLUMNS)
    texts, tokens = (table[name].to_pylist() for name in ("text", "tokens"))
    rows = np.flatnonzero(keep)
    place = np.cumsum(~left_videos) - 1
    base = dataset.info.version.partition(_VERSION)[0]
    skipped = dict(dataset.info.skipped)
    skipped[_COUNTED] = skipped.get(_COUNTED, 0) + int(gone.sum())
    info = msgspec.structs.replace(
        dataset.info, version=f"{base}{_VERSION}{len(merged)}", recipe=[], skipped=skipped
    )

    def finish(folder: Path, order: np.ndarray) -> None:
        write_removals(folder / REMOVED, merged)
        for video in videos:
            sound = dataset.path / "audio" / f"{video.video_id}.mka"
            if sound.is_file():
                (folder / "audio").mkdir(exist_ok=True)
                shutil.copyfile(sound, folder / "audio" / sound.name)

    written = write_dataset(
        out,
        info,
        videos,
        comment_video=place[comments.video[rows]],
        comment_time_ms=comments.time_ms[rows],
        comment_texts=[texts[row] for row in rows],
        comment_tokens=[tokens[row] for row in rows],
        finish=finish,
        **_pictures(dataset),
    )
    return Removed(written, int(gone.sum()), int(left_videos.sum()))


def _pictures(dataset: Dataset) -> dict[str, Any]:
    """What `write_dataset` is given of frames and images."""
    # As the dataset has them: `first_frame` changes as they are written.
    own = {video.video_id: video for video in dataset.videos}

    def frames(video: Video) -> np.ndarray:
        return dataset.frames(own[video.video_id], range(video.frame_count))

    def image(video: Video, second: int) -> bytes:
        return dataset.images(own[video.video_id], [second]).files()[0]

    kept = {"frames": (dataset.has_frames, frames), "images": (dataset.has_images, image)}
    return {name: give for name, (there, give) in kept.items() if there}


def _rows(dataset: Dataset, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Which comments, and which videos, ids name: bool [comments], bool [videos].

    Raises:
        LiveBenchError: one names nothing.
    """
    places = {video.video_id: index for index, video in enumerate(dataset.videos)}
    comments = dataset.comments
    gone = np.zeros(len(comments.string), bool)
    videos = np.zeros(len(places), bool)
    for name in names:
        if name in places:
            gone[comments.of(places[name])] = True
            videos[places[name]] = True
            continue
        video, time_ms = _parsed(name)
        found = np.zeros(0, bool)
        if video in places:
            rows = comments.of(places[video])
            found = comments.time_ms[rows] == time_ms
            gone[rows] |= found
        if not found.any():
            fix = "give VIDEO@SECONDS as comments.parquet has them, VIDEO, or --text"
            raise LiveBenchError(dataset.path, f"has nothing with the id {name}", fix)
    return gone, videos


def _parsed(name: str) -> tuple[str, int]:
    """Video and milliseconds of an id; -1 where there is no time in it."""
    video, _, seconds = name.rpartition("@")
    if not re.fullmatch(r"\d{1,8}(\.\d{1,3})?", seconds):
        return name, -1
    return video, round(float(seconds) * 1000)


def _canonical(name: str) -> str:
    """One spelling for each id."""
    video, time_ms = _parsed(name)
    return name if time_ms < 0 else _comment_id(video, time_ms)


def _comment_id(video: str, time_ms: int) -> str:
    return f"{video}@{f'{time_ms / 1000:.3f}'.rstrip('0').rstrip('.')}"


def today() -> str:
    """The date that an id is put on a list with."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()
