"""What a dataset holds is checked before it is used: types, empty cells, numbers, order, sizes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.data import tokens
from livebench.data.dataset import Dataset
from livebench.errors import LiveBenchError
from livebench.records import MOST_CHARACTERS


@pytest.fixture
def copy(dataset, tmp_path):
    """A copy of the tiny dataset, to be damaged."""
    return Dataset(shutil.copytree(dataset.path, tmp_path / "copy"))


def read(path):
    found = Dataset(path)
    assert found.comments
    found.check_frames()
    return found


def column(file, name, change):
    """Damages a column: gives its values and type to `change`, which gives an array."""

    def damage(path):
        table = pq.read_table(path / file)
        place = table.column_names.index(name)
        made = change(table.column(place).to_pylist())
        pq.write_table(table.set_column(place, name, made), path / file)

    return damage


def first(value, kind=None):
    return lambda values: pa.array([value, *values[1:]], kind)


VIDEOS, COMMENTS = "videos.parquet", "comments.parquet"
TABLES = {
    "time NaN": (column(COMMENTS, "time", first(float("nan"))), "column time has a value that is"),
    "time infinite": (
        column(COMMENTS, "time", first(float("inf"))),
        "column time has a value that is",
    ),
    "time negative": (column(COMMENTS, "time", first(-1.0)), "is not from 0 to 10,000,000"),
    "time empty": (column(COMMENTS, "time", first(None)), "column time has empty cells"),
    "time text": (
        column(COMMENTS, "time", lambda values: pa.array(map(str, values))),
        "column time is string, and should be numbers",
    ),
    "text empty": (column(COMMENTS, "text", first(None)), "column text has empty cells"),
    "text numbers": (
        column(COMMENTS, "text", lambda values: pa.array(range(len(values)))),
        "column text is int64, and should be text",
    ),
    "text bytes": (
        column(COMMENTS, "tokens", lambda values: pa.array([b"\xff"] * len(values))),
        "column tokens is binary, and should be text",
    ),
    "text long": (
        column(COMMENTS, "text", first("长" * (MOST_CHARACTERS + 1))),
        "column text has a text of 10,001 characters, and 10,000 are the most",
    ),
    "out of order": (
        column(COMMENTS, "time", lambda values: pa.array(values[::-1])),
        "comments are not in the order of videos and times; import it again",
    ),
    "duration NaN": (
        column(VIDEOS, "duration", first(float("nan"))),
        "column duration has a value",
    ),
    "unknown split": (
        column(VIDEOS, "split", first("all")),
        "column split has other values than train, dev, test",
    ),
    "frame count": (
        column(VIDEOS, "frame_count", first(-1)),
        "column frame_count has a value that",
    ),
    "frames beyond": (
        column(VIDEOS, "frame_count", lambda values: pa.array([*values[:-1], 1000])),
        "and should be float16 of",
    ),
    "a video twice": (
        column(VIDEOS, "video_id", lambda values: pa.array([values[0], *values[:-1]])),
        "a video is there twice, or nameless",
    ),
    "seconds as floats": (
        column(VIDEOS, "first_frame", lambda values: pa.array(map(float, values))),
        "column first_frame is double, and should be whole numbers",
    ),
}


@pytest.mark.parametrize("case", TABLES)
def test_tables(copy, case):
    damage, message = TABLES[case]
    damage(copy.path)
    with pytest.raises(LiveBenchError) as error:
        read(copy.path)
    assert message in str(error.value)


@pytest.mark.parametrize("name", [VIDEOS, COMMENTS, "frames.npy", "dataset.toml"])
def test_no_pipe_is_waited_for(copy, name):
    (copy.path / name).unlink()
    os.mkfifo(copy.path / name)
    with pytest.raises(LiveBenchError):
        read(copy.path)


FRAMES = {
    "numbers of another type": (lambda old: old.astype("<f4"), "is float32 [", "float16 of"),
    "one row less": (lambda old: old[:-1], "frames.npy: is float16 [", "import it again"),
    "no rows": (lambda old: old[:0], "frames.npy: is float16 [0, 4], not numbers", ""),
    "one dimension": (lambda old: old[:, 0], "frames.npy: is float16 [", "not numbers"),
    "NaN": (
        lambda old: np.where(np.arange(len(old))[:, None] == 3, np.float16("nan"), old),
        "frames.npy: holds frame vectors that are not finite",
        "",
    ),
    "other numbers": (
        lambda old: old + np.float16(1),
        "frames.npy: its vectors have the sha256 ",
        "run `livebench features` or import it again",
    ),
}


@pytest.mark.parametrize("case", FRAMES)
def test_frames(copy, case):
    change, message, more = FRAMES[case]
    np.save(copy.path / "frames.npy", change(np.load(copy.path / "frames.npy")))
    with pytest.raises(LiveBenchError) as error:
        read(copy.path)
    assert message in str(error.value)
    assert more in str(error.value)


def test_no_set_is_built_on_other_frames(copy, tmp_path):
    np.save(copy.path / "frames.npy", np.load(copy.path / "frames.npy") + np.float16(1))
    with pytest.raises(LiveBenchError, match=r"frames\.npy: its vectors have the sha256"):
        build_set(Dataset(copy.path), load_protocol("paper"), tmp_path / "set")
    assert not (tmp_path / "set").exists()


FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from livebench.data.dataset import DatasetInfo, Video
from livebench.data.dataset_writer import write_dataset
from livebench.errors import LiveBenchError
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    write_dataset(
        Path(sys.argv[1]), DatasetInfo("d"), [Video("v", "", "", 9.0, "train", 0, 100_000)],
        comment_video=np.zeros(1, int), comment_time_ms=np.zeros(1, int), comment_texts=["a"],
        comment_tokens=["a"], frames=lambda video: np.zeros((100_000, 8), "<f2"),
    )
except LiveBenchError as error:
    print(error)
"""


def test_a_full_disk_is_an_error_and_no_signal(tmp_path):
    command = [sys.executable, "-c", FULL, tmp_path / "d"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path / 'd'}: cannot be written: File too large\n"
    assert list(tmp_path.iterdir()) == []


def test_jieba_is_given_pieces_of_what_no_comment_is_as_long_as(monkeypatch):
    given = []

    class Recorder:
        @staticmethod
        def cut(text):
            given.append(len(text))
            return [text[:1], text[1:]]

    monkeypatch.setattr(tokens, "_jieba", lambda: Recorder)
    text = "帅" * 1_000_000
    assert tokens.words_of(text).replace(" ", "") == text
    assert max(given) == 2000
