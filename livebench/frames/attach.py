"""Puts frame vectors into a dataset that is there already, in place of those that it has."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import numpy as np

from livebench.data.dataset import Dataset, DatasetInfo, Video, fingerprint_of, write_videos
from livebench.files import new_file, write_text

ROWS = 4096
"""Vectors that are copied at a time."""


def replace_frames(
    dataset: Dataset,
    counts: Mapping[str, int],
    vectors: Callable[[Video], np.ndarray],
    width: int,
    info: DatasetInfo,
) -> Dataset:
    """Write frames.npy, videos.parquet and dataset.toml of a dataset anew, and open it.

    Each file is replaced whole, dataset.toml last: after an interruption the dataset says that its rows
    do not belong to it (`Dataset.check_fingerprint`), and the same call mends it.

    Args:
        counts: vectors of each video, by id; a video that is not in it has none.
        vectors: gives those of a video, float16 [count, width]; may be memory-mapped.
        info: of the dataset from now on; hashes, and what made it, are filled in here.

    Raises:
        LiveBenchError: the folder cannot be written.
    """
    videos, first = [], 0
    for video in dataset.videos:
        count = counts.get(video.video_id, 0)
        videos.append(msgspec.structs.replace(video, first_frame=first, frame_count=count))
        first += count
    digest = hashlib.sha256()
    with new_file(dataset.path / "frames.npy") as file:
        header = {"descr": "<f2", "fortran_order": False, "shape": (first, width)}
        np.lib.format.write_array_header_1_0(file, header)
        for video in videos:
            rows = vectors(video) if video.frame_count else np.empty((0, width), "<f2")
            for start in range(0, video.frame_count, ROWS):
                part = np.ascontiguousarray(rows[start : start + ROWS], "<f2").tobytes()
                digest.update(part)
                file.write(part)
    with new_file(dataset.path / "videos.parquet") as file:
        write_videos(file, videos)
    info = msgspec.structs.replace(
        info,
        recipe=[],  # the command that made the dataset does not make these vectors
        fingerprint=fingerprint_of(videos, dataset.path),
        frames_sha256=digest.hexdigest(),
    )
    write_text(Path(dataset.path, "dataset.toml"), msgspec.toml.encode(info).decode())
    return Dataset(dataset.path)
