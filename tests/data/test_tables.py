"""Tables: what is imported, and every bad input with its message."""

from __future__ import annotations

import gzip
import pickle

import numpy as np
import pyarrow.parquet as pq
import pytest

from livebench.data.dataset import Dataset
from livebench.data.tokens import words_of

VIDEOS = "video_id,title,category,duration\nv1,一只猫,动物,10\nv2,火锅,美食,20.5\nv3,雪山,旅行,30\n"
COMMENTS = "video_id,time,text\nv1,3.25,好可爱\nv2,0,第一\nv3,29.9,再见\nv1,3.25,哈哈哈\n"


def source(tmp_path, *, videos=VIDEOS, comments=COMMENTS, gz=None, frames=None):
    """A folder of tables; text or bytes, None for a file that is not there."""
    folder = tmp_path / "src"
    folder.mkdir(exist_ok=True)
    for name, content in (("videos.csv", videos), ("comments.csv", comments)):
        if content is not None:
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    if gz is not None:
        (folder / "comments.csv.gz").write_bytes(gz)
    for name, content in (frames or {}).items():
        (folder / "frames").mkdir(exist_ok=True)
        path = folder / "frames" / f"{name}.npy"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            np.save(path, content)
    return folder


def video_line(line):
    return VIDEOS + line + "\n"  # line 5


def comment_line(line):
    return COMMENTS + line + "\n"  # line 6


# what is wrong: files that differ, file and line, rule, detail
BAD_ROWS = {
    "duplicate video": ("videos", "v1,again,x,5", "video twice", "v1 is on line 2 already"),
    "id with a slash": ("videos", "a/b,t,x,5", "bad video id", "'a/b' is not a plain name"),
    "id with a backslash": ("videos", "a\\b,t,x,5", "bad video id", "'a\\\\b' is not a plain name"),
    "id is ..": ("videos", "..,t,x,5", "bad video id", "'..' is not a plain name"),
    "id is .": ("videos", ".,t,x,5", "bad video id", "'.' is not a plain name"),
    "id is empty": ("videos", ",t,x,5", "bad video id", "'' is not a plain name"),
    "id with a space": ("videos", "a b,t,x,5", "bad video id", "'a b' is not a plain name"),
    "id with a null": ("videos", "a\0b,t,x,5", "bad video id", "'a\\x00b' is not a plain name"),
    "id too long": ("videos", f"{'a' * 201},t,x,5", "bad video id", f"'{'a' * 80}' is not"),
    "duration 0": ("videos", "v4,t,x,0", "bad duration", "'0' is not a number of seconds above 0"),
    "duration -1": ("videos", "v4,t,x,-1", "bad duration", "'-1' is not a number of seconds"),
    "duration nan": ("videos", "v4,t,x,nan", "bad duration", "'nan' is not a number of seconds"),
    "duration inf": ("videos", "v4,t,x,inf", "bad duration", "'inf' is not a number of seconds"),
    "duration x": ("videos", "v4,t,x,x", "bad duration", "'x' is not a number of seconds"),
    "duration empty": ("videos", "v4,t,x,", "bad duration", "'' is not a number of seconds"),
    "duration a clock": ("videos", "v4,t,x,1:30", "bad duration", "'1:30' is not a number"),
    "duration absurd": ("videos", "v4,t,x,1e300", "bad duration", "'1e300' is not a number"),
    "unknown video": ("comments", "v9,1,好", "unknown video", "'v9' is not in videos.csv"),
    "video in other case": ("comments", "V1,1,好", "unknown video", "'V1' is not in videos.csv"),
    "time nan": ("comments", "v1,nan,好", "bad time", "'nan' is not a finite number of seconds"),
    "time inf": ("comments", "v1,inf,好", "bad time", "'inf' is not a finite number of seconds"),
    "time -inf": ("comments", "v1,-inf,好", "bad time", "'-inf' is not a finite number"),
    "time 1e999": ("comments", "v1,1e999,好", "bad time", "'1e999' is not a finite number"),
    "time x": ("comments", "v1,x,好", "bad time", "'x' is not a finite number of seconds"),
    "time empty": ("comments", "v1,,好", "bad time", "'' is not a finite number of seconds"),
    "time negative": ("comments", "v1,-0.001,好", "negative time", "-0.001 s"),
    "time after the end": (
        "comments",
        "v1,11,好",
        "time after the end",
        "11 s, the video has 10 s",
    ),
    "time long after": (
        "comments",
        "v2,1e6,好",
        "time after the end",
        "1e6 s, the video has 20.5 s",
    ),
    "text empty": ("comments", "v1,1,", "empty text", "a comment of v1 at 1 s"),
    "text only white space": ("comments", 'v1,1," \t　"', "empty text", "a comment of v1 at 1 s"),
    "text only a line separator": (
        "comments",
        "v1,1,\u2028",
        "empty text",
        "a comment of v1 at 1 s",
    ),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_a_bad_row_is_refused_with_file_and_line(tmp_path, refused, listing, case):
    table, line, rule, detail = BAD_ROWS[case]
    good, number = (VIDEOS, 5) if table == "videos" else (COMMENTS, 6)
    folder = source(tmp_path, **{table: good + line + "\n"})
    message = refused("import", "tables", folder, "--out", "out/d", "--test", 1, "--dev", 0)
    assert message.startswith(f"{folder / table}.csv, line {number}: {rule}: {detail}")
    assert message.endswith("; mend it, or give --skip-bad-rows")
    assert listing(tmp_path) == ["src", "src/comments.csv", "src/videos.csv"]


@pytest.mark.parametrize("case", BAD_ROWS)
def test_a_bad_row_is_skipped_and_counted_under_its_rule(tmp_path, run, case):
    table, line, rule, _ = BAD_ROWS[case]
    good = VIDEOS if table == "videos" else COMMENTS
    head, *rows = good.splitlines()
    # twice, before and after the good rows; a doubled video only after them
    rows = [*rows, line, line] if rule == "video twice" else [line, *rows, line]
    folder = source(tmp_path, **{table: "\n".join([head, *rows]) + "\n"})
    arguments = ("import", "tables", folder, "--test", 1, "--dev", 0)
    done = run(*arguments, "--out", "d", "--skip-bad-rows")
    assert done.status == 0, done
    assert f"left out: 2, {rule}" in done.out
    found = Dataset(tmp_path / "d")
    assert found.info.skipped == {rule: 2}
    source(tmp_path)
    assert run(*arguments, "--out", "clean").status == 0
    assert found.info.fingerprint == Dataset(tmp_path / "clean").info.fingerprint


def test_all_rules_are_counted_apart(tmp_path, run):
    lines = {table: [] for table in ("videos", "comments")}
    for table, line, _, _ in BAD_ROWS.values():
        lines[table].append(line + "\n")
    folder = source(
        tmp_path,
        videos=VIDEOS + "".join(lines["videos"]),
        comments=COMMENTS + "".join(lines["comments"]),
    )
    done = run("import", "tables", folder, "--out", "d", "--dev", 0, "--test", 1, "--skip-bad-rows")
    assert done.status == 0, done
    expected = {}
    for _, _, rule, _ in BAD_ROWS.values():
        expected[rule] = expected.get(rule, 0) + 1
    assert Dataset(tmp_path / "d").info.skipped == expected


NUMBERS = np.zeros((9, 2))
FRAMES = {"v1": NUMBERS, "v2": NUMBERS, "v3": NUMBERS}
OBJECTS = np.array([[{}]], dtype=object)
NPZ = b"PK\x03\x04" + bytes(100)

# what is wrong with the files, what the message begins with ({}: the folder), what it also holds
BAD_FILES = {
    "no videos.csv": ({"videos": None}, "{}/videos.csv: no such file", ""),
    "empty videos.csv": (
        {"videos": ""},
        "{}/videos.csv, line 1: the column video_id, title, category, duration is missing; needed",
        "",
    ),
    "no title": (
        {"videos": "video_id,category,duration\nv1,x,5\n"},
        "{}/videos.csv, line 1: the column title is missing; needed are video_id, title, category",
        "",
    ),
    "no title and category": (
        {"videos": "video_id,duration\nv1,5\n"},
        "{}/videos.csv, line 1: the column title, category is missing",
        "",
    ),
    "other case": (
        {"comments": "Video_ID,time,text\n"},
        "{}/comments.csv, line 1: the column video_id is missing",
        "",
    ),
    "semicolons": (
        {"comments": "video_id;time;text\nv1;1;x\n"},
        "{}/comments.csv, line 1: the column video_id, time, text is missing",
        "",
    ),
    "no text": (
        {"comments": "video_id,time\nv1,1\n"},
        "{}/comments.csv, line 1: the column text is missing; needed are video_id, time, text",
        "",
    ),
    "videos.csv without rows": (
        {"videos": VIDEOS.split("v1", maxsplit=1)[0]},
        "{}/videos.csv: no video in",
        "",
    ),
    "too many cells": (
        {"comments": comment_line("v1,1,好,真好")},
        "{}/comments.csv, line 6: 4 cells, the header has 3; put texts with commas into quotes",
        "",
    ),
    "too few cells": (
        {"videos": video_line("v4,t,5")},
        "{}/videos.csv, line 5: 3 cells, the header has 4",
        "",
    ),
    "text after a quoted cell": (
        {"comments": comment_line('v1,1,"好"看')},
        "{}/comments.csv, after line 5: cannot be read as CSV in UTF-8: ',' expected after '\"'",
        "",
    ),
    "quote not closed": (
        {"comments": comment_line('v1,1,"好看')},
        "{}/comments.csv, after line 5: cannot be read as CSV in UTF-8: unexpected end of data",
        "",
    ),
    "a cell beyond all measure": (
        {"comments": comment_line("v1,1," + "哈" * 140_000)},
        "{}/comments.csv, after line 5: cannot be read as CSV in UTF-8: field larger",
        "",
    ),
    "not UTF-8": (
        {"comments": COMMENTS.encode() + "v1,1,好\n".encode("gbk")},
        "{}/comments.csv, line 6: not UTF-8",
        "",
    ),
    "not UTF-8, far down": (
        {"comments": COMMENTS.encode() + b"v1,1,ok\n" * 5000 + b"v1,1,\xff\n" + b"v1,1,ok\n" * 9},
        "{}/comments.csv, line 5006: not UTF-8",
        "",
    ),
    "not UTF-8, in a gzip": (
        {"comments": None, "gz": gzip.compress(COMMENTS.encode() + b"v1,1,\xff\n")},
        "{}/comments.csv.gz, line 6: not UTF-8",
        "",
    ),
    "UTF-16": ({"videos": VIDEOS.encode("utf-16")}, "{}/videos.csv, line 1: not UTF-8", ""),
    "both files of comments": (
        {"gz": gzip.compress(COMMENTS.encode())},
        "{}: needs comments.csv or comments.csv.gz; both are there, keep one",
        "",
    ),
    "no file of comments": (
        {"comments": None},
        "{}: needs comments.csv or comments.csv.gz; neither is there",
        "",
    ),
    "gzip cut off": (
        {"comments": None, "gz": gzip.compress(comment_line("v1,1,好\n" * 999).encode())[:-12]},
        "{}/comments.csv.gz, after line ",
        "end-of-stream",
    ),
    "gzip damaged": (
        {"comments": None, "gz": gzip.compress(COMMENTS.encode())[:-8] + bytes(8)},
        "{}/comments.csv.gz, after line ",
        "CRC check failed",
    ),
    "not gzip": (
        {"comments": None, "gz": COMMENTS.encode()},
        "{}/comments.csv.gz, after line 0: cannot be read",
        "Not a gzipped file",
    ),
    "frames missing": (
        {"frames": {"v1": NUMBERS, "v3": NUMBERS}},
        "{}/frames/v2.npy: no such file; each video needs its frames",
        "",
    ),
    "frames are objects": (
        {"frames": FRAMES | {"v2": pickle.dumps(OBJECTS)}},
        "{}/frames/v2.npy: cannot be read as a NumPy array",
        "",
    ),
    "frames are an array of objects": (
        {"frames": FRAMES | {"v2": OBJECTS}},
        "{}/frames/v2.npy: cannot be read as a NumPy array",
        "",
    ),
    "frames are a npz": (
        {"frames": FRAMES | {"v2": NPZ}},
        "{}/frames/v2.npy: cannot be read as a NumPy array",
        "",
    ),
    "frames empty": ({"frames": FRAMES | {"v2": b""}}, "{}/frames/v2.npy: cannot be read as a", ""),
    "frames of one dimension": (
        {"frames": FRAMES | {"v2": np.zeros(9)}},
        "{}/frames/v2.npy: float64 [9], needed are numbers [seconds, width]",
        "",
    ),
    "frames of three dimensions": (
        {"frames": FRAMES | {"v2": np.zeros((2, 2, 2))}},
        "{}/frames/v2.npy: float64 [2, 2, 2], needed are numbers [seconds, width]",
        "",
    ),
    "frames without rows": (
        {"frames": FRAMES | {"v2": np.zeros((0, 2))}},
        "{}/frames/v2.npy: float64 [0, 2], needed are numbers",
        "",
    ),
    "frames without width": (
        {"frames": FRAMES | {"v2": np.zeros((9, 0))}},
        "{}/frames/v2.npy: float64 [9, 0], needed are numbers",
        "",
    ),
    "frames of texts": (
        {"frames": FRAMES | {"v2": np.array([["a", "b"]])}},
        "{}/frames/v2.npy: <U1 [1, 2], needed are numbers",
        "",
    ),
    "frames of complex numbers": (
        {"frames": FRAMES | {"v2": np.zeros((2, 2), complex)}},
        "{}/frames/v2.npy: complex128 [2, 2], needed are numbers",
        "",
    ),
    "frames of another width": (
        {"frames": FRAMES | {"v3": np.zeros((9, 3))}},
        "{}/frames/v3.npy: vectors of width 3, those before have 2",
        "",
    ),
    "frames not finite": (
        {"frames": FRAMES | {"v2": np.full((9, 2), np.nan)}},
        "frames of video v2: not finite in float16; scale the vectors",
        "",
    ),
    "frames too large for float16": (
        {"frames": FRAMES | {"v2": np.full((9, 2), 65_520)}},
        "frames of video v2: not finite in float16; scale the vectors",
        "",
    ),
}


@pytest.mark.parametrize("skip", [(), ("--skip-bad-rows",)], ids=["refuse", "skip"])
@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_is_refused(tmp_path, refused, listing, case, skip):
    files, start, part = BAD_FILES[case]
    folder = source(tmp_path, **files)
    before = listing(tmp_path)
    arguments = ("import", "tables", folder, "--out", "d", "--test", 1, "--dev", 0, "--quiet")
    message = refused(*arguments, *skip)
    assert message.startswith(start.format(folder))
    assert part in message
    assert listing(tmp_path) == before


ONE = ("--dev", 0, "--test", 1)
BAD_OPTIONS = {
    "share and count": (
        ("--dev", "0.1", "--test", "10"),
        "give both as counts (100) or both as sh",
    ),
    "counts of all": (("--dev", 1, "--test", 2), "3 videos leave none for training; take fewer"),
    "shares of all": (
        ("--dev", "0.5", "--test", "0.5"),
        "shares must not be negative and leave some",
    ),
    "too long": ((*ONE, "--min-duration", 31), "no video has 31 s and 0 comments; lower --min-dur"),
    "too busy": ((*ONE, "--min-comments", 3), "no video has 0 s and 3 comments; lower"),
    "one left": ((*ONE, "--min-duration", 30), "1 videos leave none for training"),
}


@pytest.mark.parametrize("case", BAD_OPTIONS)
def test_options_that_leave_nothing(tmp_path, refused, listing, case):
    options, message = BAD_OPTIONS[case]
    folder = source(tmp_path)
    before = listing(tmp_path)
    assert message in refused("import", "tables", folder, "--out", "d", *options)
    assert listing(tmp_path) == before


@pytest.mark.parametrize("share", ["x", "1e-1", "", "10%"])
def test_neither_share_nor_count(tmp_path, run, share):
    done = run("import", "tables", source(tmp_path), "--out", "d", "--dev", share)
    assert done.status == 2
    assert f"'{share}' is neither a share (0.05) nor a count (100)" in done.err


def test_no_source(tmp_path, refused):
    assert refused("import", "tables", "nowhere", "--out", "d") == (
        "nowhere/videos.csv: no such file"
    )


def test_an_existing_dataset_is_kept(tmp_path, refused, listing):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "mine").write_text("keep")
    folder = source(tmp_path)
    before = listing(tmp_path)
    message = refused("import", "tables", folder, "--out", "d", *ONE, "--quiet")
    assert message == "d: exists already; remove it or choose another --out"
    assert listing(tmp_path) == before


def imported(tmp_path, run, folder, *options):
    done = run("import", "tables", folder, "--out", "d", *(options or ONE))
    assert done.status == 0, done
    return Dataset(tmp_path / "d"), done


def rows_of(dataset):
    table = pq.read_table(dataset.path / "comments.parquet")
    columns = (table[name].to_pylist() for name in ("video_id", "time", "text", "tokens"))
    return list(zip(*columns, strict=True))


def test_what_is_imported(tmp_path, run):
    found, done = imported(tmp_path, run, source(tmp_path))
    assert rows_of(found) == [
        ("v1", 3.25, "好可爱", words_of("好可爱")),
        ("v1", 3.25, "哈哈哈", words_of("哈哈哈")),
        ("v2", 0.0, "第一", words_of("第一")),
        ("v3", 29.9, "再见", words_of("再见")),
    ]
    assert [(v.video_id, v.title, v.category, v.duration) for v in found.videos] == [
        ("v1", "一只猫", "动物", 10.0),
        ("v2", "火锅", "美食", 20.5),
        ("v3", "雪山", "旅行", 30.0),
    ]
    assert found.info.name == "d"
    assert found.info.split == {"dev": 0, "test": 1, "seed": 0}
    assert "d: 3 videos (train 2, dev 0, test 1), 4 comments, 4 distinct, fingerprint " in done.out
    found.check_fingerprint()


def test_what_a_spreadsheet_does_to_tables_is_no_matter(tmp_path, run):
    # byte order mark, CRLF, other columns in another order, empty lines, quotes, an odd id
    videos = '\ufeffduration,note,"video_id",title,category\r\n'
    videos += '10,,a@1|b,"  一 ""只"" ,\r\n猫 ", 动物 \r\n'
    videos += "20,,v2,,\r\n\r\n"
    comments = '\ufefftext,user,time,video_id\r\n\r\n好,u,1e0,a@1|b\r\n"a,\r\nb",u, 2 ,v2\r\n'
    found, _ = imported(tmp_path, run, source(tmp_path, videos=videos, comments=comments))
    assert [(v.video_id, v.title, v.category) for v in found.videos] == [
        ("a@1|b", '一 "只" , 猫', "动物"),
        ("v2", "", ""),
    ]
    assert [row[:3] for row in rows_of(found)] == [("a@1|b", 1.0, "好"), ("v2", 2.0, "a,\r\nb")]
    assert found.comments.strings == sorted([words_of("好"), words_of("a,b")])


@pytest.mark.parametrize(
    ("time", "expected"),
    [("0", 0), ("-0.0", 0), ("10", 10), ("10.999", 10.999), ("3.14159", 3.141), ("0.0004", 0)],
)
def test_times_that_are_taken(tmp_path, run, time, expected):
    # the video has 10 s: up to a second more is taken, as durations are mostly cut to whole seconds
    comments = f"video_id,time,text\nv1,{time},好\n"
    found, _ = imported(tmp_path, run, source(tmp_path, comments=comments))
    assert [row[1] for row in rows_of(found)] == [expected]


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
    found, _ = imported(tmp_path, run, source(tmp_path, frames=frames))
    assert [video.frame_count for video in found.videos] == [2, 1, 2]
    for video in found.videos:
        expected = frames[video.video_id].astype(np.float16).astype(np.float32)
        assert np.array_equal(found.frames(video, range(video.frame_count)), expected)


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
    found, done = imported(tmp_path, run, source(tmp_path), *ONE, *options)
    assert [video.video_id for video in found.videos] == kept
    assert found.info.skipped == left_out
    for rule, count in left_out.items():
        assert f"left out: {count}, {rule}" in done.out
    assert {row[0] for row in rows_of(found)} <= set(kept)


def test_quiet_videos_are_left_out_after_bad_rows(tmp_path, run):
    # v2 has one good comment and a bad one
    comments = COMMENTS + "v2,99,太晚\nv3,1,一\n"
    folder = source(tmp_path, comments=comments)
    found, _ = imported(tmp_path, run, folder, *ONE, "--min-comments", 2, "--skip-bad-rows")
    assert [video.video_id for video in found.videos] == ["v1", "v3"]
    assert found.info.skipped == {"time after the end": 1, "video below --min-comments": 1}


def test_no_comment(tmp_path, run):
    found, done = imported(tmp_path, run, source(tmp_path, comments="video_id,time,text\n"))
    assert "0 comments, 0 distinct" in done.out
    assert found.comments.strings == []


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
    found = Dataset(tmp_path / "d")
    assert len(found.comments.string) + sum(found.info.skipped.values()) == len(frame)
    kept = frame[frame["text"].str.strip() != ""]
    texts = kept["text"].str.split().str.join("")
    assert abs(texts.nunique() - len(found.comments.strings)) <= sum(found.info.skipped.values())
