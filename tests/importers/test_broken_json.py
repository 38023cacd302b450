"""JSON documents that are cut off, or damaged: what is whole is read, and the rest is counted."""

from __future__ import annotations

import json
import time

import pytest

from livebench.importers.bilibili_dumps import read_dump
from livebench.importers.broken_json import LOST, Shape, recovered
from livebench.importers.collection import Collection, Options
from livebench.importers.niconico import read_file as read_niconico_file
from livebench.importers.opennmt_livebot import read_opennmt_livebot
from livebench.importers.twitch import read_file as read_twitch_file
from livebench.importers.videoic import read_videoic
from livebench.importers.youtube import read_file as read_youtube_file

# What a text may hold that means something in JSON.
TEXTS = [
    "one",
    '"',
    "{",
    "}]",
    '","vposMs":1,"',
    '{"c":"1,1,1"}',
    "\\",
    "\\n",
    "ü😂",
    "",
    ":[{",
    "last",
]
QUIET = ("--dev", 0, "--test", 0, "--quiet", "--language", "en")


def niconico(comments):
    rows = [{"id": "x", "no": n, "vposMs": n, "body": t, "commands": ["184"]} for n, t in comments]
    threads = [
        {
            "id": "1",
            "fork": "owner",
            "comments": [{"id": "x", "no": 1, "vposMs": 0, "body": "own"}],
        },
        {"id": "1", "fork": "main", "comments": rows},
    ]
    return {"meta": {"status": 200}, "data": {"globalComments": [], "threads": threads}}


def older(comments):
    rows = [{"chat": {"thread": 1, "no": n, "vpos": n, "content": t}} for n, t in comments]
    return [{"ping": {"content": "rs:0"}}, {"thread": {"thread": 1}}, *rows]


def twitch(comments):
    rows = [
        {"_id": f"i{n}", "content_offset_seconds": n, "commenter": {"_id": "u", "name": "x"},
         "message": {"body": t, "fragments": [{"text": t}], "user_badges": [{"_id": "sub"}]}}
        for n, t in comments
    ]  # fmt: skip
    video = {"id": "v7", "title": "A cat {", "length": 90}
    return {
        "FileInfo": {"Version": 1},
        "streamer": {"name": "cats"},
        "video": video,
        "comments": rows,
    }


def messages(comments):
    return [
        {"message_type": "text_message", "message_id": f"i{n}", "time_in_seconds": n, "message": t,
         "author": {"name": "x", "images": [{"id": "1"}]}}
        for n, t in comments
    ]  # fmt: skip


def segment(comments):
    rows = [
        {"id": f"{n}", "progress": n, "mode": 1, "content": t, "idStr": f"{n}"} for n, t in comments
    ]
    return {"code": 0, "data": {"elems": rows}}


def factory(comments):
    return [[], [], [{"c": f"{n},16777215,1,25", "m": t} for n, t in comments]]


FORMATS = {
    "niconico": (niconico, lambda path, c: read_niconico_file(path, c).comments),
    "niconico, older": (older, lambda path, c: read_niconico_file(path, c).comments),
    "twitch": (twitch, lambda path, c: read_twitch_file(path, c).comments),
    "messages": (messages, lambda path, c: read_twitch_file(path, c).comments),
    "messages of youtube": (messages, lambda path, c: read_youtube_file(path, c).comments),
    "segment": (segment, read_dump),
    "factory": (factory, read_dump),
}


def read(path, content, reader):
    """The texts of a file, and what was counted."""
    path.write_bytes(content)
    collection = Collection(Options(skip_bad_rows=True))
    return [comment.text for comment in reader(path, collection)], +collection.skipped


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("indent", [None, 1])
def test_a_file_cut_off_anywhere(tmp_path, name, indent):
    """Whatever was whole before the cut is read, and one that had begun is counted."""
    make, reader = FORMATS[name]
    content = json.dumps(make(list(enumerate(TEXTS, 1))), indent=indent)
    path = tmp_path / "v.json"
    whole, skipped = read(path, content.encode(), reader)
    assert whole == TEXTS
    ends, place = [], 0
    for row in _rows(make(list(enumerate(TEXTS, 1)))):
        written = json.dumps(row, indent=indent)
        if indent:
            lead = next(
                pad for pad in range(20)
                if written.replace("\n", "\n" + " " * pad) in content[place:]
            )  # fmt: skip
            written = written.replace("\n", "\n" + " " * lead)
        start = content.index(written, place)
        place = start + len(written)
        ends.append((start, place))
    by_nature = {rule: count for rule, count in skipped.items() if "owner" in rule}
    for cut in range(1, len(content), 11 if indent is None else 29):
        texts, skipped = read(path, content[:cut].encode(), reader)
        assert texts == [text for text, (_, end) in zip(TEXTS, ends, strict=True) if end <= cut]
        lost = skipped.pop(LOST, 0)
        begun = [start for start, end in ends if start < cut < end]
        if begun and texts:
            assert lost == 1
        elif cut < ends[0][1]:  # of the first nothing says what it is before it has a key
            assert lost <= 1
        else:  # what is around one may have begun
            assert lost <= (content[:cut].rstrip()[-1] not in ",]}")
        assert skipped.keys() - by_nature.keys() <= {"broken JSON", "file without a comment"}
        assert skipped["broken JSON"] == 1


def _rows(content):
    """The comments in the content of a made-up file."""
    if isinstance(content, list):
        if isinstance(content[0], list):
            return content[2]
        return [
            item.get("chat", item)
            for item in content
            if "ping" not in item and "thread" not in item
        ]
    if "comments" in content:
        return content["comments"]
    data = content["data"]
    return data["elems"] if "elems" in data else data["threads"][1]["comments"]


@pytest.mark.parametrize("name", FORMATS)
def test_without_skipping_it_is_one_error_that_names_the_option(tmp_path, name):
    make, reader = FORMATS[name]
    path = tmp_path / "v.json"
    path.write_text(json.dumps(make([(1, "one"), (2, "two")]))[:-9], "utf-8")
    with pytest.raises(
        Exception, match=r"v\.json: broken JSON: .*; fix it, or give --skip-bad-rows$"
    ):
        reader(path, Collection(Options()))


# What is wrong in the second of four comments, of the older or the newer form; and how many are lost.
DAMAGE = {
    "a brace": ('"no": 2, ', '"no": 2}, ', 1),
    "two braces": ("}, {", "}}, {", 0),
    "no brace": ('["184"]}, {"id": "x", "no": 3', '["184"], {"id": "x", "no": 3', 1),
    "an opening bracket": ('"body": "two"', '"body": ["two"', 1),
    "a closing bracket": ('"body": "two"', '"body": "two"]', 1),
    "a list that never ends": ('"two", "commands": ["184"]}', '"two", "commands": ["184"', 1),
    "a quotation mark": ("two", 't"wo', 1),
    "no quotation mark at the end": ('two"', "two", 1),
    "no quotation mark before": ('"two', "two", 1),
    "a bad escape": ("two", "t\\wo", 1),
    "a line break": ("two", "t\nwo", 1),
    "a comma": ('}, {"id": "x", "no": 3', '},, {"id": "x", "no": 3', 0),
    "no comma": ('}, {"id": "x", "no": 3', '} {"id": "x", "no": 3', 0),
    "a number": ('"vposMs": 2,', '"vposMs": 2..,', 1),
    "NaN": ('"vposMs": 2,', '"vposMs": NaN,', 1),
    "a number of many digits": ('"vposMs": 2,', '"vposMs": ' + "9" * 5000 + ",", 1),
    "zeros at the end": ("]}}", "]}}" + "\0" * 500, 0),
    "again behind itself": ("]}}", "]}}{", 0),
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_changes_no_other_comment(tmp_path, kind):
    old, new, lost = DAMAGE[kind]
    content = json.dumps(niconico([(1, "one"), (2, "two"), (3, "{"), (4, '"}')]))
    assert old in content
    content = content.replace(old, new, 1) if old != "}, {" else content.replace(
        '["184"]}, {"id": "x", "no": 3', '["184"]}}, {"id": "x", "no": 3'
    )  # fmt: skip
    reader = FORMATS["niconico"][1]
    texts, skipped = read(tmp_path / "v.json", content.encode(), reader)
    assert texts == ["one", *(["two"] if not lost else []), "{", '"}']
    assert skipped[LOST] == lost
    assert skipped["comment of the uploader (owner)"] == 1


@pytest.mark.parametrize("after", [False, True])
def test_a_thread_that_nobody_knows(tmp_path, after):
    """Where the fork of a thread is broken or cut off, its comments are left out, the others read."""
    comment = {"no": 1, "vposMs": 1, "body": "x"}

    def thread(fork, text):
        facts = {"fork": fork, "id": "1"}
        comments = {"comments": [comment | {"body": text}]}
        return comments | facts if after else facts | comments

    content = json.dumps([thread("easy", "a"), thread("main", "b"), thread("main", "c")])
    reader = FORMATS["niconico"][1]
    cut = content.rindex('"fork"' if after else "}]}]")
    texts, skipped = read(tmp_path / "v.json", content[:cut].encode(), reader)
    assert texts == (["b"])
    assert skipped["canned comment (easy)"] == 1
    assert skipped["comment of an unknown fork" if after else LOST] == 1
    middle = content.index('"main"')
    broken = f"{content[:middle]}main{content[middle + 6 :]}"
    texts, skipped = read(tmp_path / "v.json", broken.encode(), reader)
    assert texts == ["c"]
    assert skipped["comment of an unknown fork"] == 1


def test_what_a_broken_file_of_twitch_says_of_its_video(tmp_path):
    content = json.dumps(twitch([(1, "one"), (2, "two")]))[:-40]
    path = tmp_path / "v.json"
    path.write_text(content, "utf-8")
    chat = read_twitch_file(path, Collection(Options(skip_bad_rows=True)))
    assert (chat.video_id, chat.title, chat.duration, chat.group) == ("v7", "A cat {", 90, "cats")
    assert [comment.text for comment in chat.comments] == ["one"]


def released(reader, source):
    collection = Collection(Options(skip_bad_rows=True))
    reader(source, collection)
    texts = [
        (collection.videos[row["video"]].video_id, row["text"])
        for table in collection.comments._tables()
        for row in table.to_pylist()
    ]
    return texts, +collection.skipped


def test_the_data_of_opennmt(tmp_path):
    train = {
        "12": [{"danmu": "a b", "time": 3}, {"danmu": '{"', "time": 1}],
        "3": [{"danmu": "c", "time": 0}],
    }
    for split, videos in (("train", train), ("dev", {"4": []}), ("test", {"5": []})):
        (tmp_path / f"{split}.json").write_text(json.dumps(videos), "utf-8")
    whole = [("12", "ab"), ("12", '{"'), ("3", "c")]
    assert released(read_opennmt_livebot, tmp_path)[0] == whole
    content = json.dumps(train)
    for damaged, texts, counts in [
        (content[:-8], whole[:2], {LOST: 1}),
        (content.replace("a b", 'a"b'), whole[1:], {LOST: 1}),
        (content.replace('"time": 1', '"time": 1]'), [whole[0], whole[2]], {LOST: 1}),
        (content.replace('"3"', '3"'), whole[:2], {"record that is no comment": 1}),
    ]:
        (tmp_path / "train.json").write_text(damaged, "utf-8")
        assert released(read_opennmt_livebot, tmp_path) == (texts, counts | {"broken JSON": 1})
    (tmp_path / "train.json").write_text(content.replace("3}", '"x"}'), "utf-8")
    counts = {"JSON of another form": 1, "record that is no comment": 1}
    assert released(read_opennmt_livebot, tmp_path) == (whole[1:], counts)


def test_videoic(tmp_path):
    (tmp_path / "comments").mkdir()
    (tmp_path / "info.json").write_text('{"7": {"title": "A", "duration": 82}}', "utf-8")
    content = json.dumps({"3": ["a,", '","', ",]"], "4": [], "5": ["b", "", "c"]})
    whole = [("7", text) for text in ("a,", '","', ",]", "b", "c")]
    for damaged, texts, counts in [
        (content[:-4], whole[:4], {LOST: 1, "empty text": 1, "broken JSON": 1}),
        (content[:3], [], {"broken JSON": 1}),
        (content[:10], [], {LOST: 1, "broken JSON": 1}),
        (content[:11], whole[:1], {"broken JSON": 1}),
        (content[:16], whole[:1], {LOST: 1, "broken JSON": 1}),
        (content.replace("a,", 'a"'), whole[1:], {LOST: 1, "empty text": 1, "broken JSON": 1}),
        (content.replace("b", '"b'), [*whole[:3], whole[4]],
         {LOST: 1, "empty text": 1, "broken JSON": 1}),
        (content.replace('"b"', "5"), [*whole[:3], whole[4]],
         {LOST: 1, "empty text": 1, "JSON of another form": 1}),
    ]:  # fmt: skip
        (tmp_path / "comments" / "7.json").write_text(damaged, "utf-8")
        assert released(read_videoic, tmp_path) == (texts, counts), damaged


MANY = 30_000
HOSTILE = {
    "braces": "{" * MANY,
    "objects within objects": '{"a":' * MANY,
    "closed ones": '{"a":' * 900 * 30 + "1" + "}" * 900 * 30,
    "texts that never end": '{"' * MANY,
    "braces in texts": '{"{","' * MANY,
    "a text that never ends": '{"a":[' + '"{",' * MANY + '"',
    "lists": '[{"no":[' * MANY,
    "comments": '{"no":1,"x":[' * MANY,
    "begun": '{"no":1},{' * MANY,
    "keys": '"no":' * MANY,
    "spaces": ('"no"' + " " * 50) * MANY,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_takes_no_longer_than_others(kind):
    started = time.process_time()
    recovered(HOSTILE[kind], Shape(frozenset(("no",))), Collection(Options(skip_bad_rows=True)))
    assert time.process_time() - started < 2
