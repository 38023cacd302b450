"""Distinct strings of rows that come in blocks: as sorting them at once gives them."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livebench.data import distinct
from livebench.data.comments import counted
from livebench.data.dataset import Dataset
from livebench.data.parquet import read_blocks
from livebench.errors import LiveBenchError

STRING = st.text(st.sampled_from(["a", "B", "é", "好", "看", "\U0001f600", " "]), max_size=3)


def by_hand(rows):
    """Codes, strings and values of (string, value), by sorting and counting in Python."""
    strings = sorted({string for string, _ in rows})
    values = []
    for string in strings:
        counts = Counter(value for own, value in rows if own == string)
        values.append(min(counts, key=lambda value: (-counts[value], value)))
    return [strings.index(string) for string, _ in rows], strings, values


def found(rows, block, range_size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distinct, "BLOCK", range_size)
        patch.setattr(distinct, "_SAMPLED", 2)
        parts = [rows[start : start + block] for start in range(0, len(rows), block)]
        arrays = ((pa.array([s for s, _ in p]), pa.array([v for _, v in p])) for p in parts)
        return distinct.distinct_strings(arrays, len(rows))


@settings(deadline=None)
@given(
    st.lists(st.tuples(STRING, STRING), min_size=1, max_size=40),
    st.integers(1, 41),
    st.integers(1, 41),
)
def test_as_sorting_and_counting_by_hand(rows, block, range_size):
    result = found(rows, block, range_size)
    assert (result.codes.tolist(), list(result.strings), list(result.values)) == by_hand(rows)


def test_no_rows():
    assert distinct.distinct_strings(iter(()), 0)[1:] == ([], [])


def test_strings_on_disk_are_a_sequence():
    rows = [(f"{number:03}", f"{number}") for number in range(100)]
    strings = found(rows, 7, 11).strings
    assert isinstance(strings, distinct.StringsOnDisk)
    assert (len(strings), strings[0], strings[-1], strings[98:]) == (
        100,
        "000",
        "099",
        ["098", "099"],
    )
    assert strings[np.int64(42)] == "042"
    assert "077" in strings
    with pytest.raises(IndexError):
        strings[100]
    chosen = np.array([0, 10, 11, 99])
    blocks = [*distinct.chosen_blocks(strings, chosen, 4)]
    assert [string for block in blocks for string in block] == ["000", "010", "011", "099"]


def test_counts_in_blocks(monkeypatch):
    codes = np.array([0, 1, 1, 3, 3, 3], np.int32)
    monkeypatch.setattr(distinct, "BLOCK", 1)
    rows = [slice(0, 2), slice(2, 2), slice(3, 6)]
    assert counted(codes, rows, 5).tolist() == [1, 1, 0, 3, 0]


def test_a_dataset_in_blocks_is_the_same(dataset, monkeypatch):
    one = Dataset(dataset.path).comments
    monkeypatch.setattr(distinct, "BLOCK", 100)
    again = Dataset(dataset.path)
    other = again.comments
    again.check_fingerprint()
    assert isinstance(other.strings, distinct.StringsOnDisk)
    assert (list(other.strings), list(other.texts)) == (one.strings, one.texts)
    for name in ("offsets", "time_ms", "string", "words", "characters"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    train = again.split("train")
    assert train.strings == dataset.split("train").strings
    assert np.array_equal(train.counts, dataset.split("train").counts)


@pytest.mark.parametrize("claimed", [2, 4])
def test_a_file_that_says_it_has_other_rows(tmp_path, monkeypatch, claimed):
    """What a file says decides how much memory is set aside before it is read."""
    pq.write_table(pa.table({"video_id": ["a", "b", "c"]}), tmp_path / "comments.parquet")

    class Claiming(pq.ParquetFile):
        metadata = SimpleNamespace(num_rows=claimed, num_row_groups=1)

    monkeypatch.setattr(pq, "ParquetFile", Claiming)
    with pytest.raises(LiveBenchError, match=f"has other rows than the {claimed} that it says"):
        list(read_blocks(tmp_path / "comments.parquet", ["video_id"], 1))


FULL = """
import resource, sys
import livebench.data.distinct as distinct
from livebench.data.dataset import Dataset
from livebench.data.parquet import read_blocks
from livebench.errors import LiveBenchError
from livebench.errors import LiveBenchError
distinct.BLOCK = 100
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    Dataset(sys.argv[1]).comments
except LiveBenchError as error:
    print(error)
"""


def test_a_full_folder_of_temporary_files_is_one_line(dataset, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL, dataset.path],
        env={"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"{tmp_path}/livebench-")
    assert "cannot be written: " in line
    assert line.endswith(
        "File too large; make room there, or set TMPDIR to a folder on a larger disk"
    )
    assert list(tmp_path.iterdir()) == []
