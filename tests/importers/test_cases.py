"""The folders of ../shared/cases with files of comments: each with what is right, to the comment."""

from __future__ import annotations

from pathlib import Path

import pytest
from chat_files import rows_of

from livebench.data.dataset import Dataset

CASES = Path(__file__).parents[3] / "shared" / "cases"
QUIET = ("--dev", 1, "--test", 1, "--quiet")
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is absent")

# Of each case its comments: video and text, by time; and what is counted.
EXPECTED = {
    "recover_entities": "me & you|#include<stdio.h>|A & B|<3 >_< T^T|😂 \"so\"|Tom & Jerry|<|<3",
    "unescaped_lt": "<——everywhere|#include<stdio.h>|plain one|broken </3 heart|a<b|x << y & z|"
    "<b>bold|what <!? no|last",
    "unescaped_tag": "first|#include<stdio.h>|last",
    "unescaped_heart": "first|broken </3 heart|last",
    "declares_gbk_is_utf8": "你好吗真好看|plain",
    "bom_declares_gbk": "你好吗真好看",
    "cesu8": "plain|nice 😂|你好",
    "surrogate_refs": "nice 😂|😂|half  only|good 😂",
    "ass_format_order2": "one, two, three, four, five, six, seven",
    "mac_files": "hi",
    "xml_v2_client": "word 0|word 1|word 2|word 3|word 4|word 5",
}  # fmt: skip


@pytest.mark.parametrize("case", EXPECTED)
@pytest.mark.parametrize("skip", [(), ("--skip-bad-rows",)])
def test_a_case_of_one_file(tmp_path, run, case, skip):
    done = run("import", "bilibili", CASES / case / "src", "--out", "out", *QUIET, *skip)
    assert done.status == 0, done
    assert "|".join(text for _, text in rows_of(tmp_path / "out")["clip"]) == EXPECTED[case]
    assert "left out" not in done.out


@pytest.mark.parametrize(
    ("case", "counts"),
    [
        ("live_id_zero", {"room-a": 8, "room-b": 8, "room-c": 8}),
        ("constant_chatid", dict.fromkeys(("clip1", "clip2", "clip3", "clip4"), 6)),
        ("two_parts", {"BV1-p1": 3, "BV1-p2": 3}),
    ],
)
def test_a_case_of_several_files(tmp_path, run, case, counts):
    done = run("import", "bilibili", CASES / case / "src", "--out", "out", *QUIET)
    assert done.status == 0, done
    rows = rows_of(tmp_path / "out")
    assert {name: len(rows[name]) for name in rows if not name.startswith("pad")} == counts
    assert "left out" not in done.out


def test_the_case_of_another_format(tmp_path, refused):
    message = refused("import", "bilibili", CASES / "niconico" / "src", "--out", "out", *QUIET)
    assert "no comment found in it (looked for <d p=" in message


@pytest.mark.parametrize("source", ["src", "src0", "srcoff", "srcoff0", "srcshort"])
def test_the_case_of_a_video_whose_clock_begins_anywhere(tmp_path, run, refused, source):
    source = CASES / "flv_offset" / source
    message = refused("import", "bilibili", source, "--out", "out", *QUIET)
    assert "clip.xml, line 5: time after the end: 500.5 s, the video has " in message
    done = run("import", "bilibili", source, "--out", "out", *QUIET, "--skip-bad-rows")
    assert "left out: 1, time after the end" in done.out
    videos = {video.video_id: video.duration for video in Dataset(tmp_path / "out").videos}
    assert videos["clip"] == pytest.approx(20, abs=0.3)  # 100 frames at 5 a second
    assert [text for _, text in rows_of(tmp_path / "out")["clip"]] == ["one", "five", "eighteen"]
