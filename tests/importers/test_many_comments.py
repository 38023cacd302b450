"""Sources of more comments than are held at a time: the same dataset, and nothing left behind."""

from __future__ import annotations

import csv
import subprocess
import sys

import pytest

from livebench.data import dataset_writer, distinct
from livebench.data.dataset import Dataset, DatasetInfo
from livebench.importers.collection import Collection, Options
from livebench.importers.importing import import_dataset
from livebench.importers.table_files import read_tables


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """300 comments of 7 videos, by time and not by video; v6 is too short."""
    folder = tmp_path_factory.mktemp("tables")
    with (folder / "videos.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [[f"v{k}", f"标题{k}", "甲", 100 if k < 6 else 9] for k in (3, 1, 6, 0, 5, 2, 4)]
        csv.writer(file).writerows([["video_id", "title", "category", "duration"], *rows])
    with (folder / "comments.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [[f"v{k * k % 7}", k * 13 % 8, f"真好看{k * 5 % 41}"] for k in range(300)]
        csv.writer(file).writerows([["video_id", "time", "text"], *rows])
    return folder


def imported(source, out):
    return import_dataset(
        read_tables, source, out, DatasetInfo("d"), Options(dev=1, test=1, min_duration=10)
    )


@pytest.mark.parametrize("block", [1, 7, 64, 299, 300])
def test_the_block_changes_no_byte(tables, tmp_path, monkeypatch, block):
    imported(tables, tmp_path / "one" / "d")
    monkeypatch.setattr(distinct, "BLOCK", block)
    imported(tables, tmp_path / "two" / "d")
    for file in sorted((tmp_path / "one" / "d").iterdir()):
        assert (tmp_path / "two" / "d" / file.name).read_bytes() == file.read_bytes()
    assert [path.name for path in (tmp_path / "two").iterdir()] == ["d"]


def test_row_groups_change_no_row(tables, tmp_path, monkeypatch):
    one = imported(tables, tmp_path / "one")
    monkeypatch.setattr(dataset_writer, "ROW_GROUP", 50)
    two = imported(tables, tmp_path / "two")
    assert two.info == one.info
    Dataset(two.path).check_fingerprint()


def test_what_was_read_is_removed_if_the_import_fails(tables, tmp_path, monkeypatch):
    monkeypatch.setattr(distinct, "BLOCK", 7)
    with pytest.raises(Exception, match="no video has"):
        import_dataset(
            read_tables, tables, tmp_path / "d", DatasetInfo("d"), Options(min_duration=1000)
        )
    assert list(tmp_path.iterdir()) == []


def test_a_sample_of_the_texts(monkeypatch):
    monkeypatch.setattr(distinct, "BLOCK", 4)
    collection = Collection(Options())
    for number in range(11):
        collection.comments.add(0, number, str(number), None)
    assert collection.comments.every(3) == ["0", "3", "6", "9"]
    assert collection.comments.every(1) == [str(number) for number in range(11)]
    collection.comments.close()


FULL = """
import resource, sys
import livebench.data.distinct as distinct
from livebench.cli.main import main
distinct.BLOCK = 100
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
main()
"""


def test_a_full_disk_is_one_line(tables, tmp_path):
    command = ["import", "tables", str(tables), "--out", str(tmp_path / "new" / "d")]
    done = subprocess.run(
        [sys.executable, "-c", FULL, *command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "cannot be written: " in line
    assert "File too large; make room there" in line
    assert list((tmp_path / "new").iterdir()) == []
