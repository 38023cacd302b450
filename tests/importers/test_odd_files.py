"""Files that are whole but odd: what a system, a server or a tool makes of them."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import shutil
import zipfile

import pytest
from chat_files import ALL, API, LIVE_CHAT, TWITCH, write

XML = """<?xml version="1.0" encoding="UTF-8"?>
<i><d p="3.25,1,25,1,1,0,a,1">so cute</d>
<d p="0.09,1,25,1,1,0,a,2">two</d></i>
"""
ASS = "[Events]\nFormat: Layer, Start, End, Style, Text\nDialogue: 0,0:00:03.25,0:00:09.00,R,so cute\n"
ELEMS = {"elems": [{"id": "1", "progress": 3250, "mode": 1, "content": "so cute", "idStr": "1"}]}
# Name of a file, and what is in it.
FILES = {
    "niconico": ("so1.json", json.dumps(API, indent=1)),
    "twitch": ("v.json", json.dumps(TWITCH, indent=1)),
    "youtube": ("v.live_chat.json", "".join(json.dumps(line) + "\n" for line in LIVE_CHAT)),
    "xml": ("v.xml", XML),
    "ass": ("v.ass", ASS),
    "dump": ("v.json", json.dumps(ELEMS)),
}


def kind_of(name):
    return "bilibili" if name in ("xml", "ass", "dump") else name


SAME = {
    "a mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "CR LF": lambda text: text.replace("\n", "\r\n").encode(),
    "CR": lambda text: text.replace("\n", "\r").encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16 without a mark": lambda text: text.encode("utf-16-le"),
    "the other UTF-16 without a mark": lambda text: text.encode("utf-16-be"),
    "UTF-32": lambda text: text.encode("utf-32"),
    "zeros at the end": lambda text: text.encode() + b"\0" * 999,
}


@pytest.mark.parametrize("way", SAME)
def test_the_same_comments_written_in_other_ways(imported, tmp_path, way):
    for name, (file, text) in FILES.items():
        rows, _, info = imported(kind_of(name), {file: text})
        shutil.rmtree(tmp_path / "src")
        shutil.rmtree(tmp_path / "out")
        found, _, again = imported(kind_of(name), {file: SAME[way](text)})
        shutil.rmtree(tmp_path / "src")
        shutil.rmtree(tmp_path / "out")
        assert any("so " in said for of_video in rows.values() for _, said in of_video)
        assert found == rows
        # Zeros are one more line of an .ass file.
        assert again.skipped.keys() - info.skipped.keys() <= {
            "line of an .ass file that is no event"
        }
        assert again.repaired == info.repaired


def zipped(content):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:  # stored, not deflated: the text is in it
        archive.writestr("v.json", content)
    return target.getvalue()


COMPRESSED = {
    "gzip": gzip.compress,
    "zip": zipped,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
    "zstd": lambda content: b"\x28\xb5\x2f\xfd" + content,
}


@pytest.mark.parametrize("by", COMPRESSED)
def test_a_compressed_file_is_named(tmp_path, refused, run, by):
    """Under the name of a plain one; nothing of it is read, also where its text stands in it."""
    for name, (file, text) in FILES.items():
        write(tmp_path / name, {file: COMPRESSED[by](text.encode())})
        assert refused("import", kind_of(name), name, "--out", "d", *ALL) == (
            f"{name}/{file}: compressed file: it is {by}, whatever its name; unpack it; fix it, or give "
            "--skip-bad-rows"
        )
        message = refused("import", kind_of(name), name, "--out", "d", *ALL, "--skip-bad-rows")
        assert "no comment found in it" in message


@pytest.mark.parametrize("content", ["", " \r\n", "\0" * 99])
def test_an_empty_file_is_left_out(imported, content):
    for kind in ("niconico", "twitch", "youtube"):
        file, text = FILES[kind]
        end = file[file.index(".") :]
        _, videos, info = imported(kind, {f"{kind}/a{end}": text, f"{kind}/b{end}": content})
        assert info.skipped["file without a comment"] == 1
        assert len(videos) == 1
        shutil.rmtree("src")
        shutil.rmtree("out")


TIMES = ["true", "null", '"soon"', "1e999", "[]", "9" * 400, '""']


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("kind", ["niconico", "twitch", "youtube"])
def test_a_time_that_is_none_is_shown(tmp_path, refused, kind, time):
    file, text = FILES[kind]
    old = {"niconico": '"vposMs": 3250', "twitch": '"content_offset_seconds": 3.25',
           "youtube": '"videoOffsetTimeMsec": "3250"'}[kind]  # fmt: skip
    assert old in text
    write(tmp_path / "src", {file: text.replace(old, f"{old.split(': ')[0]}: {time}", 1)})
    message = refused("import", kind, "src", "--out", "d", *ALL)
    shown = {"true": "True", "null": "None", "1e999": "inf"}.get(time, time.strip('"'))[:80]
    assert f": bad time: '{shown}' is not a finite number of seconds; fix it" in message
