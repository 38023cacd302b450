"""Gives an existing dataset frame vectors, in place of those that it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec
import numpy as np

from livebench.data.dataset import Dataset, DatasetInfo, Video, fingerprint_of, frames_of
from livebench.data.dataset_writer import with_first_frames, write_videos
from livebench.data.images import INDEX, index_of
from livebench.data.vectors import write_vectors
from livebench.files import new_file, write_text

_ROWS = 4096  # that are copied at a time


def replace_frames(
    dataset: Dataset,
    counts: Mapping[str, int],
    vectors: Callable[[Video], np.ndarray],
    width: int,
    info: DatasetInfo,
    *,
    images: bool = False,
) -> Dataset:
    """Write frames.npy, videos.parquet and dataset.toml of a dataset again, and open it.

    Each file is replaced whole, dataset.toml last: after an interruption the dataset says that its rows
    do not belong to it (`Dataset.check_fingerprint`), and the same call repairs it.

    Args:
        counts: vectors of each video, by id; a video that is not in it has none.
        vectors: gives those of a video, float16 [count, width]; may be memory-mapped.
        info: of the dataset from now on; hashes, and what made it, are filled in here.
        images: whether images/ holds the pictures of these vectors; otherwise the dataset has none
            from now on, whatever is in that folder.

    Raises:
        LiveBenchError: the folder cannot be written, or a picture is missing.
    """
    videos = with_first_frames(
        [
            msgspec.structs.replace(video, frame_count=counts.get(video.video_id, 0))
            for video in dataset.videos
        ]
    )
    total = sum(video.frame_count for video in videos)

    def parts() -> Iterator[np.ndarray]:
        for video in videos:
            rows = vectors(video) if video.frame_count else np.empty((0, width), "<f2")
            for start in range(0, video.frame_count, _ROWS):
                yield rows[start : start + _ROWS]

    with new_file(dataset.path / "frames.npy") as file:
        frames_sha256 = write_vectors(file, total, width, parts())
    index, images_sha256 = index_of(dataset.path, frames_of(videos)) if images else (b"", "")
    if images:
        with new_file(dataset.path / INDEX) as file:
            file.write(index)
    else:
        (dataset.path / INDEX).unlink(missing_ok=True)
    with new_file(dataset.path / "videos.parquet") as file:
        write_videos(file, videos)
    info = msgspec.structs.replace(
        info,
        recipe=[],  # the command that made the dataset does not make these vectors
        fingerprint=fingerprint_of(videos, dataset.path),
        frames_sha256=frames_sha256,
        images_sha256=images_sha256,
    )
    write_text(Path(dataset.path, "dataset.toml"), msgspec.toml.encode(info).decode())
    return Dataset(dataset.path)
