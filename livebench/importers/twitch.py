"""Reads chats of Twitch, as TwitchDownloader or chat-downloader keeps them (JSON).

    {"video": {"id": "123", "title": "A cat", "length": 3600, "game": "Chess"},
     "streamer": {"name": "cats"},
     "comments": [{"_id": "a1", "content_offset_seconds": 3.25, "message": {"body": "so cute"}}]}

Times are from the beginning of the broadcast, also where only a part was downloaded. A live comment is
what a viewer wrote, names of emotes included; cheers count. The streamer is the group, the game the
category. For chat-downloader's files see chat_messages.py: they do not name the video.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from livebench.importers.broken_json import Fragment, Shape
from livebench.importers.chat_messages import (
    MESSAGE_KEYS,
    is_messages,
    messages_of,
    read_messages,
)
from livebench.importers.chats import Chat, read_chats
from livebench.importers.collection import Collection, finite
from livebench.importers.danmaku_xml import Danmaku
from livebench.importers.importing import SourceFacts
from livebench.importers.json_lines import read_json
from livebench.importers.source_text import joined
from livebench.importers.xml_comments import NO_COMMENT

ENDINGS = (".json", ".jsonl")


def read_twitch(source: Path, collection: Collection) -> SourceFacts:
    """Read the chats in the folder `source` and the folders in it.

    Raises:
        LiveBenchError: there is no file, one is damaged, or a row is bad (file and place are named).
    """
    collection.ordinary.add("negative time")
    read_chats(source, collection, read_file, endings=ENDINGS, prefix="tw")
    looked_for = "comments with content_offset_seconds, or messages with time_in_seconds"
    return SourceFacts(looked_for=looked_for)


def is_twitch(content: Any) -> bool:
    """Whether the content of a JSON file is TwitchDownloader's."""
    if not isinstance(content, dict) or not isinstance(content.get("comments"), list):
        return False
    comments = content["comments"]
    return "streamer" in content or any(
        isinstance(comment, dict) and "content_offset_seconds" in comment for comment in comments
    )


def read_file(path: Path, collection: Collection) -> Chat:
    """The chat of a file.

    Raises:
        LiveBenchError: it is damaged, or a row is bad, unless bad rows are skipped.
    """
    if path.suffix.lower() == ".jsonl":
        return Chat(read_messages(path, collection))
    content = read_json(path, collection, _SHAPE)
    if is_messages(content):
        return Chat(messages_of(path, content, collection))
    if not is_twitch(content):
        collection.skipped[NO_COMMENT] += 1
        return Chat([])
    comments = []
    for number, row in enumerate(content["comments"], 1):
        at = f"comment {number}"
        message = row.get("message") if isinstance(row, dict) else None
        text = message.get("body") if isinstance(message, dict) else None
        if not isinstance(text, str):
            collection.bad(path, at, "record that is no comment", "it has no message.body")
            continue
        own_id, time = str(row.get("_id") or ""), row.get("content_offset_seconds", "")
        comments.append(Danmaku(at, time, joined(text, collection), own_id))
    if not content["comments"]:
        collection.skipped[NO_COMMENT] += 1
    video, streamer = (
        content[key] if isinstance(content.get(key), dict) else {} for key in ("video", "streamer")
    )
    length = finite(video.get("length", ""))
    if not length > 0:  # older versions know the end of what was downloaded alone
        length = finite(video.get("end", ""))
    return Chat(
        comments,
        _said(video.get("id")),
        _said(video.get("title")),
        _said(video.get("game")),
        length if length > 0 else None,
        _said(streamer.get("name")),
    )


def _rebuilt(fragments: list[Fragment]) -> Any:
    """The document that a broken one was: its comments, its video and streamer where they are whole."""
    comments = [fragment.comment for fragment in fragments if fragment.comment is not None]
    if is_messages(comments):
        return comments
    content: dict[str, Any] = {"comments": comments}
    for fragment in fragments:
        for match in _FACTS.finditer(fragment.before):
            try:
                facts, _ = json.JSONDecoder().raw_decode(fragment.before, match.end())
            except (ValueError, RecursionError):
                continue
            content.setdefault(match[1], facts)
    return content


_FACTS = re.compile(r'"(video|streamer)"\s*:\s*(?=\{)')
_SHAPE = Shape(
    MESSAGE_KEYS.keys | {"content_offset_seconds"},
    MESSAGE_KEYS.others | {"commenter", "content_id", "message"},
    _rebuilt,
)


def _said(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and value else ""
