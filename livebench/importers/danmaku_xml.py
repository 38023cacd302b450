"""Reads Bilibili's XML of comments: <d p="time,mode,size,colour,sent,pool,sender,id,...">text</d>.

Read comment by comment: whatever stands between <d ...> and the next </d> is its text, whether it is
XML or not, so one damaged comment cannot change another. Only what is left when the comments are taken
out goes through an XML parser, which says whether the file is whole.

Of `p` only time, mode and id are looked at, and further attributes of <d> not at all: no hash of a
sender is kept. A newer client writes p="id,?,milliseconds,mode,...". See docs/importers.md for what is
done about each kind of damage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lxml import etree

from livebench.importers.bilibili_modes import MODES, ordinary_mode
from livebench.importers.collection import Collection
from livebench.importers.source_text import REMOVED, decoded, joined

EMPTY_FILE, NO_COMMENT = "empty file", "file without a comment"

_KEPT = "comment with a bare & or <, kept as text"
_VALUE = r"(?:\"[^\"<]*\"|'[^'<]*')"
# A comment as nearly all are: nothing in it that only looks like markup.
_WHOLE = re.compile(
    rf"<d((?:\s+[\w:.-]+\s*=\s*{_VALUE})*)\s*(?:(?P<empty>/>)|>(?P<text>[^<]*)</d\s*>)"
)
# Values that hold what XML forbids in them, such as a user's name; never the beginning of a comment.
_LOOSE = re.compile(r"<d(\s+p\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*')(?:(?!</?d[\s>/])[^>\n])*?)(/?)>")
_STRICT = re.compile(rf"<d((?:\s+[\w:.-]+\s*=\s*{_VALUE})*)\s*(/?)>")
_ATTRIBUTE = re.compile(rf"\s([\w:.-]+)\s*=\s*({_VALUE})")
_NEXT = re.compile(r"<d(?=[\s>/])|</d\s*>|<!--")
_BOUND = re.compile(r"<!\[CDATA\[|</d\s*>|<d(?=\s[^<>]*?\bp\s*=\s*[\"'])")
_OPENING = re.compile(r"<d(?=\s[^<>]*?\bp\s*=\s*[\"'])")
_FIELDS = re.compile(r"\bp\s*=\s*[\"'][\d.]+,\d+,\d+")

_MARKUP = re.compile(
    r"<!\[CDATA\[(?P<cdata>.*?)\]\]>"
    r"|&\#x0*(?P<hex>[0-9a-fA-F]{1,8});|&\#0*(?P<dec>[0-9]{1,8});"
    r"|&(?P<known>amp|lt|gt|quot|apos);|(?P<bare>[&<])",
    re.DOTALL,
)
_KNOWN = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DECLARATION = re.compile(r"\A\s*<\?xml\b[^>]*?\?>", re.DOTALL)
_DOCUMENT_TYPE = re.compile(r"<!(?:DOCTYPE|ENTITY)\b")
_ASIDE = re.compile(r"<!\[CDATA\[.*?\]\]>|<!--.*?-->", re.DOTALL)
_CHAT = re.compile(r"<(?:chatid|oid)>\s*([^<>\s]{1,200})\s*</")
_CLIENT_FIELDS = 9
_CLIENT_ID = re.compile(r"\d{8,}")


class Danmaku(NamedTuple):
    """A comment of a file: its line, time (s) as it is written, text, and own id ("" without)."""

    line: int | str
    time: float | str
    text: str
    comment_id: str = ""


class _Piece(NamedTuple):
    """A comment as it stands in a file: where it begins and ends, its `p`, its text as written."""

    start: int
    end: int
    fields: str
    text: str


def read_xml(path: Path, collection: Collection) -> tuple[str, list[Danmaku]]:
    """The chat id of a file ("" without) and its ordinary comments, in the order of the file.

    Raises:
        LiveBenchError: the file is damaged, unless bad rows are skipped.
    """
    raw = path.read_bytes()
    if not raw.strip(b"\0 \t\r\n"):
        collection.skipped[EMPTY_FILE] += 1
        return "", []
    text = decoded(path, raw, collection).removeprefix("\ufeff")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    scan = _Scan(path, text, collection)
    comments, rest, line, place = [], [], 1, 0
    for piece in scan.pieces():
        rest.append(text[place : piece.start])
        line += text.count("\n", place, piece.start)
        comment = _comment(path, line, piece, collection)
        if comment is not None:
            comments.append(comment)
        inside = text.count("\n", piece.start, piece.end)
        rest.append("\n" * inside)
        line, place = line + inside, piece.end
    rest.append(text[place:])
    frame = "".join(rest)
    chat = _CHAT.search(frame)
    if not _is_sound(path, frame, scan, collection):
        return "", []
    if not scan.found:
        collection.skipped[NO_COMMENT] += 1
    return chat[1] if chat else "", comments


class _Scan:
    """Finds the comments of a text.

    Attributes:
        found: how many comments there are, read or lost; `broken`: whether any damage was found.
    """

    def __init__(self, path: Path, text: str, collection: Collection) -> None:
        self._path, self._text, self._collection = path, text, collection
        self.found, self.broken = 0, False
        self._last_aside, self._last_section = text.rfind("-->"), text.rfind("]]>")

    def pieces(self) -> Iterator[_Piece]:
        text, place, opened = self._text, 0, False  # opened: by a tag that is broken
        while match := _NEXT.search(text, place):
            start = match.start()
            if match[0] == "<!--":
                place = self._after_aside(start)
                continue
            if match[0] != "<d":
                if not opened:
                    self._lost(start, "comment without its opening tag", "</d> without a <d>")
                opened, place = False, match.end()
                continue
            opened = False
            piece, place = self._piece(start)
            if piece is not None:
                self.found += 1
                yield piece
            elif place == match.end():
                opened = True

    def _piece(self, start: int) -> tuple[_Piece | None, int]:
        """The comment that begins here, and where to go on; None if it is lost."""
        text = self._text
        whole = _WHOLE.match(text, start)
        if whole is not None:
            fields = _fields(whole[1])
            if not _FIELDS.search(whole["text"] or ""):
                return _Piece(start, whole.end(), fields, whole["text"] or ""), whole.end()
        tag = _STRICT.match(text, start) or _LOOSE.match(text, start)
        if tag is None:
            detail = "the opening tag of a comment cannot be read"
            self._lost(start, "comment with a broken opening tag", detail)
            return None, start + 2
        fields = _fields(tag[1])
        if tag[2]:
            return _Piece(start, tag.end(), fields, ""), tag.end()
        place = tag.end()
        while bound := _BOUND.search(text, place):
            if bound[0].startswith("<!"):
                place = self._after_section(bound.end())
                continue
            content = text[tag.end() : bound.start()]
            if bound[0] == "<d" or _FIELDS.search(content):
                break
            return _Piece(start, bound.end(), fields, content), bound.end()
        following = len(_FIELDS.findall(text, tag.end(), bound.start() if bound else len(text)))
        for _ in range(1 + following):
            self._lost(start, "comment cut off", "a comment without its </d>")
        if bound is None:
            return None, len(text)
        return None, bound.start() if bound[0] == "<d" else bound.end()

    def _after_aside(self, start: int) -> int:
        """Where an XML comment ends; the comments in it are out of use, and counted."""
        if start > self._last_aside:  # looked for once, however many begin
            return start + 4
        end = self._text.find("-->", start)
        inside = len(_OPENING.findall(self._text, start, end))
        self._collection.skipped["comment within <!-- and -->"] += inside
        return end + 3

    def _after_section(self, start: int) -> int:
        """Where CDATA ends that begins at `start`; `start` where it is none: it would hold a comment."""
        if start > self._last_section:
            return start
        end = self._text.find("]]>", start)
        return start if _OPENING.search(self._text, start, end) else end + 3

    def _lost(self, start: int, rule: str, detail: str) -> None:
        if not self.broken:
            line = self._text.count("\n", 0, start) + 1
            self.broken = True
            self._collection.bad(self._path, line, "broken XML", detail)
        self.found += 1
        self._collection.skipped[rule] += 1


def _fields(attributes: str) -> str:
    """The value of `p` among the attributes of a tag; "" without."""
    for name, value in _ATTRIBUTE.findall(attributes):
        if name == "p":
            return str(value[1:-1])
    return ""


def _is_sound(path: Path, frame: str, scan: _Scan, collection: Collection) -> bool:
    """Whether a file without its comments can be one of comments; what else is wrong is only counted."""
    if _DOCUMENT_TYPE.search(frame) and _DOCUMENT_TYPE.search(_ASIDE.sub("", frame)):
        collection.bad(path, "", "document type", "a file of comments declares none; remove it")
        return False
    if scan.broken:
        return True
    frame = _FORBIDDEN.sub("", _DECLARATION.sub(lambda found: "\n" * found[0].count("\n"), frame))
    frame = re.sub(r"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)", "&amp;", frame)
    try:
        etree.fromstring(frame.strip("\0 \t\r").rstrip().encode(), _parser())
    except etree.XMLSyntaxError as error:
        problem = (error.msg or "cannot be read").split(", line")[0]
        collection.bad(path, error.lineno or 0, "broken XML", problem)
        return bool(scan.found)
    return True


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False
    )


def _comment(path: Path, line: int, piece: _Piece, collection: Collection) -> Danmaku | None:
    fields = [field.strip() for field in piece.fields.split(",")]
    client = (
        len(fields) >= _CLIENT_FIELDS
        and _CLIENT_ID.fullmatch(fields[0])
        and fields[2].isdecimal()
        and fields[3] in MODES
    )
    if client:
        comment_id, mode = fields[0], fields[3]
        time = str(int(fields[2]) / 1000)
    else:
        mode = fields[1] if len(fields) > 1 else "1"
        comment_id = fields[7] if len(fields) > 7 else ""
        time = fields[0]
    where = f"p={piece.fields[:80]!r}" if len(fields) > 2 else ""
    if not ordinary_mode(path, line, mode, collection, where):
        return None
    return Danmaku(line, time, xml_text(piece.text, collection), comment_id)


def xml_text(text: str, collection: Collection) -> str:
    """The text that is written between two tags: entities read, what is no markup kept as it stands."""
    bare = False

    def read(match: re.Match[str]) -> str:
        nonlocal bare
        if match["known"]:
            return _KNOWN[match["known"]]
        if match["bare"]:
            bare = True
            return match[0]
        if match["cdata"] is not None:
            return match["cdata"]
        digits = match["hex"] or match["dec"]
        code = int(digits, 16 if match["hex"] else 10)
        return chr(code) if code <= 0x10FFFF else "\0"

    if "&" in text or "<" in text:
        text = _MARKUP.sub(read, text)
    text = joined(text, collection)
    if _FORBIDDEN.search(text):
        text, removed = _FORBIDDEN.subn("", text)
        collection.repaired[REMOVED] += removed
    collection.repaired[_KEPT] += bare
    return text
