"""Reads Bilibili's XML of comments: <d p="time,mode,size,colour,sent,pool,sender,id,...">text</d>.

Of `p` only time, mode and id are looked at, and further attributes of <d> not at all: no hash of a
sender is kept. See docs/importers.md for what is done about each kind of damage.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree

from livebench.importers.collection import Collection

EMPTY_FILE, NO_COMMENT = "empty file", "file without a comment"

# Modes whose text is a program or a layout, not what a viewer says.
_PROGRAMS = {
    "7": "advanced comment (mode 7)",
    "8": "code comment (mode 8)",
    "9": "BAS comment (mode 9)",
}

_SUSPECT = re.compile(
    r"(?P<cdata><!\[CDATA\[.*?\]\]>)"
    r"|&\#x0*(?P<hex>[0-9a-fA-F]{1,8});|&\#0*(?P<dec>[0-9]{1,8});"
    r"|(?P<known>&(?:amp|lt|gt|quot|apos);)|(?P<and>&)|(?P<less><(?![A-Za-z_:/!?]))"
    r"|(?P<control>[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff])",
    re.DOTALL,
)
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DECLARATION = re.compile(r"\A\s*<\?xml\b[^>]*?\?>", re.DOTALL)
_ENCODING = re.compile(rb"\s*<\?xml\b[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_OPENING = re.compile(r"<d(?=[\s>/])[^<>]*>?")
_ASIDE = re.compile(r"<!\[CDATA\[.*?\]\]>|<!--.*?-->", re.DOTALL)


class Danmaku(NamedTuple):
    """A comment of a file: its line, time (s) as it is written, text, and own id ("" without)."""

    line: int
    time: float | str
    text: str
    comment_id: str = ""


def read_xml(path: Path, collection: Collection) -> tuple[str, list[Danmaku]]:
    """The chat id of a file ("" without) and its ordinary comments, in the order of the file.

    Raises:
        LiveBenchError: the file is damaged, unless bad rows are skipped.
    """
    raw = path.read_bytes()
    if not raw.strip(b"\0 \t\r\n"):
        collection.skipped[EMPTY_FILE] += 1
        return "", []
    text = _DECLARATION.sub(_line_ends, decoded(path, raw, collection), count=1)
    text = _sanitised(text, collection)
    root = _parsed(path, text, collection)
    if root is None:
        return "", []
    chat = root.findtext(".//chatid") or ""
    elements = list(root.iter("d"))
    if not elements:
        collection.skipped[NO_COMMENT] += 1
    comments = (_comment(path, element, collection) for element in elements)
    return chat.strip(), [comment for comment in comments if comment is not None]


def decoded(path: Path, raw: bytes, collection: Collection) -> str:
    """The text of a file: by its byte order mark, the encoding that it declares, or UTF-8.

    If it cannot be read so: GB18030, where most of what is not ASCII is not UTF-8 either; else without
    the bytes that cannot be read.
    """
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    else:
        declared = _ENCODING.match(raw.removeprefix(codecs.BOM_UTF8))
        encoding = declared[1].decode().lower() if declared else "utf-8"
    if encoding in ("utf-8", "utf8", "us-ascii", "ascii"):
        encoding = "utf-8-sig"
    elif encoding in ("gb2312", "gbk", "gb18030"):
        encoding = "gb18030"  # holds the others, and what is written under their names
    elif encoding != "utf-16":
        collection.bad(path, "", "unknown encoding", f"it declares {encoding!r}, not UTF-8")
        encoding = "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        place, cut = error.start, error.reason == "unexpected end of data"
    guess = raw.decode("utf-8-sig", errors="replace")
    foreign = len(re.sub(r"[\x00-\x7f]", "", guess))
    if guess.count("\ufffd") * 10 > foreign and encoding == "utf-8-sig" and not cut:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError:
            pass
        else:
            collection.repaired["file read as GB18030"] += 1
            return text
    line = raw[:place].count(b"\n") + 1
    collection.bad(path, line, "undecodable bytes", f"they are not {encoding.removesuffix('-sig')}")
    return raw.decode(encoding, errors="ignore")


def _sanitised(text: str, collection: Collection) -> str:
    """`text` without what XML forbids, and with every & as an entity that XML itself knows.

    So no parser is left to resolve an entity, and none can grow.
    """
    removed = kept = 0

    def repaired(match: re.Match[str]) -> str:
        nonlocal removed, kept
        if match["known"]:
            return match[0]
        if match["cdata"]:
            removed += len(_FORBIDDEN.findall(match[0]))
            return _FORBIDDEN.sub("", match[0])
        if match["and"] or match["less"]:
            kept += 1
            return "&amp;" if match["and"] else "&lt;"
        digits = match["hex"] or match["dec"]
        if digits:
            code = int(digits, 16 if match["hex"] else 10)
            valid = code <= 0x10FFFF and not 0xD800 <= code < 0xE000
            if valid and not _FORBIDDEN.match(chr(code)):
                return match[0]
        removed += 1
        return ""

    text = _SUSPECT.sub(repaired, text)
    if removed:
        collection.repaired["character that XML forbids, removed"] += removed
    if kept:
        rule = "& or < that begins no entity or tag of XML, kept as text"
        collection.repaired[rule] += kept
    return text


def _parsed(path: Path, text: str, collection: Collection) -> etree._Element | None:
    """The root of an XML text; of a broken one what can be read, if bad rows are skipped."""
    if re.search(r"<!(?:DOCTYPE|ENTITY)\b", _ASIDE.sub("", text)):
        collection.bad(path, "", "document type", "a file of comments declares none; remove it")
        return None
    try:
        return etree.fromstring(text.rstrip().encode(), _parser())
    except etree.XMLSyntaxError as error:
        line, problem = error.lineno or 0, (error.msg or "cannot be read").split(", line")[0]
    collection.bad(path, line, "broken XML", problem)
    # Cut from the first comment that never ends on: where its text ended cannot be known.
    end = max(text.rfind("</d>"), 0)
    for opening in _OPENING.finditer(_ASIDE.sub(_blank, text), end):
        if not opening[0].endswith("/>"):
            rest = _OPENING.findall(_ASIDE.sub("", text[opening.start() :]))
            collection.skipped["comment cut off"] += len(rest)
            text = text[: opening.start()]
            break
    try:
        root = etree.fromstring(text.rstrip().encode(), _parser(recover=True))
    except etree.XMLSyntaxError:
        root = None
    read = 0 if root is None else sum(1 for _ in root.iter("d"))
    lost = len(_OPENING.findall(_ASIDE.sub("", text))) - read
    collection.skipped["comment lost in broken XML"] += max(lost, 0)
    return root


def _parser(recover: bool = False) -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8", recover=recover, resolve_entities=False, no_network=True, load_dtd=False
    )


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _line_ends(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")


def _comment(path: Path, element: etree._Element, collection: Collection) -> Danmaku | None:
    fields = (element.get("p") or "").split(",")
    line: Any = element.sourceline or 0
    mode = fields[1].strip() if len(fields) > 1 else "1"
    if mode in _PROGRAMS:
        collection.skipped[_PROGRAMS[mode]] += 1
        return None
    if mode not in frozenset("123456"):
        collection.bad(path, line, "unknown mode", f"{mode[:80]!r} is not one of 1 to 9")
        return None
    comment_id = fields[7].strip() if len(fields) > 7 else ""
    return Danmaku(line, fields[0].strip(), _text(element), comment_id)


def _text(element: etree._Element) -> str:
    """The text of an element; a comment within it (in broken XML) keeps its own."""
    if not len(element):
        return element.text or ""
    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str) and child.tag != "d":
            parts.append(_text(child))
        parts.append(child.tail or "")
    return "".join(parts)
