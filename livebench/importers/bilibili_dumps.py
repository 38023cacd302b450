"""Reads the JSON in which downloaders keep Bilibili's comments.

    {"elems": [{"progress": 3250, "mode": 1, "content": "so cute", "idStr": "77"}]}
                                    the fields of a segment (milliseconds), as protobuf's own JSON has
                                    them; also a list, or under `data`; zero and empty may be absent
    [{"dm_time": 3.25, "mode": 1, "text": "so cute", "id_str": "77"}]
                                    attributes of bilibili-api's `Danmaku` (seconds)
    [[], [], [{"c": "3.25,16777215,1,25,...", "m": "so cute"}]]
                                    DanmakuFactory, AcFun: time (s), colour, mode, size, ...

What holds the comments is found by their keys; everything else in the file is passed over. BBDown and
yutto write XML, .ass and segments.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from livebench.importers.bilibili_modes import ordinary_mode
from livebench.importers.broken_json import Shape
from livebench.importers.collection import Collection, finite
from livebench.importers.danmaku_xml import Danmaku
from livebench.importers.json_lines import read_json
from livebench.importers.source_text import joined
from livebench.importers.xml_comments import EMPTY_FILE, NO_COMMENT

_DEEPEST = 4
_SHAPE = Shape(
    frozenset(("progress", "midHash", "idStr", "content", "dm_time", "c")),
    frozenset(("mode", "fontsize", "ctime", "m", "text", "id_str")),
)
# bilibili-api writes the names of its enumeration where it is dumped as text.
_NAMES = {"FLY": "1", "BOTTOM": "4", "TOP": "5", "REVERSE": "6"}
_NAMES |= {"ADVANCE": "7", "CODE": "8", "SPECIAL": "9"}


def read_dump(path: Path, collection: Collection) -> list[Danmaku]:
    """The ordinary comments of a file, in its order.

    Raises:
        LiveBenchError: the file is not JSON, or a comment is bad, unless bad rows are skipped.
    """
    if not path.stat().st_size:
        collection.skipped[EMPTY_FILE] += 1
        return []
    content = read_json(path, collection, _SHAPE)
    comments, number = [], 0
    for number, record in enumerate(_records(content), 1):
        comment = _comment(path, f"comment {number}", record, collection)
        if comment is not None:
            comments.append(comment)
    if not number:
        collection.skipped[NO_COMMENT] += 1
    return comments


def _records(content: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """All that are in lists which hold a comment: whatever else is in such a list is bad."""
    if isinstance(content, list):
        if any(isinstance(item, dict) and _is_comment(item) for item in content):
            yield from (item if isinstance(item, dict) else {} for item in content)
            return
        inner: Any = content
    else:
        inner = content.values() if isinstance(content, dict) else ()
    if depth < _DEEPEST:
        for item in inner:
            yield from _records(item, depth + 1)


def _is_comment(record: dict[str, Any]) -> bool:
    return (
        "dm_time" in record
        or ("c" in record and "m" in record)
        or ("content" in record and bool(record.keys() & {"progress", "midHash", "mode", "idStr"}))
        or ("progress" in record and "mode" in record)
    )


def _comment(path: Path, at: str, record: dict[str, Any], collection: Collection) -> Danmaku | None:
    mode: Any = record.get("mode", 1)
    time: Any
    if "c" in record and "m" in record:
        fields = str(record["c"]).split(",")
        time, mode, text, own_id = fields[0], "".join(fields[2:3]) or 1, record["m"], ""
        own_id = "".join(fields[6:7])
    elif "dm_time" in record:
        time, text = record["dm_time"], record.get("text", "")
        own_id = record.get("id_str") or record.get("id_") or ""
    elif _is_comment(record):
        milliseconds = finite(record.get("progress", 0))
        time = record["progress"] if math.isnan(milliseconds) else milliseconds / 1000
        text = record.get("content", "")
        own_id = record.get("idStr") or record.get("id") or record.get("dmid") or ""
    else:
        collection.bad(path, at, "record that is no comment", f"its keys are {sorted(record)[:9]}")
        return None
    if not isinstance(text, str):
        collection.bad(path, at, "text that is none", f"it is {str(text)[:40]!r}")
        return None
    mode = str(mode).strip().removeprefix("DmMode.")
    if not ordinary_mode(path, at, _NAMES.get(mode, mode), collection):
        return None
    return Danmaku(at, time, joined(text, collection), str(own_id).strip())
