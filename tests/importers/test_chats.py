"""Chats of other sites and of Bilibili's other formats: what each file becomes, and which kind it is."""

from __future__ import annotations

import base64
import json

import pyarrow.parquet as pq
import pytest

from livebench.data.dataset import Dataset

ALL = ("--dev", 0, "--test", 0, "--quiet")

# Written by the package protobuf 7 from the fields named beside the rows below.
SEGMENT = base64.b64decode(
    "CikITRCyGRgBIBko////BzIEOWMxYToHc28gY3V0ZUCA3qDLBUgFYgI3NwpACIGAgICAgICAQBgFMgQ5YzFhOhFhdCB0aGUgc3Rh"
    "cnQg8J+YgkCB3qDLBWITNDYxMTY4NjAxODQyNzM4NzkwNQobCE4QmPj/////////ARgBOgZiZWZvcmViAjc4ChQITxCIJxgHOgVb"
    "MCwwXVgBYgI3OQoLCFAQ8C4YBGICODAKDwhRENk2GAY6BGxhc3RoAg=="
)
SEGMENT_ROWS = [(0.0, "at the start 😂"), (3.25, "so cute"), (7.001, "last")]
SEGMENT_SKIPPED = {"negative time": 1, "advanced comment (mode 7)": 1, "empty text": 1}
ELEMS = [
    {
        "id": "77",
        "progress": 3250,
        "mode": 1,
        "midHash": "9c1a",
        "content": "so cute",
        "idStr": "77",
    },
    {"id": str(2**62 + 1), "mode": 5, "midHash": "9c1a", "content": "at the start 😂"},
    {"id": "78", "progress": -1000, "mode": 1, "content": "before", "idStr": "78"},
    {"id": "79", "progress": 5000, "mode": 7, "content": "[0,0]"},
    {"progress": 6000, "mode": 4},
    {"id": "81", "progress": 7001, "mode": 6, "content": "last", "attr": 2},
]
OBJECTS = [
    {"text": "so cute", "dm_time": 3.25, "mode": "DmMode.FLY", "crc32_id": "9c1a", "id_": 77},
    {"text": "at the start \ud83d\ude02", "dm_time": 0, "mode": 5, "id_str": "4611686018427387905"},
    {"text": "before", "dm_time": -1, "mode": 1},
    {"text": "[0,0]", "dm_time": 5, "mode": "DmMode.ADVANCE"},
    {"text": "", "dm_time": 6, "mode": 4},
    {"text": "last", "dm_time": 7.001, "mode": 6},
]
FACTORY = [[], [], [
    {"c": "3.25,16777215,1,25,196050,1364468342,f1", "m": "so cute"},
    {"c": "0,16777215,5,25,196050,1364468342,f2", "m": "at the start 😂"},
    {"c": "-1,16777215,1,25", "m": "before"},
    {"c": "5,16777215,7,25", "m": "[0,0]"},
    {"c": "6,16777215,4,25", "m": ""},
    {"c": "7.001,16777215,6,25", "m": "last"},
]]  # fmt: skip


def rows_of(folder):
    rows: dict[str, list[tuple[float, str]]] = {}
    for row in pq.read_table(folder / "comments.parquet").to_pylist():
        rows.setdefault(row["video_id"], []).append((row["time"], row["text"]))
    return rows


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, bytes | str) else json.dumps(content)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.fixture
def imported(tmp_path, run):
    """Import files of a kind ("any" for none given); rows by video, the videos, and what was counted."""

    def call(kind, files, *options):
        write(tmp_path / "src", files)
        words = () if kind == "any" else (kind,)
        done = run("import", *words, "src", "--out", "out", *ALL, "--language", "en", *options)
        assert done.status == 0, done
        dataset = Dataset(tmp_path / "out")
        return rows_of(dataset.path), dataset.videos, dataset.info

    return call


@pytest.mark.parametrize("kind", ["bilibili", "any"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("v.pb", SEGMENT),
        ("v_00.pb", SEGMENT),
        ("v.json", {"elems": ELEMS}),
        ("v.json", {"code": 0, "data": {"list": ELEMS}}),
        ("v.json", ELEMS),
        ("v.json", OBJECTS),
        ("v.json", FACTORY),
        ("v.json", b"\xef\xbb\xbf" + json.dumps(FACTORY, ensure_ascii=False).encode()),
    ],
)
def test_formats_of_bilibili(imported, kind, name, content):
    rows, _, info = imported(kind, {name: content}, "--skip-bad-rows")
    assert rows == {"v": SEGMENT_ROWS}
    assert info.skipped == SEGMENT_SKIPPED


def test_segments_of_a_video_and_its_other_files(imported):
    """Several segments are one video; a comment that is in the XML, too, is taken once."""
    xml = (
        '<i><chatid>1</chatid><d p="3.25000,1,25,16777215,1500000000,0,9c1a,77">so cute</d>'
        '<d p="8,1,25,16777215,1500000000,0,9c1a,99">in the XML alone</d></i>'
    )
    second = SEGMENT[: SEGMENT[1] + 2].replace(b"77", b"98").replace(b"\x08\x4d", b"\x08\x62")
    files = {"v_00.pb": SEGMENT, "v_01.pb": second, "v.xml": xml, "v.ass": "Dialogue: x"}
    rows, _, info = imported("bilibili", files, "--skip-bad-rows")
    assert rows == {
        "v": [*SEGMENT_ROWS[:2], (3.25, "so cute"), SEGMENT_ROWS[2], (8.0, "in the XML alone")]
    }
    assert info.skipped["comment again in a file of the same video"] == 1


# Damage to the segment: what is changed, the message, and the comments that are left.
SEGMENT_DAMAGE = [
    (lambda raw: raw[:-5], "after comment 5: broken segment: it is cut off", SEGMENT_ROWS[:2]),
    (
        lambda raw: raw.replace(b":\x07so cute", b":\x07so \xffute"),
        "comment 1: damaged comment: its text is not UTF-8",
        [SEGMENT_ROWS[0], SEGMENT_ROWS[2]],
    ),
    (
        lambda raw: raw.replace(b":\x07so cute", b"=\x07so cute"),
        "comment 1: damaged comment: ",
        [SEGMENT_ROWS[0], SEGMENT_ROWS[2]],
    ),
    (
        lambda raw: raw.replace(b"\x18\x01 \x19", b"\x18\x63 \x19"),
        "comment 1: unknown mode: '99' is not one of 1 to 9",
        [SEGMENT_ROWS[0], SEGMENT_ROWS[2]],
    ),
]


@pytest.mark.parametrize(("damage", "message", "left"), SEGMENT_DAMAGE)
def test_a_damaged_segment_keeps_its_other_comments(
    tmp_path, imported, refused, damage, message, left
):
    rows, _, _ = imported("bilibili", {"v.pb": damage(SEGMENT)}, "--skip-bad-rows")
    assert rows == {"v": left}
    found = refused("import", "bilibili", "src", "--out", "d", *ALL)
    assert found.startswith(f"src/v.pb, {message}")


API = {"meta": {"status": 200}, "data": {"globalComments": [], "threads": [
    {"id": "1", "fork": "owner", "comments": [
        {"id": "a", "no": 1, "vposMs": 0, "body": "by the uploader"}]},
    {"id": "1", "fork": "main", "comments": [
        {"id": "b", "no": 1, "vposMs": 3250, "body": "so cute", "userId": "u1", "score": -2400},
        {"id": "c", "no": 2, "vposMs": 3250, "body": "so cute", "userId": "u2"},
        {"id": "d", "no": 3, "vposMs": -10, "body": "too early", "userId": "u2"},
        {"id": "e", "no": 4, "vposMs": 90, "body": "two\nlines \ud83d", "userId": "u2"}]},
    {"id": "1", "fork": "easy", "comments": [
        {"id": "f", "no": 1, "vposMs": 0, "body": "clap"}]}]}}  # fmt: skip
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


TWITCH = {
    "FileInfo": {"Version": {"Major": 1}},
    "streamer": {"name": "cats", "id": 1},
    "video": {"title": "A  cat", "id": "v123", "game": "Chess", "start": 0, "end": 80, "length": 82.5},
    "comments": [
        {"_id": "a", "content_offset_seconds": 3.25, "commenter": {"display_name": "x"},
         "message": {"body": "so cute Kappa", "bits_spent": 100, "user_color": "#fff"}},
        {"_id": "a", "content_offset_seconds": 3.25, "message": {"body": "so cute Kappa"}},
        {"_id": "b", "content_offset_seconds": -2, "commenter": None, "message": {"body": "early"}},
        {"_id": "c", "content_offset_seconds": 81, "message": {"body": "bye"}},
        {"_id": "d", "content_offset_seconds": 5, "message": {"body": " "}},
    ],
}  # fmt: skip


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


def action(kind, milliseconds, runs, clock="0:03", name="a", **where):
    message = {"message": {"runs": runs}} if runs else {}
    item = {kind: {"id": name, "timestampText": {"simpleText": clock}, **message}}
    replay = {"actions": [{"addChatItemAction": {"item": item}}]}
    if not where:
        replay["videoOffsetTimeMsec"] = str(milliseconds)
    return {"replayChatItemAction": replay, **where}


TEXT, PAID = "liveChatTextMessageRenderer", "liveChatPaidMessageRenderer"
LIVE_CHAT = [
    action(TEXT, 0, [{"text": "waiting"}], "-5:00", "w"),
    action(TEXT, 3250, [{"text": "so "}, {"emoji": {"emojiId": "😂", "shortcuts": [":joy:"]}}]),
    action(PAID, 4000, [{"text": "take "},
           {"emoji": {"emojiId": "UC/x", "shortcuts": [":_cat:"], "isCustomEmoji": True}}], name="b"),
    action("liveChatMembershipItemRenderer", 5000, [{"text": "3 months"}], name="c"),
    action("liveChatMembershipItemRenderer", 5000, None, name="d"),
    action("liveChatPaidStickerRenderer", 5000, None, name="e"),
    {"replayChatItemAction": {"actions": [{"addLiveChatTickerItemAction": {}}]}},
    action(TEXT, 0, [{"text": "while live"}], name="f", videoOffsetTimeMsec="6500", isLive=True),
]  # fmt: skip


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


def test_nothing_known_says_what_was_looked_for(tmp_path, refused):
    write(tmp_path / "src", {"a.txt": "x", "b.json": {"x": 1}, "c.xml": "<html/>"})
    message = refused("import", "src", "--out", "d")
    assert message.startswith(
        "src: nothing known in it (1 .txt, 1 .json, 1 .xml); looked for tables: "
    )
    for word in (
        "comments.csv",
        '<d p="..."> in .xml',
        "vposMs",
        "content_offset_seconds",
        "danmu",
    ):
        assert word in message
    (tmp_path / "empty").mkdir()
    assert "nothing known in it (it is empty)" in refused("import", "empty", "--out", "d")
    assert refused("import", "nowhere", "--out", "d") == "nowhere: no such folder"


def test_several_kinds_in_one_folder(tmp_path, refused):
    write(tmp_path / "src", {"a.json": API, "b.json": TWITCH, "c.json": TWITCH})
    assert refused("import", "src", "--out", "d") == (
        "src: several kinds in it: niconico (1 files), twitch (2 files); put each into a folder of its "
        "own, or give the kind: `livebench import KIND`"
    )


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("tables", {"videos.csv": "video_id\n", "comments.csv": "x\n"}),
        ("livebot", {"train.json": '{"video": 0, "time": 3, "comment": "so cute"}\n'}),
        ("livebot", {"c/a.ass": "x", "c/a.flv": "x", "d/b.ass": "x", "d/b.flv": "x"}),
        ("opennmt-livebot", {"train.json": {"12": [{"danmu": "so cute", "time": 3}]}}),
        ("videoic", {"info.json": {}, "comments/1.json": {}}),
        ("bilibili", {"a.xml": '<i><d p="1,1">x</d></i>'.encode("utf-16"), "a.txt": "x"}),
    ],
)
def test_which_kind_a_folder_is(tmp_path, kind, files):
    from livebench.importers.kinds import kind_of

    write(tmp_path, files)
    assert kind_of(tmp_path)[0] == kind


@pytest.mark.parametrize(
    ("kind", "files", "message"),
    [
        ("niconico", {"a.txt": ""}, "src: no .json or .xml file in it, nor in a folder of it"),
        ("niconico", {"a.json": "{"}, "src/a.json: broken JSON: "),
        ("niconico", {"a.json": {"x": 1}}, "src: no comment found in it (looked for threads"),
        ("twitch", {"a.json": {"comments": [{"content_offset_seconds": 1}]}},
         "src/a.json, comment 1: record that is no comment: it has no message.body"),
        ("twitch", {"a.json": {"x": 1}}, "src: no comment found in it (looked for comments with"),
        ("youtube", {"a.json": json.dumps(LIVE_CHAT[1]) + "\n[1]"},
         "src/a.json, line 2: line without a chat action: it is '[1]'"),
        ("bilibili", {"a.json": [{"content": 1, "mode": 1}]},
         "src/a.json, comment 1: text that is none: it is '1'"),
        ("bilibili", {"a.json": [{"content": "x", "mode": 1, "progress": "soon"}]},
         "src/a.json, comment 1: bad time: 'soon' is not a finite number of seconds"),
        ("bilibili", {"a.json": [{"content": "x", "mode": 1}, {"y": 1}]},
         "src/a.json, comment 2: record that is no comment: its keys are ['y']"),
    ],
)  # fmt: skip
def test_what_cannot_be_imported(tmp_path, refused, kind, files, message):
    write(tmp_path / "src", files)
    assert refused("import", kind, "src", "--out", "d", *ALL).startswith(message)


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
