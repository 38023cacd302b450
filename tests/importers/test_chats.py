"""Chats of Niconico, Twitch and YouTube: what each file becomes."""

from __future__ import annotations

import json

import pytest
from chat_files import ALL, API, LIVE_CHAT, TWITCH, rows_of, write

from livebench.data.dataset import Dataset

OLDER = [
    {"ping": {"content": "rs:0"}},
    {"thread": {"thread": "1"}},
    {"chat": {"thread": "1", "no": 9, "vpos": 0, "content": "by the uploader", "fork": 1}},
    {"chat": {"thread": "1", "no": 1, "vpos": 325, "content": "so cute", "user_id": "u1"}},
    {"chat": {"thread": "1", "no": 2, "vpos": 325, "content": "so cute", "user_id": "u2"}},
    {"chat": {"thread": "1", "no": 3, "vpos": -1, "content": "too early"}},
    {"chat": {"thread": "1", "no": 4, "vpos": 9, "content": "two\nlines "}},
    {"chat": {"thread": "1", "no": 5, "vpos": 9, "deleted": 1}},
    {"chat": {"thread": "1", "no": 6, "vpos": 0, "content": "clap", "fork": 2}},
]
PACKET = """<?xml version="1.0" encoding="UTF-8"?><packet><thread thread="1"/>
<chat thread="1" no="9" vpos="0" fork="1">by the uploader</chat>
<chat thread="1" no="1" vpos="325" user_id="u1">so cute</chat>
<chat thread="1" no="2" vpos="325" user_id="u2">so cute</chat>
<chat thread="1" no="3" vpos="-1">too early</chat><chat thread="1" no="4" vpos="9">two
lines </chat>
<chat thread="1" no="5" vpos="9" deleted="1"/><chat thread="1" no="6" vpos="0" fork="2">clap</chat>
</packet>"""
NICONICO_ROWS = [(0.09, "two\nlines "), (3.25, "so cute"), (3.25, "so cute")]


@pytest.mark.parametrize("kind", ["niconico", "any"])
@pytest.mark.parametrize(
    ("name", "content"), [("so1.json", API), ("so1.json", OLDER), ("so1.xml", PACKET)]
)
def test_niconico(imported, kind, name, content):
    rows, videos, info = imported(kind, {name: content})
    assert rows == {"so1": NICONICO_ROWS}
    deleted = {} if content is API else {"deleted comment": 1}
    assert info.skipped == deleted | {
        "canned comment (easy)": 1,
        "comment of the uploader (owner)": 1,
        "negative time": 1,
    }
    assert (videos[0].duration, videos[0].group) == (4.0, "")


def test_niconico_by_series(imported):
    """An episode in a folder: that is its group, its name the title, and the id made of the path."""
    name = "archive/ある 物語/第一話「猫」.json"
    rows, videos, _ = imported("niconico", {name: API})
    # sha256 of the path, by coreutils
    assert list(rows) == ["nv" + NAME_HASH]
    assert (videos[0].title, videos[0].group) == ("第一話「猫」", "ある 物語")


NAME_HASH = "59b4e6ef70"


def test_niconico_is_japanese_unless_told_otherwise(tmp_path, run):
    pytest.importorskip("fugashi")
    write(tmp_path / "src", {"so1.json": API})
    assert run("import", "src", "--out", "out", *ALL).status == 0
    assert Dataset(tmp_path / "out").info.language == "ja"


@pytest.mark.parametrize("kind", ["twitch", "any"])
def test_twitch_downloader(imported, kind):
    rows, videos, info = imported(kind, {"[1-1-26] cats - A cat Chat.json": TWITCH})
    assert rows == {"v123": [(3.25, "so cute Kappa"), (81.0, "bye")]}
    video = videos[0]
    assert (video.title, video.category, video.duration, video.group) == (
        "A cat",
        "Chess",
        82.5,
        "cats",
    )
    assert info.skipped == {
        "comment again in the same file": 1,
        "negative time": 1,
        "empty text": 1,
    }


MESSAGES = [
    {
        "message_type": "text_message",
        "time_in_seconds": 3.25,
        "message": "so cute",
        "message_id": "a",
    },
    {
        "message_type": "paid_message",
        "time_in_seconds": 4,
        "message": "hello :_cat:",
        "message_id": "b",
    },
    {"message_type": "subscription_gift", "time_in_seconds": 4, "message": None, "message_id": "c"},
    {"message_type": "text_message", "time_in_seconds": -3, "message": "early", "message_id": "d"},
    {"message_type": "paid_message", "time_in_seconds": 9, "message": None, "message_id": "e"},
]


@pytest.mark.parametrize("kind", ["twitch", "youtube", "any"])
@pytest.mark.parametrize("lines", [False, True])
def test_chat_downloader(imported, kind, lines):
    name, content = "v9.json", MESSAGES
    if lines:
        name, content = "v9.jsonl", "\n".join(map(json.dumps, MESSAGES)) + "\n"
    rows, _, info = imported(kind, {name: content})
    assert rows == {"v9": [(3.25, "so cute"), (4.0, "hello :_cat:")]}
    assert info.skipped == {"subscription gift, no comment": 1, "negative time": 1, "empty text": 1}


@pytest.mark.parametrize("kind", ["youtube", "any"])
def test_live_chat_of_yt_dlp(imported, kind):
    content = "".join(json.dumps(line) + "\n" for line in LIVE_CHAT)
    rows, videos, info = imported(kind, {"A cat [abcDEF_12-3].live_chat.json": content})
    assert rows == {
        "abcDEF_12-3": [
            (3.25, "so 😂"),
            (4.0, "take :_cat:"),
            (5.0, "3 months"),
            (6.5, "while live"),
        ]
    }
    assert videos[0].title == "A cat"
    assert info.skipped == {
        "message before the video begins": 1,
        "MembershipItemRenderer, no comment": 1,
        "PaidStickerRenderer, no comment": 1,
        "action that adds no message": 1,
    }


def test_a_line_of_a_live_chat_that_is_cut_off(tmp_path, imported, refused):
    content = "\n".join(json.dumps(line) for line in LIVE_CHAT)[:-30]
    rows, _, info = imported("youtube", {"abcDEF_12-3.live_chat.json": content}, "--skip-bad-rows")
    assert len(rows["abcDEF_12-3"]) == 3
    assert info.skipped["line that is not JSON"] == 1
    found = refused("import", "youtube", "src", "--out", "d", *ALL)
    assert found.startswith("src/abcDEF_12-3.live_chat.json, line 8: line that is not JSON: ")


def test_the_raw_files_of_niconico(tmp_path, run, shared):
    """Two real episodes: the comments of the fork main, as another program counted them."""
    raw = shared / "niconico" / "raw"
    if not raw.is_dir():
        pytest.skip(f"{raw} is not here")
    done = run("import", raw, "--out", "out", *ALL, "--language", "en")
    assert done.status == 0, done
    rows = rows_of(tmp_path / "out")
    assert {video: len(of_video) for video, of_video in rows.items()} == {
        "nv1d4b4aa117": 1027,
        "nv62bd632176": 1028,
    }
    assert Dataset(tmp_path / "out").info.skipped == {"canned comment (easy)": 2}
