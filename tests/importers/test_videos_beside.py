"""Video files beside danmaku: title and duration from their headers."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

av = pytest.importorskip("av")

from livebench.data.dataset import Dataset  # noqa: E402

XML = '<i><chatid>{chat}</chatid><d p="{time},1,25,0,1500000000,0,x,{chat}">好看</d></i>'
ASS = "[Events]\nDialogue: 2,0:00:01.25,0:00:09.25,R2L,,0,0,0,,{\\move(9,9,0,9)}好看\n"


def write_video(path: Path, seconds: int, title: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        if title:
            container.metadata["title"] = title
        stream = container.add_stream("libx264", rate=1)
        stream.width = stream.height = 32
        for _ in range(seconds):
            container.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        container.mux(stream.encode(None))


@pytest.fixture
def source(tmp_path) -> Path:
    """Four videos: mp4 with a title, in a folder as mkv, a broken flv, and none."""
    folder = tmp_path / "src"
    (folder / "b").mkdir(parents=True)
    for chat, name in enumerate(("a", "b/part", "c", "d"), 1):
        (folder / f"{name}.xml").write_text(XML.format(chat=chat, time=1.5), encoding="utf-8")
    write_video(folder / "a.mp4", 5, "小猫 日记")
    write_video(folder / "b" / "part.mkv", 7, "第二")
    (folder / "c.flv").write_bytes(b"no video")
    return folder


def rows(path: Path) -> dict[str, tuple[str, float]]:
    return {v.video_id: (v.title, v.duration) for v in Dataset(path).videos}


def test_bilibili_takes_title_and_duration_from_the_video(run, source):
    done = run("import", "bilibili", source, "--out", "ds", "--dev", 1, "--test", 1)
    assert done.status == 0, done
    assert rows(Path("ds")) == {
        "a": ("小猫 日记", 5.0),
        "b": ("第二", 7.0),
        "c": ("", 2.0),  # up to the end of the second of the last comment
        "d": ("", 2.0),
    }
    assert "repaired: 1, video file that cannot be opened: no title or duration from it" in done.out


def test_videos_csv_comes_first(run, source):
    (source / "videos.csv").write_text(
        "video_id,title,category,duration\na,狗,动物,\nb,,,9\nc,,,\nd,,,\n"
    )
    assert run("import", "bilibili", source, "--out", "ds", "--dev", 1, "--test", 1).status == 0
    about = rows(Path("ds"))
    assert (about["a"], about["b"]) == (("狗", 5.0), ("第二", 9.0))


def test_videos_may_be_ignored(run, source):
    order = ("import", "bilibili", source, "--out", "ds", "--dev", 1, "--test", 1)
    assert run(*order, "--ignore-videos").status == 0
    assert set(rows(Path("ds")).values()) == {("", 2.0)}


def test_comments_after_the_end_of_the_video_are_bad(refused, source):
    (source / "a.xml").write_text(XML.format(chat=1, time=6.5), encoding="utf-8")
    message = refused("import", "bilibili", source, "--out", "ds")
    assert "a.xml, line 1: time after the end: 6.5 s, the video has 5 s" in message


def test_without_the_package_the_choice_is_named(refused, source, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    message = refused("import", "bilibili", source, "--out", "ds")
    assert message.startswith(f"{source / 'a.mp4'}, package av: not installed")
    assert message.endswith("or give --ignore-videos")


def test_livebot_raw_takes_the_duration(run, tmp_path):
    for name in ("猫 一", "猫 二"):
        (tmp_path / "raw" / "动物").mkdir(parents=True, exist_ok=True)
        (tmp_path / "raw" / "动物" / f"{name}.ass").write_text(ASS, encoding="utf-8")
    write_video(tmp_path / "raw" / "动物" / "猫 一.mp4", 6, "not the file's name")
    order = ("import", "livebot", tmp_path / "raw", "--out", "ds", "--dev", 0, "--test", 1)
    assert run(*order).status == 0
    assert sorted(rows(Path("ds")).values()) == [("猫 一", 6.0), ("猫 二", 2.0)]


def write_flv(path: Path, seconds: int, first: int, said: float | None) -> None:
    """A file as recorders of live streams write it: 5 pictures a second from second `first` on; the
    duration in its header is `said`, or what FFmpeg writes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="flv") as container:
        stream = container.add_stream("flv1", rate=5)
        stream.width = stream.height = 64
        for number in range(seconds * 5):
            frame = av.VideoFrame(64, 64, "yuv420p")
            frame.pts = first * 5 + number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    if said is not None:
        raw = bytearray(path.read_bytes())
        place = raw.index(b"duration") + len(b"duration") + 1  # after it, the type of a number
        raw[place : place + 8] = struct.pack(">d", said)
        path.write_bytes(raw)


@pytest.mark.parametrize("first", [0, 16_000])
@pytest.mark.parametrize("said", [None, 0.0, 3.0])
@pytest.mark.parametrize("more", [b"", b"cut off"])
def test_an_flv_whose_clock_begins_anywhere(tmp_path, run, first, said, more):
    """100 pictures at 5 a second, whatever its header says, also where the file was cut off."""
    path = tmp_path / "src" / "a.flv"
    write_flv(path, 20, first, said)
    path.write_bytes(path.read_bytes() + more)
    (tmp_path / "src" / "a.xml").write_text(XML.format(chat=1, time=1.5), "utf-8")
    done = run("import", "bilibili", "src", "--out", "out", "--dev", 0, "--test", 0, "--quiet")
    assert done.status == 0, done
    (video,) = Dataset(tmp_path / "out").videos
    assert video.duration == pytest.approx(20, abs=0.3)
