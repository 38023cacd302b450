"""Finds the comments of a file that should be XML, and reads what each says, whether it is XML or not.

Whatever stands between the opening tag of a comment and the next closing one is its text, so one damaged
comment cannot change another. Only what is left when the comments are taken out goes through an XML
parser, which says whether the file is whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from lxml import etree

from livebench.importers.collection import Collection
from livebench.importers.source_text import REMOVED, decoded, joined

EMPTY_FILE, NO_COMMENT = "empty file", "file without a comment"

_KEPT = "comment with a bare & or <, kept as text"
_VALUE = r"(?:\"[^\"<]*\"|'[^'<]*')"
_ATTRIBUTE = re.compile(rf"\s([\w:.-]+)\s*=\s*({_VALUE})")
_REFERENCES = (
    r"|&\#x0*(?P<hex>[0-9a-fA-F]{1,8});|&\#0*(?P<dec>[0-9]{1,8});"
    r"|&(?P<known>amp|lt|gt|quot|apos);|(?P<bare>[&<])"
)
_MARKUP = re.compile(r"<!\[CDATA\[(?P<cdata>.*?)\]\]>" + _REFERENCES, re.DOTALL)
_MARKUP_AFTER = re.compile(r"(?P<cdata>(?!))" + _REFERENCES)  # where no section can be
_SECTION = re.compile(r"<!\[CDATA\[.*?\]\]>", re.DOTALL)
_KNOWN = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DECLARATION = re.compile(r"\A\s*<\?xml\b[^>]*?\?>", re.DOTALL)
# Where XML has it: before the first element. Nothing that it declares is ever resolved.
_DOCUMENT_TYPE = re.compile(
    r"(?:\s+|<\?[^>]*>|<!--(?:(?!-->).)*-->)*<!(?:DOCTYPE|ENTITY)\b", re.DOTALL
)


class Layout:
    """What the comments of a format look like.

    Args:
        element: the name of their element, as `d`.
        key: the attribute that all have, as `p`.
        value: an expression for its value, whole or its beginning, that no text would hold by chance.
    """

    def __init__(self, element: str, key: str, value: str) -> None:
        name = re.escape(element)
        opening = rf"<{name}(?=\s[^<>]*?\b{key}\s*=\s*[\"'])"
        # A comment as nearly all are: nothing in it that only looks like markup.
        self.whole = re.compile(
            rf"<{name}((?:\s+[\w:.-]+\s*=\s*{_VALUE})*)\s*"
            rf"(?:(?P<empty>/>)|>(?P<text>[^<]*)</{name}\s*>)"
        )
        self.strict = re.compile(rf"<{name}((?:\s+[\w:.-]+\s*=\s*{_VALUE})*)\s*(/?)>")
        # Values that hold what XML forbids in them, such as a user's name; never another comment.
        self.loose = re.compile(
            rf"<{name}((?:\s+[\w:.-]+\s*=\s*{_VALUE})*?\s+{key}\s*=\s*{_VALUE}"
            rf"(?:(?!</?{name}[\s>/])[^>\n])*?)(/?)>"
        )
        self.next = re.compile(rf"<{name}(?=[\s>/])|</{name}\s*>|<!--")
        self.bound = re.compile(rf"<!\[CDATA\[|</{name}\s*>|{opening}")
        self.opening = re.compile(opening)
        # Of the opening tag of another comment, whatever else has become of it.
        self.other = re.compile(rf"\b{key}\s*=\s*[\"']{value}")
        self.begin = re.compile(rf"<{name}(?=\s)")
        self.tag = f"<{element}"


class Piece(NamedTuple):
    """A comment as it stands in a file: its line, its attributes, its text as written."""

    line: int
    attributes: Mapping[str, str]
    text: str


class Content(NamedTuple):
    """The comments of a file, in its order, and what is left without them."""

    pieces: list[Piece]
    frame: str


def read_pieces(path: Path, layout: Layout, collection: Collection) -> Content:
    """The comments of a file.

    Raises:
        LiveBenchError: the file is damaged, unless bad rows are skipped.
    """
    raw = path.read_bytes()
    if not raw.strip(b"\0 \t\r\n"):
        collection.skipped[EMPTY_FILE] += 1
        return Content([], "")
    text = decoded(path, raw, collection).removeprefix("\ufeff")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    scan = _Scan(path, text, layout, collection)
    pieces, rest, line, place = [], [], 1, 0
    for start, end, attributes, content in scan.pieces():
        rest.append(text[place:start])
        line += text.count("\n", place, start)
        pieces.append(Piece(line, attributes, content))
        inside = text.count("\n", start, end)
        rest.append("\n" * inside)
        line, place = line + inside, end
    rest.append(text[place:])
    frame = "".join(rest)
    if not _is_sound(path, frame, scan, collection):
        return Content([], frame)
    if not scan.found:
        collection.skipped[NO_COMMENT] += 1
    return Content(pieces, frame)


_Found = tuple[int, int, Mapping[str, str], str]
"""Where a comment begins and ends, its attributes, its text as written."""


class _Scan:
    """Finds the comments of a text.

    Attributes:
        found: how many comments there are, read or lost; `broken`: whether any damage was found.
    """

    def __init__(self, path: Path, text: str, layout: Layout, collection: Collection) -> None:
        self._path, self._text, self._layout, self._collection = path, text, layout, collection
        self.found, self.broken = 0, False
        self._last_aside, self._last_section = text.rfind("-->"), text.rfind("]]>")
        self._section_end = self._next_opening = -1

    def pieces(self) -> Iterator[_Found]:
        text, place, opened = self._text, 0, False  # opened: by a tag that is broken
        while match := self._layout.next.search(text, place):
            start = match.start()
            if match[0] == "<!--":
                # What stands in a broken tag does not take the comments after it out of use.
                place = match.end() if opened else self._after_aside(start)
                continue
            if match[0] != self._layout.tag:
                if not opened:
                    detail = f"a closing tag without a {self._layout.tag}>"
                    self._lost(start, "comment without its opening tag", detail)
                opened, place = False, match.end()
                continue
            opened = False
            piece, place = self._piece(start)
            if piece is not None:
                self.found += 1
                yield piece
            elif place == match.end():
                opened = True

    def _piece(self, start: int) -> tuple[_Found | None, int]:
        """The comment that begins here, and where to go on; None if it is lost."""
        text = self._text
        whole = self._layout.whole.match(text, start)
        if whole is not None:
            return (start, whole.end(), _attributes(whole[1]), whole["text"] or ""), whole.end()
        tag = self._layout.strict.match(text, start) or self._layout.loose.match(text, start)
        if tag is None:
            detail = "the opening tag of a comment cannot be read"
            self._lost(start, "comment with a broken opening tag", detail)
            return None, start + len(self._layout.tag)
        fields = _attributes(tag[1])
        if tag[2]:
            return (start, tag.end(), fields, ""), tag.end()
        place = tag.end()
        while bound := self._layout.bound.search(text, place):
            if bound[0].startswith("<!"):
                place = self._after_section(bound.end())
                continue
            content = text[tag.end() : bound.start()]
            if bound[0] == self._layout.tag or self._layout.other.search(_outside(content)):
                break
            return (start, bound.end(), fields, content), bound.end()
        end = bound.start() if bound else len(text)
        following = max(
            len(sign.findall(text, tag.end(), end))
            for sign in (self._layout.other, self._layout.begin)
        )
        for _ in range(1 + following):
            self._lost(start, "comment cut off", "a comment that is not closed")
        if bound is None:
            return None, len(text)
        return None, bound.start() if bound[0] == self._layout.tag else bound.end()

    def _after_aside(self, start: int) -> int:
        """Where an XML comment ends; the comments in it are out of use, and counted."""
        if start > self._last_aside:  # looked for once, however many begin
            return start + 4
        end = self._text.find("-->", start)
        inside = len(self._layout.opening.findall(self._text, start, end))
        self._collection.skipped["comment within <!-- and -->"] += inside
        return end + 3

    def _after_section(self, start: int) -> int:
        """Where CDATA ends that begins at `start`; `start` where it is none: it would hold a comment."""
        if start > self._last_section:
            return start
        # What comes next is looked for once, however many sections begin before it.
        if self._section_end < start:
            self._section_end = self._text.find("]]>", start)
        if self._next_opening < start:
            opening = self._layout.opening.search(self._text, start)
            self._next_opening = opening.start() if opening else len(self._text)
        return start if self._next_opening < self._section_end else self._section_end + 3

    def _lost(self, start: int, rule: str, detail: str) -> None:
        if not self.broken:
            line = self._text.count("\n", 0, start) + 1
            self.broken = True
            self._collection.bad(self._path, line, "broken XML", detail)
        self.found += 1
        self._collection.skipped[rule] += 1


def _outside(content: str) -> str:
    """`content` without its sections of CDATA."""
    end = content.rfind("]]>") + 3  # none begins after it
    return content if end < 3 else _SECTION.sub("", content[:end]) + content[end:]


def _attributes(written: str) -> Mapping[str, str]:
    """The attributes of a tag by name, the first where one comes twice; values as they are written."""
    return {name: value[1:-1] for name, value in reversed(_ATTRIBUTE.findall(written))}


def _is_sound(path: Path, frame: str, scan: _Scan, collection: Collection) -> bool:
    """Whether a file without its comments can be one of comments; what else is wrong is only counted."""
    if _DOCUMENT_TYPE.match(frame):
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
        # No section begins after the last end of one: looking for it would take forever.
        end = text.rfind("]]>") + 3
        end = 0 if end < 3 else end
        text = _MARKUP.sub(read, text[:end]) + _MARKUP_AFTER.sub(read, text[end:])
    text = joined(text, collection)
    if _FORBIDDEN.search(text):
        text, removed = _FORBIDDEN.subn("", text)
        collection.repaired[REMOVED] += removed
    collection.repaired[_KEPT] += bare
    return text
