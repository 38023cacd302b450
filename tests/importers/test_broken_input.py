"""Thousands of broken sources: each a clear error or a counted rule, none leaves a partial dataset."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from livebench.data.dataset import Dataset, DatasetInfo
from livebench.errors import LiveBenchError
from livebench.importers.ass import read_ass
from livebench.importers.bilibili import read_bilibili
from livebench.importers.collection import Collection, Options
from livebench.importers.danmaku_xml import read_xml
from livebench.importers.importing import import_dataset
from livebench.importers.livebot import read_livebot
from livebench.importers.livebot_raw import read_livebot_raw
from livebench.importers.opennmt_livebot import read_opennmt_livebot
from livebench.importers.released_frames import ReleasedFrames
from livebench.importers.table_files import read_tables
from livebench.importers.videoic import read_videoic

TEXT = st.text(
    st.sampled_from("哈啊好看 　<>&;\"'/[]{}\\,\x00\x08\x0b\x1f\ufffe\ud800\u2028\r\n\t😀ab1")
    | st.characters(),
    max_size=12,
)
NUMBER = st.sampled_from(
    [
        "1",
        "0",
        "-1",
        "2.5",
        "nan",
        "inf",
        "-inf",
        "1e999",
        "1e7",
        "9" * 400,
        "",
        " 3 ",
        "x",
        "٣",
        "1_0",
    ]
)
XML_PARTS = st.sampled_from(
    [
        "<i>",
        "</i>",
        "<d>",
        "</d>",
        "<d/>",
        '<d p="',
        '">',
        '<d p="1,1">好</d>',
        '<d p="2,7">["1"]</d>',
        "<chatid>5</chatid>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<!DOCTYPE i [",
        '<!ENTITY a "b">',
        "&a;",
        "&amp;",
        "&#0;",
        "&#x110000;",
        "&#xD800;",
        "&#99999999999;",
        "<?xml version='1.0' encoding='gbk'?>",
        "<?x?>",
        "<a:b xmlns:c='",
        "\x00",
        "\x08",
    ]
)
ASS_PARTS = st.sampled_from(
    [
        "[Events]\n",
        "[Fonts]\n",
        "Format: Start, Text\n",
        "Style: a,b\n",
        "Comment: 0,0:00:01.00,0:00:02.00,a,,0,0,0,,x\n",
        "Dialogue: 0,0:00:01.00,0:00:02.00,a,,0,0,0,,{\\pos(1,1)}好\n",
        "Dialogue: 0,0:99:99.99,x,a,,0,0,0,,好\n",
        "Dialogue: 0,0:00:01.00,0:00:02.00,a,,x,y,z,,{\\p1}m 0 0\n",
        "Dialogue:",
        "Dialogue: ,,,,,,,,,\n",
        "0:00:01.00,",
        "{",
        "}",
        "\\{",
        "\\N",
        "\n",
        "\r",
    ]
)


def encoded(parts):
    """Text in one of several encodings, perhaps cut off, perhaps with a bad byte."""
    text = "".join(parts)
    return st.builds(
        lambda encoding, cut, junk: (text.encode(encoding, "replace") + junk)[: cut or None],
        st.sampled_from(["utf-8", "utf-8", "utf-8", "gb18030", "utf-16", "utf-8-sig", "latin-1"]),
        st.none() | st.integers(0, 60),
        st.sampled_from([b"", b"", b"\xff", b"\xe5\xa5", b"\x00\x00"]),
    )


XML = st.lists(XML_PARTS | TEXT, max_size=14).flatmap(encoded) | st.binary(max_size=40)
ASS = st.lists(ASS_PARTS | TEXT, max_size=10).flatmap(encoded) | st.binary(max_size=40)
MANY = settings(max_examples=250, suppress_health_check=list(HealthCheck))
SOME = settings(max_examples=50, suppress_health_check=list(HealthCheck))
CUTS = 5
"""Each example is read whole and cut off at so many places: thousands of inputs in all."""


def folder_of(files):
    """A new folder with these files; the caller removes it."""
    folder = Path(tempfile.mkdtemp(prefix="livebench-broken."))
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        data = content.encode("utf-8", "replace") if isinstance(content, str) else content
        (folder / name).write_bytes(data)
    return folder


def collected(read, options):
    """Read into a collection; None if it was refused with a message of one line."""
    collection = Collection(options)
    try:
        read(collection)
    except LiveBenchError as error:
        assert str(error).strip()
        assert "\n" not in str(error)
        return None
    return collection


def read_in_pieces(content, name, read):
    """Read content and what is left of it when it is cut off; give what was read and counted of each."""
    folder = folder_of({name: b""})
    try:
        for cut in range(CUTS + 1):
            part = content[: len(content) * (CUTS - cut) // CUTS]
            (folder / name).write_bytes(part)
            collected(lambda c: read(folder / name, c), Options())
            comments = []
            collection = collected(
                lambda c: comments.extend(read(folder / name, c)),  # noqa: B023 (called at once)
                Options(skip_bad_rows=True),
            )
            assert collection is not None  # with --skip-bad-rows nothing in a file refuses it
            yield part, comments, collection
    finally:
        shutil.rmtree(folder)


@MANY
@given(XML)
@example(b'<i><d p="1,1">' + b"<d>" * 400)
@example(b"<i>" + b"<a>" * 300 + b'<d p="1,1">x')
@example(b'<i><d p="1,1">' + b"&a;" * 1000 + b"</d></i>")
@example(b'<i><d p="1,1">a</d><d p="')
@example(b'<i><d p="1,1">a</d><!-- ')
def test_xml(content):
    for part, comments, collection in read_in_pieces(
        content, "a.xml", lambda p, c: read_xml(p, c)[1]
    ):
        if b"<d" in part and not comments:
            assert collection.skipped  # nothing is lost without a count


@MANY
@given(ASS)
@example(b"Dialogue: 0,0:00:01.00,0:00:02.00,a,,0,0,0,," + b"{" * 5000)
def test_ass(content):
    for _, comments, collection in read_in_pieces(content, "a.ass", read_ass):
        assert comments or collection.skipped


def imported_or_refused(read, folder, options):
    """Import; if that is refused, nothing may be there. Gives the dataset or None."""
    out = folder / "out" / "d"
    try:
        import_dataset(read, folder / "src", out, DatasetInfo("d"), options)
    except LiveBenchError as error:
        assert "\n" not in str(error)
        assert not out.parent.exists() or list(out.parent.iterdir()) == []
        return None
    dataset = Dataset(out)
    dataset.check_fingerprint()
    assert list(out.parent.iterdir()) == [out]
    return dataset


OPTIONS = st.builds(
    Options, dev=st.just(0), test=st.sampled_from([0, 1]), skip_bad_rows=st.booleans()
)
NAMES = st.sampled_from(["a", "b", "c d", "..", "é", "x/y"])


def source(files):
    return folder_of({f"src/{name}": content for name, content in files.items()} | {"src/.k": b""})


@SOME
@given(st.dictionaries(NAMES, XML, max_size=3), st.dictionaries(NAMES, ASS, max_size=2), OPTIONS)
def test_a_folder_of_danmaku(xml, ass, options):
    files = {f"{name}.xml": content for name, content in xml.items()}
    files |= {f"{name}.ass": content for name, content in ass.items()}
    folder = source(files)
    try:
        imported_or_refused(read_bilibili, folder, options)
    finally:
        shutil.rmtree(folder)


@SOME
@given(st.dictionaries(NAMES, ASS, max_size=3), OPTIONS)
def test_a_raw_release(ass, options):
    folder = source({f"pets/{name}.ass": content for name, content in ass.items()})
    try:
        imported_or_refused(read_livebot_raw, folder, options)
    finally:
        shutil.rmtree(folder)


CELL = TEXT | NUMBER | st.sampled_from(["v1", "v2", '"', '""', "a,b"])
CSV = st.lists(st.lists(CELL, max_size=5).map(",".join), max_size=5).map("\n".join)


@SOME
@given(CSV, CSV, OPTIONS)
@example("v1,t,c,5", "v1,1,好", Options(dev=0, test=0))
def test_tables(videos, comments, options):
    videos = "video_id,title,category,duration\n" + videos
    folder = source({"videos.csv": videos, "comments.csv": "video_id,time,text\n" + comments})
    try:
        imported_or_refused(read_tables, folder, options)
    finally:
        shutil.rmtree(folder)


def test_a_good_table_is_not_refused():
    folder = source(
        {
            "videos.csv": "video_id,title,category,duration\nv1,t,c,5",
            "comments.csv": "video_id,time,text\nv1,1,好",
        }
    )
    assert imported_or_refused(read_tables, folder, Options(dev=0, test=0)) is not None
    shutil.rmtree(folder)


JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**20) | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
JUNK = st.binary(max_size=30) | JSON_VALUE.map(json.dumps) | TEXT
SECONDS = st.integers(-2, 12) | st.floats() | st.sampled_from(["x", None, 10**30])
ROW = st.fixed_dictionaries(
    {"video": st.integers(-1, 3), "time": SECONDS, "comment": TEXT}
) | st.dictionaries(st.sampled_from(["video", "time", "comment"]), JSON_VALUE)
LINES = st.lists(ROW.map(json.dumps) | TEXT, max_size=6).map("\n".join) | JUNK


@SOME
@given(LINES, LINES, LINES, st.none() | st.binary(max_size=50), OPTIONS)
def test_a_processed_release(train, dev, test, frames, options):
    files = {"train.json": train, "dev.json": dev, "test.json": test}
    if frames is not None:
        files["res18.pkl"] = frames
    folder = source(files)
    try:
        imported_or_refused(read_livebot, folder, options)
    finally:
        shutil.rmtree(folder)


DANMU = st.lists(st.fixed_dictionaries({"danmu": TEXT, "time": SECONDS}), max_size=3)
BY_VIDEO = st.dictionaries(st.sampled_from(["1", "2", "a b", ""]), DANMU, max_size=2).map(
    json.dumps
)


@SOME
@given(BY_VIDEO, BY_VIDEO, BY_VIDEO | JUNK, st.none() | JUNK, OPTIONS)
def test_an_opennmt_release(train, dev, test, titles, options):
    files = {"train.json": train, "dev.json": dev, "test.json": test}
    if titles is not None:
        files["video_map.json"] = titles
    folder = source(files)
    try:
        imported_or_refused(read_opennmt_livebot, folder, options)
    finally:
        shutil.rmtree(folder)


ABOUT = st.fixed_dictionaries(
    {"title": TEXT, "v_class": TEXT, "duration": SECONDS | NUMBER | st.just(20)}
)
INFO = st.dictionaries(st.sampled_from(["1", "2", "..", "a b"]), ABOUT, max_size=3).map(json.dumps)
BY_SECOND = st.dictionaries(NUMBER, st.lists(TEXT, max_size=2), max_size=3).map(json.dumps)


@SOME
@given(INFO | JUNK, BY_SECOND, BY_SECOND | JUNK, st.none() | TEXT | st.just("1\n2"), OPTIONS)
def test_videoic(info, one, two, train, options):
    files = {"info.json": info, "comments/1.json": one, "comments/2.json": two}
    if train is not None:
        files |= {"train.txt": train, "dev.txt": "", "test.txt": ""}
    folder = source(files)
    try:
        imported_or_refused(read_videoic, folder, options)
    finally:
        shutil.rmtree(folder)


GOOD_PICKLE = (
    b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}X\r\x00\x00\x00little_endian"
    b"\x88s.\x80\x02}K\x00}K\x00ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\n"
    b"FloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x02NtQK\x00K\x02\x85K\x01\x85\x89}tRss."
    b"\x80\x02]X\x01\x00\x00\x000a.\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80?\x00\x00\x00@"
)


def test_the_good_pickle_is_read(tmp_path):
    (tmp_path / "f").write_bytes(GOOD_PICKLE)
    assert ReleasedFrames(tmp_path / "f").of("0").tolist() == [[1.0, 2.0]]


@SOME
@given(st.data())
def test_a_damaged_pickle(data):
    """In 40 ways an example: some bytes are others, and perhaps the end is missing."""
    random = data.draw(st.randoms(use_true_random=False))
    folder = folder_of({"f": b""})
    try:
        for _ in range(40):
            content = bytearray(GOOD_PICKLE)
            for _ in range(random.randint(1, 4)):
                content[random.randrange(len(content))] = random.randrange(256)
            end = random.choice([len(content), random.randrange(len(content))])
            (folder / "f").write_bytes(content[:end])
            try:
                ReleasedFrames(folder / "f").of("0")
            except LiveBenchError as error:
                assert "\n" not in str(error)
            except KeyError as error:  # another video's number came out
                assert error.args == ("0",)
    finally:
        shutil.rmtree(folder)


def test_reading_counts_every_comment_of_a_folder(tmp_path):
    """1,000 comments of which every second one is damaged in some way: taken and counted make 1,000."""
    damage = ['p="x,1"', 'p="1,77"', 'p="1,7"', 'p="-1,1"', 'p=""', "q='1'"]
    rows = []
    for number in range(1_000):
        attribute = f'p="{number / 10},1"' if number % 2 else damage[number // 2 % len(damage)]
        rows.append(f"<d {attribute}>第{number}条</d>")
    (tmp_path / "a.xml").write_text(f"<i>{''.join(rows)}</i>", "utf-8")
    collection = Collection(Options(skip_bad_rows=True))
    read_bilibili(tmp_path, collection)
    assert sum(collection.skipped.values()) == 500
    assert len(collection.comments) == 500
