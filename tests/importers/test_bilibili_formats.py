"""Formats of Bilibili beside XML and .ass: segments of the player, JSON of downloaders."""

from __future__ import annotations

import base64
import json

import pytest
from chat_files import ALL

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
