"""Files of sources of comments, well-formed, and their importers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from livebench.data.dataset import DatasetInfo
from livebench.importers.ass import read_ass
from livebench.importers.bilibili_dumps import read_dump
from livebench.importers.bilibili_segments import read_segment
from livebench.importers.collection import Collection, Options
from livebench.importers.danmaku_xml import read_xml
from livebench.importers.importing import import_dataset
from livebench.importers.livebot import read_livebot
from livebench.importers.niconico import read_file as read_niconico_file
from livebench.importers.opennmt_livebot import read_opennmt_livebot
from livebench.importers.twitch import read_file as read_twitch_file
from livebench.importers.videoic import read_videoic
from livebench.importers.youtube import read_file as read_youtube_file

from . import mutate
from .form import Damage, Format

OPTIONS = Options(dev=1, test=1, seed=0)
SKIPPING = Options(dev=1, test=1, seed=0, skip_bad_rows=True)
# fmt: off
XML = """<?xml version="1.0" encoding="UTF-8"?><i><chatid>5</chatid>
<d p="1.5,1,25,16777215,1500000000,0,abc,1">好看</d>
<d p="2,1,25,1,1500000000,0,a,2">哈哈 &amp; 哈</d></i>"""
ASS = """[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:02.00,a,,0,0,0,,{\\pos(1,1)}好看
Dialogue: 0,0:00:03.00,0:00:04.00,a,,0,0,0,,哈哈
"""
_TEXTS = ["好看", "哈哈 & 哈", 'a "b" {c}', "😂"]
_COMMENTS = list(enumerate(_TEXTS))
API = {"meta": {"status": 200}, "data": {"threads": [
    {"id": "1", "fork": "easy", "comments": []},
    {"id": "1", "fork": "main", "comments": [
        {"id": "a", "no": n, "vposMs": 1000 * n, "body": text} for n, text in _COMMENTS]}]}}
OLDER = [{"thread": {"thread": "1"}}, *(
    {"chat": {"thread": "1", "no": n, "vpos": 100 * n, "content": text}} for n, text in _COMMENTS)]
TWITCH = {"video": {"id": "1", "title": "A", "length": 82}, "streamer": {"name": "x"}, "comments": [
    {"_id": "a", "content_offset_seconds": n, "message": {"body": text, "fragments": [{"text": text}]}}
    for n, text in _COMMENTS]}
MESSAGES = [
    {"message_type": "text_message", "time_in_seconds": n, "message": text, "message_id": f"i{n}"}
    for n, text in _COMMENTS]
LIVE_CHAT = [
    {"replayChatItemAction": {"videoOffsetTimeMsec": str(1000 * n), "actions": [{"addChatItemAction": {
        "item": {"liveChatTextMessageRenderer": {"id": "a", "message": {"runs": [{"text": text}]}}}}}]}}
    for n, text in _COMMENTS]
ELEMS = {"elems": [
    {"id": "1", "progress": 1000 * n, "mode": 1, "content": text, "idStr": "1"}
    for n, text in _COMMENTS]}
SEGMENT = b"".join(
    b"\x0a" + bytes([len(text.encode()) + 6]) + b"\x10" + bytes([n]) + b"\x18\x01\x3a"
    + bytes([len(text.encode())]) + text.encode() for n, text in _COMMENTS)
OPENNMT = {"1": [{"danmu": text, "time": n} for n, text in _COMMENTS], "2": []}
VIDEOIC = {"3": _TEXTS, "5": ["好看"]}
# fmt: on


def sources(folder: Path) -> dict[str, Format]:
    """The formats of sources by name; their well-formed files are made in `folder`."""
    folder.mkdir()
    json_lines = "\n".join(map(json.dumps, LIVE_CHAT)).encode()
    files: dict[str, tuple[str, bytes, Damage, Callable[[Path, Collection], object]]] = {
        "xml": ("1.xml", XML.encode(), mutate.mutated_bytes, read_xml),
        "ass": ("1.ass", ASS.encode(), mutate.mutated_bytes, read_ass),
        "segment": ("1.pb", SEGMENT, mutate.mutated_bytes, read_segment),
        "dump": ("dump.json", _json(ELEMS), mutate.mutated_json, read_dump),
        "niconico": ("so1.json", _json(API), mutate.mutated_json, read_niconico_file),
        "niconico older": ("so2.json", _json(OLDER), mutate.mutated_json, read_niconico_file),
        "twitch": ("tw.json", _json(TWITCH), mutate.mutated_json, read_twitch_file),
        "messages": ("m.json", _json(MESSAGES), mutate.mutated_json, read_youtube_file),
        "live chat": ("a.live_chat.json", json_lines, mutate.mutated_lines, read_youtube_file),
    }
    made = {
        name: Format(written(folder, file, content), damage, _both(read))
        for name, (file, content, damage, read) in files.items()
    }
    released, opennmt = _released(folder / "released"), _opennmt(folder / "opennmt")
    videoic = _videoic(folder / "videoic")
    return made | {
        "released": Format(
            released / "test.json", mutate.mutated_lines, lambda p: imported(read_livebot, released)
        ),
        "opennmt": Format(
            opennmt / "train.json",
            mutate.mutated_json,
            lambda p: imported(read_opennmt_livebot, opennmt, SKIPPING),
        ),
        "videoic": Format(
            videoic / "comments" / "105.json",
            mutate.mutated_json,
            lambda p: imported(read_videoic, videoic, SKIPPING),
        ),
    }


def _both(read: Callable[[Path, Collection], object]) -> Callable[[Path], object]:
    """Read what is whole, and then as if nothing might be wrong."""

    def both(path: Path) -> object:
        read(path, Collection(SKIPPING))
        return read(path, Collection(OPTIONS))

    return both


def _json(content: Any) -> bytes:
    return json.dumps(content).encode()


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name.replace(".", "-") / name
    path.parent.mkdir()
    path.write_bytes(content)
    return path


def imported(read: Callable[..., Any], source: Path, options: Options = OPTIONS) -> None:
    out = source.with_name("imported")
    try:
        import_dataset(read, source, out, DatasetInfo("imported"), options)
    finally:
        assert not out.exists() or (out / "dataset.toml").exists()  # whole or not at all
        shutil.rmtree(out, ignore_errors=True)


def _released(folder: Path) -> Path:
    folder.mkdir()
    for number, split in enumerate(("train", "dev", "test")):
        lines = [
            msgspec.json.encode(
                {
                    "video": number,
                    "time": k,
                    "comment": f"好看 {k}",
                    "context": "a",
                    "candidate": [],
                }
            )
            for k in range(6)
        ]
        (folder / f"{split}.json").write_bytes(b"\n".join(lines) + b"\n")
    return folder


def _opennmt(folder: Path) -> Path:
    folder.mkdir()
    for number, split in enumerate(("train", "dev", "test")):
        videos = OPENNMT if split == "train" else {str(10 + number): OPENNMT["1"]}
        (folder / f"{split}.json").write_bytes(_json(videos))
    return folder


def _videoic(folder: Path) -> Path:
    (folder / "comments").mkdir(parents=True)
    videos = {f"10{number}": {"title": "A", "duration": 82} for number in range(4, 7)}
    (folder / "info.json").write_bytes(_json(videos))
    for aid in videos:
        (folder / "comments" / f"{aid}.json").write_bytes(_json(VIDEOIC))
    return folder
