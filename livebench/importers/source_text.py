"""The text of a file that somebody downloaded: by the bytes that are there, not by what they are called.

    a byte order mark         comes first
    valid UTF-8               with something beyond ASCII: comes before what the file declares
    what the file declares    then; GB2312 and GBK are read as GB18030, which holds both
    neither                   UTF-8 without the bytes that cannot be read; GB18030 where many cannot, and
                              hardly any others are beyond ASCII

A character outside the first 65,536 that was written as two halves (CESU-8, or `&#55357;&#56834;`) is
put together.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from livebench.importers.collection import Collection

JOINED = "character in two halves, joined"
REMOVED = "character that XML forbids, removed"
_DECLARED_WRONGLY = "file not in the encoding that it declares"

_ENCODING = re.compile(rb"\s*<\?xml\b[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_MARKS = (  # the longer ones first: that of UTF-16 begins that of UTF-32
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# UTF-16 without a mark, by its first two characters, which are of ASCII (RFC 4627, section 3).
_UNMARKED = {
    "utf-16-le": re.compile(rb"[^\0\x80-\xff]\0[^\0\x80-\xff]\0"),
    "utf-16-be": re.compile(rb"\0[^\0\x80-\xff]\0[^\0\x80-\xff]"),
}
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"\xfd7zXZ\0": "xz",
    b"BZh": "bzip2",
    b"Rar!\x1a": "rar",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_FAMILIES = {  # what is written under a name is often of the larger set
    **dict.fromkeys(("utf-8", "utf8", "us-ascii", "ascii"), "utf-8"),
    **dict.fromkeys(("gb2312", "gbk", "cp936", "gb18030"), "gb18030"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "windows-31j", "cp932"), "cp932"),
    **dict.fromkeys(("big5", "big5-hkscs"), "big5hkscs"),
    **dict.fromkeys(("euc-jp", "euc-kr"), ""),
}
_HALVES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_HALF = re.compile("[\ud800-\udfff]")
# As `surrogateescape` leaves bytes that are not UTF-8: two halves of a character, or one; a byte.
_PAIR_OF_BYTES = re.compile(
    "\udced([\udca0-\udcaf])([\udc80-\udcbf])\udced([\udcb0-\udcbf])([\udc80-\udcbf])"
)
_HALF_OF_BYTES = re.compile("\udced[\udca0-\udcbf][\udc80-\udcbf]")
_BYTE = re.compile("[\udc80-\udcff]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f\udc80-\udcff]")
_LONG = re.compile("[^\x00-\u07ff\udc80-\udcff]")  # three bytes or more
_MANY = 4  # bytes; fewer say nothing of an encoding


def decoded(path: Path, raw: bytes, collection: Collection) -> str:
    """The text of a file; what was read against its declaration is counted.

    Raises:
        LiveBenchError: the file is compressed, bytes that cannot be read, or a declared encoding that is
            none of those above, unless bad rows are skipped.
    """
    packed = next((name for sign, name in _COMPRESSED.items() if raw.startswith(sign)), "")
    if packed:
        collection.bad(path, "", "compressed file", f"it is {packed}, whatever its name; unpack it")
        return ""
    declared = _ENCODING.match(raw.removeprefix(codecs.BOM_UTF8))
    name = declared[1].decode().lower() if declared else "utf-8"
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            if declared and not name.startswith(encoding):
                collection.repaired[_DECLARED_WRONGLY] += 1
            raw = raw[len(mark) :] if encoding == "utf-8" else raw
            return (
                _utf_8(path, raw, collection)
                if encoding == "utf-8"
                else _as(path, raw, encoding, collection)
            )
    unmarked = next((name for name, start in _UNMARKED.items() if start.match(raw)), "")
    if unmarked:
        return _as(path, raw, unmarked, collection)
    encoding = _FAMILIES.get(name, "") or (name if name in _FAMILIES else "")
    guess = _PAIR_OF_BYTES.sub("\U0001f4ac", raw.decode("utf-8", "surrogateescape"))
    wrong, right = len(_BYTE.findall(guess)), len(_BEYOND_ASCII.findall(guess))
    if (not wrong and (right or raw.isascii())) or (right >= _MANY and wrong * 4 <= right):
        if right and encoding != "utf-8":
            collection.repaired[_DECLARED_WRONGLY] += 1
        return _utf_8(path, raw, collection)
    if not encoding:
        collection.bad(path, "", "unknown encoding", f"it declares {name!r}, not UTF-8")
        encoding = "utf-8"
    if encoding != "utf-8":
        return _as(path, raw, encoding, collection)
    whole = len(_LONG.findall(guess))  # hardly any in GB18030 that is no UTF-8
    if wrong >= 2 * _MANY and wrong > 2 * right and wrong > 50 * whole:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError:
            pass
        else:
            collection.repaired["file read as GB18030"] += 1
            return text
    return _utf_8(path, raw, collection)


def joined(text: str, collection: Collection) -> str:
    """`text` with the halves of each character joined, and without lone ones."""
    if not _HALF.search(text):
        return text
    text, pairs = _HALVES.subn(
        lambda halves: halves[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"), text
    )
    text, lone = _HALF.subn("", text)
    collection.repaired[JOINED] += pairs
    collection.repaired[REMOVED] += lone
    return text


def _utf_8(path: Path, raw: bytes, collection: Collection) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "surrogateescape")
    text, pairs = _PAIR_OF_BYTES.subn(lambda found: _joined_bytes(found[0]), text)
    text, lone = _HALF_OF_BYTES.subn("", text)
    collection.repaired[JOINED] += pairs
    collection.repaired[REMOVED] += lone
    byte = _BYTE.search(text)
    if byte:
        line = text.count("\n", 0, byte.start()) + 1
        collection.bad(path, line, "undecodable bytes", "they are not utf-8")
        text = _BYTE.sub("", text)
    return text


def _joined_bytes(escaped: str) -> str:
    """The character whose halves were written as bytes, each as if it were a character."""
    halves = escaped.encode("utf-8", "surrogateescape").decode("utf-8", "surrogatepass")
    return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def _as(path: Path, raw: bytes, encoding: str, collection: Collection) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
    collection.bad(path, line, "undecodable bytes", f"they are not {encoding}")
    return raw.decode(encoding, errors="ignore")
