"""Writes a dataset folder: what `livebench.data.dataset` reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np

from livebench import __version__
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
    video_order = sorted(range(len(videos)), key=lambda i: videos[i].video_id)
    rank = np.empty(len(videos), np.int64)
    rank[video_order] = np.arange(len(videos))
    video = rank[np.asarray(comment_video, np.int64)]
    time_ms = np.asarray(comment_time_ms, np.int64)
    order = np.lexsort((time_ms, video))  # stable: equal times stay in the order of the source
    ordered = with_first_frames([videos[index] for index in video_order])
    with new_folder(out) as folder:
        write_videos(folder / "videos.parquet", ordered)
        _write_comments(
            folder / "comments.parquet",
            [v.video_id for v in ordered],
            video[order],
            time_ms[order],
            [comment_texts[i] for i in order],
            None if comment_tokens is None else [comment_tokens[i] for i in order],
            info.language,
        )
        frames_sha256 = ""
        if frames is not None:
            frames_sha256 = _write_frames(folder / "frames.npy", ordered, frames)
        images_sha256 = "" if images is None else _write_images(folder, ordered, images)
        info = msgspec.structs.replace(
            info,
            tokenizer=tokenizer_of(info.language).name
            if comment_tokens is None
            else info.tokenizer,
            fingerprint=fingerprint_of(ordered, folder),
            frames_sha256=frames_sha256,
            images_sha256=images_sha256,
            made_by=f"livebench {__version__}",
        )
        write_text(folder / "dataset.toml", msgspec.toml.encode(info).decode())
        if finish is not None:
            finish(folder, order)
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
    path: Path,
    video_ids: list[str],
    video: np.ndarray,
    time_ms: np.ndarray,
    texts: list[str],
    tokens: list[str] | None,
    language: str,
) -> None:
    """Write comments.parquet; each distinct text is segmented once."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    codes: Any = pa.array(texts, pa.string()).dictionary_encode()
    if tokens is None:
        tokenizer = tokenizer_of(language)
        bare = [tokenizer.bare(text) for text in codes.dictionary.to_pylist()]
        distinct = list(dict.fromkeys(bare))
        words = dict(zip(distinct, tokenizer.segment(distinct), strict=True))
        cut = pa.array([words[text] for text in bare], pa.string())
        token_column = cut.take(codes.indices)
    else:
        token_column = pa.array(tokens, pa.string())
    ids = pa.DictionaryArray.from_arrays(
        pa.array(video, pa.int32()), pa.array(video_ids, pa.string())
    )
    columns: Any = {"video_id": ids, "time": time_ms / 1000, "text": codes, "tokens": token_column}
    pq.write_table(pa.table(columns), path, compression="zstd")


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
