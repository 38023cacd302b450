"""`livebench features --cluster`: the same vectors, and the same words about bad videos."""

from __future__ import annotations

import csv
import shutil
import sys
from pathlib import Path

import msgspec
import pytest

pytest.importorskip("av")
sys.path.append(str(Path(__file__).parent.parent / "frames"))

from clips import write_clip

from livebench.cluster import encoding


@pytest.fixture
def two(tmp_path, run):
    """Two datasets alike of three videos of 2 s, and the folder of their files, of which one is bad."""
    source, videos = tmp_path / "source", tmp_path / "videos"
    source.mkdir()
    videos.mkdir()
    for name, rows in (
        ("videos", [("video_id", "title", "category", "duration")]),
        ("comments", [("video_id", "time", "text")]),
    ):
        for video in range(3):
            own = (f"标题{video}", "动物", 2) if name == "videos" else (0.5, f"好看{video}")
            rows.append((f"v{video}", *own))
        with (source / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    for video in range(2):
        write_clip(videos / f"v{video}.mp4", [k / 5 for k in range(10)])
    (videos / "v2.mp4").write_bytes(b"no video")
    assert run("import", "tables", source, "--out", "a", "--dev", 1, "--test", 1).status == 0
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    return tmp_path / "a", tmp_path / "b", videos


def features(run, dataset, videos, *more):
    return run("features", dataset, "--videos", videos, "--encoder", "stand_in:blocks", *more)


def test_the_same_vectors(run, two, workers):
    here, there, videos = two
    alone = features(run, here, videos)
    done = features(run, there, videos, "--cluster", workers)
    assert alone.status == done.status == 1
    assert "2 videos encoded now, 0 before, 1 without vectors" in done.out
    assert [text.replace(str(there), str(here)) for text in done[1:]] == list(alone[1:])
    again = ("--skip-bad", "--cluster", workers)
    alone = features(run, here, videos, "--skip-bad")
    done = features(run, there, videos, *again)
    assert alone.status == done.status == 0, done
    assert [text.replace(str(there), str(here)) for text in done[1:]] == list(alone[1:])
    for name in ("frames.npy", "videos.parquet", "dataset.toml"):
        assert (there / name).read_bytes() == (here / name).read_bytes()


def test_a_worker_with_another_encoder_is_refused(run, two, workers, monkeypatch):
    monkeypatch.setattr(
        encoding,
        "as_sent",
        lambda order: msgspec.msgpack.encode(msgspec.structs.replace(order, identity="other")),
    )
    done = features(run, two[1], two[2], "--cluster", workers)
    assert done.status == 2
    assert "needed other); use the same weights everywhere" in done.err
