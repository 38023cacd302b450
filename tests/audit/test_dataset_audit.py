"""The audit of a dataset: planted leaks are found and named, clean data gives nothing."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from planting import FILLERS, OWN, SPLIT, Plan, own, title, write
from scipy.stats import ttest_ind

from livebench.audit.dataset_audit import Duplicate, InContext, Leak, audit_dataset
from livebench.audit.dataset_audit_text import describe_dataset_audit
from livebench.data.dataset import Dataset, DatasetInfo, Video
from livebench.data.dataset_writer import write_dataset


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Dataset:
    """v00 to v59 (30 train, 10 dev, 20 test): 40 comments of its own each, and 10 fillers."""
    videos = [Video(f"v{n:02}", title(n), "动物", 60.0, SPLIT[n % 6]) for n in range(60)]
    comments = [[own(n, k) for k in range(OWN)] + FILLERS * 2 for n in range(60)]
    return write(tmp_path_factory.mktemp("clean") / "clean", videos, comments)


def test_a_clean_dataset_has_neither_leaks_nor_duplicates(clean):
    audit = audit_dataset(clean)
    assert (audit.leaks, audit.duplicates) == ((), ())
    assert {(s.split, s.pool, s.videos, s.share, s.excess) for s in audit.shared} == {
        ("train", "dev", 30, 0, 0),
        ("train", "test", 30, 0, 0),
        ("dev", "train", 10, 0, 0),
        ("dev", "test", 10, 0, 0),
        ("test", "train", 20, 0, 0),
        ("test", "dev", 20, 0, 0),
    }


def test_the_tiny_dataset_is_clean(dataset):
    audit = audit_dataset(dataset)
    assert (audit.leaks, audit.duplicates) == ((), ())


def test_a_video_under_two_ids(clean, tmp_path):
    plan = Plan(clean)
    plan.add(3, plan.rows[3], video_id="w03", title="别的标题", split="test")
    detail = "40 rare comments are the same, of 40 and 40"
    audit = audit_dataset(plan.write(tmp_path / "planted"))
    assert audit.leaks == (Leak("same comments", ("train", "test"), ("v03", "w03"), detail),)
    assert audit.duplicates == ()


@pytest.mark.parametrize(("kept", "expected"), [(28, 28), (12, 12)])
def test_a_retitled_part_with_shifted_times(clean, tmp_path, kept, expected):
    plan = Plan(clean)
    rows = np.concatenate([plan.rows[1][OWN - kept : OWN], plan.rows[1][OWN:]])
    plan.add(1, rows, 7250, video_id="a01", title="别的标题", split="train")
    detail = f"{expected} rare comments are the same, of {expected} and 40"
    assert audit_dataset(plan.write(tmp_path / "planted")).leaks == (
        Leak("same comments", ("train", "test"), ("a01", "v01"), detail),
    )


@pytest.mark.parametrize(("copied", "found"), [(9, ()), (10, (("v03", "v07"),))])
def test_a_quarter_of_the_smaller_video_is_the_limit(clean, tmp_path, copied, found):
    plan = Plan(clean)
    plan.rows[7] = np.concatenate([plan.rows[3][:copied], plan.rows[7][copied:]])
    audit = audit_dataset(plan.write(tmp_path / "planted"))
    assert tuple(leak.videos for leak in audit.leaks) == found


@pytest.mark.parametrize("other", ["小猫的 第48天!", "小猫的第４８天", "小猫的第48天"])
def test_a_title_in_two_splits(clean, tmp_path, other):
    plan = Plan(clean)  # v48 is of dev, v50 of test, v51 of train
    plan.change(50, title=other)
    plan.change(51, title="小猫的第48天。")
    detail = "3 videos with the same title (7 characters)"
    assert audit_dataset(plan.write(tmp_path / "planted")).leaks == (
        Leak("same title", ("train", "dev", "test"), ("v48", "v50", "v51"), detail),
    )


def test_short_titles_say_nothing(clean, tmp_path):
    plan = Plan(clean)
    for video in range(60):
        plan.change(video, title="第1集 !")
    assert audit_dataset(plan.write(tmp_path / "planted")).leaks == ()


def test_an_id_that_differs_in_case(clean, tmp_path):
    plan = Plan(clean)
    plan.add(3, plan.rows[8][:0], video_id="V02", title="别的标题", split="train")
    detail = "2 ids that differ in case or form only"
    assert audit_dataset(plan.write(tmp_path / "planted")).leaks == (
        Leak("same id", ("train", "test"), ("V02", "v02"), detail),
    )


def test_duplicates_within_a_split_are_no_leak(clean, tmp_path):
    plan = Plan(clean)
    plan.add(3, plan.rows[3][:30], video_id="w03", title="别的标题")
    plan.change(5, title=title(4))
    audit = audit_dataset(plan.write(tmp_path / "planted"))
    assert audit.leaks == ()
    comments = "30 rare comments are the same, of 40 and 30"
    assert audit.duplicates == (
        Duplicate(
            "same title", "train", ("v04", "v05"), "2 videos with the same title (6 characters)"
        ),
        Duplicate("same comments", "train", ("v03", "w03"), comments),
    )


def test_comments_copied_from_training_into_test(clean, tmp_path):
    """12 of the 40 of each test video, each from another training video: each comment is in 1 of 30,
    so with one left out it is found in 29 of 30 cases: 12 / 40 * 29 / 30 = .29."""
    plan = Plan(clean)
    train = [n for n in range(60) if SPLIT[n % 6] == "train"]
    test = [n for n in range(60) if SPLIT[n % 6] == "test"]
    for i, video in enumerate(test):
        copied = [plan.rows[train[(i + k) % 30]][(i * 12 + k) // 30] for k in range(12)]
        plan.rows[video] = np.concatenate([copied, plan.rows[video][12:]])
    audit = audit_dataset(plan.write(tmp_path / "planted"))
    detail = (
        "29.0% of the comments of a video of test occur in train, 29.0% [29.0%, 29.0%] more than "
        "popularity explains"
    )
    ids = tuple(f"v{n:02}" for n in test)
    assert audit.leaks == (Leak("shared comments", ("test", "train"), ids, detail),)


def test_figures_against_sets_and_a_t_test(dataset):
    """Shares counted with Python's sets, the interval by scipy."""
    audit = audit_dataset(dataset)
    comments = dataset.comments
    texts = [
        {
            bare
            for n in comments.string[comments.of(v)]
            if len(bare := plain(comments.strings[n])) > 3
        }
        for v in range(len(dataset.videos))
    ]
    members = {
        s: [v for v, x in enumerate(dataset.videos) if x.split == s] for s in ("train", "test")
    }
    bounds = (4, 6, 8, 11, 16, 1000)

    def occurs(text: str, video: int) -> float:
        count = sum(text in texts[v] for v in members["train"])
        if video in members["train"]:
            return float(count > 1)
        return (count > 0) - (count == 1) / len(members["train"])

    def of_class(video: int, c: int) -> list[float]:
        here = sorted(t for t in texts[video] if bounds[c] <= len(t) < bounds[c + 1])
        return [occurs(text, video) for text in here]

    expected = []
    for c in range(5):
        values = [value for v in members["train"] for value in of_class(v, c)]
        expected.append(sum(values) / max(1, len(values)))
    excess = {
        s: [
            sum(sum(of_class(v, c)) - len(of_class(v, c)) * expected[c] for c in range(5))
            / len(texts[v])
            for v in members[s]
        ]
        for s in members
    }
    interval = ttest_ind(excess["test"], excess["train"], equal_var=False).confidence_interval(
        0.999
    )
    (found,) = [s for s in audit.shared if (s.split, s.pool) == ("test", "train")]
    shares = [sum(occurs(t, v) for t in texts[v]) / len(texts[v]) for v in members["test"]]
    assert found.videos == 10
    assert found.share == pytest.approx(np.mean(shares))
    assert found.excess == pytest.approx(np.mean(excess["test"]) - np.mean(excess["train"]))
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert [c.expected for c in found.by_length] == pytest.approx(expected)
    assert [c.characters for c in found.by_length] == ["4-5", "6-7", "8-10", "11-15", "16+"]


def plain(text: str) -> str:
    """Of the comments of the tiny dataset: nothing but spaces and ！ has to go."""
    return text.replace(" ", "").replace("！", "")


def test_correct_comments_in_the_context(tmp_path):
    """Test: the second 1 has b c d e f, its context is a, b of the second 0 and g, h, f of the second
    2. Dev: c stands in the second 2, behind the five nearest."""
    times = [0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 2.1, 2.2, 2.3, 2.9]
    videos = [Video(f"v{n}", title(n), "", 4.0, s) for n, s in enumerate(("train", "dev", "test"))]
    texts = [[], list("axbcdefghic"), list("abbcdefghfi")]
    rows = [(v, t, text) for v in range(3) for t, text in zip(times, texts[v], strict=False)]
    dataset = write_dataset(
        tmp_path / "moments",
        DatasetInfo("moments"),
        videos,
        comment_video=np.array([row[0] for row in rows]),
        comment_time_ms=np.array([round(row[1] * 1000) for row in rows]),
        comment_texts=[row[2] for row in rows],
    )
    dev, test = InContext("dev", 1, 0, 5, 0), InContext("test", 1, 1, 5, 2)
    assert audit_dataset(dataset).in_context == (dev, test)


@pytest.mark.parametrize("comments", [[[], [], []], [["好"], ["！？"], []]])
def test_next_to_nothing(tmp_path, comments):
    videos = [Video(f"v{n}", "", "", 9.0) for n in range(3)]
    audit = audit_dataset(write(tmp_path / "nothing", videos, comments))
    assert (audit.leaks, audit.duplicates, audit.shared) == ((), (), ())
    assert describe_dataset_audit(audit) == [
        "leaks between splits: none",
        "duplicates within a split: none",
        "distinct comments of a video that occur in another split, mean over videos:",
        "moments (protocol paper) with a correct comment that stands verbatim in the context:",
        "  dev: 0 of 0 moments, 0 of 0 correct comments",
        "  test: 0 of 0 moments, 0 of 0 correct comments",
    ]


def test_no_text_comes_out(clean, tmp_path):
    plan = Plan(clean)
    plan.change(8, title=title(3))
    plan.add(3, plan.rows[3], video_id="w03", split="test")
    audit = audit_dataset(plan.write(tmp_path / "planted"))
    lines = describe_dataset_audit(audit)
    assert lines[:4] == [
        "leaks between splits: 2",
        "  same title in train and test: v03, v08, w03; 3 videos with the same title (6 characters)",
        "  same comments in train and test: v03, w03; 40 rare comments are the same, of 40 and 40",
        "duplicates within a split: none",
    ]
    assert "\n".join(lines).isascii()
    assert msgspec.json.encode(audit).decode().isascii()
