"""The kinds of source, and which of them a folder holds: by what is in its files, not by their names.

Only the beginning of a few files of each ending is looked at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from livebench.errors import LiveBenchError
from livebench.importers.bilibili_segments import is_segment
from livebench.importers.source_files import source_files

_LOOKED_AT = 12  # files of an ending
_BEGINNING = 1 << 16  # bytes of a file


class Kind(NamedTuple):
    """A kind of source: the reader, "module:function" of this package; what is looked for; and the
    language of its comments, "" where any may be."""

    reader: str
    looked_for: str
    language: str = ""


KINDS = {
    "tables": Kind("table_files:read_tables", "videos.csv beside comments.csv"),
    "bilibili": Kind(
        "bilibili:read_bilibili",
        '<d p="..."> in .xml, Dialogue: in .ass, segments of the player, JSON of downloaders',
        "zh",
    ),
    "niconico": Kind(
        "niconico:read_niconico", "threads with vposMs in .json, <chat vpos=...> in .xml", "ja"
    ),
    "twitch": Kind("twitch:read_twitch", "content_offset_seconds or time_in_seconds in .json"),
    "youtube": Kind("youtube:read_youtube", "replayChatItemAction in .live_chat.json"),
    "livebot": Kind(
        "livebot:read_livebot",
        "train.json with video, time, comment; CATEGORY/TITLE.flv, .ass",
        "zh",
    ),
    "opennmt-livebot": Kind(
        "opennmt_livebot:read_opennmt_livebot", "train.json with danmu by video", "zh"
    ),
    "videoic": Kind("videoic:read_videoic", "info.json beside comments/AID.json", "zh"),
}
"""By name, as `livebench import NAME` takes it."""

_BY_CONTENT = (
    ("youtube", rb'"replayChatItemAction"'),
    ("youtube", rb'"action_type"\s*:\s*"add_chat_item"'),  # chat-downloader's of YouTube
    ("twitch", rb'"content_offset_seconds"|"time_in_seconds"'),
    ("niconico", rb'"vposMs"|"chat"\s*:\s*\{[^{}]*"vpos"|<chat\s[^<>]*\bvpos\s*='),
    ("bilibili", rb'<d\s+p\s*=\s*["\']|"dm_time"|"c"\s*:\s*"[\d.]+,\d+,\d'),
    ("bilibili", rb'"content"(?s:.{0,4000}?)"(?:progress|midHash|idStr)"|"progress"\s*:\s*\d+,'),
)  # fmt: skip
_DIALOGUE = re.compile(rb"^Dialogue:", re.MULTILINE)


def kind_of(source: Path) -> tuple[str, str]:
    """The kind of source that a folder holds, and what of it was found.

    Raises:
        LiveBenchError: there is no such folder, it holds nothing that is known, or several kinds.
    """
    files = list(source_files(source))
    release = _release(source, files)
    if release is not None:
        return release
    found = Counter(kind for path in _some(files) if (kind := _kind_of_file(path)))
    if len(found) == 1:
        kind = next(iter(found))
        return kind, f"{found[kind]} of its files; looked for {KINDS[kind].looked_for}"
    if found:
        what = ", ".join(f"{kind} ({count} files)" for kind, count in sorted(found.items()))
        fix = "put each into a folder of its own, or give the kind: `livebench import KIND`"
        raise LiveBenchError(source, f"several kinds in it: {what}", fix)
    sought = "; ".join(f"{name}: {kind.looked_for}" for name, kind in KINDS.items())
    endings = Counter(path.suffix.lower() or "without an ending" for path in files)
    there = ", ".join(f"{count} {ending}" for ending, count in endings.most_common(5))
    what = f"nothing known in it ({there or 'it is empty'})"
    raise LiveBenchError(source, what, f"looked for {sought}")


def _release(source: Path, files: list[Path]) -> tuple[str, str] | None:
    """The kind of a source that is told by the files it is made of."""
    names = {path.relative_to(source).as_posix() for path in files}
    if "videos.csv" in names and names & {"comments.csv", "comments.csv.gz"}:
        return "tables", "videos.csv and comments.csv"
    if "info.json" in names and any(re.match(r"comments/[^/]*\.json", name) for name in names):
        return "videoic", "info.json and comments/"
    for name in ("train.json", "train-context.json"):
        if name in names:
            start = _beginning(source / name)
            if b'"danmu"' in start:
                return "opennmt-livebot", f"{name} with danmu by video"
            if b'"comment"' in start and b'"video"' in start:
                return "livebot", f"{name} with video, time, comment"
    beside = {path.with_suffix("") for path in files if path.suffix.lower() in (".flv", ".mp4")}
    in_folders = [path for path in files if path.suffix.lower() == ".ass" and path.parent != source]
    if len(in_folders) > 1 and all(path.with_suffix("") in beside for path in in_folders):
        return "livebot", "CATEGORY/TITLE.ass, each beside its video"
    return None


def _some(files: list[Path]) -> Iterator[Path]:
    """A few files of each ending, spread over the source."""
    by_ending: dict[str, list[Path]] = {}
    for path in files:
        by_ending.setdefault(path.suffix.lower(), []).append(path)
    for paths in by_ending.values():
        yield from paths[:: max(1, len(paths) // _LOOKED_AT)]


def _kind_of_file(path: Path) -> str:
    ending, start = path.suffix.lower(), _beginning(path)
    if ending in (".xml", ".json", ".jsonl"):
        plain = start.replace(b"\0", b"")  # UTF-16
        return next((kind for kind, sign in _BY_CONTENT if re.search(sign, plain)), "")
    is_bilibili = (ending == ".ass" and _DIALOGUE.search(start)) or (
        ending in (".pb", ".so", ".bin", ".protobuf") and is_segment(start)
    )
    return "bilibili" if is_bilibili else ""


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_BEGINNING)
