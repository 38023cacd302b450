"""Reads Bilibili's XML of comments: <d p="time,mode,size,colour,sent,pool,sender,id,...">text</d>.

Of `p` only time, mode and id are looked at, and further attributes of <d> not at all: no hash of a
sender is kept. A newer client writes p="id,?,milliseconds,mode,...". See docs/importers.md for what is
done about each kind of damage.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from livebench.importers.bilibili_modes import MODES, ordinary_mode
from livebench.importers.collection import Collection
from livebench.importers.xml_comments import Layout, Piece, read_pieces, xml_text

_LAYOUT = Layout("d", "p", r"[\d.]+,\d+,\d+")
_CHAT = re.compile(r"<(?:chatid|oid)>\s*([^<>\s]{1,200})\s*</")
_CLIENT_FIELDS = 9
_CLIENT_ID = re.compile(r"\d{8,}")


class Danmaku(NamedTuple):
    """A comment of a file: its line, time (s) as it is written, text, and own id ("" without)."""

    line: int | str
    time: float | str
    text: str
    comment_id: str = ""


def read_xml(path: Path, collection: Collection) -> tuple[str, list[Danmaku]]:
    """The chat id of a file ("" without) and its ordinary comments, in the order of the file.

    Raises:
        LiveBenchError: the file is damaged, unless bad rows are skipped.
    """
    content = read_pieces(path, _LAYOUT, collection)
    comments = (_comment(path, piece, collection) for piece in content.pieces)
    chat = _CHAT.search(content.frame)
    return chat[1] if chat else "", [comment for comment in comments if comment is not None]


def _comment(path: Path, piece: Piece, collection: Collection) -> Danmaku | None:
    fields = [field.strip() for field in piece.attributes.get("p", "").split(",")]
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
    where = f"p={piece.attributes['p'][:80]!r}" if len(fields) > 2 else ""
    if not ordinary_mode(path, piece.line, mode, collection, where):
        return None
    return Danmaku(piece.line, time, xml_text(piece.text, collection), comment_id)
