"""Reads Bilibili's comments as its own player gets them: segments in Protocol Buffers.

    message DmSegMobileReply { repeated DanmakuElem elems = 1; }
    message DanmakuElem { int64 id = 1; int32 progress = 2; int32 mode = 3; string content = 7;
                          string idStr = 12; }

`progress` is in milliseconds. Every other field is passed over, the sender's hash too. The wire format
is read here, field by field: a library refuses a whole segment for one damaged comment.
Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from livebench.importers.bilibili_modes import ordinary_mode
from livebench.importers.collection import Collection
from livebench.importers.danmaku_xml import Danmaku
from livebench.importers.xml_comments import EMPTY_FILE, NO_COMMENT

_ELEMS, _ID, _PROGRESS, _MODE, _CONTENT, _ID_TEXT = 1, 1, 2, 3, 7, 12
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5


class _Damaged(Exception):
    """Bytes that are no message."""


def is_segment(raw: bytes) -> bool:
    """Whether bytes begin as a segment does: with a comment that has an id, a time or a text."""
    try:
        _, value = next(_fields(raw))
        if not isinstance(value, bytes):
            return False
        fields = dict(_fields(value))
    except (_Damaged, StopIteration):
        return False
    return isinstance(fields.get(_CONTENT, b""), bytes) and bool(
        {_CONTENT, _ID_TEXT} & fields.keys()
    )


def read_segment(path: Path, collection: Collection) -> list[Danmaku]:
    """The ordinary comments of a segment, in its order.

    Raises:
        LiveBenchError: the file or a comment in it is damaged, unless bad rows are skipped.
    """
    raw = path.read_bytes()
    if not raw:
        collection.skipped[EMPTY_FILE] += 1
        return []
    comments: list[Danmaku] = []
    number = 0
    try:
        for field, value in _fields(raw):
            if field == _ELEMS and isinstance(value, bytes):
                number += 1
                comment = _comment(path, f"comment {number}", value, collection)
                if comment is not None:
                    comments.append(comment)
    except _Damaged as error:
        collection.bad(path, f"after comment {number}", "broken segment", str(error))
    if not number:
        collection.skipped[NO_COMMENT] += 1
    return comments


def _comment(path: Path, at: str, message: bytes, collection: Collection) -> Danmaku | None:
    try:
        fields = dict(_fields(message))
        content, id_text = (_text(fields.get(key, b"")) for key in (_CONTENT, _ID_TEXT))
        numbers = [fields.get(key, 0) for key in (_ID, _PROGRESS, _MODE)]
        if not all(isinstance(number, int) for number in numbers):
            raise _Damaged("a number is written as text")
    except _Damaged as error:
        collection.bad(path, at, "damaged comment", str(error))
        return None
    own_id, progress, mode = (_signed(int(number)) for number in numbers)
    if not ordinary_mode(path, at, str(mode or 1), collection):
        return None
    return Danmaku(at, progress / 1000, content, id_text or (str(own_id) if own_id else ""))


def _text(value: int | bytes) -> str:
    if isinstance(value, int):
        raise _Damaged("a text is written as a number")
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise _Damaged("its text is not UTF-8") from None


def _signed(number: int) -> int:
    """Two's complement of 64 bits, as negative numbers are written."""
    return number - (1 << 64) if number >> 63 else number


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field of a message."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        field, kind = key >> 3, key & 7
        if not field:
            raise _Damaged("a field without a number")
        if kind == _VARINT:
            value, place = _varint(message, place)
            yield field, value
            continue
        if kind == _BYTES:
            size, place = _varint(message, place)
        elif kind in (_FIXED_64, _FIXED_32):
            size = 8 if kind == _FIXED_64 else 4
        else:
            raise _Damaged(f"a field of the unknown kind {kind}")
        if place + size > len(message):
            raise _Damaged("it is cut off")
        yield field, message[place : place + size]
        place += size


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first; and where it ends."""
    number = shift = 0
    while place < len(message) and shift < 70:
        byte = message[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number & (1 << 64) - 1, place
        shift += 7
    raise _Damaged("a number without an end")
