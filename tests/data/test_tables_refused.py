"""Tables that are refused, and rows that are skipped: each rule by name."""

from __future__ import annotations

import gzip
import pickle

import numpy as np
import pytest
from table_sources import COMMENTS, VIDEOS, source

from livebench.data.dataset import Dataset


def video_line(line):
    return VIDEOS + line + "\n"  # line 5


def comment_line(line):
    return COMMENTS + line + "\n"  # line 6


# what is wrong: files that differ, file and line, rule, detail
BAD_ROWS = {
    "duplicate video": ("videos", "v1,again,x,5", "video twice", "v1, first at line 2"),
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
    assert message.endswith("; fix it, or give --skip-bad-rows")
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
    dataset = Dataset(tmp_path / "d")
    assert dataset.info.skipped == {rule: 2}
    source(tmp_path)
    assert run(*arguments, "--out", "clean").status == 0
    assert dataset.info.fingerprint == Dataset(tmp_path / "clean").info.fingerprint


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
        "{}/videos.csv, line 1: missing columns: video_id, title, category, duration; needed",
        "",
    ),
    "no title": (
        {"videos": "video_id,category,duration\nv1,x,5\n"},
        "{}/videos.csv, line 1: missing columns: title; needed are video_id, title, category",
        "",
    ),
    "no title and category": (
        {"videos": "video_id,duration\nv1,5\n"},
        "{}/videos.csv, line 1: missing columns: title, category",
        "",
    ),
    "other case": (
        {"comments": "Video_ID,time,text\n"},
        "{}/comments.csv, line 1: missing columns: video_id",
        "",
    ),
    "semicolons": (
        {"comments": "video_id;time;text\nv1;1;x\n"},
        "{}/comments.csv, line 1: missing columns: video_id, time, text",
        "",
    ),
    "no text": (
        {"comments": "video_id,time\nv1,1\n"},
        "{}/comments.csv, line 1: missing columns: text; needed are video_id, time, text",
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
        "{}/comments.csv: cannot be read as CSV after line 5: ',' expected after '\"'",
        "",
    ),
    "quote not closed": (
        {"comments": comment_line('v1,1,"好看')},
        "{}/comments.csv: cannot be read as CSV after line 5: unexpected end of data",
        "",
    ),
    "not UTF-8": (
        {"comments": COMMENTS.encode() + "v1,1,好\n".encode("gbk")},
        "{}/comments.csv, line 6: is not UTF-8",
        "",
    ),
    "not UTF-8, far down": (
        {"comments": COMMENTS.encode() + b"v1,1,ok\n" * 5000 + b"v1,1,\xff\n" + b"v1,1,ok\n" * 9},
        "{}/comments.csv, line 5006: is not UTF-8",
        "",
    ),
    "not UTF-8, in a gzip": (
        {"comments": None, "gz": gzip.compress(COMMENTS.encode() + b"v1,1,\xff\n")},
        "{}/comments.csv.gz, line 6: is not UTF-8",
        "",
    ),
    "UTF-16": ({"videos": VIDEOS.encode("utf-16")}, "{}/videos.csv, line 1: is not UTF-8", ""),
    "both files of comments": (
        {"gz": gzip.compress(COMMENTS.encode())},
        "{}: has both comments.csv and comments.csv.gz; keep one",
        "",
    ),
    "no file of comments": (
        {"comments": None},
        "{}: has neither comments.csv nor comments.csv.gz; put",
        "",
    ),
    "gzip cut off": (
        {"comments": None, "gz": gzip.compress(comment_line("v1,1,好\n" * 999).encode())[:-12]},
        "{}/comments.csv.gz: cannot be read as CSV after line ",
        "end-of-stream",
    ),
    "gzip damaged": (
        {"comments": None, "gz": gzip.compress(COMMENTS.encode())[:-8] + bytes(8)},
        "{}/comments.csv.gz: cannot be read as CSV after line ",
        "CRC check failed",
    ),
    "not gzip": (
        {"comments": None, "gz": COMMENTS.encode()},
        "{}/comments.csv.gz: cannot be read as CSV: ",
        "Not a gzipped file",
    ),
    "frames missing": (
        {"frames": {"v1": NUMBERS, "v3": NUMBERS}},
        "{}/frames/v2.npy: no such file; give each video its frames",
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
        "{}/frames/v2.npy: is float64 [9], not numbers [seconds, width]",
        "",
    ),
    "frames of three dimensions": (
        {"frames": FRAMES | {"v2": np.zeros((2, 2, 2))}},
        "{}/frames/v2.npy: is float64 [2, 2, 2], not numbers [seconds, width]",
        "",
    ),
    "frames without rows": (
        {"frames": FRAMES | {"v2": np.zeros((0, 2))}},
        "{}/frames/v2.npy: is float64 [0, 2], not numbers [seconds, width]",
        "",
    ),
    "frames without width": (
        {"frames": FRAMES | {"v2": np.zeros((9, 0))}},
        "{}/frames/v2.npy: is float64 [9, 0], not numbers [seconds, width]",
        "",
    ),
    "frames of texts": (
        {"frames": FRAMES | {"v2": np.array([["a", "b"]])}},
        "{}/frames/v2.npy: is <U1 [1, 2], not numbers [seconds, width]",
        "",
    ),
    "frames of complex numbers": (
        {"frames": FRAMES | {"v2": np.zeros((2, 2), complex)}},
        "{}/frames/v2.npy: is complex128 [2, 2], not numbers [seconds, width]",
        "",
    ),
    "frames of another width": (
        {"frames": FRAMES | {"v3": np.zeros((9, 3))}},
        "{}/frames/v3.npy: has vectors of width 3, those before have 2",
        "",
    ),
    "frames not finite": (
        {"frames": FRAMES | {"v2": np.full((9, 2), np.nan)}},
        "video v2: frame vectors are not finite in float16; scale the vectors",
        "",
    ),
    "frames too large for float16": (
        {"frames": FRAMES | {"v2": np.full((9, 2), 65_520)}},
        "video v2: frame vectors are not finite in float16; scale the vectors",
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
        "shares must not be negative, and leave some",
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
