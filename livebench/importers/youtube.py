"""Reads chats of YouTube's live streams: yt-dlp's `.live_chat.json`, or chat-downloader's JSON.

    {"replayChatItemAction": {"videoOffsetTimeMsec": "3250", "actions": [{"addChatItemAction": {"item":
        {"liveChatTextMessageRenderer": {"id": "a1", "message": {"runs": [{"text": "so cute"}]}}}}}]}}

A line a moment of the chat. A live comment is a message, paid or not, also one that marks a membership,
where the viewer wrote something. Left out: what was written before the stream began (its time is 0, and
nothing was on the screen), stickers, notices, and all actions that add no message. An emoji is itself; a
channel's own is its name, as `:_cat:`. Nothing of the author is kept. For chat-downloader's files see
chat_messages.py.
"""

from __future__ import annotations

import re
from math import isnan
from pathlib import Path
from typing import Any

from livebench.importers.chat_messages import read_messages
from livebench.importers.chats import Chat, read_chats
from livebench.importers.collection import Collection, finite
from livebench.importers.danmaku_xml import Danmaku
from livebench.importers.importing import SourceFacts
from livebench.importers.json_lines import read_json_lines
from livebench.importers.source_text import joined
from livebench.importers.xml_comments import NO_COMMENT

ENDINGS = (".live_chat.json", ".json", ".jsonl")
# As yt-dlp names its files by default: "A cat [dQw4w9WgXcQ].live_chat.json".
_NAMED = re.compile(r"(?P<title>.*\S)?\s*\[(?P<id>[\w-]{11})\]", re.ASCII)
_NAMED_ALONE = re.compile(r"[\w-]{11}", re.ASCII)
_WRITTEN = ("liveChatTextMessageRenderer", "liveChatPaidMessageRenderer")
_MEMBERSHIP = "liveChatMembershipItemRenderer"


def read_youtube(source: Path, collection: Collection) -> SourceFacts:
    """Read the chats in the folder `source` and the folders in it.

    Raises:
        LiveBenchError: there is no file, one is damaged, or a row is bad (file and line are named).
    """
    collection.ordinary.add("negative time")
    read_chats(source, collection, read_file, endings=ENDINGS, prefix="yt")
    return SourceFacts(looked_for="replayChatItemAction, or messages with time_in_seconds")


def is_live_chat(content: Any) -> bool:
    """Whether the content of a line is yt-dlp's."""
    return isinstance(content, dict) and "replayChatItemAction" in content


def read_file(path: Path, collection: Collection) -> Chat:
    """The chat of a file.

    Raises:
        LiveBenchError: it is damaged, or a row is bad, unless bad rows are skipped.
    """
    stem = re.sub(r"(\.live_chat)?\.jsonl?$", "", path.name, flags=re.IGNORECASE)
    named = _NAMED.fullmatch(stem)
    video_id = named["id"] if named else stem if _NAMED_ALONE.fullmatch(stem) else ""
    title = (named["title"] or "") if named else ""
    # chat-downloader's list begins with a bracket, or its lines have other keys.
    start = path.read_bytes()[:8192].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if start.startswith(b"[") or b'"replayChatItemAction"' not in start:
        return Chat(read_messages(path, collection), video_id, title)
    comments: list[Danmaku] = []
    lines = 0
    for line, row in read_json_lines(path, collection):
        lines += 1
        if not is_live_chat(row):
            collection.bad(path, line, "line without a chat action", f"it is {str(row)[:40]!r}")
            continue
        _add(path, line, row, collection, comments)
    if not lines:
        collection.skipped[NO_COMMENT] += 1
    return Chat(comments, video_id, title)


def _add(
    path: Path, line: int, row: dict[str, Any], collection: Collection, comments: list[Danmaku]
) -> None:
    replay = row["replayChatItemAction"]
    replay = replay if isinstance(replay, dict) else {}
    offset: Any = row.get("videoOffsetTimeMsec", replay.get("videoOffsetTimeMsec"))
    milliseconds = finite(offset)
    time = offset if isnan(milliseconds) else milliseconds / 1000
    actions = replay.get("actions")
    if not isinstance(actions, list) or not actions:
        collection.bad(path, line, "line without a chat action", f"it is {str(row)[:40]!r}")
        return
    for action in actions:
        kind, renderer = _renderer(action)
        if not kind:
            collection.skipped["action that adds no message"] += 1
            continue
        runs = renderer.get("message")
        if kind not in _WRITTEN and not (kind == _MEMBERSHIP and runs):
            collection.skipped[f"{kind.removeprefix('liveChat')[:40]}, no comment"] += 1
            continue
        said = renderer.get("timestampText")
        clock = said.get("simpleText", "") if isinstance(said, dict) else ""
        if str(clock).startswith("-"):
            collection.skipped["message before the video begins"] += 1
            continue
        own_id = str(renderer.get("id") or "")
        comments.append(Danmaku(line, time, joined(_written(runs), collection), own_id))


def _renderer(action: Any) -> tuple[str, dict[str, Any]]:
    """The kind of message that an action adds, and its content; "" for any other action."""
    added = action.get("addChatItemAction") if isinstance(action, dict) else None
    item = added.get("item") if isinstance(added, dict) else None
    for kind, renderer in item.items() if isinstance(item, dict) else ():
        if isinstance(renderer, dict):
            return kind, renderer
    return "", {}


def _written(message: Any) -> str:
    """The text of a message: of its runs, or as it is written whole."""
    if not isinstance(message, dict):
        return ""
    runs = message.get("runs")
    if not isinstance(runs, list):
        return str(message.get("simpleText") or "")
    return "".join(_run(run) for run in runs if isinstance(run, dict))


def _run(run: dict[str, Any]) -> str:
    emoji = run.get("emoji")
    if not isinstance(emoji, dict):
        return str(run.get("text") or "")
    names = emoji.get("shortcuts")
    named = str(names[0]) if isinstance(names, list) and names else ""
    own = str(emoji.get("emojiId") or "")
    return named if emoji.get("isCustomEmoji") or not own or own.isascii() else own
