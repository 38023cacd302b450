"""Chats as sites and downloaders write them, made up; how files are laid down and rows read back."""

from __future__ import annotations

import json

import pyarrow.parquet as pq

ALL = ("--dev", 0, "--test", 0, "--quiet")


def rows_of(folder):
    rows: dict[str, list[tuple[float, str]]] = {}
    for row in pq.read_table(folder / "comments.parquet").to_pylist():
        rows.setdefault(row["video_id"], []).append((row["time"], row["text"]))
    return rows


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, bytes | str) else json.dumps(content)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


API = {"meta": {"status": 200}, "data": {"globalComments": [], "threads": [
    {"id": "1", "fork": "owner", "comments": [
        {"id": "a", "no": 1, "vposMs": 0, "body": "by the uploader"}]},
    {"id": "1", "fork": "main", "comments": [
        {"id": "b", "no": 1, "vposMs": 3250, "body": "so cute", "userId": "u1", "score": -2400},
        {"id": "c", "no": 2, "vposMs": 3250, "body": "so cute", "userId": "u2"},
        {"id": "d", "no": 3, "vposMs": -10, "body": "too early", "userId": "u2"},
        {"id": "e", "no": 4, "vposMs": 90, "body": "two\nlines \ud83d", "userId": "u2"}]},
    {"id": "1", "fork": "easy", "comments": [
        {"id": "f", "no": 1, "vposMs": 0, "body": "clap"}]}]}}  # fmt: skip
TWITCH = {
    "FileInfo": {"Version": {"Major": 1}},
    "streamer": {"name": "cats", "id": 1},
    "video": {"title": "A  cat", "id": "v123", "game": "Chess", "start": 0, "end": 80, "length": 82.5},
    "comments": [
        {"_id": "a", "content_offset_seconds": 3.25, "commenter": {"display_name": "x"},
         "message": {"body": "so cute Kappa", "bits_spent": 100, "user_color": "#fff"}},
        {"_id": "a", "content_offset_seconds": 3.25, "message": {"body": "so cute Kappa"}},
        {"_id": "b", "content_offset_seconds": -2, "commenter": None, "message": {"body": "early"}},
        {"_id": "c", "content_offset_seconds": 81, "message": {"body": "bye"}},
        {"_id": "d", "content_offset_seconds": 5, "message": {"body": " "}},
    ],
}  # fmt: skip


def action(kind, milliseconds, runs, clock="0:03", name="a", **where):
    message = {"message": {"runs": runs}} if runs else {}
    item = {kind: {"id": name, "timestampText": {"simpleText": clock}, **message}}
    replay = {"actions": [{"addChatItemAction": {"item": item}}]}
    if not where:
        replay["videoOffsetTimeMsec"] = str(milliseconds)
    return {"replayChatItemAction": replay, **where}


TEXT, PAID = "liveChatTextMessageRenderer", "liveChatPaidMessageRenderer"
LIVE_CHAT = [
    action(TEXT, 0, [{"text": "waiting"}], "-5:00", "w"),
    action(TEXT, 3250, [{"text": "so "}, {"emoji": {"emojiId": "😂", "shortcuts": [":joy:"]}}]),
    action(PAID, 4000, [{"text": "take "},
           {"emoji": {"emojiId": "UC/x", "shortcuts": [":_cat:"], "isCustomEmoji": True}}], name="b"),
    action("liveChatMembershipItemRenderer", 5000, [{"text": "3 months"}], name="c"),
    action("liveChatMembershipItemRenderer", 5000, None, name="d"),
    action("liveChatPaidStickerRenderer", 5000, None, name="e"),
    {"replayChatItemAction": {"actions": [{"addLiveChatTickerItemAction": {}}]}},
    action(TEXT, 0, [{"text": "while live"}], name="f", videoOffsetTimeMsec="6500", isLive=True),
]  # fmt: skip
