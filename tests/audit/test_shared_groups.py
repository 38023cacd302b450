"""What a group leaks: planted, by hand, and absent."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from livebench.audit.dataset_audit import audit_dataset
from livebench.audit.dataset_audit_text import describe_dataset_audit
from livebench.audit.shared_groups import shared_groups
from livebench.audit.video_comments import VideoComments
from livebench.data.dataset import DatasetInfo, Video
from livebench.data.dataset_writer import write_dataset

GROUPS, EACH, COMMENTS = 12, 4, 30


def series(folder, name, *, shared, apart=False):
    """Groups of four videos, three for training and one for test (or whole groups, if `apart`); of the
    comments of a video `shared` are its group's, the others its own."""
    videos, texts, owner = [], [], []
    for number in range(GROUPS * EACH):
        group, place = divmod(number, EACH)
        test = group % 4 == 0 if apart else place == 0
        split = "test" if test else "train"
        videos.append(Video(f"v{number:03}", f"t{number}", "", 60, split, group=f"g{group}"))
        texts += [f"all of group {group} say {n}" for n in range(shared)]
        texts += [f"video {number} alone says {n}" for n in range(COMMENTS - shared)]
        owner += [number] * COMMENTS
    times = np.tile(np.arange(COMMENTS) * 1000, len(videos))
    info = DatasetInfo(name, language="en")
    return write_dataset(
        folder / name,
        info,
        videos,
        comment_video=np.array(owner),
        comment_time_ms=times,
        comment_texts=texts,
    )


def test_the_shares_are_those_that_were_planted(tmp_path):
    dataset = series(tmp_path, "planted", shared=6)
    found = {(f.split, f.pool): f for f in shared_groups(VideoComments.of(dataset), dataset.videos)}
    assert set(found) == {("test", "train"), ("train", "test")}
    figures = found["test", "train"]
    assert (figures.groups, figures.videos) == (GROUPS, GROUPS)
    assert found["train", "test"].videos == GROUPS * (EACH - 1)
    assert figures.own == pytest.approx(6 / COMMENTS) and figures.other == 0
    assert (figures.low, figures.high) == pytest.approx((0.2, 0.2))
    audit = audit_dataset(dataset)
    (leak,) = [leak for leak in audit.leaks if leak.kind == "shared groups"]
    assert leak.splits == ("test", "train")
    assert leak.videos == tuple(f"v{EACH * number:03}" for number in range(GROUPS))
    assert leak.detail == (
        "12 groups are in both; 20.0% of the comments of a video of test occur in videos of its group "
        "in train, 0.0% in as many of others"
    )
    lines = describe_dataset_audit(audit)
    assert "groups: 12; comments of a video that occur in another split, mean over groups:" in lines
    assert (
        "  test in train: 20.0% in videos of its group, 0.0% in as many of others, +20.0% "
        "[+20.0%, +20.0%]; 12 groups, 12 videos"
    ) in lines


def test_groups_that_share_nothing_are_no_leak(tmp_path):
    audit = audit_dataset(series(tmp_path, "nothing", shared=0))
    assert [figures.own for figures in audit.shared_groups] == [0, 0]
    assert not [leak for leak in audit.leaks if leak.kind == "shared groups"]


def test_groups_apart_leak_nothing(tmp_path):
    audit = audit_dataset(series(tmp_path, "apart", shared=20, apart=True))
    assert (audit.groups, audit.shared_groups) == (GROUPS, ())
    assert "groups: 12, none in two splits" in describe_dataset_audit(audit)
    assert not [leak for leak in audit.leaks if leak.kind == "shared groups"]


def test_without_groups_nothing_is_said(tmp_path, dataset):
    audit = audit_dataset(dataset)
    assert (audit.groups, audit.shared_groups) == (0, ())
    assert not [line for line in describe_dataset_audit(audit) if line.startswith("groups")]
    assert msgspec.json.decode(msgspec.json.encode(audit))["groups"] == 0
