"""Which kind of source a folder is, and what is said of one that is none."""

from __future__ import annotations

import json

import pytest
from chat_files import ALL, API, LIVE_CHAT, TWITCH, write


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
        ("bilibili", {"a.ass": "[Events]\nDialogue: 0,0:00:02.00,0:00:09.00,R2L,,0,0,0,,x\n"}),
        ("niconico", {"s/a.json": json.dumps(API)[:-90], "s/b.json": ""}),
        ("youtube", {"a.live_chat.json": json.dumps(LIVE_CHAT[1]).encode("utf-16-le")}),
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
