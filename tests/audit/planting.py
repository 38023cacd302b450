"""Datasets with what the audit must find: an invented one, and copies of a dataset with changes."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tiny_tables import ACTIONS, SUBJECTS

from livebench.data.dataset import Dataset, DatasetInfo, Video
from livebench.data.dataset_writer import write_dataset

FILLERS = ["哈哈哈", "泪目", "来了", "打卡", "好听"]
SPLIT = ("dev", "test", "test", "train", "train", "train")
OWN = 40


def title(number: int) -> str:
    return f"{SUBJECTS[number % 16]}的第{number}天"


def own(video: int, k: int) -> str:
    """A comment that no other video has."""
    return f"{SUBJECTS[(video + k) % 16]}{ACTIONS[video * k % 12]}{video * 100 + k}"


def write(out: Path, videos: Sequence[Video], comments: Sequence[Sequence[str]]) -> Dataset:
    """A dataset of these comments, one a second."""
    rows = [(v, k * 1000, text) for v, texts in enumerate(comments) for k, text in enumerate(texts)]
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return write_dataset(
        out,
        DatasetInfo(out.name),
        videos,
        comment_video=np.array(columns[0], np.int64),
        comment_time_ms=np.array(columns[1], np.int64),
        comment_texts=columns[2],
    )


class Plan:
    """The videos of a dataset and the rows of comments each gets; then written as another dataset."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.videos = list(dataset.videos)
        offsets = dataset.comments.offsets.tolist()
        self.rows = [np.arange(a, b) for a, b in itertools.pairwise(offsets)]
        self.shift_ms = [0] * len(self.videos)

    def add(self, source: int, rows: np.ndarray, shift_ms: int = 0, **changes: str) -> None:
        """Add a video like `source`, with these comments."""
        self.videos.append(msgspec.structs.replace(self.videos[source], **changes))
        self.rows.append(rows)
        self.shift_ms.append(shift_ms)

    def change(self, video: int, **changes: str) -> None:
        self.videos[video] = msgspec.structs.replace(self.videos[video], **changes)

    def write(self, out: Path) -> Dataset:
        order = sorted(range(len(self.videos)), key=lambda n: self.videos[n].video_id)
        ids = [self.videos[n].video_id for n in order]
        video = np.repeat(np.arange(len(order)), [len(self.rows[n]) for n in order])
        shift = np.repeat([self.shift_ms[n] for n in order], [len(self.rows[n]) for n in order])
        table = pq.read_table(self.dataset.path / "comments.parquet")
        table = table.take(np.concatenate([self.rows[n] for n in order]))
        time = table["time"].to_numpy() + shift / 1000
        in_order = np.lexsort((time, video))  # stable: comments of one instant keep their order
        table, video, time = table.take(in_order), video[in_order], time[in_order]
        columns = {
            "video_id": pa.DictionaryArray.from_arrays(pa.array(video, pa.int32()), pa.array(ids)),
            "time": time,
            "text": table["text"],
            "tokens": table["tokens"],
        }
        out.mkdir()
        pq.write_table(pa.table(columns), out / "comments.parquet")
        videos = [msgspec.to_builtins(self.videos[n]) for n in order]
        pq.write_table(pa.Table.from_pylist(videos), out / "videos.parquet")
        shutil.copy(self.dataset.path / "dataset.toml", out)
        return Dataset(out)


def some(rows: np.ndarray, share: float, seed: int = 0) -> np.ndarray:
    """A part of the rows, in order."""
    rng = np.random.default_rng(seed)
    return np.sort(rng.choice(rows, round(len(rows) * share), replace=False))
