"""A dataset: written, read, and fingerprinted."""

from __future__ import annotations

import shutil
from collections import Counter
from types import SimpleNamespace

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from livebench.data.dataset import Dataset, DatasetInfo, Video
from livebench.data.dataset_writer import write_dataset
from livebench.data.locate import datasets_in, find_dataset
from livebench.data.tokens import words_of
from livebench.errors import LiveBenchError
from livebench.files import write_text

VIDEOS = [
    Video("b", "标题二", "动物", 9.5, "test", frame_count=2),
    Video("a", "标题一", "美食", 7.0, "train", frame_count=3),
    Video("c", "", "", 1.0, "dev"),
]
# video (a place in VIDEOS), time in ms, text
ROWS = [
    (0, 3000, "好看"),
    (1, 5000, "好 看"),
    (1, 1000, "哈哈哈"),
    (0, 3000, "第一"),
    (0, 1500, "好 看"),
    (1, 1000, "好看"),
    (1, 6999, "来了"),
]
# by video, then time, then as they stood
SORTED = [
    ("a", 1000, "哈哈哈"),
    ("a", 1000, "好看"),
    ("a", 5000, "好 看"),
    ("a", 6999, "来了"),
    ("b", 1500, "好 看"),
    ("b", 3000, "好看"),
    ("b", 3000, "第一"),
]
FRAMES = {
    "a": np.arange(6).reshape(3, 2) / 4,
    "b": np.array([[9, 8], [7.5, 6]]),
    "c": np.empty((0, 2)),
}


def write(out, videos=VIDEOS, rows=ROWS, frames=None, **fields):
    return write_dataset(
        out,
        DatasetInfo("mine", **fields),
        videos,
        comment_video=np.array([row[0] for row in rows], np.int64),
        comment_time_ms=np.array([row[1] for row in rows], np.int64),
        comment_texts=[row[2] for row in rows],
        frames=frames,
    )


def of(video):
    return FRAMES[video.video_id]


@pytest.fixture
def written(tmp_path):
    return write(tmp_path / "d", frames=of)


def test_comments_come_back_by_video_time_and_source(written):
    table = pq.read_table(written.path / "comments.parquet")
    rows = zip(*(table[name].to_pylist() for name in ("video_id", "time", "text")), strict=True)
    assert [(name, round(time * 1000), text) for name, time, text in rows] == SORTED
    assert table["tokens"].to_pylist() == [words_of(text) for _, _, text in SORTED]
    comments = written.comments
    assert comments.offsets.tolist() == [0, 4, 7, 7]
    assert comments.of(1) == slice(4, 7)
    assert comments.time_ms.tolist() == [time for _, time, _ in SORTED]
    assert comments.strings == sorted({words_of(text) for _, _, text in SORTED})
    assert [comments.strings[i] for i in comments.string] == [words_of(t) for _, _, t in SORTED]


def test_videos_come_back_by_id_with_their_frames(written):
    assert [video.video_id for video in written.videos] == ["a", "b", "c"]
    assert [(video.first_frame, video.frame_count) for video in written.videos] == [
        (0, 3),
        (3, 2),
        (5, 0),
    ]
    given = {video.video_id: video for video in VIDEOS}
    for video in written.videos:
        assert msgspec.structs.replace(video, first_frame=0) == given[video.video_id]
    a, b, c = written.videos
    assert written.frames(a, [2, 0]).tolist() == [[1.0, 1.25], [0.0, 0.25]]
    assert written.frames(b, [1]).tolist() == [[7.5, 6.0]]
    assert written.frames(c, []).shape == (0, 2)
    assert written.frames(a, [0]).dtype == np.float32
    assert written.has_frames


def test_no_frames(tmp_path):
    dataset = write(tmp_path / "d")
    assert not dataset.has_frames
    with pytest.raises(LiveBenchError, match="d: has no frame vectors"):
        dataset.frames(dataset.videos[0], [0])


def test_the_text_of_a_comment_is_the_most_frequent_then_the_first_by_code_point(tmp_path):
    texts = ["好看", "好 看", "好 看", "第 一", "第一", "来了 ", "来 了", "来 了", "来了 "]
    dataset = write(tmp_path / "d", rows=[(0, n, text) for n, text in enumerate(texts)])
    chosen = dict(zip(dataset.comments.strings, dataset.comments.texts, strict=True))
    assert chosen == {
        words_of("好看"): "好 看",  # 2 against 1
        words_of("第一"): min("第 一", "第一"),  # 1 against 1
        words_of("来了"): min("来 了", "来了 "),  # 2 against 2
    }


def test_texts_as_a_slow_reference(dataset):
    table = pq.read_table(dataset.path / "comments.parquet")
    counts = Counter(zip(table["tokens"].to_pylist(), table["text"].to_pylist(), strict=True))
    expected = {}
    for (string, text), count in counts.items():
        best = expected.get(string, (0, ""))
        expected[string] = min(best, (-count, text))
    text_of = dict(zip(dataset.comments.strings, dataset.comments.texts, strict=True))
    assert text_of == {string: text for string, (_, text) in expected.items()}


@pytest.mark.parametrize(
    ("splits", "expected"),
    [
        (["train"], {"哈哈哈": 1, "好看": 2, "来了": 1}),
        (["test"], {"好看": 2, "第一": 1}),
        (["train", "test"], {"哈哈哈": 1, "好看": 4, "来了": 1, "第一": 1}),
        (["dev"], {}),
        ([], {}),
    ],
)
def test_a_split_counts_its_own_comments(written, splits, expected):
    split = written.split(*splits)
    assert dict(zip(split.strings, split.counts.tolist(), strict=True)) == {
        words_of(text): count for text, count in expected.items()
    }
    assert split.strings == sorted(split.strings)
    assert {video.split for video in split.videos} <= set(splits)


def test_no_comment_at_all(tmp_path):
    dataset = write(tmp_path / "d", rows=[])
    assert dataset.comments.offsets.tolist() == [0, 0, 0, 0]
    assert (
        dataset.comments.strings == dataset.comments.texts == dataset.split("train").strings == []
    )
    dataset.check_fingerprint()


def test_many_distinct_comments(tmp_path):
    # More pairs of comment and text than 2**31: no number may overflow (66,000 squared is 4.4e9).
    count = 66_000
    texts = [f"{n:05}" for n in range(count)]
    dataset = write_dataset(
        tmp_path / "d",
        DatasetInfo("mine", tokenizer="none"),
        VIDEOS,
        comment_video=np.zeros(count, np.int64),
        comment_time_ms=np.arange(count),
        comment_texts=texts,
        comment_tokens=texts,
    )
    assert dataset.comments.texts == texts
    assert dataset.info.tokenizer == "none"


CHANGES = {
    "time": lambda videos, rows: rows.__setitem__(2, (1, 1001, "哈哈哈")),
    "text": lambda videos, rows: rows.__setitem__(2, (1, 1000, "哈哈哈哈")),
    "white space": lambda videos, rows: rows.__setitem__(2, (1, 1000, "哈哈 哈")),
    "video": lambda videos, rows: rows.__setitem__(2, (0, 1000, "哈哈哈")),
    "row less": lambda videos, rows: rows.pop(),
    "row twice": lambda videos, rows: rows.append(rows[-1]),
    "order of equal times": lambda videos, rows: rows.insert(0, rows.pop(3)),
    **{
        field: lambda videos, rows, field=field, value=value: videos.__setitem__(
            0, msgspec.structs.replace(videos[0], **{field: value})
        )
        for field, value in {
            "video_id": "bb",
            "title": "标题三",
            "category": "",
            "duration": 9.25,
            "split": "dev",
            "frame_count": 1,
        }.items()
    },
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_fingerprint_changes_with_every_row(tmp_path, change):
    videos, rows = list(VIDEOS), list(ROWS)
    CHANGES[change](videos, rows)
    before = write(tmp_path / "before").info.fingerprint
    assert write(tmp_path / "after", videos, rows).info.fingerprint != before


def test_the_fingerprint_does_not_change_with_what_is_no_row(tmp_path):
    before = write(tmp_path / "before").info.fingerprint
    other_order = [(rows, VIDEOS) for rows in ([ROWS[i] for i in (6, 5, 4, 2, 1, 0, 3)],)]
    # rows 0 and 3 tie in time, and so do 2 and 5: their order is kept, or is part of the rows
    rows = [ROWS[i] for i in (6, 2, 4, 5, 1, 0, 3)]
    turned = [VIDEOS[2], VIDEOS[0], VIDEOS[1]]
    place = {0: 1, 1: 2, 2: 0}
    moved = [(place[video], time, text) for video, time, text in rows]
    assert write(tmp_path / "rows", rows=rows).info.fingerprint == before
    assert write(tmp_path / "videos", turned, moved).info.fingerprint == before
    assert write(tmp_path / "info", licence="none", source="x").info.fingerprint == before
    assert write(tmp_path / "ties", rows=other_order[0][0]).info.fingerprint != before


def test_the_frames_have_their_own_hash(tmp_path):
    one = write(tmp_path / "one", frames=of).info
    other = write(tmp_path / "other", frames=lambda video: of(video) + 1).info
    assert one.fingerprint == other.fingerprint
    assert one.frames_sha256 != other.frames_sha256


def test_check_fingerprint(written):
    written.check_fingerprint()
    path = written.path / "comments.parquet"
    table = pq.read_table(path)
    texts = table["text"].to_pylist()
    texts[0] = "别的"
    pq.write_table(table.set_column(2, "text", pa.array(texts)), path)
    with pytest.raises(
        LiveBenchError, match=r"d: its rows have the fingerprint \w{12}, its dataset"
    ):
        Dataset(written.path).check_fingerprint()


def test_the_same_rows_written_otherwise_have_the_same_fingerprint(written):
    for name in ("videos.parquet", "comments.parquet"):
        table = pq.read_table(written.path / name)
        pq.write_table(table, written.path / name, compression="gzip", row_group_size=2)
    again = Dataset(written.path)
    again.check_fingerprint()
    assert again.comments.strings == written.comments.strings
    assert again.comments.string.tolist() == written.comments.string.tolist()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: (path / "dataset.toml").unlink(), "not a dataset (no dataset.toml)"),
        (lambda path: write_text(path / "dataset.toml", "name = "), "dataset.toml: "),
        (lambda path: write_text(path / "dataset.toml", "a = 1"), "unknown field `a`"),
        (lambda path: (path / "videos.parquet").unlink(), "videos.parquet: no such file"),
        (lambda path: (path / "comments.parquet").unlink(), "comments.parquet: no such file"),
        (lambda path: write_text(path / "videos.parquet", "x"), "videos.parquet: cannot be read"),
        (
            lambda path: write_text(path / "comments.parquet", ""),
            "comments.parquet: cannot be read",
        ),
        (
            lambda path: pq.write_table(pa.table({"video_id": ["a"]}), path / "comments.parquet"),
            "comments.parquet: missing columns: ",
        ),
        (
            lambda path: write_text(path / "frames.npy", "x"),
            "frames.npy: cannot be read as a NumPy",
        ),
        (lambda path: write_text(path / "frames.npy", ""), "frames.npy: cannot be read as a NumPy"),
        (
            lambda path: (
                np.savez(path / "f", a=1) or shutil.move(path / "f.npz", path / "frames.npy")
            ),
            "frames.npy: cannot be read as a NumPy",
        ),
    ],
    ids=[
        "no toml",
        "bad toml",
        "unknown field",
        "no videos",
        "no comments",
        "bad videos",
        "empty comments",
        "no column",
        "bad frames",
        "empty frames",
        "npz",
    ],
)
def test_a_damaged_dataset_is_named(written, damage, message):
    damage(written.path)
    with pytest.raises(LiveBenchError) as error:
        dataset = Dataset(written.path)
        assert dataset.videos
        assert dataset.comments
        assert dataset.has_frames
        dataset.frames(dataset.videos[0], [0])
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_comments_of_an_unknown_video(written):
    path = written.path / "videos.parquet"
    pq.write_table(pq.read_table(path).slice(1), path)
    with pytest.raises(LiveBenchError, match="d: comments of the unknown video a"):
        _ = Dataset(written.path).comments


@pytest.mark.parametrize(
    "bad",
    [np.array([[np.nan, 0]]), np.array([[0, np.inf]]), np.array([[70000.0, 0]])],
    ids=["nan", "inf", "too large for float16"],
)
def test_frames_that_are_not_finite_leave_nothing(tmp_path, listing, bad):
    videos = [msgspec.structs.replace(VIDEOS[0], frame_count=1)]
    with pytest.raises(
        LiveBenchError, match="video b: frame vectors are not finite in float16; scale"
    ):
        write(tmp_path / "d", videos, [(0, 1, "好看")], frames=lambda video: bad)
    assert listing(tmp_path) == []


def test_a_dataset_is_found_by_its_fingerprint(tmp_path):
    one = write(tmp_path / "all" / "one")
    two = write(tmp_path / "all" / "two", rows=ROWS[1:])
    (tmp_path / "all" / "other").mkdir()
    folders = datasets_in(tmp_path / "all")
    assert folders == [one.path, two.path]
    assert find_dataset(two.info, folders).path == two.path
    unknown = msgspec.structs.replace(two.info, fingerprint="0" * 64)
    assert find_dataset(unknown, folders) is None
    assert datasets_in(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    ("frames", "images", "found"),
    [
        ("a", "c", "first"),
        ("a", "d", "second"),
        ("b", "d", "third"),
        ("a", "", "first"),  # the vectors, and none of the pictures
        ("b", "e", "third"),
        ("e", "d", "second"),
        ("e", "e", "first"),
        ("a", msgspec.UNSET, "fourth"),  # a set without pictures
    ],
)
def test_of_datasets_with_the_same_rows_the_one_with_the_same_pictures(
    tmp_path, frames, images, found
):
    """The fingerprint covers neither vectors nor pictures."""
    hashes = {"first": "ac", "second": "ad", "third": "bd", "fourth": "a"}
    if images == "":
        del hashes["fourth"]
    one = write(tmp_path / "plain").info
    folders = []
    for name, own in hashes.items():
        info = msgspec.structs.replace(one, frames_sha256=own[0] * 64, images_sha256=own[1:] * 64)
        folders.append(tmp_path / name)
        folders[-1].mkdir()
        (folders[-1] / "dataset.toml").write_bytes(msgspec.toml.encode(info))
    wanted = SimpleNamespace(
        fingerprint=one.fingerprint,
        frames_sha256=frames * 64,
        images_sha256=images * 64 if isinstance(images, str) else images,
    )
    assert find_dataset(wanted, folders).path.name == found
