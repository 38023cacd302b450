"""Reads the JSON of chat-downloader, of Twitch, YouTube and others: a list of messages, or one a line.

    [{"message_type": "text_message", "time_in_seconds": 3.25, "message": "so cute", "message_id": "a1",
      "author": {...}}]

A live comment is what a viewer wrote, paid or not. Left out: notices, stickers, memberships and bans,
each type with its count. Nothing of the author is kept.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from livebench.importers.broken_json import Shape
from livebench.importers.collection import Collection
from livebench.importers.danmaku_xml import Danmaku
from livebench.importers.json_lines import read_json, read_json_lines
from livebench.importers.source_text import joined
from livebench.importers.xml_comments import NO_COMMENT

MESSAGE_KEYS = Shape(
    frozenset(("time_in_seconds",)), frozenset(("message_type", "message_id", "author"))
)
"""How messages are found in a list that is broken."""

_WRITTEN = frozenset(
    (
        "text_message",
        "paid_message",
        "highlighted_message",
        "resubscription",
        "send_message_in_subscriber_only_mode",
        "skip_subs_mode_message",
    )
)


def is_messages(content: Any) -> bool:
    """Whether the content of a JSON file, or of one line of it, is chat-downloader's."""
    items = content if isinstance(content, list) else [content]
    return any(
        isinstance(item, dict) and "message_type" in item and "time_in_seconds" in item
        for item in items
    )


def read_messages(path: Path, collection: Collection) -> list[Danmaku]:
    """The comments of a file, in its order.

    Raises:
        LiveBenchError: the file is damaged, or a row is bad, unless bad rows are skipped.
    """
    if path.suffix.lower() != ".jsonl":
        return messages_of(path, read_json(path, collection, MESSAGE_KEYS), collection)
    lines = read_json_lines(path, collection)
    return _comments(path, [(f"line {line}", row) for line, row in lines], collection)


def messages_of(path: Path, content: Any, collection: Collection) -> list[Danmaku]:
    """The comments in the content of a JSON file, as `read_messages` reads them."""
    items = content if isinstance(content, list) else []
    rows = [(f"message {number}", item) for number, item in enumerate(items, 1)]
    return _comments(path, rows, collection)


def _comments(path: Path, rows: list[tuple[str, Any]], collection: Collection) -> list[Danmaku]:
    if not rows:
        collection.skipped[NO_COMMENT] += 1
    comments = []
    for at, row in rows:
        if not isinstance(row, dict):
            collection.bad(path, at, "record that is no message", f"it is {str(row)[:40]!r}")
            continue
        kind = str(row.get("message_type", "text_message"))
        if kind not in _WRITTEN:
            collection.skipped[f"{kind[:40].replace('_', ' ')}, no comment"] += 1
            continue
        text = row.get("message") or ""
        if not isinstance(text, str):
            collection.bad(path, at, "text that is none", f"it is {str(text)[:40]!r}")
            continue
        own_id = str(row.get("message_id") or "")
        comments.append(
            Danmaku(at, row.get("time_in_seconds", ""), joined(text, collection), own_id)
        )
    return comments
