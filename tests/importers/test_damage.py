"""Each kind of damage that was found in public: what comes out, to the comment; and small twins of it.

Expected texts are those that stand in the files for whoever reads them. The folders of ../shared/cases
are read in test_cases.py.
"""

from __future__ import annotations

import shutil

import pytest
from chat_files import rows_of

from livebench.data.dataset import Dataset

QUIET = ("--dev", 1, "--test", 1, "--quiet")
HEAD = '<?xml version="1.0" encoding="UTF-8"?><i><chatid>77</chatid>'


def xml(*comments, head=HEAD):
    """A file of comments, each a second after the other, with ids."""
    lines = [
        f'<d p="{n}.5,1,25,16777215,1500000000,0,ab,9000{n}">{text}</d>'
        for n, text in enumerate(comments, 1)
    ]
    return f"{head}\n" + "\n".join(lines) + "\n</i>"


@pytest.fixture
def imported(tmp_path, run):
    """Import files (name to content); the rows, and the dataset."""

    def call(files, *options):
        source = tmp_path / "src"
        for name, content in files.items():
            path = source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        for number in (1, 2):  # so that there is something to split
            (source / f"pad{number}.xml").write_text(
                f'<i><chatid>{number}</chatid><d p="1,1">pad</d></i>', "utf-8"
            )
        done = run("import", "bilibili", "src", "--out", "out", *QUIET, *options)
        assert done.status == 0, done
        rows = rows_of(tmp_path / "out")
        return {name: rows[name] for name in rows if not name.startswith("pad")}, Dataset(
            tmp_path / "out"
        ).info

    return call


# What stands between the tags, and what was said.
TEXTS = {
    "me &amp; you": "me & you",
    "#include<stdio.h>": "#include<stdio.h>",
    "&lt;3 &gt;_&lt; T^T": "<3 >_< T^T",
    "&#128514; &quot;so&quot;": '😂 "so"',
    "Tom & Jerry": "Tom & Jerry",
    "&lt;": "<",
    "<3": "<3",
    "broken </3 heart": "broken </3 heart",
    "<——everywhere": "<——everywhere",
    "a<b": "a<b",
    "x << y & z": "x << y & z",
    "<b>bold": "<b>bold",
    "<b>bold</b> &amp; <i/>": "<b>bold</b> & <i/>",
    "what <!? no": "what <!? no",
    "<!-- not aside": "<!-- not aside",
    "<![CDATA[not closed": "<![CDATA[not closed",
    "<![CDATA[a </d> & &amp;]]>!": "a </d> & &amp;!",
    "<?php echo": "<?php echo",
    "</dd> <dd>": "</dd> <dd>",
    "<D>": "<D>",
    "&nbsp;&amp;nbsp;": "&nbsp;&nbsp;",
    "&#55357;&#56834; &#xD83D;&#xDE02;": "😂 😂",
    "half &#55357; only": "half  only",
    "&#55357;&#56834;&#56834;": "😂",
    "&#0;&#x1F;x&#xFFFFFFFF;": "x",
    'p="x" &lt;d p=': 'p="x" <d p=',
    "plain": "plain",
}


def test_all_between_the_tags_of_a_comment_is_its_text(imported):
    rows, info = imported({"clip.xml": xml(*TEXTS)})
    assert rows == {"clip": [(n + 0.5, text) for n, text in enumerate(TEXTS.values(), 1)]}
    bare = [text for text in TEXTS if text.count("<") or "&nbsp;&" in text or " & " in text]
    bare.remove("<![CDATA[a </d> & &amp;]]>!")
    assert info.repaired == {
        "comment with a bare & or <, kept as text": len(bare),
        "character in two halves, joined": 3,
        "character that XML forbids, removed": 1 + 1 + 3,
    }


GONE_WRONG = {
    "an opening tag": ("<d p=", "<q p="),
    "a closing tag": ("ll</d>", "ll</q>"),
    "a closing tag that is lost": ("ll</d>", "ll"),
    "the end of an opening tag": ('ab,90002">', "ab,90002"),
    "an attribute": ('<d p="2', "<d p=2"),
    "a tag cut off": ('<d p="2.5,1', "<d"),
}


@pytest.mark.parametrize("kind", GONE_WRONG)
def test_a_damaged_tag_changes_no_other_comment(imported, kind):
    """Four comments of which the second is damaged: the others as they are, and the second counted."""
    lines = xml("one &amp; &lt;", "ill", "thr&#101;e", "<four").splitlines(keepends=True)
    old, new = GONE_WRONG[kind]
    assert old in lines[2]
    lines[2] = lines[2].replace(old, new)
    rows, info = imported({"clip.xml": "".join(lines)}, "--skip-bad-rows")
    assert rows == {"clip": [(1.5, "one & <"), (3.5, "three"), (4.5, "<four")]}
    assert info.skipped.pop("broken XML") == 1
    assert sum(info.skipped.values()) == 1


@pytest.mark.parametrize(
    ("declared", "content"),
    [
        (b"gb2312", "你好吗真好看".encode()),
        (b"iso-8859-1", "你好吗".encode()),
        (b"utf-16", "你好吗".encode()),
        (b"x-unknown", "你好".encode()),
        (b"shift_jis", "かわいい".encode()),
    ],
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_bytes_outweigh_the_declared_encoding(imported, declared, content, mark):
    head = mark + b'<?xml version="1.0" encoding="' + declared + b'"?><i><d p="1,1">'
    rows, info = imported({"clip.xml": head + content + b"</d></i>"})
    assert rows == {"clip": [(1.0, content.decode())]}
    assert info.repaired == {"file not in the encoding that it declares": 1}


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("gb2312", "gb18030"),
        ("GBK", "gbk"),
        ("Shift_JIS", "cp932"),
        ("big5", "big5"),
        ("euc-jp", "euc-jp"),
    ],
)
def test_a_declared_encoding_that_is_right(imported, declared, encoding):
    text = "かわいい" if encoding in ("cp932", "euc-jp") else "好看"
    head = f'<?xml version="1.0" encoding="{declared}"?><i><d p="1,1">'
    rows, info = imported({"clip.xml": (head + text + "</d></i>").encode(encoding)})
    assert rows == {"clip": [(1.0, text)]}
    assert not info.repaired


def test_an_encoding_is_not_guessed_from_a_few_bytes(imported, tmp_path, refused):
    """One wrong byte, or half a character, among few others: the byte alone is lost."""
    for number, wrong in enumerate((b"\xff", b"\xe4\xbd", b"\xc4\xe3", b"\xed\xa0")):
        rows, info = imported(
            {f"clip{number}.xml": xml("a@b", "好", head="<i>").encode().replace(b"@", wrong)},
            "--skip-bad-rows",
        )
        assert rows[f"clip{number}"] == [(1.5, "ab"), (2.5, "好")]
        assert info.skipped == {"undecodable bytes": number + 1}
        assert "file read as GB18030" not in info.repaired
        shutil.rmtree(tmp_path / "out")
    assert refused("import", "bilibili", "src", "--out", "d", *QUIET).startswith(
        "src/clip0.xml, line 2: undecodable bytes: they are not utf-8"
    )


def test_a_file_of_utf_8_that_declares_gbk_and_has_a_wrong_byte(imported):
    head = '<?xml version="1.0" encoding="gbk"?><i>'
    content = xml("你好吗真好看", "好看@吗", head=head).encode().replace(b"@", b"\xff")
    rows, _ = imported({"clip.xml": content}, "--skip-bad-rows")
    assert rows == {"clip": [(1.5, "你好吗真好看"), (2.5, "好看吗")]}


def test_halves_of_a_character_as_bytes(imported):
    """CESU-8: joined in pairs; lone halves, of either kind, are removed and counted."""
    pair, first, second = b"\xed\xa0\xbd\xed\xb8\x82", b"\xed\xa0\xbd", b"\xed\xb8\x82"
    content = xml("1@", "2#", "3~", "好").encode()
    for mark, halves in ((b"@", pair), (b"#", first), (b"~", second)):
        content = content.replace(mark, halves)
    rows, info = imported({"clip.xml": content})
    assert rows == {"clip": [(1.5, "1😂"), (2.5, "2"), (3.5, "3"), (4.5, "好")]}
    assert info.repaired == {
        "character in two halves, joined": 1,
        "character that XML forbids, removed": 2,
    }


@pytest.mark.parametrize("own_id", ["0", "", "NULL", "-1", "88888888", "abc"])
def test_an_id_that_many_comments_have_is_none(imported, own_id):
    lines = [f'<d p="{n},1,25,1,1,0,ab,{own_id}">text {n}</d>' for n in range(5)]
    lines += [f'<d p="9,1,25,1,1,0,ab,{own_id}">666</d>'] * 2  # two viewers, one moment
    rows, info = imported({"clip.xml": f"<i>{''.join(lines)}</i>"})
    assert len(rows["clip"]) == 7
    assert not info.skipped


def test_again_needs_the_same_id_time_and_text(imported):
    one = '<d p="1,1,25,1,1,0,ab,{}">one</d>'
    rows, info = imported({
        "v/1.xml": "<i><chatid>5</chatid>" + one.format(123456) + "</i>",
        "v/2.xml": "<i><chatid>5</chatid>" + one.format(123456) * 2 + one.format(123457) + "</i>",
    })  # fmt: skip
    assert rows == {"v": [(1.0, "one")] * 2}
    assert info.skipped == {"comment again in a file of the same video": 2}


def snapshot(chat, numbers, ids=True):
    lines = [
        f'<d p="{n},1,25,1,1,0,ab,{1000000 + n if ids else 0}">{chat} {n}</d>' for n in numbers
    ]
    return f"<i><chatid>{chat}</chatid>{''.join(lines)}</i>"


@pytest.mark.parametrize("ids", [True, False])
def test_states_of_one_chat_are_put_together_and_none_is_lost(tmp_path, imported, refused, ids):
    files = {"a.xml": snapshot(31, range(10), ids), "b.xml": snapshot(31, range(4, 15), ids)}
    rows, info = imported(files, "--skip-bad-rows")
    assert [time for time, _ in rows["a"]] == list(range(15))
    assert list(rows) == ["a"]
    assert info.skipped == {
        "comments of another video": 1,
        "comment again in a file of the same video": 6,
    }
    assert refused("import", "bilibili", "src", "--out", "d", *QUIET) == (
        "src/b.xml: comments of another video: 6 of its 11 are those of src/a.xml; put both into a "
        "folder a/; fix it, or give --skip-bad-rows"
    )


def test_a_chat_id_that_a_downloader_fills_in_says_nothing(imported):
    files = {}
    for clip in range(1, 5):
        lines = [f'<d p="{n}.{clip},1,25,1,1,0,ab,{n}">video {clip} says {n}</d>' for n in range(6)]
        files[f"clip{clip}.xml"] = f"<i><chatid>88888888</chatid>{''.join(lines)}</i>"
    rows, info = imported(files)
    assert {video: len(of_video) for video, of_video in rows.items()} == dict.fromkeys(
        ("clip1", "clip2", "clip3", "clip4"), 6
    )
    assert not info.skipped


def test_parts_in_one_folder_are_videos_of_their_own(imported):
    rows, info = imported({
        "BV1/p1.xml": snapshot(101, range(3)),
        "BV1/p2.xml": snapshot(102, range(10, 13)),
        "BV1/p2-later.xml": snapshot(102, range(11, 15)),
    })  # fmt: skip
    assert {video: [time for time, _ in of_video] for video, of_video in rows.items()} == {
        "BV1-p1": [0, 1, 2],
        "BV1-p2-later": [10, 11, 12, 13, 14],
    }
    assert info.repaired == {"part of a video with a chat of its own, as a video": 2}


def test_states_of_one_video_that_two_downloaders_kept(imported):
    """One filled in the chat id; the comments say that they are the same."""
    one = snapshot(101, range(6))
    rows, info = imported({"BV1/a.xml": one, "BV1/b.xml": one.replace("id>101", "id>88888888")})
    assert [time for time, _ in rows["BV1"]] == list(range(6))
    assert info.skipped == {"comment again in a file of the same video": 6}
    assert not info.repaired


ASS = """[Script Info]
[V4+ Styles]
Format: Name, Fontname
[Events]
{}
"""


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        (
            "Format: Layer, Start, End, Style, Text\nDialogue: 0,0:00:02.00,0:00:09.00,R2L,one, two",
            [(2.0, "one, two")],
        ),
        (
            "Format: Start, End, Text\nDialogue: 0:00:02.00,0:00:09.00,a,b{\\i1}c",
            [(2.0, "a,bc")],
        ),
        (
            "Format: End, Start, Style, Layer, Text\nDialogue: 0:00:09.00,0:00:03.50,R,0,a,b",
            [(3.5, "a,b")],
        ),
        ("Dialogue: 0,0:00:02.00,0:00:09.00,R2L,,0,0,0,,one, two", [(2.0, "one, two")]),
    ],
)
def test_columns_of_an_ass_file_are_told_by_its_format_line(imported, lines, rows):
    assert imported({"clip.ass": ASS.format(lines)})[0] == {"clip": rows}


def test_a_format_line_that_nobody_can_follow(tmp_path, refused):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.ass").write_text(ASS.format("Format: Start, Text, End"), "utf-8")
    assert refused("import", "bilibili", "src", "--out", "d", *QUIET) == (
        "src/a.ass, line 5: Format line that cannot be followed: it must name Start, and Text as the "
        "last of its fields; fix it, or give --skip-bad-rows"
    )


def test_files_that_a_system_left_are_passed_over(imported):
    rows, info = imported({
        "clip.xml": xml("hi"),
        "._clip.xml": b"\0\5\x16\7Mac OS X",
        "__MACOSX/._clip.xml": b"\0\5\x16\7Mac OS X",
        "__MACOSX/clip.xml": b"\0\5\x16\7Mac OS X",
        ".cache/x.xml": b"?",
    })  # fmt: skip
    assert rows == {"clip": [(1.5, "hi")]}
    assert not info.skipped


def test_the_layout_of_a_newer_client(imported):
    lines = [
        f'<d p="3465{n}668557827,0,6{n}900,1,25,16777215,1593244049,0,3dbb2a0{n}">word {n}</d>'
        for n in range(3)
    ]
    lines.append('<d p="34653668557827,0,64000,7,25,16777215,1593244049,0,3dbb2a00">[1]</d>')
    rows, info = imported({"clip.xml": f"<i><oid>771</oid>{''.join(lines)}</i>"})
    assert rows == {"clip": [(60.9, "word 0"), (61.9, "word 1"), (62.9, "word 2")]}
    assert info.skipped == {"advanced comment (mode 7)": 1}
