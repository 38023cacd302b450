"""Well-formed files of comments, damaged at random, and what must be true of whatever is read from them.

A file is a list of parts: what is around the comments, and each comment. Damage is done within one to
three comments; the others are as they were. Then

    unchanged    every other comment is read, with its time and text, in its order
    accounted    read + left out is the number of comments that were there; more only where what was put
                 in, or said, is the tag or the line of a comment itself; less only where no mark of a
                 comment is left (one cut off within its first bytes), or two neighbours in JSON look
                 like one
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from livebench.importers.ass import read_ass
from livebench.importers.bilibili_dumps import read_dump
from livebench.importers.bilibili_segments import read_segment
from livebench.importers.collection import Collection, Options
from livebench.importers.danmaku_xml import read_xml
from livebench.importers.niconico import read_file as read_niconico_file
from livebench.importers.twitch import read_file as read_twitch_file
from livebench.importers.youtube import read_file as read_youtube_file

WORDS = [
    "哈哈", "前方高能", "好看", "かわいい", "😂😂", "wow", "ok", "a&b", "<3", "</d>", "<d", "p=",
    "<!--", "-->", "<![CDATA[", "]]>", "&amp;", '"', "'", "é", "ß", "233", "#include<stdio.h>",
    'p="1,1,25"', "{x}", "\\N", "{\\i1}", ",", ";", ":", "..", "\u3000", "\u200b", "♥", "\U0002000b",
]  # fmt: skip
# What is put in: bytes that mean something somewhere, and some that are no text.
PIECES = [
    b"<", b">", b"&", b'"', b"'", b"<b>", b"</b>", b"</", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?",
    b"<!DOCTYPE>", b"&#", b"&#55357;", b"&amp", b"\xff", b"\xe4\xbd", b"\xed\xa0\xbd", b"\x00", b"\x1b",
    b"\xc4\xe3\xba\xc3", b"{", b"}", b"\\", b",", b",,,", b"=", b" ", b"p=", b"\xef\xbb\xbf",
]  # fmt: skip
# These are tags or lines of comments: whatever they become is one more that was there.
TAGS = [
    b"</d>",
    b"<d>",
    b'<d p="1,1">',
    b"</chat>",
    b'<chat vpos="1">',
    b"\n",
    b"\nDialogue: x",
    b"<d ",
]


class Sample(NamedTuple):
    """A file: its parts, which of them are comments, and what each says (time in ms, text)."""

    name: str
    parts: list[bytes]
    comments: dict[int, tuple[int, str]]


def _texts(rng: random.Random, count: int, forbidden: str) -> list[str]:
    texts = []
    for number in range(count):
        words = [
            word
            for word in rng.choices(WORDS, k=rng.randint(1, 5))
            if not set(word) & set(forbidden)
        ]
        texts.append(f"{''.join(words)}{number}")
    return texts


def _xml(rng: random.Random, count: int) -> Sample:
    """Bilibili's; texts escaped in the ways that XML has."""
    ways: list[Callable[[str], str]] = [
        escape,
        lambda text: escape(text, {'"': "&quot;", "'": "&apos;"}),
        lambda text: "".join(f"&#{ord(mark)};" for mark in text),
        lambda text: "".join(f"&#x{ord(mark):x};" if mark in "<&>" else mark for mark in text),
    ]
    parts, comments = [b'<?xml version="1.0" encoding="UTF-8"?><i><chatid>77</chatid>'], {}
    for number, text in enumerate(_texts(rng, count, "")):
        user = f" user={quoteattr(text)}" if rng.random() < 0.2 else ""
        own = rng.choice(["0", "88", str(10**9 + number)])
        fields = f"{number}.{rng.randrange(1000):03},1,25,16777215,1500000000,0,ab12,{own}"
        comments[len(parts)] = round(float(fields.split(",", maxsplit=1)[0]) * 1000), text
        parts.append(f'<d p="{fields}"{user}>{rng.choice(ways)(text)}</d>'.encode())
        parts.append(rng.choice([b"", b"\n", b"\r\n"]))
    return Sample("v.xml", [*parts, b"</i>"], comments)


def _niconico(rng: random.Random, count: int) -> Sample:
    parts, comments = [b'<packet><thread thread="1"/>'], {}
    for number, text in enumerate(_texts(rng, count, "")):
        comments[len(parts)] = number * 1000, text
        head = (
            f'<chat thread="1" no="{number + 1}" vpos="{number * 100}" user_id={quoteattr(text)}>'
        )
        parts.append(f"{head}{escape(text)}</chat>".encode())
    return Sample("v.xml", [*parts, b"</packet>"], comments)


def _ass(rng: random.Random, count: int) -> Sample:
    parts, comments = [b"[Script Info]\n[Events]\nFormat: Layer, Start, End, Style, Text\n"], {}
    for number, text in enumerate(_texts(rng, count, "{}\\\u3000\u200b")):
        comments[len(parts)] = number * 1000, text
        parts.append(
            f"Dialogue: 0,0:{number // 60:02}:{number % 60:02}.00,0:09:00.00,R,{text}".encode()
        )
        parts.append(b"\n")
    return Sample("v.ass", parts, comments)


def _live_chat(rng: random.Random, count: int) -> Sample:
    parts: list[bytes] = []
    comments = {}
    for number, text in enumerate(_texts(rng, count, "")):
        comments[len(parts)] = number * 1000, text
        item = {
            "liveChatTextMessageRenderer": {
                "id": f"a{number}",
                "message": {"runs": [{"text": text}]},
            }
        }
        replay = {
            "videoOffsetTimeMsec": str(number * 1000),
            "actions": [{"addChatItemAction": {"item": item}}],
        }
        line = json.dumps({"replayChatItemAction": replay}, ensure_ascii=rng.random() < 0.5)
        parts += [line.encode(), b"\n"]
    return Sample("v.live_chat.json", parts, comments)


def _segment(rng: random.Random, count: int) -> Sample:
    parts: list[bytes] = []
    comments = {}
    for number, text in enumerate(_texts(rng, count, "")):
        comments[len(parts) + 1] = number * 100, text
        said = text.encode()
        body = b"\x10" + _varint(number * 100) + b"\x18\x01\x3a" + _varint(len(said)) + said
        parts += [b"\x0a" + _varint(len(body)), body]
    return Sample("v.pb", parts, comments)


def _document(
    rng: random.Random, count: int, record: Callable[[int, str], dict], head: str, tail: str
) -> Sample:
    """One JSON document: a list of records between head and tail, each a second after the other."""
    dump = json.JSONEncoder(ensure_ascii=rng.random() < 0.5).encode
    comma = rng.choice([b",", b", ", b",\n  "])
    parts, comments = [head.encode()], {}
    for number, text in enumerate(_texts(rng, count, "")):
        parts += [comma] if number else []
        comments[len(parts)] = number * 1000, text
        parts.append(dump(record(number, text)).encode())
    return Sample("v.json", [*parts, tail.encode()], comments)


def _niconico_json(rng: random.Random, count: int) -> Sample:
    def record(number: int, text: str) -> dict:
        known = {"id": f"{number}", "no": number, "vposMs": number * 1000, "body": text}
        return known | {"commands": ["184"], "userId": text, "nicoruCount": 0}

    threads = (
        '{"id": "1", "fork": "owner", "comments": []}, {"id": "1", "fork": "main", "comments": ['
    )
    return _document(rng, count, record, f'{{"data": {{"threads": [{threads}', "]}]}}")


def _niconico_older(rng: random.Random, count: int) -> Sample:
    def record(number: int, text: str) -> dict:
        known = {"thread": "1", "no": number, "vpos": number * 100, "content": text}
        return {"chat": known | {"date": 1, "user_id": text}}

    return _document(rng, count, record, '[{"ping": {"content": "rs:0"}}, ', "]")


def _twitch_json(rng: random.Random, count: int) -> Sample:
    def record(number: int, text: str) -> dict:
        message = {"body": text, "fragments": [{"text": text}], "user_badges": [{"_id": "a"}]}
        known = {"_id": f"{number}", "content_offset_seconds": number, "commenter": {"name": text}}
        return known | {"message": message}

    return _document(rng, count, record, '{"streamer": {"name": "x"}, "comments": [', "]}")


def _messages(rng: random.Random, count: int) -> Sample:
    def record(number: int, text: str) -> dict:
        known = {"message_type": "text_message", "message_id": f"{number}", "message": text}
        return known | {"author": {"name": text}, "time_in_seconds": number}

    return _document(rng, count, record, "[", "]")


def _dump(rng: random.Random, count: int) -> Sample:
    def record(number: int, text: str) -> dict:
        known = {"id": f"{number}", "progress": number * 1000, "mode": 1, "content": text}
        return known | {"idStr": f"{number}", "attr": 1}

    return _document(rng, count, record, '{"code": 0, "data": {"elems": [', "]}}")


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _keys(names: str) -> tuple[bytes, ...]:
    return tuple(f'"{name}":'.encode() for name in names.split())


class Format(NamedTuple):
    """How files of a format are made and read; `in_place` if damage must not move what follows; `marks`:
    one of these is left of a comment that can still be seen to be one."""

    make: Callable[[random.Random, int], Sample]
    read: Callable[[Path, Collection], Sequence]
    in_place: bool = False
    marks: tuple[bytes, ...] = (b"<d ", b"</d>", b"<chat ", b"</chat>", b"Dialogue", b'{"', b"\x10")


FORMATS = {
    "bilibili XML": Format(_xml, lambda path, collection: read_xml(path, collection)[1]),
    "niconico XML": Format(
        _niconico, lambda path, collection: read_niconico_file(path, collection).comments
    ),
    ".ass": Format(_ass, read_ass),
    "live chat": Format(
        _live_chat, lambda path, collection: read_youtube_file(path, collection).comments
    ),
    "niconico JSON": Format(
        _niconico_json,
        lambda path, collection: read_niconico_file(path, collection).comments,
        marks=_keys("no vposMs body nicoruCount"),
    ),
    "older niconico": Format(
        _niconico_older,
        lambda path, collection: read_niconico_file(path, collection).comments,
        marks=_keys("no vpos date user_id"),
    ),
    "twitch JSON": Format(
        _twitch_json,
        lambda path, collection: read_twitch_file(path, collection).comments,
        marks=_keys("content_offset_seconds commenter message"),
    ),
    "messages": Format(
        _messages,
        lambda path, collection: read_youtube_file(path, collection).comments,
        marks=_keys("message_type message_id author time_in_seconds"),
    ),
    "bilibili JSON": Format(_dump, read_dump, marks=_keys("progress mode content idStr")),
    "segment": Format(_segment, read_segment, in_place=True),
}


def _damaged(rng: random.Random, part: bytes, in_place: bool) -> tuple[bytes, int]:
    """A part of a file, damaged; and how many comments may be there now that were not."""
    start = rng.randrange(len(part))
    end = min(len(part), start + rng.randint(1, 12))
    if in_place:
        return part[:start] + rng.randbytes(end - start) + part[end:], 0
    how = rng.randrange(6)
    if how == 0:
        return part[:start] + part[end:], 0
    if how == 1:
        middle = bytes(byte for byte in rng.randbytes(end - start) if byte not in b"\n\r")
        return part[:start] + middle + part[end:], 0
    if how == 2:
        return part[:start], 0  # a download that was cut and went on
    if how == 3:
        return part[:start] + part[start:end] * 2 + part[end:], 2
    if how == 4:
        return part[:start] + rng.choice(TAGS) + part[start:], 2
    return part[:start] + b"".join(rng.choices(PIECES, k=rng.randint(1, 3))) + part[start:], 0


def damage_and_read(name: str, seed: int, folder: Path) -> tuple[str, Counter[str]]:
    """Make a file of a format, damage it, read it; return what is wrong ("" for nothing), and counts.

    Counts: comments `there`, `damaged`, `read`, `left out`, `surplus`.
    """
    rng, form = random.Random(f"{name} {seed}"), FORMATS[name]
    sample = form.make(rng, rng.randint(4, 25))
    hurt = rng.sample(sorted(sample.comments), rng.randint(1, 3))
    parts, surplus = list(sample.parts), 0
    for place in hurt:
        braces = parts[place].count(b"{")
        parts[place], more = _damaged(rng, parts[place], form.in_place)
        surplus += more + parts[place].count(_LIKE_A_TAG)
        surplus += max(0, parts[place].count(b"{") - braces) if sample.name == "v.json" else 0
    path = folder / sample.name
    path.write_bytes(b"".join(parts))
    collection = Collection(Options(skip_bad_rows=True))
    found = [
        (round(float(time) * 1000) if _is_number(time) else -1, text)
        for _, time, text, _ in form.read(path, collection)
    ]
    whole = [said for place, said in sample.comments.items() if place not in hurt]
    left_out = sum(count for rule, count in collection.skipped.items() if rule not in _OF_FILES)
    counts = Counter(
        there=len(sample.comments),
        damaged=len(hurt),
        read=len(found),
        left_out=left_out,
        surplus=len(found) + left_out - len(sample.comments),
    )
    problem = ""
    rest = iter(found)
    for said in whole:
        if said not in rest:  # consumes up to it: the order counts
            problem = f"{said} is not there, or not in its place"
            break
    over = Counter(found) - Counter(whole)
    if not problem and over.total() > len(hurt) + surplus:
        problem = f"{over.total()} comments of {len(hurt)} damaged ones"
    gone = sum(not any(mark in parts[place] for mark in form.marks) for place in hurt)
    if (
        sample.name == "v.json"
    ):  # two neighbours of which each lacks what the other has look like one
        gone += sum(place + 2 in hurt for place in hurt)
    if not problem and not -gone <= counts["surplus"] <= surplus:
        problem = f"read {len(found)}, left out {left_out}, there {len(sample.comments)}"
    return problem and f"{name}, seed {seed}: {problem}", counts


_LIKE_A_TAG = b'p="1,1,25'
# Rules that are counted by file or byte, beside those of the comments in them.
_OF_FILES = {
    "broken XML",
    "broken JSON",
    "undecodable bytes",
    "file without a comment",
    "broken segment",
}


def _is_number(time: float | str) -> bool:
    try:
        return float(time) == float(time) and abs(float(time)) < 1e9
    except (TypeError, ValueError):
        return False
