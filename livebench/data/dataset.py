"""A dataset: a folder of videos, their comments with times, their frame vectors, and a split.

dataset.toml      what it is, and what made it (`DatasetInfo`)
videos.parquet    one row per video (`Video`), sorted by id; no column `group` where no video has one
comments.parquet  video_id, time in seconds, text, tokens; by video, then time, then source order
frames.npy        float16 [frames, width], one frame a second; absent without video
images/           pictures of the same seconds, and images.sha256: `livebench.data.images`; absent where
                  none are kept
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from livebench.data import distinct
from livebench.data.comments import (
    COMMENT_COLUMNS,
    Comments,
    counted,
    milliseconds,
    read_comments,
)
from livebench.data.images import INDEX, NO_IMAGES, Images, KeptImages
from livebench.data.parquet import read_blocks, read_parquet
from livebench.data.split import Split
from livebench.data.vectors import open_vectors
from livebench.errors import LiveBenchError
from livebench.records import FolderName, Hex, parse_toml

_HASHED = 1 << 16
"""Comments whose strings are held at a time while they are hashed."""


class Video(msgspec.Struct, frozen=True):
    """A row of videos.parquet. `duration` in seconds; its frames are rows `first_frame` up to
    `first_frame + frame_count` of frames.npy, one a second. `group`: the series, channel or playlist
    that it is of; empty if none is known."""

    video_id: str
    title: str
    category: str
    duration: float
    split: Split = "train"
    first_frame: int = 0
    frame_count: int = 0
    group: str = ""


VIDEO_COLUMNS = [name for name in Video.__struct_fields__ if name != "group"]


class DatasetInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """dataset.toml.

    `language` is that of the comments, a tag such as zh; `tokenizer` names what found their words, with
    versions. `encoder` is what frame vectors are compared by; `features` says how they were made, where
    LiveBench made them of video files. `recipe` are the arguments of the `livebench` command that makes
    the dataset, where nothing else is needed; `skipped` counts what an importer left out, by rule,
    `repaired` what it took after a change; `fingerprint` is the sha256 of the rows of videos and
    comments, `frames_sha256` that of the frame vectors, `images_sha256` that of images.sha256.
    """

    name: FolderName
    version: str = "1"
    language: str = "zh"
    tokenizer: str = ""
    source: str = ""
    licence: str = ""
    citation: str = ""
    frame_rate: float = 1.0
    encoder: str = ""
    features: dict[str, str] = {}
    fingerprint: Hex = ""
    frames_sha256: Hex = ""
    images_sha256: Hex = ""
    split: dict[str, int | float] = {}
    split_by: Literal["video", "group"] = "video"
    recipe: list[str] = []
    skipped: dict[str, int] = {}
    repaired: dict[str, int] = msgspec.field(default_factory=dict, name="mended")
    made_by: str = ""


class Dataset:
    """A dataset folder, opened; comments are loaded when asked for, frames stay on disk.

    Raises:
        LiveBenchError: the folder is not a dataset, or a file of it is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        if not (self.path / "dataset.toml").is_file():
            raise LiveBenchError(
                self.path,
                "not a dataset (no dataset.toml)",
                "make one with `livebench import` or `livebench simulate`",
            )
        self.info = parse_toml(self.path / "dataset.toml", DatasetInfo)

    @cached_property
    def videos(self) -> list[Video]:
        rows = read_parquet(self.path / "videos.parquet", VIDEO_COLUMNS, optional=["group"])
        videos = [Video(**row) for row in rows.to_pylist()]
        names = [video.video_id for video in videos]
        if len(set(names)) < len(names) or "" in names:
            raise LiveBenchError(
                self.path / "videos.parquet", "a video is there twice, or nameless"
            )
        return videos

    @cached_property
    def comments(self) -> Comments:
        position = {video.video_id: index for index, video in enumerate(self.videos)}
        return read_comments(self.path / "comments.parquet", position)

    @cached_property
    def _frames(self) -> np.ndarray | None:
        path = self.path / "frames.npy"
        if not path.exists():
            return None
        found = open_vectors(path)
        needed = max((v.first_frame + v.frame_count for v in self.videos), default=0)
        if found.dtype != np.dtype("<f2") or len(found) < needed:
            what = f"is {found.dtype} {list(found.shape)}, and should be float16 of {needed:,} rows"
            raise LiveBenchError(path, what, "import it again")
        return found

    @property
    def has_frames(self) -> bool:
        return self._frames is not None

    @property
    def frame_width(self) -> int:
        """Numbers of a frame vector; 0 without video."""
        return 0 if self._frames is None else self._frames.shape[1]

    def frames(self, video: Video, seconds: Sequence[int]) -> np.ndarray:
        """The frame vectors of a video at these seconds: float32 [len(seconds), width]."""
        if self._frames is None:
            raise LiveBenchError(self.path, "has no frame vectors", "see `livebench features`")
        if not all(0 <= second < video.frame_count for second in seconds):
            what = (
                f"video {video.video_id} has {video.frame_count} frames, and others are asked for"
            )
            raise LiveBenchError(self.path, what)
        rows: np.ndarray = self._frames[[video.first_frame + second for second in seconds]]
        self._check_finite(rows)
        return rows.astype(np.float32)

    def _check_finite(self, vectors: np.ndarray) -> None:
        if not np.isfinite(vectors).all():
            what = "holds frame vectors that are not finite"
            raise LiveBenchError(self.path / "frames.npy", what, "import it again")

    @cached_property
    def frames_sha256(self) -> str:
        """The sha256 of the frame vectors as they are on disk; empty without video."""
        if self._frames is None:
            return ""
        digest = hashlib.sha256()
        for start in range(0, len(self._frames), 10_000):
            part = self._frames[start : start + 10_000]
            self._check_finite(part)
            digest.update(part.tobytes())
        return digest.hexdigest()

    @cached_property
    def _images(self) -> KeptImages | None:
        rows = frames_of(self.videos)
        return KeptImages(self.path, rows) if (self.path / INDEX).exists() else None

    @property
    def has_images(self) -> bool:
        """Whether it keeps a picture of each frame."""
        return self._images is not None

    def images(self, video: Video, seconds: Sequence[int]) -> Images:
        """The pictures of a video at these seconds, which it has; none if the dataset keeps none."""
        if self._images is None:
            return NO_IMAGES
        return self._images.of(video.video_id, video.first_frame, seconds)

    @property
    def images_sha256(self) -> str:
        """The sha256 of the pictures' hashes as they are on disk; empty without pictures."""
        return "" if self._images is None else self._images.sha256

    def split(self, *splits: Split) -> DatasetSplit:
        """The videos of one or more splits, and nothing else of the dataset."""
        return DatasetSplit(self, frozenset(splits))

    def check_fingerprint(self) -> None:
        """Raise LiveBenchError if the rows are not those that dataset.toml was written for."""
        fingerprint = fingerprint_of(self.videos, self.path)
        if fingerprint != self.info.fingerprint:
            raise LiveBenchError(
                self.path,
                f"its rows have the fingerprint {fingerprint[:12]}, its dataset.toml says "
                f"{self.info.fingerprint[:12]}",
                "import or simulate it again",
            )

    def check_frames(self) -> None:
        """Raise LiveBenchError if frames.npy is not that of dataset.toml; it is read whole."""
        if self.frames_sha256 != self.info.frames_sha256:
            raise LiveBenchError(
                self.path / "frames.npy",
                f"its vectors have the sha256 {self.frames_sha256[:12] or '(none)'}, dataset.toml says "
                f"{self.info.frames_sha256[:12] or '(none)'}",
                "run `livebench features` or import it again",
            )

    def check_images(self) -> None:
        """Raise LiveBenchError if the hashes of the pictures are not those of dataset.toml."""
        if self.images_sha256 != self.info.images_sha256:
            raise LiveBenchError(
                self.path / INDEX,
                f"has the sha256 {self.images_sha256[:12] or '(none)'}, dataset.toml says "
                f"{self.info.images_sha256[:12] or '(none)'}",
                "keep or import the pictures again",
            )


class DatasetSplit:
    """What belongs to some splits of a dataset; scorers are fitted on the split `train`.

    Attributes:
        dataset: what they are splits of.
        videos: the videos of the splits.
        strings: the distinct comments (words joined by spaces), sorted.
        counts: int64 [strings], how often each occurs.
    """

    def __init__(self, dataset: Dataset, splits: frozenset[Split]) -> None:
        self.dataset = dataset
        self.indices = [i for i, video in enumerate(dataset.videos) if video.split in splits]
        self.videos = [dataset.videos[i] for i in self.indices]

    @cached_property
    def string_ids(self) -> np.ndarray:
        """Numbers, in the dataset's `comments.strings`, of this split's distinct comments."""
        return np.flatnonzero(self.counts_by_id)

    @cached_property
    def counts_by_id(self) -> np.ndarray:
        """int64 [all strings of the dataset]: how often each occurs in this split."""
        comments = self.dataset.comments
        return counted(
            comments.string, [comments.of(i) for i in self.indices], len(comments.strings)
        )

    @cached_property
    def strings(self) -> list[str]:
        blocks = distinct.chosen_blocks(self.dataset.comments.strings, self.string_ids)
        return [string for block in blocks for string in block]

    @cached_property
    def counts(self) -> np.ndarray:
        counts: np.ndarray = self.counts_by_id[self.string_ids]
        return counts


def frames_of(videos: Sequence[Video]) -> list[tuple[str, int]]:
    """(id, frames) of each video, in the order of frames.npy."""
    ordered = sorted(videos, key=lambda video: video.first_frame)
    return [(video.video_id, video.frame_count) for video in ordered]


def fingerprint_of(videos: Sequence[Video], folder: Path) -> str:
    """sha256 of the rows of videos and comments, whatever version of Parquet holds them."""
    path, sizes = folder / "comments.parquet", Counter[str]()
    for table in read_blocks(path, ["video_id"], distinct.BLOCK):
        counts = table["video_id"].combine_chunks().value_counts()
        names, numbers = (counts.field(name).to_pylist() for name in ("values", "counts"))
        sizes.update(dict(zip(names, numbers, strict=True)))
    digest, encode = hashlib.sha256(), msgspec.json.Encoder().encode
    rows = _Rows(read_blocks(path, COMMENT_COLUMNS, _HASHED))
    for video in videos:
        digest.update(encode((_row(video), *rows.next(sizes[video.video_id]))))
    return digest.hexdigest()


class _Rows:
    """Times (ms), texts and words of comments, handed out in order."""

    def __init__(self, tables: Iterator[Any]) -> None:
        self._tables = tables
        self._columns: tuple[list[Any], ...] = ([], [], [])
        self._place = 0

    def next(self, count: int) -> tuple[list[Any], ...]:
        """The columns of the next `count` comments."""
        found: tuple[list[Any], ...] = ([], [], [])
        while len(found[0]) < count:
            if self._place == len(self._columns[0]):
                table, self._place = next(self._tables), 0
                times = milliseconds(table["time"].to_numpy()).tolist()
                self._columns = (times, table["text"].to_pylist(), table["tokens"].to_pylist())
            stop = self._place + count - len(found[0])
            for column, own in zip(found, self._columns, strict=True):
                column.extend(own[self._place : stop])
            self._place = min(stop, len(self._columns[0]))
        return found


def _row(video: Video) -> dict[str, Any]:
    """A video's row as it is hashed: a group only if there is one, as datasets had none once."""
    row: dict[str, Any] = msgspec.to_builtins(video)
    if not video.group:
        del row["group"]
    return row
