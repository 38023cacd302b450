"""Copies some videos of a dataset to a dataset of their own, which is all that a scorer gets to see."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import numpy as np

from livebench.data.comments import COMMENT_COLUMNS
from livebench.data.dataset import VIDEO_COLUMNS, Dataset, DatasetSplit
from livebench.data.images import IMAGES, INDEX
from livebench.data.parquet import read_parquet
from livebench.data.vectors import write_vectors
from livebench.files import new_folder, write_text


def write_training_copy(split: DatasetSplit, out: Path) -> Dataset:
    """Write the videos of a split with their comments, frame vectors and pictures, and nothing of the
    others.

    The rows keep their order. The fingerprints in dataset.toml stay those of the whole dataset: they say
    where the rows come from. The recipe, which would make the whole dataset, is left out.

    Raises:
        LiveBenchError: `out` exists or cannot be written.
    """
    with new_folder(out) as folder:
        _write_rows(split, folder)
        if any(video.frame_count for video in split.videos) and split.dataset.has_frames:
            _write_frames(split, folder / "frames.npy")
        if split.dataset.has_images:
            _link_images(split, folder)
        info = msgspec.structs.replace(split.dataset.info, recipe=[])
        write_text(folder / "dataset.toml", msgspec.toml.encode(info).decode())
    return Dataset(out)


def _write_rows(split: DatasetSplit, folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    kept = pa.array([video.video_id for video in split.videos], pa.string())
    for name, columns in (
        ("videos.parquet", VIDEO_COLUMNS),
        ("comments.parquet", COMMENT_COLUMNS),
    ):
        group = ["group"] if columns == VIDEO_COLUMNS else []
        table = read_parquet(split.dataset.path / name, columns, optional=group)
        # A dictionary would keep the strings of omitted rows.
        plain = [
            pa.field(field.name, pa.string()) if pa.types.is_dictionary(field.type) else field
            for field in table.schema
        ]
        table = table.cast(pa.schema(plain))
        table = table.filter(pc.is_in(table["video_id"], kept))
        if name == "videos.parquet":
            counts = table["frame_count"].to_numpy()
            first = pa.array(np.cumsum(counts) - counts, pa.int64())
            table = table.set_column(columns.index("first_frame"), "first_frame", first)
        pq.write_table(table, folder / name)


def _write_frames(split: DatasetSplit, path: Path) -> None:
    dataset = split.dataset
    total = sum(video.frame_count for video in split.videos)
    # They were float16: nothing is lost.
    parts = (dataset.frames(video, range(video.frame_count)) for video in split.videos)
    with path.open("wb") as file:
        write_vectors(file, total, dataset.frame_width, parts)


def _link_images(split: DatasetSplit, folder: Path) -> None:
    """The pictures of the split and their index; as links, where both folders are on one disk."""
    source = split.dataset.path
    kept = {f"{IMAGES}/{video.video_id}" for video in split.videos}
    with (source / INDEX).open(encoding="utf-8") as lines, (folder / INDEX).open("w") as index:
        for line in lines:
            name = line[66:].rstrip("\n")
            if name.rpartition("/")[0] in kept:
                index.write(line)
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                try:
                    target.hardlink_to(source / name)
                except OSError:  # another disk, or a system without links
                    shutil.copyfile(source / name, target)
