"""A dataset: a folder of videos, their comments with times, their frame vectors, and a split.

dataset.toml      what it is, and what made it (`DatasetInfo`)
videos.parquet    a row a video (`Video`), sorted by id
comments.parquet  video_id, time in seconds, text, tokens; by video, then time, then source order
frames.npy        float16 [frames, width], one frame a second; absent without video
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np

from livebench import __version__
from livebench.data.parquet import read_parquet, sorted_codes
from livebench.data.split import Split
from livebench.data.tokens import remove_space, segment, tokenizer_name
from livebench.errors import LiveBenchError
from livebench.files import new_folder, write_text
from livebench.records import FolderName, parse_toml


class Video(msgspec.Struct, frozen=True):
    """A row of videos.parquet. `duration` in seconds; its frames are rows `first_frame` up to
    `first_frame + frame_count` of frames.npy, one a second."""

    video_id: str
    title: str
    category: str
    duration: float
    split: Split = "train"
    first_frame: int = 0
    frame_count: int = 0


class DatasetInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """dataset.toml.

    `encoder` is what frame vectors are compared by; `features` says how they were made, where LiveBench
    made them of video files. `recipe` are the arguments of the `livebench` command that makes the
    dataset, where nothing else is needed; `skipped` counts what an importer left out, by rule,
    `mended` what it took after a change; `fingerprint` is the sha256 of the rows of videos and
    comments, `frames_sha256` that of the frame vectors.
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
    fingerprint: str = ""
    frames_sha256: str = ""
    split: dict[str, int | float] = {}
    recipe: list[str] = []
    skipped: dict[str, int] = {}
    mended: dict[str, int] = {}
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
    """

    offsets: np.ndarray
    time_ms: np.ndarray
    string: np.ndarray
    strings: list[str]
    texts: list[str]

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
                f"{self.path}: not a dataset (no dataset.toml); make one with `livebench import` or "
                "`livebench simulate`"
            )
        self.info = parse_toml(self.path / "dataset.toml", DatasetInfo)

    @cached_property
    def videos(self) -> list[Video]:
        rows = read_parquet(self.path / "videos.parquet", list(Video.__struct_fields__))
        return [Video(**row) for row in rows.to_pylist()]

    @cached_property
    def comments(self) -> Comments:
        table = read_parquet(self.path / "comments.parquet", ["video_id", "time", "text", "tokens"])
        position = {video.video_id: index for index, video in enumerate(self.videos)}
        column = table["video_id"].combine_chunks()
        unknown = [name for name in column.dictionary.to_pylist() if name not in position]
        if unknown:
            raise LiveBenchError(f"{self.path}: comments of the unknown video {unknown[0]}")
        names = np.array([position[name] for name in column.dictionary.to_pylist()], np.int64)
        video = names[column.indices.to_numpy()] if len(column) else np.empty(0, np.int64)
        time_ms = np.rint(table["time"].to_numpy() * 1000).astype(np.int64)
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
        try:
            return np.lib.format.open_memmap(path, mode="r")
        except (ValueError, OSError) as error:
            raise LiveBenchError(f"{path}: cannot be read as a NumPy array: {error}") from None

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
            raise LiveBenchError(f"{self.path}: the dataset has no frames")
        return self._frames[[video.first_frame + s for s in seconds]].astype(np.float32)

    @cached_property
    def frames_sha256(self) -> str:
        """The sha256 of the frame vectors as they are on disk; empty without video."""
        if self._frames is None:
            return ""
        digest = hashlib.sha256()
        for start in range(0, len(self._frames), 100_000):
            digest.update(self._frames[start : start + 100_000].tobytes())
        return digest.hexdigest()

    def split(self, *splits: Split) -> DatasetSplit:
        """The videos of one or more splits, and nothing else of the dataset."""
        return DatasetSplit(self, frozenset(splits))

    def check_fingerprint(self) -> None:
        """Raise LiveBenchError if the rows are not those that dataset.toml was written for."""
        found = fingerprint_of(self.videos, self.path)
        if found != self.info.fingerprint:
            raise LiveBenchError(
                f"{self.path}: its rows have the fingerprint {found[:12]}, its dataset.toml says "
                f"{self.info.fingerprint[:12]}; import or simulate it again"
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
        return self.counts_by_id[self.string_ids]


def write_dataset(  # noqa: PLR0913 (the parts of a dataset, each named)
    out: Path,
    info: DatasetInfo,
    videos: Sequence[Video],
    *,
    comment_video: np.ndarray,
    comment_time_ms: np.ndarray,
    comment_texts: Sequence[str],
    comment_tokens: Sequence[str] | None = None,
    frames: Callable[[Video], np.ndarray] | None = None,
    finish: Callable[[Path, np.ndarray], None] | None = None,
) -> Dataset:
    """Write a dataset folder, whole or not at all, and open it.

    Args:
        out: its name; must not exist.
        info: what it is; tokenizer, fingerprints and `made_by` are filled in here.
        videos: in any order; `first_frame` is filled in here.
        comment_video: int [comments], which of `videos`; `comment_time_ms`: int64 [comments];
            `comment_texts`: each with at least one character that is not white space;
            `comment_tokens`: their words joined by spaces, where the source has them (`info.tokenizer`
            then says whose they are), else they are segmented here.
        frames: gives float [video.frame_count, width] of a video, the same width for all.
        finish: called with the folder, before it gets its name, and the order in which the comments
            were written (indices into the arguments): for files kept beside a dataset.

    Raises:
        LiveBenchError: `out` exists or cannot be written, or a frame vector is not finite.
    """
    video_order = sorted(range(len(videos)), key=lambda i: videos[i].video_id)
    rank = np.empty(len(videos), np.int64)
    rank[video_order] = np.arange(len(videos))
    video = rank[np.asarray(comment_video, np.int64)]
    time_ms = np.asarray(comment_time_ms, np.int64)
    order = np.lexsort((time_ms, video))  # stable: equal times stay in the order of the source
    ordered, first_frame = [], 0
    for index in video_order:
        duration = float(
            videos[index].duration
        )  # as it is read back: 200 and 200.0 hash differently
        ordered.append(
            msgspec.structs.replace(videos[index], first_frame=first_frame, duration=duration)
        )
        first_frame += videos[index].frame_count
    with new_folder(out) as folder:
        write_videos(folder / "videos.parquet", ordered)
        _write_comments(
            folder / "comments.parquet",
            [v.video_id for v in ordered],
            video[order],
            time_ms[order],
            [comment_texts[i] for i in order],
            None if comment_tokens is None else [comment_tokens[i] for i in order],
        )
        frames_sha256 = ""
        if frames is not None:
            frames_sha256 = _write_frames(folder / "frames.npy", ordered, frames)
        info = msgspec.structs.replace(
            info,
            tokenizer=tokenizer_name() if comment_tokens is None else info.tokenizer,
            fingerprint=fingerprint_of(ordered, folder),
            frames_sha256=frames_sha256,
            made_by=f"livebench {__version__}",
        )
        write_text(folder / "dataset.toml", msgspec.toml.encode(info).decode())
        if finish is not None:
            finish(folder, order)
    return Dataset(out)


def write_videos(path: Path | BinaryIO, videos: Sequence[Video]) -> None:
    """Write videos.parquet; `path` may be an open file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = ["video_id", "title", "category", "duration", "split", "first_frame", "frame_count"]
    kinds = [*[pa.string()] * 3, pa.float64(), pa.string(), *[pa.int64()] * 2]
    rows = [msgspec.to_builtins(video) for video in videos]
    schema = pa.schema(list(zip(names, kinds, strict=True)))
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)


def _write_comments(
    path: Path,
    video_ids: list[str],
    video: np.ndarray,
    time_ms: np.ndarray,
    texts: list[str],
    tokens: list[str] | None,
) -> None:
    """Write comments.parquet; each distinct text is segmented once."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    codes = pa.array(texts, pa.string()).dictionary_encode()
    if tokens is None:
        spaceless = [remove_space(text) for text in codes.dictionary.to_pylist()]
        distinct = list(dict.fromkeys(spaceless))
        words = dict(zip(distinct, segment(distinct), strict=True))
        token_column = pa.array([words[text] for text in spaceless], pa.string()).take(
            codes.indices
        )
    else:
        token_column = pa.array(tokens, pa.string())
    ids = pa.DictionaryArray.from_arrays(
        pa.array(video, pa.int32()), pa.array(video_ids, pa.string())
    )
    columns = {"video_id": ids, "time": time_ms / 1000, "text": codes, "tokens": token_column}
    pq.write_table(pa.table(columns), path, compression="zstd")


def _write_frames(path: Path, videos: list[Video], frames: Callable[[Video], np.ndarray]) -> str:
    """Write frames.npy video by video; return the sha256 of its vectors."""
    total = sum(video.frame_count for video in videos)
    digest, target = hashlib.sha256(), None
    for video in videos:
        vectors = np.asarray(frames(video))
        with np.errstate(over="ignore"):
            half = vectors.astype("<f2")
        if not np.isfinite(half).all():
            raise LiveBenchError(
                f"frames of video {video.video_id}: not finite in float16; scale the vectors"
            )
        if target is None:
            shape = (total, half.shape[1])
            target = np.lib.format.open_memmap(path, mode="w+", dtype="<f2", shape=shape)
        target[video.first_frame : video.first_frame + video.frame_count] = half
        digest.update(half.tobytes())
    if target is not None:
        target.flush()
    return digest.hexdigest()


def fingerprint_of(videos: Sequence[Video], folder: Path) -> str:
    """sha256 of the rows of videos and comments, whatever version of Parquet holds them."""
    table = read_parquet(folder / "comments.parquet", ["video_id", "time", "text", "tokens"])
    column = table["video_id"].combine_chunks()
    found = dict(zip(column.dictionary.to_pylist(), range(len(column.dictionary)), strict=True))
    sizes = np.bincount(column.indices.to_numpy(), minlength=len(found))
    times = np.rint(table["time"].to_numpy() * 1000).astype(np.int64)
    values = []
    for name in ("text", "tokens"):
        strings = table[name].combine_chunks()
        values.append((strings.dictionary.to_pylist(), strings.indices.to_numpy()))
    digest, start = hashlib.sha256(), 0
    encode = msgspec.json.Encoder().encode
    for video in videos:
        number = found.get(video.video_id)
        stop = start + (0 if number is None else int(sizes[number]))
        columns = [[distinct[i] for i in codes[start:stop]] for distinct, codes in values]
        digest.update(encode((video, times[start:stop].tolist(), *columns)))
        start = stop
    return digest.hexdigest()
