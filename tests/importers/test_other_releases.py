"""OpenNMT-Livebot's data and VideoIC, in invented copies of their layouts."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest

from livebench.data.dataset import Dataset


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        path.write_text(text, "utf-8")
    return folder


def rows_of(dataset):
    table = pq.read_table(dataset.path / "comments.parquet")
    columns = (table[name].to_pylist() for name in ("video_id", "time", "text", "tokens"))
    return list(zip(*columns, strict=True))


OPENNMT = {
    "train.json": {
        "12": [{"danmu": "小猫 可爱", "time": 3}, {"danmu": "哈哈", "time": 1}],
        "3": [{"danmu": "好听", "time": 0}],
    },
    "dev.json": {"4": [{"danmu": "第一", "time": 2}]},
    "test.json": {"5": [{"danmu": "再见", "time": 9}]},
    "video_map.json": {"一只猫": 12, "雪山": 5},
}


def test_opennmt_livebot(tmp_path, run):
    write(tmp_path / "src", OPENNMT)
    done = run("import", "opennmt-livebot", "src", "--out", "d")
    assert done.status == 0, done
    dataset = Dataset(tmp_path / "d")
    assert [(v.video_id, v.title, v.split, v.duration) for v in dataset.videos] == [
        ("12", "一只猫", "train", 4.0),
        ("3", "", "train", 1.0),
        ("4", "", "dev", 3.0),
        ("5", "雪山", "test", 10.0),
    ]
    assert rows_of(dataset) == [
        ("12", 1.0, "哈哈", "哈哈"),
        ("12", 3.0, "小猫可爱", "小猫 可爱"),
        ("3", 0.0, "好听", "好听"),
        ("4", 2.0, "第一", "第一"),
        ("5", 9.0, "再见", "再见"),
    ]
    assert "Response to LiveBot" in dataset.info.citation


@pytest.mark.parametrize("place", ["resnet18.pkl", "visual/resnet18.pkl"])
def test_opennmt_livebot_with_frames(tmp_path, run, place):
    import torch

    write(tmp_path / "src", OPENNMT)
    (tmp_path / "src" / place).parent.mkdir(exist_ok=True)
    frames = {v: {s: torch.full((2,), 100.0 * v + s) for s in range(9)} for v in (12, 3, 4, 5)}
    torch.save(frames, tmp_path / "src" / place)
    assert run("import", "opennmt-livebot", "src", "--out", "d").status == 0
    dataset = Dataset(tmp_path / "d")
    assert dataset.frames(dataset.videos[0], [2]).tolist() == [[1202.0, 1202.0]]
    assert dataset.info.encoder == "resnet18"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"train.json": "["}, "src/train.json: "),
        (
            {"dev.json": {"4": [{"danmu": "好", "time": "x"}]}},
            "src/dev.json: JSON of another form: Expected `float`, got `str`",
        ),
        (
            {"dev.json": {"4": [{"danmu": "好", "time": -3}]}},
            "src/dev.json, video 4, comment 1: negative time: -3.0 s; fix it, or give --skip-bad-rows",
        ),
        (
            {"dev.json": {"12": [{"danmu": "好", "time": 3}]}},
            "src/dev.json, video 12, comment 1: video in two splits: 12 is in train already; fix it",
        ),
        (
            {"video_map.json": {"a": 1, "b": 1}},
            "src/video_map.json: two titles have one number; give",
        ),
    ],
)
def test_bad_opennmt_livebot(tmp_path, refused, listing, files, message):
    write(tmp_path / "src", OPENNMT | files)
    before = listing(tmp_path)
    assert refused("import", "opennmt-livebot", "src", "--out", "d", "--quiet").startswith(message)
    assert listing(tmp_path) == before


def test_opennmt_livebot_without_a_file(tmp_path, refused):
    write(tmp_path / "src", {"train.json": OPENNMT["train.json"]})
    message = refused("import", "opennmt-livebot", "src", "--out", "d")
    assert message == "src/dev.json: no such file"


def about(title, v_class, duration):
    return {"cid": 1, "title": title, "duration": duration, "v_class": v_class, "v_key": "x"}


VIDEOIC = {
    "info.json": {
        "105": about("一只猫", "pets", 82),
        "7": about("雪山", "travel", 9.5),
        "8": about("火锅", "food", "30"),
        "9": about("没有评论", "food", 30),
    },
    "comments/105.json": {"3": ["好可爱", "哈 哈"], "1": ["第一"]},
    "comments/7.json": {"0": [], "9": ["冷", " "]},
    "comments/8.json": {"2.5": ["饿"]},
    "comments/6.json": {"2": ["谁"]},
}
SPLIT = {"train.txt": "105\n\n", "dev.txt": "7\n", "test.txt": "8\n9\n1"}


@pytest.mark.parametrize(
    "split",
    [
        SPLIT,
        {"train.json": {"105": {}}, "dev.json": ["7"], "test.json": [8, 9, 1]},
    ],
)
def test_videoic(tmp_path, run, split):
    write(tmp_path / "src", VIDEOIC | split)
    done = run("import", "videoic", "src", "--out", "d")
    assert done.status == 0, done
    dataset = Dataset(tmp_path / "d")
    assert [(v.video_id, v.title, v.category, v.duration, v.split) for v in dataset.videos] == [
        ("105", "一只猫", "pets", 82.0, "train"),
        ("7", "雪山", "travel", 9.5, "dev"),
        ("8", "火锅", "food", 30.0, "test"),
    ]
    assert [row[:3] for row in rows_of(dataset)] == [
        ("105", 1.0, "第一"),
        ("105", 3.0, "好可爱"),
        ("105", 3.0, "哈 哈"),
        ("7", 9.0, "冷"),
        ("8", 2.5, "饿"),
    ]
    assert dataset.info.skipped == {
        "aid in a split, not in info.json": 1,
        "empty text": 1,
        "file of comments of no video in info.json": 1,
        "video without a file of comments": 1,
    }


def test_videoic_without_a_split(tmp_path, run):
    write(tmp_path / "src", VIDEOIC)
    assert run("import", "videoic", "src", "--out", "d", "--dev", 1, "--test", 1).status == 0
    dataset = Dataset(tmp_path / "d")
    assert sorted(video.split for video in dataset.videos) == ["dev", "test", "train"]


def test_videoic_with_a_video_in_no_split(tmp_path, run):
    write(tmp_path / "src", VIDEOIC | SPLIT | {"dev.txt": ""})
    assert run("import", "videoic", "src", "--out", "d").status == 0
    dataset = Dataset(tmp_path / "d")
    assert [video.video_id for video in dataset.videos] == ["105", "8"]
    assert dataset.info.skipped["video in no split"] == 1


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"info.json": {"1": {"v_class": "x"}}}, "src/info.json: "),
        (
            {"info.json": {"105": about("a", "b", 0)}},
            "src/info.json, aid 105: bad duration: 0.0 is not a number of seconds above 0 and at most",
        ),
        (
            {"comments/105.json": {"3": "好"}},
            "src/comments/105.json: JSON of another form: Expected `array`, got `str`",
        ),
        (
            {"comments/105.json": {"x": ["好"]}},
            "src/comments/105.json, second x: bad time: 'x' is not a finite number of seconds; fix it",
        ),
        (
            {"comments/105.json": {"83": ["好"]}},
            "src/comments/105.json, second 83: time after the end: 83 s, the video has 82 s; fix it",
        ),
        (SPLIT | {"dev.txt": "105\n"}, "src/dev.txt: 105 is in train already; keep it"),
        (
            {"train.txt": "105"},
            "src: has files of the splits train; give one for each of train, dev, test",
        ),
        (
            SPLIT | {"train.txt": "", "test.txt": "8"},
            "src: of 2 videos none is for training",
        ),
    ],
)
def test_bad_videoic(tmp_path, refused, listing, files, message):
    write(tmp_path / "src", VIDEOIC | files)
    before = listing(tmp_path)
    assert refused("import", "videoic", "src", "--out", "d", "--quiet").startswith(message)
    assert listing(tmp_path) == before


def test_videoic_without_info(tmp_path, refused):
    (tmp_path / "src").mkdir()
    assert refused("import", "videoic", "src", "--out", "d") == "src/info.json: no such file"
