"""Reads Niconico's comments, as its API gives them (JSON) or gave them (XML, JSON in the same fields).

    {"data": {"threads": [{"id": "1", "fork": "main", "comments": [
        {"no": 1, "vposMs": 3250, "body": "かわいい"}]}]}}
    [{"chat": {"thread": "1", "no": 1, "vpos": 325, "content": "かわいい"}}]
    <packet><chat thread="1" no="1" vpos="325">かわいい</chat></packet>

A live comment is one of the fork `main`. Left out: `owner` (the uploader's own, often scripts), `easy`
(canned, chosen by a button), deleted ones, and those before the video begins. No id of a user is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isnan
from pathlib import Path
from typing import Any

from livebench.importers.broken_json import Fragment, Shape
from livebench.importers.chats import Chat, read_chats
from livebench.importers.collection import Collection, finite
from livebench.importers.danmaku_xml import Danmaku
from livebench.importers.importing import SourceFacts
from livebench.importers.json_lines import read_json
from livebench.importers.source_text import joined
from livebench.importers.xml_comments import NO_COMMENT, Layout, read_pieces, xml_text

ENDINGS = (".json", ".xml")
_LAYOUT = Layout("chat", "vpos", r"-?\d+[\"']")
_FORKS = {
    **dict.fromkeys(("", "0", "main", "nicos"), ""),
    **dict.fromkeys(("1", "owner"), "comment of the uploader (owner)"),
    **dict.fromkeys(("2", "easy"), "canned comment (easy)"),
}


def read_niconico(source: Path, collection: Collection) -> SourceFacts:
    """Read the comments in the folder `source` and the folders in it, which are series.

    Raises:
        LiveBenchError: there is no file, one is damaged, or a row is bad (file and place are named).
    """
    collection.ordinary.add("negative time")
    read_chats(source, collection, read_file, endings=ENDINGS, prefix="nv")
    return SourceFacts(looked_for="threads of comments with vposMs in JSON, <chat vpos=...> in XML")


def read_file(path: Path, collection: Collection) -> Chat:
    """The chat of a file.

    Raises:
        LiveBenchError: it is damaged, or a row is bad, unless bad rows are skipped.
    """
    comments: list[Danmaku] = []
    if path.suffix.lower() == ".xml":
        for piece in read_pieces(path, _LAYOUT, collection).pieces:
            fields = dict(piece.attributes)
            fields["content"] = xml_text(piece.text, collection)
            _add(path, piece.line, fields, collection, comments)
        return Chat(comments)
    content = read_json(path, collection, _SHAPE)
    number = 0
    for number, fields in enumerate(_chats(content), 1):
        text = fields.get("content", "")
        fields["content"] = joined(text, collection) if isinstance(text, str) else text
        _add(path, f"comment {number}", fields, collection, comments)
    if not number:
        collection.skipped[NO_COMMENT] += 1
    return Chat(comments)


def _threads(content: Any) -> list[dict[str, Any]]:
    """The threads of the API, wherever they are in what it gives; [] without any."""
    for _ in range(3):
        if isinstance(content, dict):
            if isinstance(content.get("threads"), list):
                content = content["threads"]
                break
            content = content.get("data") or content.get("comment")
    threads = content if isinstance(content, list) else []
    return [item for item in threads if isinstance(item, dict) and "comments" in item]


def _rebuilt(fragments: list[Fragment]) -> Any:
    """The threads of a broken document, or what is in the fields of the older API.

    What a thread is stands before its comments, or after them: where it is broken, or cut off, nobody
    knows whether a viewer wrote them.
    """
    content: list[dict[str, Any]] = []
    thread: dict[str, Any] = {"comments": []}
    has_forks = any('"fork"' in fragment.before for fragment in fragments)
    for before, comment in fragments:
        opened = list(_THREAD.finditer(before))
        ended = _ENDED.match(before)
        if ended is not None and "fork" not in thread:
            thread |= _facts(ended[0])
        if opened:
            start = before.rfind("{", 0, opened[-1].start())
            thread = {"comments": []} | _facts(before[start : opened[-1].start()])
            content.append(thread)
        if comment is None:
            break
        if "vpos" in comment:
            content.append({"chat": comment})
        else:
            if not content:
                content.append(thread)
            thread["comments"].append(comment)
    for item in content:
        if "comments" in item and has_forks:
            item.setdefault("fork", "unknown")
    return content


def _facts(written: str) -> dict[str, str]:
    """Id and fork, as they stand in a piece of a thread."""
    return {match[1]: match[2] for match in _FACT.finditer(written)}


_THREAD = re.compile(r'"comments"\s*:\s*\[')
_ENDED = re.compile(r"\s*\][^{}]*")
_FACT = re.compile(r'"(id|fork)"\s*:\s*"([^"\\]*)"')
_SHAPE = Shape(
    frozenset(("vposMs", "vpos")),
    frozenset(("no", "body", "nicoruCount", "postedAt", "date", "mail", "user_id")),
    _rebuilt,
)


def _chats(content: Any) -> Iterator[dict[str, Any]]:
    """The comments of a JSON file, in the fields of the older API, `vpos` in 1/100 s."""
    for thread in _threads(content):
        comments = thread["comments"] if isinstance(thread["comments"], list) else []
        for comment in comments:
            known = comment if isinstance(comment, dict) else {}
            milliseconds = finite(known.get("vposMs", ""))
            yield {
                "thread": f"{thread.get('id', '')}/{thread.get('fork', '')}",
                "fork": thread.get("fork", ""),
                "no": known.get("no", ""),
                "vpos": known.get("vposMs", "") if isnan(milliseconds) else milliseconds / 10,
                "content": known.get("body"),
            }
    for item in content if isinstance(content, list) else ():
        for name, inner in item.items() if isinstance(item, dict) else ():
            if isinstance(inner, dict) and (name == "chat" or "vpos" in inner):
                yield dict(inner) if name == "chat" else {"content": None}


def _add(
    path: Path,
    at: int | str,
    fields: dict[str, Any],
    collection: Collection,
    comments: list[Danmaku],
) -> None:
    """Take a comment, or count why it is not taken."""
    rule = _FORKS.get(str(fields.get("fork", "")), "comment of an unknown fork")
    deleted = str(fields.get("deleted", "0")) not in ("", "0")
    if rule or deleted:
        collection.skipped[rule or "deleted comment"] += 1
        return
    text = fields.get("content", "")
    if not isinstance(text, str):
        collection.bad(path, at, "text that is none", f"it is {str(text)[:40]!r}")
        return
    written = fields.get("vpos", "")
    hundredths = finite(written)
    own_id = f"{fields.get('thread', '')}-{fields['no']}" if fields.get("no") else ""
    comments.append(Danmaku(at, written if isnan(hundredths) else hundredths / 100, text, own_id))
