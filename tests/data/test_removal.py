"""Removing comments from a dataset: what is named goes, everything else stays as it was."""

from __future__ import annotations

import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from livebench.data.dataset import Dataset, frames_of
from livebench.data.images import INDEX, index_of
from livebench.data.removal import (
    find_comments,
    read_removals,
    remove_comments,
    today,
    write_removals,
)
from livebench.errors import LiveBenchError


def rows_of(dataset):
    return pq.read_table(dataset.path / "comments.parquet").to_pylist()


def dated(*names):
    return dict.fromkeys(names, "2026-01-02")


def test_what_is_named_goes_and_the_rest_stays(dataset, tmp_path):
    before = rows_of(dataset)
    named = [row for row in before if row["video_id"] == "v03"][7]
    ids = dated(f"v03@{named['time']:.3f}", "v05")
    removed = remove_comments(dataset, ids, tmp_path / "out")
    left = [
        row
        for row in before
        if row["video_id"] != "v05" and (row["video_id"], row["time"]) != ("v03", named["time"])
    ]
    assert rows_of(removed.dataset) == left
    assert (removed.comments, removed.videos) == (len(before) - len(left), 1)
    after = removed.dataset
    after.check_fingerprint()
    after.check_frames()
    kept = {video.video_id: video for video in dataset.videos if video.video_id != "v05"}
    for video in after.videos:
        own = kept.pop(video.video_id)
        assert (video.title, video.split, video.frame_count) == (
            own.title,
            own.split,
            own.frame_count,
        )
        seconds = range(video.frame_count)
        assert np.array_equal(after.frames(video, seconds), dataset.frames(own, seconds))
    assert not kept
    assert after.info.version == "1-removed.2"
    assert after.info.skipped["removed on request"] == removed.comments
    assert after.info.fingerprint != dataset.info.fingerprint
    listed = read_removals(after.path / "removed.txt")
    assert listed == dated(f"v03@{named['time']:g}", "v05")
    assert named["text"] not in (after.path / "removed.txt").read_text("utf-8")


def test_one_after_the_other_is_as_at_once(dataset, tmp_path):
    times = [row["time"] for row in rows_of(dataset) if row["video_id"] == "v03"]
    first, second = f"v03@{times[0]:g}", f"v03@{times[9]:g}"
    at_once = remove_comments(dataset, dated(first, second), tmp_path / "once").dataset
    one = remove_comments(dataset, dated(first), tmp_path / "one").dataset
    both = remove_comments(one, dated(first, second), tmp_path / "both").dataset
    assert both.info == at_once.info
    assert (both.path / "removed.txt").read_bytes() == (at_once.path / "removed.txt").read_bytes()


def test_found_by_text(dataset):
    """Wherever it stands, white space apart."""
    rows = rows_of(dataset)
    text = next(row["text"] for row in rows if " " in row["text"])
    wanted = {
        f"{row['video_id']}@{row['time']:g}"
        for row in rows
        if "".join(row["text"].split()) == "".join(text.split())
    }
    assert set(find_comments(dataset, text)) == wanted
    with pytest.raises(LiveBenchError, match="has no comment with this text"):
        find_comments(dataset, "这样的弹幕没有")


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["v03@0.001"], "has nothing with the id v03@0.001; give VIDEO@SECONDS"),
        (["v99"], "has nothing with the id v99"),
        (["v99@1"], "has nothing with the id v99@1"),
        (["v03@soon"], "has nothing with the id v03@soon"),
        ([f"v{number:02}" for number in range(26)], "no comment would be left"),
    ],
)
def test_what_is_refused(dataset, tmp_path, ids, message):
    with pytest.raises(LiveBenchError) as caught:
        remove_comments(dataset, dated(*ids), tmp_path / "out")
    assert message in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_pictures_and_sound_go_with_the_video(dataset, tmp_path):
    path = tmp_path / "d"
    shutil.copytree(dataset.path, path)
    (path / "audio").mkdir()
    for name in ("v03", "v05"):
        (path / "audio" / f"{name}.mka").write_bytes(b"x")
    rows = frames_of(dataset.videos)
    for name, count in rows:
        (path / "images" / name).mkdir(parents=True)
        for second in range(count):
            picture = b"\xff\xd8\xff" + f"{name} {second}".encode()
            (path / "images" / name / f"{second}.jpg").write_bytes(picture)
    (path / INDEX).write_bytes(index_of(path, rows)[0])
    after = remove_comments(Dataset(path), dated("v05"), tmp_path / "out").dataset
    assert [file.name for file in (after.path / "audio").iterdir()] == ["v03.mka"]
    assert not (after.path / "images" / "v05").exists()
    for video in after.videos:
        found = after.images(video, [0, video.frame_count - 1]).files()
        assert [one[3:].decode() for one in found] == [
            f"{video.video_id} 0",
            f"{video.video_id} {video.frame_count - 1}",
        ]


def test_a_list(tmp_path):
    path = tmp_path / "removed.txt"
    assert read_removals(path) == {}
    write_removals(path, {"v1@2.5": "2026-01-02", "v2": today()})
    assert read_removals(path) == {"v1@2.5": "2026-01-02", "v2": today()}
    path.write_text("# head\nv1@2.5 2026-01-02\n", "utf-8")
    with pytest.raises(LiveBenchError, match="line 2: is not an entry; write an id, a tab"):
        read_removals(path)
