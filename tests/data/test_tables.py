"""Tables: what is imported."""

from __future__ import annotations

import gzip

import numpy as np
import pyarrow.parquet as pq
import pytest
from table_sources import COMMENTS, source

from livebench.data.dataset import Dataset
from livebench.data.tokens import words_of

ONE = ("--dev", 0, "--test", 1)


def imported(tmp_path, run, folder, *options):
    done = run("import", "tables", folder, "--out", "d", *(options or ONE))
    assert done.status == 0, done
    return Dataset(tmp_path / "d"), done


def rows_of(dataset):
    table = pq.read_table(dataset.path / "comments.parquet")
    columns = (table[name].to_pylist() for name in ("video_id", "time", "text", "tokens"))
    return list(zip(*columns, strict=True))


def test_what_is_imported(tmp_path, run):
    dataset, done = imported(tmp_path, run, source(tmp_path))
    assert rows_of(dataset) == [
        ("v1", 3.25, "好可爱", words_of("好可爱")),
        ("v1", 3.25, "哈哈哈", words_of("哈哈哈")),
        ("v2", 0.0, "第一", words_of("第一")),
        ("v3", 29.9, "再见", words_of("再见")),
    ]
    assert [(v.video_id, v.title, v.category, v.duration) for v in dataset.videos] == [
        ("v1", "一只猫", "动物", 10.0),
        ("v2", "火锅", "美食", 20.5),
        ("v3", "雪山", "旅行", 30.0),
    ]
    assert dataset.info.name == "d"
    assert dataset.info.split == {"dev": 0, "test": 1, "seed": 0}
    assert "d: 3 videos (train 2, dev 0, test 1), 4 comments, 4 distinct, fingerprint " in done.out
    dataset.check_fingerprint()


@pytest.mark.parametrize(
    ("options", "empty"),
    [
        (("--dev", "0.05", "--test", "0.05"), "dev and test"),
        (("--dev", "0", "--test", "1"), ""),
        (("--dev", "0.0", "--test", "0.0"), ""),
    ],
)
def test_a_split_that_shares_leave_empty_is_told_at_once(tmp_path, run, options, empty):
    _, done = imported(tmp_path, run, source(tmp_path), *options)
    said = [line for line in done.err.splitlines() if line.startswith("warning: --dev")]
    expected = (
        f"warning: --dev 0.05 and --test 0.05 of 3 videos leave {empty} empty: no set can be built from "
        "an empty split; give counts (--dev 1 --test 1), larger shares, or another --seed"
    )
    assert said == ([expected] if empty else [])


def test_what_a_spreadsheet_does_to_tables_is_no_matter(tmp_path, run):
    # byte order mark, CRLF, other columns in another order, empty lines, quotes, an odd id
    videos = '\ufeffduration,note,"video_id",title,category\r\n'
    videos += '10,,a@1|b,"  一 ""只"" ,\r\n猫 ", 动物 \r\n'
    videos += "20,,v2,,\r\n\r\n"
    comments = '\ufefftext,user,time,video_id\r\n\r\n好,u,1e0,a@1|b\r\n"a,\r\nb",u, 2 ,v2\r\n'
    dataset, _ = imported(tmp_path, run, source(tmp_path, videos=videos, comments=comments))
    assert [(v.video_id, v.title, v.category) for v in dataset.videos] == [
        ("a@1|b", '一 "只" , 猫', "动物"),
        ("v2", "", ""),
    ]
    assert [row[:3] for row in rows_of(dataset)] == [("a@1|b", 1.0, "好"), ("v2", 2.0, "a,\r\nb")]
    assert dataset.comments.strings == sorted([words_of("好"), words_of("a,b")])


@pytest.mark.parametrize(
    ("time", "expected"),
    [("0", 0), ("-0.0", 0), ("10", 10), ("10.999", 10.999), ("3.14159", 3.141), ("0.0004", 0)],
)
def test_times_that_are_taken(tmp_path, run, time, expected):
    # the video has 10 s: up to a second more is taken, as durations are mostly cut to whole seconds
    comments = f"video_id,time,text\nv1,{time},好\n"
    dataset, _ = imported(tmp_path, run, source(tmp_path, comments=comments))
    assert [row[1] for row in rows_of(dataset)] == [expected]


def test_compressed_comments_are_the_same(tmp_path, run):
    plain, _ = imported(tmp_path, run, source(tmp_path))
    folder = tmp_path / "src"
    (folder / "comments.csv").rename(folder / "x")
    (folder / "comments.csv.gz").write_bytes(gzip.compress((folder / "x").read_bytes()))
    assert run("import", "tables", folder, "--out", "e", *ONE).status == 0
    assert Dataset(tmp_path / "e").info.fingerprint == plain.info.fingerprint


def test_frames(tmp_path, run):
    frames = {
        "v1": np.arange(4, dtype=np.int16).reshape(2, 2),
        "v2": np.array([[0.1, 65_504]], ">f8"),
        "v3": np.arange(6, dtype=np.float32).reshape(2, 3)[:, :2],
        "other": np.zeros((1, 9)),  # of no video: not looked at
    }
    dataset, _ = imported(tmp_path, run, source(tmp_path, frames=frames))
    assert [video.frame_count for video in dataset.videos] == [2, 1, 2]
    for video in dataset.videos:
        expected = frames[video.video_id].astype(np.float16).astype(np.float32)
        assert np.array_equal(dataset.frames(video, range(video.frame_count)), expected)


@pytest.mark.parametrize(
    ("options", "kept", "left_out"),
    [
        ((), ["v1", "v2", "v3"], {}),
        (("--min-duration", 20.5), ["v2", "v3"], {"video below --min-duration": 1}),
        (("--min-comments", 1), ["v1", "v2", "v3"], {}),
        (
            ("--min-comments", 1, "--min-duration", 11),
            ["v2", "v3"],
            {"video below --min-duration": 1},
        ),
    ],
)
def test_short_and_quiet_videos_are_left_out(tmp_path, run, options, kept, left_out):
    dataset, done = imported(tmp_path, run, source(tmp_path), *ONE, *options)
    assert [video.video_id for video in dataset.videos] == kept
    assert dataset.info.skipped == left_out
    for rule, count in left_out.items():
        assert f"left out: {count}, {rule}" in done.out
    assert {row[0] for row in rows_of(dataset)} <= set(kept)


def test_quiet_videos_are_left_out_after_bad_rows(tmp_path, run):
    # v2 has one good comment and a bad one
    comments = COMMENTS + "v2,99,太晚\nv3,1,一\n"
    folder = source(tmp_path, comments=comments)
    dataset, _ = imported(tmp_path, run, folder, *ONE, "--min-comments", 2, "--skip-bad-rows")
    assert [video.video_id for video in dataset.videos] == ["v1", "v3"]
    assert dataset.info.skipped == {"time after the end": 1, "video below --min-comments": 1}


def test_no_comment(tmp_path, run):
    folder = source(tmp_path, comments="video_id,time,text\n")
    done = run("import", "tables", folder, "--out", "d", *ONE)
    assert done.status == 2
    assert f"{folder}: no comment found in it (looked for " in done.err
    assert not (tmp_path / "d").exists()


def test_order_of_rows_and_name_do_not_change_the_fingerprint(tmp_path, run, tables):
    one = tables(tmp_path / "one")
    two = tables(tmp_path / "two")
    for name in ("videos.csv", "comments.csv"):
        head, *rows = (two / name).read_text("utf-8").splitlines()
        # rows that tie in time keep their order: turn whole videos round, not the rows of one
        rows.sort(key=lambda row: row.split(",")[0], reverse=True)
        (two / name).write_text("\n".join([head, *rows]) + "\n", "utf-8")
    options = ("--dev", "4", "--test", "10", "--seed", 1)
    assert run("import", "tables", one, "--out", "a", *options).status == 0
    assert run("import", "tables", two, "--out", "b", *options, "--licence", "none").status == 0
    infos = [Dataset(tmp_path / name).info for name in "ab"]
    assert infos[0].fingerprint == infos[1].fingerprint
    assert [info.licence for info in infos] == ["", "none"]


@pytest.mark.slow
def test_the_real_table(shared, tmp_path, run):
    """An independent reader of the same file agrees on what there is."""
    import pandas as pd

    source_folder = shared / "bilibili"
    if not (source_folder / "comments.csv.gz").exists():
        pytest.skip(f"{source_folder} is not here")
    frame = pd.read_csv(
        source_folder / "comments.csv.gz", dtype=str, keep_default_na=False, nrows=20_000
    )
    folder = tmp_path / "part"
    folder.mkdir()
    frame.to_csv(folder / "comments.csv", index=False)
    (folder / "videos.csv").write_bytes((source_folder / "videos.csv").read_bytes())
    done = run("import", "tables", folder, "--out", "d", "--skip-bad-rows", "--quiet")
    assert done.status == 0, done
    dataset = Dataset(tmp_path / "d")
    assert len(dataset.comments.string) + sum(dataset.info.skipped.values()) == len(frame)
    kept = frame[frame["text"].str.strip() != ""]
    texts = kept["text"].str.split().str.join("")
    assert abs(texts.nunique() - len(dataset.comments.strings)) <= sum(
        dataset.info.skipped.values()
    )
