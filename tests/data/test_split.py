"""The split by hash of the video's id."""

from __future__ import annotations

import hashlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livebench.data.split import split_groups, split_videos
from livebench.errors import LiveBenchError

IDS = [f"video-{n}" for n in range(400)]


def by_hand(video_id: str, seed: int) -> float:
    """Where a video lies in [0, 1): the first 8 bytes of sha256("split", seed, id)."""
    digest = hashlib.sha256(
        b"\0".join([b"split", str(seed).encode(), video_id.encode()])
    ).hexdigest()
    return int(digest[:16], 16) / 16**16


@pytest.mark.parametrize(("dev", "test", "seed"), [(0.1, 0.2, 0), (0.0, 0.5, 3), (0.5, 0.0, -1)])
def test_shares_follow_the_hash(dev, test, seed):
    expected = []
    for video_id in IDS:
        place = by_hand(video_id, seed)
        expected.append("test" if place < test else "dev" if place < test + dev else "train")
    splits = split_videos(IDS, dev=dev, test=test, seed=seed)
    assert splits == expected
    for name, share in (("dev", dev), ("test", test)):  # within 4 standard deviations
        spread = math.sqrt(len(IDS) * share * (1 - share))
        assert abs(splits.count(name) - share * len(IDS)) <= 4 * spread


@given(st.lists(st.text(min_size=1), min_size=1, max_size=30, unique=True), st.integers(0, 5))
def test_adding_a_video_moves_no_other_given_shares(ids, seed):
    def place(some):
        some = [*some, *IDS[:30]]  # so that some are for training
        return dict(zip(some, split_videos(some, dev=0.2, test=0.3, seed=seed), strict=True))

    whole = place(ids)
    for number in range(len(ids)):
        less = place(ids[:number] + ids[number + 1 :])
        assert less == {name: whole[name] for name in less}


@pytest.mark.parametrize(("dev", "test"), [(0, 1), (1, 0), (0, 0), (20, 30), (399, 0), (0, 399)])
def test_counts_are_exact(dev, test):
    splits = split_videos(IDS, dev=dev, test=test, seed=1)
    assert (splits.count("dev"), splits.count("test")) == (dev, test)


def test_counts_take_the_lowest_hashes_first():
    ordered = sorted(IDS, key=lambda video_id: by_hand(video_id, 7))
    split_of = dict(zip(IDS, split_videos(IDS, dev=20, test=30, seed=7), strict=True))
    assert [name for name in ordered if split_of[name] == "test"] == ordered[:30]
    assert [name for name in ordered if split_of[name] == "dev"] == ordered[30:50]


@pytest.mark.parametrize(("dev", "test"), [(0.2, 0.3), (3, 4)])
def test_the_order_of_the_videos_does_not_matter(dev, test):
    forward = dict(zip(IDS, split_videos(IDS, dev=dev, test=test, seed=1), strict=True))
    backward = split_videos(IDS[::-1], dev=dev, test=test, seed=1)
    assert dict(zip(IDS[::-1], backward, strict=True)) == forward


def test_the_seed_matters():
    assert split_videos(IDS, dev=20, test=30, seed=1) != split_videos(IDS, dev=20, test=30, seed=2)


@pytest.mark.parametrize(
    ("dev", "test", "message"),
    [
        (0.1, 10, "--dev 0.1 and --test 10: one is a count and the other a share; give both"),
        (10, 0.1, "--dev 10 and --test 0.1: one is a count and the other a share"),
        (
            0.5,
            0.5,
            "--dev 0.5 and --test 0.5: shares must not be negative, and leave some training",
        ),
        (1.5, 0.0, "shares must not be negative, and leave some training"),
        (-0.1, 0.2, "shares must not be negative"),
        (0.2, -0.1, "shares must not be negative"),
        (200, 200, "--dev 200 and --test 200: 400 videos leave none for training; take fewer"),
        (0, 400, "400 videos leave none for training"),
        (-1, 2, "--dev -1 and --test 2"),
        (2, -1, "--dev 2 and --test -1"),
    ],
)
def test_a_split_that_cannot_be(dev, test, message):
    with pytest.raises(LiveBenchError) as error:
        split_videos(IDS, dev=dev, test=test, seed=0)
    assert message in str(error.value)


def test_shares_that_leave_no_training_are_refused():
    ids = sorted(IDS, key=lambda video_id: by_hand(video_id, 0))[:3]  # all three in the first tenth
    with pytest.raises(LiveBenchError, match="training"):
        split_videos(ids, dev=0.1, test=0.1, seed=0)


def group_by_hand(group: str, seed: int) -> float:
    digest = hashlib.sha256(f"split\0{seed}\0group\0{group}".encode()).hexdigest()
    return int(digest[:16], 16) / 16**16


def test_groups_are_never_in_two_splits():
    groups = [f"series {number % 40}" for number in range(len(IDS))]
    splits = split_groups(IDS, groups, dev=0.2, test=0.3, seed=1)
    for video, group, split in zip(IDS, groups, splits, strict=True):
        place = group_by_hand(group, 1)
        assert split == ("test" if place < 0.3 else "dev" if place < 0.5 else "train"), video


def test_counts_are_of_groups_and_a_video_without_one_is_its_own():
    groups = ["a", "a", "a", "b", "b", "", ""]
    ids = ["1", "2", "3", "4", "5", "a", "7"]  # one has the name of a group
    splits = split_groups(ids, groups, dev=1, test=2, seed=0)
    ordered = sorted(["a", "b"], key=lambda group: group_by_hand(group, 0))
    assert len(set(splits[:3])) == len(set(splits[3:5])) == 1
    units = {"a": splits[0], "b": splits[3], "video a": splits[5], "video 7": splits[6]}
    assert sorted(units.values()) == ["dev", "test", "test", "train"]
    places = {
        **{group: group_by_hand(group, 0) for group in ordered},
        "video a": by_hand("a", 0),
        "video 7": by_hand("7", 0),
    }
    by_place = sorted(places, key=lambda unit: places[unit])
    assert [units[unit] for unit in by_place] == ["test", "test", "dev", "train"]


def test_a_split_by_groups_needs_groups():
    with pytest.raises(LiveBenchError) as raised:
        split_groups(["1", "2"], ["", ""], dev=0, test=1, seed=0)
    assert str(raised.value) == (
        "--split-by group: no video has a group; give a column `group` in videos.csv, or name another "
        "with --group-column"
    )
