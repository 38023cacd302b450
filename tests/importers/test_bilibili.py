"""Bilibili's danmaku: two folders made by hand, and what each row of them becomes.

`bilibili/whole` holds what Bilibili and converters write without fault, `bilibili/damaged` what goes
wrong on the way. The expected rows and counts were read off the files, not off the importer.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from livebench.data.dataset import Dataset

FOLDER = Path(__file__).parent / "bilibili"
NONE = ("--dev", 0, "--test", 1, "--quiet")


def rows_of(folder):
    table = pq.read_table(folder / "comments.parquet")
    columns = (table[name].to_pylist() for name in ("video_id", "time", "text"))
    return list(zip(*columns, strict=True))


WHOLE = [
    ("BV1everything", 0.001, "最早的一条"),
    ("BV1everything", 2.0, "<b> & &amp;"),  # CDATA is text as it stands
    ("BV1everything", 3.5, "第一"),
    ("BV1everything", 3.5, "顶部来了"),
    ("BV1everything", 5.1, "控制字符在此"),
    ("BV1everything", 5.2, "引用控制"),
    ("BV1everything", 6.0, "Tom & Jerry <3 \"x\" 'y' 😀"),
    ("BV1everything", 6.1, "A&B &nbsp;C <3"),
    ("BV1everything", 7.0, "逆行"),
    ("BV1everything", 8.25, "只有时间"),
    ("BV1everything", 9.0, "很多属性"),
    ("BV1everything", 12.345, "早上好"),
    ("BV2days", 1.0, "昨天"),
    ("BV2days", 2.0, "今天"),
    ("BV2days", 4.0, "两天都有"),
    ("BV2days", 5.0, "没有编号"),
    ("BV2days", 5.0, "没有编号"),
    ("BV2days", 5.0, "没有编号"),
    ("BV5gb18030", 1.0, "你好，世界"),
    ("BV6declared", 1.0, "朱镕基"),  # a character that GB2312 itself lacks
    ("BV7utf16", 1.0, "宽的"),
    ("BV8converted", 1.0, "大括号{笑}后面\n第二行"),
    ("BV8converted", 2.0, "{没有关上"),
    ("BV8converted", 3.25, "好可爱"),
    ("BV8converted", 3723.04, "有,逗号,的"),
    ("BV9both", 1.004, "两种格式"),
]
WHOLE_SKIPPED = {
    "empty text": 5,  # "", <d/>, two of white space, an .ass line of tags alone
    "comment again in a file of the same video": 4,  # 1 in the same file, 1 by id, 2 by time and text
    "file below the folder of a video": 1,
    ".ass beside an .xml of the same name": 1,
    "video without a file": 1,
    "video without comments and duration": 1,
    "advanced comment (mode 7)": 1,
    "code comment (mode 8)": 1,
    "BAS comment (mode 9)": 1,
    "empty file": 1,
    "file without a comment": 1,
    "comment within <!-- and -->": 1,
    "comment line of an .ass file": 1,
    "drawing in an .ass file": 1,
}
WHOLE_REPAIRED = {
    "character that XML forbids, removed": 4,
    "comment with a bare & or <, kept as text": 1,
    "file read as GB18030": 1,
    "video without a row in videos.csv": 1,
}


def test_what_bilibili_writes(tmp_path, run):
    done = run("import", "bilibili", FOLDER / "whole", "--out", "d", *NONE)
    assert done.status == 0, done
    dataset = Dataset(tmp_path / "d")
    assert rows_of(dataset.path) == WHOLE
    assert dataset.info.skipped == WHOLE_SKIPPED
    assert dataset.info.repaired == WHOLE_REPAIRED
    for rule, count in WHOLE_SKIPPED.items():
        assert f"left out: {count}, {rule}" in done.out
    for rule, count in WHOLE_REPAIRED.items():
        assert f"repaired: {count}, {rule}" in done.out
    assert [(v.video_id, v.title, v.category, v.duration) for v in dataset.videos] == [
        ("BV1everything", "有一切, 的视频", "生活", 20.0),
        (
            "BV2days",
            "两天",
            "生活",
            6.0,
        ),  # unknown: until the end of the second of the last comment
        ("BV4silent", "没人说话", "生活", 60.0),
        ("BV5gb18030", "", "生活", 2.0),
        ("BV6declared", "", "生活", 2.0),
        ("BV7utf16", "", "生活", 2.0),
        ("BV8converted", "转换", "生活", 3724.0),
        ("BV9both", "", "", 2.0),
    ]


def test_every_comment_of_the_file_with_everything_is_accounted_for():
    """21 <d> outside the comment of XML: 12 taken, 4 empty, 3 of modes 7 to 9, 1 again."""
    text = (FOLDER / "whole" / "BV1everything.xml").read_bytes().split(b"<!--")[0]
    assert text.count(b"<d ") == 12 + 4 + 3 + 1


def test_no_hash_of_a_sender_is_kept(tmp_path, run):
    assert run("import", "bilibili", FOLDER / "whole", "--out", "d", *NONE).status == 0
    for path in (tmp_path / "d").iterdir():
        content = path.read_bytes()
        assert b"a1b2c3d4" not in content
        assert b"ffffffff" not in content
    table = pq.read_table(tmp_path / "d" / "comments.parquet")
    assert table.column_names == ["video_id", "time", "text", "tokens"]


DAMAGED = [
    ("BV1cut", 1.0, "完整"),
    ("BV1cut", 2.0, "也完整"),
    ("BV2tag", 1.0, "前面"),
    ("BV2tag", 3.0, "后面"),
    ("BV3bytes", 1.0, "这一条评论里有一个坏字节在这里"),
    ("BV3bytes", 2.0, "好吃"),
    ("BV4fields", 1.0, "好的"),
    ("BV5same", 1.0, "别的视频"),  # the chat id of BV3bytes, but not its comments
    ("BV8unknown", 1.0, "编码不明"),
    ("BV9bad", 1.0, "好"),
    ("BVAlate", 9.5, "刚好"),
    ("BVBless", 1.0, "一"),
    ("BVBless", 2.0, "我 <b 你"),
    ("BVBless", 3.0, "二"),
]
DAMAGED_SKIPPED = {
    "file without a comment": 1,  # BV0 space
    "broken XML": 3,  # BV1cut, BV2tag, BV7json
    "comment cut off": 1,
    "comment with a broken opening tag": 1,
    "undecodable bytes": 2,  # a byte in BV3bytes, half a character at the end of BV1cut
    "bad time": 5,  # "x", "nan", "1e999", "", no p at all
    "negative time": 2,  # XML and .ass
    "unknown mode": 2,  # 77 and none after a comma
    "bad video id": 1,
    "document type": 1,
    "short Dialogue line": 1,
    "bad Dialogue line": 1,
    "time after the end": 1,
}


def test_what_is_damaged_is_read_as_far_as_it_goes(tmp_path, run):
    done = run("import", "bilibili", FOLDER / "damaged", "--out", "d", *NONE, "--skip-bad-rows")
    assert done.status == 0, done
    dataset = Dataset(tmp_path / "d")
    rows = rows_of(dataset.path)
    assert rows == DAMAGED
    counts = dict(dataset.info.skipped)
    assert counts.pop("video without comments and duration") == 2  # BV6page, BV7json
    assert counts == DAMAGED_SKIPPED
    assert dataset.info.repaired == {
        "comment with a bare & or <, kept as text": 1,
        "file not in the encoding that it declares": 1,
        "video without a row in videos.csv": 10,
    }


# a damaged file alone: what the message says after its name
REFUSED = {
    "BV1cut.xml": ", line 4: undecodable bytes: they are not utf-8",
    "BV2tag.xml": ", line 3: broken XML: the opening tag of a comment cannot be read",
    "BV3bytes.xml": ", line 3: undecodable bytes: they are not utf-8",
    "BV4fields.xml": ", line 8: unknown mode: '77' is not one of 1 to 9",
    "BV6page.xml": ": document type: a file of comments declares none; remove it",
    "BV7json.xml": ", line 1: broken XML: Start tag expected, '<' not found",
    "BV9bad.ass": ", line 10: short Dialogue line: 2 fields, needed are 10",
    "BV0 space.xml": ": bad video id: 'BV0 space' is not a plain name",
}


@pytest.mark.parametrize("name", REFUSED)
def test_damage_is_refused_with_file_and_line(tmp_path, refused, listing, name):
    (tmp_path / "src").mkdir()
    shutil.copy(FOLDER / "damaged" / name, tmp_path / "src" / name)
    message = refused("import", "bilibili", "src", "--out", "d", *NONE)
    assert message.startswith(f"src/{name}{REFUSED[name]}")
    assert message.endswith("; fix it, or give --skip-bad-rows")
    assert listing(tmp_path) == ["src", f"src/{name}"]


def test_two_videos_with_one_chat_id_are_refused(tmp_path, refused):
    for name in ("BV1", "BV2"):
        (tmp_path / "src").mkdir(exist_ok=True)
        text = '<i><chatid>7</chatid><d p="1,1">好</d></i>'
        (tmp_path / "src" / f"{name}.xml").write_text(text, "utf-8")
    assert refused("import", "bilibili", "src", "--out", "d", *NONE) == (
        "src/BV2.xml: comments of another video: 1 of its 1 are those of src/BV1.xml; put both into a "
        "folder BV1/; fix it, or give --skip-bad-rows"
    )


def test_time_after_the_end_is_known_where_the_duration_is(tmp_path, refused):
    (tmp_path / "src").mkdir()
    for name in ("BVAlate.xml", "videos.csv"):
        shutil.copy(FOLDER / "damaged" / name, tmp_path / "src" / name)
    message = refused("import", "bilibili", "src", "--out", "d", *NONE)
    assert message.startswith(
        "src/BVAlate.xml, line 3: time after the end: 11 s, the video has 10 s"
    )


NO_FILE = "src: no .xml, .ass, .json, .pb, .so, .bin or .protobuf file in it, nor in a folder of it"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, NO_FILE),
        ({"a/b/c.xml": "<i/>"}, NO_FILE),
        (
            {"a.xml": "<i/>"},
            'src: no comment found in it (looked for <d p="..."> in XML, Dialogue: in .ass, segments of '
            "the player, JSON of downloaders); `livebench import` without a kind says which kind of "
            "files are there",
        ),
        (
            {"a.xml": "<i/>", "videos.csv": "id\n"},
            "src/videos.csv, line 1: missing columns: video_id; needed are video_id",
        ),
        (
            {"a.xml": "<i/>", "videos.csv": "video_id\na\na\n"},
            "src/videos.csv, line 3: video twice: a, first at line 2; keep one of them",
        ),
        (
            {"a.xml": "<i/>", "videos.csv": "video_id,duration\na,-1\n"},
            "src/videos.csv, line 2: bad duration: '-1' is not a number of seconds above 0 and at most "
            "10,000,000; fix it, or give --skip-bad-rows",
        ),
        (
            {"a.xml": '<i><d p="1e7,1">x</d><d p="1e8,1">x</d></i>'},
            "src/a.xml, line 1: time after the end: 1e8 s, a video has at most 10,000,000 s; fix it, "
            "or give --skip-bad-rows",
        ),
    ],
)
def test_what_cannot_be_imported(tmp_path, refused, listing, files, message):
    (tmp_path / "src").mkdir()
    for name, text in files.items():
        (tmp_path / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "src" / name).write_text(text, "utf-8")
    before = listing(tmp_path)
    assert refused("import", "bilibili", "src", "--out", "d", *NONE) == message
    assert listing(tmp_path) == before


def test_no_such_folder(refused):
    assert refused("import", "bilibili", "nowhere", "--out", "d") == "nowhere: no such folder"


def test_entities_are_never_resolved(tmp_path, run):
    """Neither one that grows nor one that names a file: they are text."""
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    text = '<i><d p="1,1">&lol; &x;&#x26;lol;</d></i>'
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.xml").write_text(text, "utf-8")
    bomb = '<!DOCTYPE i [<!ENTITY lol "ha"><!ENTITY x SYSTEM "../secret">]>' + text
    (tmp_path / "src" / "b.xml").write_text(bomb, "utf-8")
    done = run(
        "import", "bilibili", "src", "--out", "d", "--dev", 0, "--test", 0, "--skip-bad-rows"
    )
    assert done.status == 0, done
    assert rows_of(tmp_path / "d") == [("a", 1.0, "&lol; &x;&lol;")]
    assert Dataset(tmp_path / "d").info.skipped == {
        "document type": 1,
        "video without comments and duration": 1,
    }
