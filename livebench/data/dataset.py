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
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from livebench.data.images import INDEX, NO_IMAGES, Images, KeptImages
from livebench.data.parquet import read_parquet, sorted_codes
from livebench.data.split import Split
from livebench.data.vectors import open_vectors
from livebench.errors import LiveBenchError
from livebench.records import FolderName, Hex, parse_toml

COMMENT_COLUMNS = ["video_id", "time", "text", "tokens"]


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


@dataclass(frozen=True)
class Comments:
    """All comments of a dataset, in columns; each distinct text and string of words is held once.

    Attributes:
        offsets: int64 [videos + 1]; the comments of video i are rows offsets[i] up to offsets[i + 1].
        time_ms: int64 [comments], milliseconds from the start of the video.
        string: int32 [comments], which of `strings`.
        strings: the distinct comments (words joined by spaces), sorted: the order of two numbers is
            the order of their strings.
        texts: one text for each of `strings`: of those that differ only in white space the most
            frequent, then the first by code point.
        video: int64 [comments], the number of its video.
        words, characters: int64 [distinct], lengths of `strings`, white space apart.
    """

    offsets: np.ndarray
    time_ms: np.ndarray
    string: np.ndarray
    strings: list[str]
    texts: list[str]

    @cached_property
    def video(self) -> np.ndarray:
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    @cached_property
    def words(self) -> np.ndarray:
        return np.array([string.count(" ") + 1 for string in self.strings], np.int64)

    @cached_property
    def characters(self) -> np.ndarray:
        return np.array([len(string) - string.count(" ") for string in self.strings], np.int64)

    def of(self, video: int) -> slice:
        """The rows of a video."""
        return slice(int(self.offsets[video]), int(self.offsets[video + 1]))


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
        table = read_parquet(self.path / "comments.parquet", COMMENT_COLUMNS)
        position = {video.video_id: index for index, video in enumerate(self.videos)}
        column = table["video_id"].combine_chunks()
        unknown = [name for name in column.dictionary.to_pylist() if name not in position]
        if unknown:
            raise LiveBenchError(self.path, f"comments of the unknown video {unknown[0]}")
        names = np.array([position[name] for name in column.dictionary.to_pylist()], np.int64)
        video = names[column.indices.to_numpy()] if len(column) else np.empty(0, np.int64)
        time_ms = np.rint(table["time"].to_numpy() * 1000).astype(np.int64)
        step = np.diff(video)
        if (step < 0).any() or (np.diff(time_ms)[step == 0] < 0).any():
            what, fix = "comments are not in the order of videos and times", "import it again"
            raise LiveBenchError(self.path / "comments.parquet", what, fix)
        string, strings = sorted_codes(table["tokens"])
        text, texts = sorted_codes(table["text"])
        pairs, counts = np.unique(string.astype(np.int64) * len(texts) + text, return_counts=True)
        order = np.lexsort((pairs, -counts, pairs // max(1, len(texts))))
        _, first = np.unique(pairs[order] // max(1, len(texts)), return_index=True)
        common = pairs[order][first] % max(1, len(texts))
        return Comments(
            offsets=np.searchsorted(video, np.arange(len(self.videos) + 1)),
            time_ms=time_ms,
            string=string,
            strings=strings,
            texts=[texts[code] for code in common],
        )

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
        rows = [comments.string[comments.of(index)] for index in self.indices]
        return np.bincount(
            np.concatenate([np.empty(0, np.int32), *rows]), minlength=len(comments.strings)
        )

    @cached_property
    def strings(self) -> list[str]:
        return [self.dataset.comments.strings[i] for i in self.string_ids]

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
    table = read_parquet(folder / "comments.parquet", COMMENT_COLUMNS)
    column = table["video_id"].combine_chunks()
    numbers = {video_id: number for number, video_id in enumerate(column.dictionary.to_pylist())}
    sizes = np.bincount(column.indices.to_numpy(), minlength=len(numbers))
    times = np.rint(table["time"].to_numpy() * 1000).astype(np.int64)
    values = []
    for name in ("text", "tokens"):
        strings = table[name].combine_chunks()
        values.append((strings.dictionary.to_pylist(), strings.indices.to_numpy()))
    digest, start = hashlib.sha256(), 0
    encode = msgspec.json.Encoder().encode
    for video in videos:
        number = numbers.get(video.video_id)
        stop = start + (0 if number is None else int(sizes[number]))
        columns = [[distinct[i] for i in codes[start:stop]] for distinct, codes in values]
        digest.update(encode((_row(video), times[start:stop].tolist(), *columns)))
        start = stop
    return digest.hexdigest()


def _row(video: Video) -> dict[str, Any]:
    """A video's row as it is hashed: a group only if there is one, as datasets had none once."""
    row: dict[str, Any] = msgspec.to_builtins(video)
    if not video.group:
        del row["group"]
    return row
