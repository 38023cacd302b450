"""The audit of a dataset: planted leaks are found and named, clean data gives nothing."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.stats import ttest_ind

from livebench.audit.overlap import Duplicate, InContext, Leak, audit_dataset
from livebench.audit.show_overlap import describe
from livebench.data.dataset import Dataset, DatasetInfo, Video, write_dataset
from livebench.data.importers.collect import Options
from livebench.data.importers.tables import import_tables
from livebench.data.split import split_videos

SUBJECTS = [
    "小猫",
    "熊猫",
    "司机",
    "厨师",
    "老师",
    "足球",
    "火锅",
    "雪山",
    "吉他",
    "机器人",
    "海豚",
]
SUBJECTS += ["包子", "月亮", "火车", "画家", "外婆"]
ACTIONS = [
    "跳起来了",
    "睡着了",
    "在唱歌",
    "掉进河里",
    "太好笑",
    "看不懂",
    "终于赢了",
    "飞走了",
    "好可怜",
]
ACTIONS += ["真厉害", "来晚了", "又迟到"]
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


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Dataset:
    """v00 to v59 (30 train, 10 dev, 20 test): 40 comments of its own each, and 10 fillers."""
    videos = [Video(f"v{n:02}", title(n), "动物", 60.0, SPLIT[n % 6]) for n in range(60)]
    comments = [[own(n, k) for k in range(OWN)] + FILLERS * 2 for n in range(60)]
    return write(tmp_path_factory.mktemp("clean") / "clean", videos, comments)


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
        columns = {
            "video_id": pa.DictionaryArray.from_arrays(pa.array(video, pa.int32()), pa.array(ids)),
            "time": table["time"].to_numpy() + shift / 1000,
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
    assert describe(audit) == [
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
    lines = describe(audit)
    assert lines[:4] == [
        "leaks between splits: 2",
        "  same title in train and test: v03, v08, w03; 3 videos with the same title (6 characters)",
        "  same comments in train and test: v03, w03; 40 rare comments are the same, of 40 and 40",
        "duplicates within a split: none",
    ]
    assert "\n".join(lines).isascii()
    assert msgspec.json.encode(audit).decode().isascii()


# The real data


@pytest.fixture(scope="module")
def real(tmp_path_factory, shared) -> Dataset:
    """The 564 real videos, 364/100/100."""
    if not (shared / "bilibili").is_dir():
        pytest.skip(f"{shared / 'bilibili'} is not here")
    return import_tables(
        shared / "bilibili",
        tmp_path_factory.mktemp("real") / "bilibili",
        DatasetInfo("bilibili"),
        Options(dev=100, test=100, skip_bad_rows=True),
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_the_real_data_is_clean_however_it_is_split(real, tmp_path, seed):
    plan = Plan(real)
    ids = [video.video_id for video in plan.videos]
    for number, split in enumerate(split_videos(ids, dev=100, test=100, seed=seed)):
        plan.change(number, split=split)
    audit = audit_dataset(plan.write(tmp_path / "split"))
    assert (audit.leaks, audit.duplicates) == ((), ())


@pytest.mark.slow
def test_leaks_planted_in_the_real_data(real, tmp_path):
    plan = Plan(real)
    busy = [n for n, rows in enumerate(plan.rows) if len(rows) >= 300]
    train, dev, test = (
        [n for n in busy if plan.videos[n].split == s] for s in ("train", "dev", "test")
    )
    whole, most, third, halves, title_of = train[0], test[0], train[1], dev[0], train[2]
    ids = [video.video_id for video in plan.videos]
    plan.add(whole, plan.rows[whole], video_id="x-whole", title="一", split="test")
    plan.add(most, some(plan.rows[most], 0.7), 7250, video_id="x-most", title="二", split="train")
    plan.add(third, some(plan.rows[third], 0.3), 900, video_id="x-third", title="三", split="dev")
    plan.add(halves, some(plan.rows[halves], 0.5, 1), video_id="x-half", title="四")
    plan.rows[halves] = some(plan.rows[halves], 0.5, 2)
    plan.change(dev[1], title=f"【{plan.videos[title_of].title}】")
    audit = audit_dataset(plan.write(tmp_path / "planted"))
    assert {(leak.kind, leak.splits, leak.videos) for leak in audit.leaks} == {
        ("same comments", ("train", "test"), (ids[whole], "x-whole")),
        ("same comments", ("train", "test"), (ids[most], "x-most")),
        ("same comments", ("train", "dev"), (ids[third], "x-third")),
        ("same title", ("train", "dev"), tuple(sorted((ids[title_of], ids[dev[1]])))),
    }
    assert [(d.kind, d.split, d.videos) for d in audit.duplicates] == [
        ("same comments", "dev", (ids[halves], "x-half"))
    ]


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.3, 0.1])
def test_real_comments_copied_from_training_into_test(real, tmp_path, share):
    plan = Plan(real)
    rng = np.random.default_rng(0)
    train = np.concatenate(
        [rows for v, rows in zip(plan.videos, plan.rows, strict=True) if v.split == "train"]
    )
    for number, video in enumerate(plan.videos):
        if video.split == "test":
            rows = plan.rows[number]
            copied = rng.choice(train, round(len(rows) * share), replace=False)
            plan.rows[number] = np.concatenate([copied, some(rows, 1 - share)])
    audit = audit_dataset(plan.write(tmp_path / "planted"))
    assert [(leak.kind, leak.splits) for leak in audit.leaks] == [
        ("shared comments", ("test", "train"))
    ]
    planted = {video.video_id for video in plan.videos if video.split == "test"}
    assert set(audit.leaks[0].videos) <= planted
    assert len(audit.leaks[0].videos) >= (90 if share == 0.3 else 10)
    assert audit.duplicates == ()
