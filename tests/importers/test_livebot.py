"""LiveBot's releases: invented ones, whole and broken."""

from __future__ import annotations

import json
import struct
import warnings

import numpy as np
import pytest

from livebench.data.dataset import Dataset


def write_lines(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, "utf-8")


def comment(video, time, words):
    return {"video": video, "time": time, "comment": words}


def release(folder, **files):
    """A processed release: video 0 in training, 1 for development, 2 for the test."""
    made = {
        "train": [comment(0, 1, "小猫 可爱"), comment(0, 2, "哈哈")],
        "dev": [comment(1, 1, "第一")],
        "test": [comment(2, 3, "哈哈")],
        **files,
    }
    for name, rows in made.items():
        if rows is not None:
            write_lines(folder / f"{name}.json", rows)
    return folder


def test_a_release_without_frames_and_with_titles(tmp_path, run):
    folder = release(tmp_path / "src")
    (folder / "videos.csv").write_text("video_id,title\n0,一只猫\n2,雪山\n", "utf-8")
    done = run("import", "livebot", "src", "--out", "d", "--source", "here")
    assert done.status == 0, done
    dataset = Dataset(tmp_path / "d")
    assert [(v.video_id, v.title, v.duration, v.split) for v in dataset.videos] == [
        ("0", "一只猫", 3.0, "train"),
        ("1", "", 2.0, "dev"),
        ("2", "雪山", 4.0, "test"),
    ]
    assert dataset.info.tokenizer == "jieba, as released"
    assert dataset.info.split == {}
    assert not dataset.has_frames
    assert dataset.comments.strings == ["哈哈", "小猫 可爱", "第一"]


def test_training_comments_may_stand_in_the_file_with_context(tmp_path, run):
    rows = [{**comment(0, 1, "小猫 可爱"), "context": "哈哈"}]
    release(tmp_path / "src", train=None, **{"train-context": rows})
    assert run("import", "livebot", "src", "--out", "d").status == 0
    assert len(Dataset(tmp_path / "d").comments.string) == 3


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"dev": None}, "src/dev.json: no such file"),
        (
            {"train": [{"video": 0, "time": 1}]},
            "src/train.json, line 1: line that is not a record: Object missing required field "
            "`comment`; fix it, or give --skip-bad-rows",
        ),
        (
            {"test": [comment(0, 1, "好")]},
            "src/test.json, line 1: video in two splits: 0 is in train already; fix it, or give "
            "--skip-bad-rows",
        ),
        (
            {"train": [comment(0, -1, "好")]},
            "src/train.json, line 1: negative time: -1.0 s; fix it, or give --skip-bad-rows",
        ),
        ({"train": []}, "src: of 2 videos none is for training"),
    ],
)
def test_bad_releases(tmp_path, refused, listing, files, message):
    release(tmp_path / "src", **files)
    before = listing(tmp_path)
    assert refused("import", "livebot", "src", "--out", "d", "--quiet") == message
    assert listing(tmp_path) == before


def test_bad_lines_are_counted(tmp_path, run):
    folder = release(tmp_path / "src")
    with (folder / "train.json").open("ab") as file:
        file.write(b'{"video": 0\n\xff\n{"video": 0, "time": 1, "comment": ""}\n\n')
    done = run("import", "livebot", "src", "--out", "d", "--skip-bad-rows")
    assert done.status == 0, done
    assert Dataset(tmp_path / "d").info.skipped == {"line that is not a record": 2, "empty text": 1}


def test_neither_release(tmp_path, refused):
    (tmp_path / "src").mkdir()
    assert refused("import", "livebot", "src", "--out", "d") == (
        "src: neither the processed release (train.json, dev.json, test.json) nor the raw one "
        "(CATEGORY/TITLE.ass)"
    )


def write_raw(folder):
    line = "Dialogue: 2,0:00:{},0:00:11.25,R2L,,20,20,2,,{{\\move(500,20,-90,20)}}{}\n"
    for category, title, rows in (
        ("宠物", "一只 猫", [("03.25", "好可爱"), ("01.00", "第一")]),
        ("动物", "一只 猫", [("03.25", "好可爱"), ("01.00", "第一")]),  # the same title again
        ("动物", "雪山", [("09.00", "好冷")]),
        ("动物", "火锅", [("02.00", "好吃")]),
    ):
        (folder / category).mkdir(parents=True, exist_ok=True)
        text = "[Events]\n" + "".join(line.format(*row) for row in rows)
        (folder / category / f"{title}.ass").write_text(text, "utf-8")
        (folder / category / f"{title}.flv").write_bytes(b"FLV")
    (folder / "动物" / "没有评论.flv").write_bytes(b"FLV")
    return folder


def test_the_raw_release(tmp_path, run):
    write_raw(tmp_path / "src")
    done = run("import", "livebot", "src", "--out", "d", "--dev", 0, "--test", 1)
    assert done.status == 0, done
    dataset = Dataset(tmp_path / "d")
    # printf '一只 猫' | sha256sum | cut -c 1-12
    assert {(v.video_id, v.title, v.category, v.duration) for v in dataset.videos} == {
        ("468c76685aac", "一只 猫", "动物", 4.0),
        ("c3bb797acf2a", "雪山", "动物", 10.0),
        ("8d56ca5e36ec", "火锅", "动物", 3.0),
    }
    assert dataset.info.skipped == {
        "video again in another category": 1,
        "video without an .ass": 1,
    }
    assert sorted(dataset.comments.texts) == sorted(["好可爱", "第一", "好冷", "好吃"])


# Frames


def old_format(vectors, *, cut=0, globals_=b"ctorch\nFloatStorage\n", dtype="<f4"):
    """A file of torch's old format, written byte by byte: {0: {0: vector, 1: vector, ...}}."""
    from pickle import dumps

    parts = [dumps(0x1950A86A20F9469CFC6C, 2), dumps(1001, 2), dumps({"little_endian": True}, 2)]
    body = b"\x80\x02}K\x00}"
    for second, vector in enumerate(vectors):
        body += b"K" + bytes([second])
        body += b"ctorch._utils\n_rebuild_tensor_v2\n(("
        body += b"X\x07\x00\x00\x00storage" + globals_
        body += b"X\x01\x00\x00\x00" + str(second).encode()
        body += b"X\x03\x00\x00\x00cpuK" + bytes([len(vector)]) + b"NtQ"
        body += b"K\x00K" + bytes([len(vector)]) + b"\x85K\x01\x85\x89}tR"
        body += b"s"
    parts += [body + b"s.", dumps([str(second) for second in range(len(vectors))], 2)]
    for vector in vectors:
        parts.append(struct.pack("<q", len(vector)) + np.asarray(vector).astype(dtype).tobytes())
    content = b"".join(parts)
    return content[: len(content) - cut]


VECTORS = [[1.0, 2.0], [3.0, 4.5], [-1.0, 0.25]]


def test_frames_of_the_old_format(tmp_path, run):
    folder = release(tmp_path / "src", dev=[comment(0, 1, "一")], test=[comment(0, 1, "一")])
    release(folder, dev=[], test=[])
    (folder / "res18.pkl").write_bytes(old_format(VECTORS))
    import torch

    with warnings.catch_warnings():  # it is what torch reads, too
        warnings.simplefilter("ignore")
        saved = torch.load(folder / "res18.pkl", weights_only=True)
    assert torch.stack(list(saved[0].values())).tolist() == VECTORS
    assert run("import", "livebot", "src", "--out", "d").status == 0
    dataset = Dataset(tmp_path / "d")
    assert dataset.frames(dataset.videos[0], [0, 1, 2]).tolist() == VECTORS
    assert dataset.info.encoder == "res18"
    assert dataset.videos[0].duration == 3


def test_frames_of_a_later_version(tmp_path, run):
    import torch

    folder = release(tmp_path / "src", dev=[], test=[])
    saved = {
        0: {second: torch.tensor(vector) for second, vector in enumerate(VECTORS)},
        9: {0: torch.zeros(2)},
    }
    torch.save(saved, folder / "res18.pkl")
    assert run("import", "livebot", "src", "--out", "d").status == 0
    dataset = Dataset(tmp_path / "d")
    assert dataset.frames(dataset.videos[0], [0, 1, 2]).tolist() == VECTORS
    assert dataset.info.skipped == {"frame of a video without comments": 1}


def test_a_missing_frame_and_a_video_without_any(tmp_path, run, refused):
    import torch

    folder = release(tmp_path / "src", test=[])
    frames = {0: {0: torch.ones(2), 1: torch.ones(2), 3: torch.ones(2), 4: torch.ones(2)}}
    torch.save(frames, folder / "res18.pkl", _use_new_zipfile_serialization=False)
    assert refused("import", "livebot", "src", "--out", "d") == (
        "src/dev.json, line 1: video without frames: 1 is not in src/res18.pkl; fix it, or give "
        "--skip-bad-rows"
    )
    release(folder, dev=[], test=[])
    assert refused("import", "livebot", "src", "--out", "d") == (
        "src/res18.pkl, video 0, second 2: frame after a missing one: 2 frames follow; fix it, or give "
        "--skip-bad-rows"
    )
    release(folder, test=[])
    assert run("import", "livebot", "src", "--out", "d", "--skip-bad-rows").status == 0
    dataset = Dataset(tmp_path / "d")
    assert [(v.video_id, v.frame_count) for v in dataset.videos] == [("0", 2)]
    assert dataset.info.skipped == {
        "comment of a video that is not taken": 1,
        "frame after a missing one": 2,
        "video without frames": 1,
    }


class Attack:
    def __reduce__(self):
        return print, ("run",)


def attack():
    from pickle import dumps

    return b"".join([dumps(0x1950A86A20F9469CFC6C, 2), dumps(1001, 2), dumps(Attack(), 2)])


BAD_FRAMES = {
    "empty": (b"", "it is cut off"),
    "no pickle": (b"hello", ""),
    "another pickle": (b"\x80\x02K\x05.", "Invalid magic number"),
    "cut off": (old_format(VECTORS, cut=3), "unexpected EOF"),
    "a program": (attack(), "it is damaged, or holds more than tensors"),
    "whole numbers": (
        old_format(VECTORS, globals_=b"ctorch\nLongStorage\n", dtype="<i8"),
        "what it holds are not vectors of floats",
    ),
}


@pytest.mark.parametrize("case", BAD_FRAMES)
def test_bad_frames(tmp_path, refused, listing, capsys, case):
    content, part = BAD_FRAMES[case]
    folder = release(tmp_path / "src")
    (folder / "res18.pkl").write_bytes(content)
    before = listing(tmp_path)
    message = refused("import", "livebot", "src", "--out", "d", "--quiet")
    assert message.startswith(
        "src/res18.pkl: cannot be read as frame vectors, {video: {second: vector}}: "
    )
    assert part in message
    assert capsys.readouterr().out == ""
    assert listing(tmp_path) == before


def test_vectors_of_two_widths(tmp_path, refused):
    folder = release(tmp_path / "src")
    (folder / "res18.pkl").write_bytes(old_format([[1.0], [1.0, 2.0]]))
    assert refused("import", "livebot", "src", "--out", "d") == (
        "src/res18.pkl: has vectors of the widths [1, 2]; all must have the same"
    )
