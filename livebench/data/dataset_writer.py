"""Writes a dataset folder: what `livebench.data.dataset` reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np

from livebench import __version__
from livebench.data import distinct
from livebench.data.comments import COMMENT_COLUMNS
from livebench.data.dataset import (
    VIDEO_COLUMNS,
    Dataset,
    DatasetInfo,
    Video,
    fingerprint_of,
    frames_of,
)
from livebench.data.images import IMAGES, INDEX, index_of
from livebench.data.languages import tokenizer_of
from livebench.data.vectors import write_vectors
from livebench.errors import LiveBenchError
from livebench.files import new_folder, write_text

ROW_GROUP = 1 << 20
"""Rows of a row group of comments.parquet, which is written at a time."""


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
    images: Callable[[Video, int], bytes] | None = None,
    finish: Callable[[Path, np.ndarray], None] | None = None,
) -> Dataset:
    """Write a dataset folder, whole or not at all, and open it.

    Args:
        out: its name; must not exist.
        info: what it is; its language says whose words; tokenizer, fingerprints and `made_by` are filled
            in here.
        videos: in any order; `first_frame` is filled in here.
        comment_video: int [comments], which of `videos`; `comment_time_ms`: int64 [comments];
            `comment_texts`: each with at least one character that is not white space;
            `comment_tokens`: their words joined by spaces, where the source has them (`info.tokenizer`
            then says whose they are), else they are segmented here.
        frames: gives float [video.frame_count, width] of a video, the same width for all.
        images: gives the JPEG file of a video at a second, for each of its `frame_count`.
        finish: called with the folder, before it gets its name, and the order in which the comments
            were written (indices into the arguments): for files kept beside a dataset.

    Raises:
        LiveBenchError: `out` exists or cannot be written, or a frame vector is not finite.
    """
    video = np.asarray(comment_video, np.int64)
    time_ms = np.asarray(comment_time_ms, np.int64)
    orders: list[np.ndarray] = []

    def in_order(rank: np.ndarray) -> Iterator[Any]:
        order = np.lexsort((time_ms, rank[video]))  # stable: equal times stay in the source's order
        orders.append(order)
        for start in range(0, len(order), distinct.BLOCK):
            rows = order[start : start + distinct.BLOCK]
            strings = [comment_texts] if comment_tokens is None else [comment_texts, comment_tokens]
            columns = [[column[row] for row in rows] for column in strings]
            yield comment_table(rank[video[rows]], time_ms[rows], *columns)

    return write_dataset_of(
        out,
        info,
        videos,
        in_order,
        segmented=comment_tokens is not None,
        frames=frames,
        images=images,
        finish=None if finish is None else lambda folder: finish(folder, orders[0]),
    )


def comment_table(
    video: np.ndarray, time_ms: np.ndarray, texts: Any, tokens: Any | None = None
) -> Any:
    """Some comments as an Arrow table."""
    import pyarrow as pa

    columns: dict[str, Any] = {
        "video": pa.array(video, pa.int32()),
        "time": pa.array(time_ms, pa.int64()),
        "text": pa.array(texts, pa.large_string()),
    }
    if tokens is not None:
        columns["tokens"] = pa.array(tokens, pa.large_string())
    return pa.table(columns)


def write_dataset_of(
    out: Path,
    info: DatasetInfo,
    videos: Sequence[Video],
    comments: Callable[[np.ndarray], Iterable[Any]],
    *,
    segmented: bool,
    frames: Callable[[Video], np.ndarray] | None = None,
    images: Callable[[Video, int], bytes] | None = None,
    finish: Callable[[Path], None] | None = None,
) -> Dataset:
    """As `write_dataset`, of comments that need not all be in memory.

    Args:
        comments: given the place of each of `videos` in the order of ids, yields tables of comments
            (`comment_table`; `video` is the place), sorted by place, then time, then as in the source.
        segmented: whether they have the column `tokens`.
    """
    video_order = sorted(range(len(videos)), key=lambda i: videos[i].video_id)
    rank = np.empty(len(videos), np.int64)
    rank[video_order] = np.arange(len(videos))
    ordered = with_first_frames([videos[index] for index in video_order])
    with new_folder(out) as folder:
        write_videos(folder / "videos.parquet", ordered)
        _write_comments(
            folder / "comments.parquet",
            [v.video_id for v in ordered],
            comments(rank),
            None if segmented else info.language,
        )
        frames_sha256 = ""
        if frames is not None:
            frames_sha256 = _write_frames(folder / "frames.npy", ordered, frames)
        images_sha256 = "" if images is None else _write_images(folder, ordered, images)
        info = msgspec.structs.replace(
            info,
            tokenizer=info.tokenizer if segmented else tokenizer_of(info.language).name,
            fingerprint=fingerprint_of(ordered, folder),
            frames_sha256=frames_sha256,
            images_sha256=images_sha256,
            made_by=f"livebench {__version__}",
        )
        write_text(folder / "dataset.toml", msgspec.toml.encode(info).decode())
        if finish is not None:
            finish(folder)
    return Dataset(out)


def with_first_frames(videos: Sequence[Video]) -> list[Video]:
    """The videos, their frames one behind the other in this order; durations as they are read back."""
    placed, first_frame = [], 0
    for video in videos:
        duration = float(video.duration)  # 200 and 200.0 hash differently
        placed.append(msgspec.structs.replace(video, first_frame=first_frame, duration=duration))
        first_frame += video.frame_count
    return placed


def write_videos(path: Path | BinaryIO, videos: Sequence[Video]) -> None:
    """Write videos.parquet; `path` may be an open file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow_types: list[Any] = [*[pa.string()] * 3, pa.float64(), pa.string(), *[pa.int64()] * 2]
    rows = [msgspec.to_builtins(video) for video in videos]
    columns = list(zip(VIDEO_COLUMNS, arrow_types, strict=True))
    if any(video.group for video in videos):
        columns.append(("group", pa.string()))
    schema = pa.schema(columns)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)


def _write_comments(
    path: Path, video_ids: list[str], tables: Iterable[Any], language: str | None
) -> None:
    """Write comments.parquet; they are segmented if a language is given."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    words = None if language is None else _Segmented(language)
    dictionary = pa.dictionary(pa.int32(), pa.string())
    types: list[Any] = [dictionary, pa.float64(), dictionary, pa.string()]
    schema = pa.schema(list(zip(COMMENT_COLUMNS, types, strict=True)))
    first = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for table, is_last in _regrouped(tables):
            video = table["video"].to_numpy()
            last = len(video_ids) - 1 if is_last else int(video[-1])
            ids = pa.array(video_ids[first : last + 1], pa.string())
            video = pa.array(video - first, pa.int32())
            texts: Any = table["text"].cast(pa.string()).combine_chunks().dictionary_encode()
            if words is None:
                tokens = table["tokens"].cast(pa.string()).combine_chunks()
            else:
                cut = pa.array(words.of(texts.dictionary.to_pylist()), pa.string())
                tokens = cut.take(texts.indices)
            columns: Any = [
                pa.DictionaryArray.from_arrays(video, ids),
                pa.array(table["time"].to_numpy() / 1000),
                texts,
                tokens,
            ]
            writer.write_table(pa.table(columns, schema), row_group_size=ROW_GROUP)
            first = 0 if is_last else last


class _Segmented:
    """The words of texts; those of as many as a block has are remembered."""

    def __init__(self, language: str) -> None:
        self._tokenizer = tokenizer_of(language)
        self._words: dict[str, str] = {}

    def of(self, texts: Sequence[str]) -> list[str]:
        bare = [self._tokenizer.bare(text) for text in texts]
        new = [text for text in dict.fromkeys(bare) if text not in self._words]
        if len(self._words) + len(new) > distinct.BLOCK:
            new = list(dict.fromkeys(bare))
            self._words.clear()
        self._words.update(zip(new, self._tokenizer.segment(new), strict=True))
        return [self._words[text] for text in bare]


def _regrouped(tables: Iterable[Any]) -> Iterator[tuple[Any, bool]]:
    """The same rows in tables of `ROW_GROUP` rows, and whether it is the last, which has fewer."""
    import pyarrow as pa

    waiting: list[Any] = []
    for table in tables:
        waiting.append(table)
        while sum(map(len, waiting)) > ROW_GROUP:
            whole = pa.concat_tables(waiting)
            yield whole.slice(0, ROW_GROUP).combine_chunks(), False
            waiting = [whole.slice(ROW_GROUP)]
    if waiting:
        yield pa.concat_tables(waiting).combine_chunks(), True


def _write_images(folder: Path, videos: list[Video], images: Callable[[Video, int], bytes]) -> str:
    """Write the pictures and their index; return its sha256."""
    for video in videos:
        own = folder / IMAGES / video.video_id
        own.mkdir(parents=True)
        for second in range(video.frame_count):
            (own / f"{second}.jpg").write_bytes(images(video, second))
    index, digest = index_of(folder, frames_of(videos))
    (folder / INDEX).write_bytes(index)
    return digest


def _write_frames(path: Path, videos: list[Video], frames: Callable[[Video], np.ndarray]) -> str:
    """Write frames.npy video by video; return the sha256 of its vectors."""
    total = sum(video.frame_count for video in videos)
    if not videos:
        return ""

    def halves(first: np.ndarray) -> Iterator[np.ndarray]:
        for number, video in enumerate(videos):
            vectors = frames(video) if number else first
            with np.errstate(over="ignore"):
                half = np.asarray(vectors).astype("<f2")
            if not np.isfinite(half).all():
                what = "frame vectors are not finite in float16"
                raise LiveBenchError(f"video {video.video_id}", what, "scale the vectors")
            if half.shape != (video.frame_count, first.shape[1]):
                what = f"has frame vectors {list(half.shape)}, and should have "
                shape = [video.frame_count, first.shape[1]]
                raise LiveBenchError(f"video {video.video_id}", f"{what}{shape}")
            yield half

    first = np.asarray(frames(videos[0]))
    with path.open("wb") as file:
        return write_vectors(file, total, first.shape[1], halves(first))
