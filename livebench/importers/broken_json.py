"""Finds the comments of a JSON document that is broken: cut off, or damaged anywhere.

A comment is an object with a key that no other object of its format has. It counts if it is whole, from
its brace to the closing one; so one damaged comment cannot change another. How many were lost between
two whole ones is counted by the keys that are left of them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from livebench.importers.collection import Collection

LOST = "comment lost in broken JSON"

_TOKEN = re.compile(
    r'[ \t\n\r]*+(?:(?P<text>"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+")'
    r"|(?P<mark>[{}\[\],:])"
    r"|(?P<plain>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|true|false|null))"
)
# After a whole comment, another that had begun: perhaps nothing is left but its brace.
_BEGUN = re.compile(r"[\s}]*,\s*\{")


class Fragment(NamedTuple):
    """A whole comment, and what stands between it and the one before; None after the last one."""

    before: str
    comment: dict[str, Any] | None


def _comments_alone(fragments: list[Fragment]) -> Any:
    return [fragment.comment for fragment in fragments if fragment.comment is not None]


class Shape(NamedTuple):
    """How the comments of a format are found in JSON that is broken.

    Attributes:
        keys: a comment has one of these, and no other object has any.
        others: more keys of a comment, once in each, and nowhere else in a file.
        rebuild: makes of what was found what the whole document would be.
    """

    keys: frozenset[str]
    others: frozenset[str] = frozenset()
    rebuild: Callable[[list[Fragment]], Any] = _comments_alone


def recovered(text: str, shape: Shape, collection: Collection) -> Any:
    """What `shape` rebuilds of a broken document; the comments that were lost are counted.

    Takes time in proportion to the length of the text, whatever it is.
    """
    fragments: list[Fragment] = []
    place = 0
    for start, end in _spans(text, shape.keys):
        try:
            comment = json.loads(text[start:end])
        except (ValueError, RecursionError):  # numbers of thousands of digits, and the like
            continue
        fragments.append(Fragment(text[place:start], comment))
        place = end
    fragments.append(Fragment(text[place:], None))
    counted = re.compile(
        "|".join(f'"({re.escape(key)})"\\s*:' for key in shape.keys | shape.others)
    )
    # Braces that stand before each comment, as in {"chat": {...}}.
    braces = sorted(before.count("{") for before, _ in fragments[1:-1])
    around = braces[len(braces) // 2] if braces else 0
    last: dict[str, Any] | None = None
    for before, comment in fragments:
        lost = sum(_count(piece, counted, last) for piece in _pieces(before, last))
        if last is not None and not lost:
            begun = before.count("{") > (around if comment else 0)
            lost = begun and _BEGUN.match(before) is not None
        collection.skipped[LOST] += lost
        last = comment
    return shape.rebuild(fragments)


def _pieces(before: str, last: dict[str, Any] | None) -> list[str]:
    """What stands between two comments, parted where others begin as the last one did."""
    if not last:
        return [before]
    first = re.escape(next(iter(last)))
    return re.split(rf',\s*\{{\s*(?:"\w+"\s*:\s*\{{\s*)?(?="{first}"\s*:)', before)


def _count(piece: str, counted: re.Pattern[str], last: dict[str, Any] | None) -> int:
    """How many comments the keys in a piece are of. One that the last comment has not may be of that one
    itself, which closed too early, and was taken for whole."""
    found = Counter(match[match.lastindex or 0] for match in counted.finditer(piece))
    return max((found[key] for key in found if last is None or key in last), default=0)


def _spans(text: str, keys: frozenset[str]) -> list[tuple[int, int]]:
    """Beginnings and ends of the whole objects with one of the keys, none within another, in order.

    Where several lie within each other the inner ones count: a damaged comment may close over others.
    """
    seen: set[int] = set()
    found: list[tuple[int, int]] = []
    place = text.find("{")
    while place >= 0:
        if place not in seen:
            found += _objects(text, place, keys, seen)
        place = text.find("{", place + 1)
    spans: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if not spans or start >= spans[-1][1]:
            spans.append((start, end))
    return spans


class _Open:
    """An object or a list that is being read: where it begins, what has come of it, whether it has a key
    that counts, and whether an object that counts lies within it."""

    __slots__ = ("counts", "holds", "start", "state")

    def __init__(self, start: int, brace: str) -> None:
        self.start, self.state = start, brace
        self.counts = self.holds = False


_END = "end"
_VALUES = ("text", "plain", "{", "[")
# The grammar of JSON: by what came last in an object or a list, and what comes, what has come then.
_NEXT = {
    ("{", "text"): "key",
    ("{", "}"): _END,
    ("key", ":"): ":",
    **{(":", value): "pair" for value in _VALUES},
    ("pair", ","): "{,",
    ("pair", "}"): _END,
    ("{,", "text"): "key",
    **{("[", value): "item" for value in _VALUES},
    ("[", "]"): _END,
    ("item", ","): "[,",
    ("item", "]"): _END,
    **{("[,", value): "item" for value in _VALUES},
}


def _objects(
    text: str, place: int, keys: frozenset[str], seen: set[int]
) -> Iterator[tuple[int, int]]:
    """Read on from an opening brace, until it is closed or what comes is no JSON; yield the whole
    objects that count. All braces that were read go into `seen`: from them on it would be the same.
    """
    opened = [_Open(place, "{")]
    seen.add(place)
    place += 1
    while opened and (match := _TOKEN.match(text, place)):
        place, group = match.end(), match.lastgroup or ""
        token, top = match[group], opened[-1]
        kind = token if group == "mark" else group
        state = _NEXT.get((top.state, kind))
        if state is None:
            return
        if state == _END:
            opened.pop()
            if opened:
                opened[-1].holds |= top.counts or top.holds
            if top.counts and not top.holds:
                yield top.start, place
            continue
        top.state = state
        if state == "key":
            top.counts |= token[1:-1] in keys
        elif kind in ("{", "["):
            seen.add(place - 1)
            opened.append(_Open(place - 1, kind))
