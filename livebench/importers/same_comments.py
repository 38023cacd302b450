"""Which comments of several files are the same, and so which files are states of one chat.

A comment comes again where id, time and text are the same. An id that stands at different texts of one
video is a placeholder, which many downloaders write: such comments are told apart as those without an
id, by time and text, as often as one file has them. Files belong together by their comments alone: a
chat id is what a downloader fills in.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from livebench.importers.collection import finite
from livebench.importers.danmaku_xml import Danmaku

Key = tuple[str, int | str, str]
"""Own id of a comment ("" without a real one), time in ms, text."""

_NO_IDS = frozenset(("", "0", "-1", "null", "none", "nan", "undefined"))
_LONG_ID = 6
"""Characters of an id that no counter of a downloader reaches: one such comment in common is enough."""


def comment_keys(files: Iterable[Sequence[Danmaku]]) -> list[list[Key]]:
    """The key of each comment of each file of one video."""
    files = list(files)
    first: dict[str, str] = {}
    placeholders = {
        comment.comment_id
        for comments in files
        for comment in comments
        if first.setdefault(comment.comment_id, comment.text) != comment.text
    }

    def key(comment: Danmaku) -> Key:
        own, seconds = comment.comment_id, finite(comment.time)
        is_real = own not in placeholders and own.lower() not in _NO_IDS
        time = str(comment.time) if math.isnan(seconds) else round(seconds * 1000)
        return own if is_real else "", time, comment.text

    return [[key(comment) for comment in comments] for comments in files]


def first_of_each(files: Sequence[Sequence[Key]]) -> list[list[bool]]:
    """Of each comment whether it is new; without an id, as often as one file has it."""
    seen_ids: set[Key] = set()
    seen: Counter[Key] = Counter()
    kept: list[list[bool]] = []
    for keys in files:
        in_file: Counter[Key] = Counter()
        kept.append([])
        for key in keys:
            if key[0]:
                is_new = key not in seen_ids
                seen_ids.add(key)
            else:
                in_file[key] += 1
                is_new = in_file[key] > seen[key]
            kept[-1].append(is_new)
        seen |= in_file
    return kept


def states_of_one(keys: Mapping[str, Iterable[Key]]) -> dict[str, tuple[str, int]]:
    """Of each name whose comments are those of an earlier one: that one, and how many they share.

    Two are states of one chat if they share a comment with a long id, or half of those of the smaller.
    """
    names = list(keys)
    hashes: list[np.ndarray] = []
    strong: list[np.ndarray] = []
    for name in names:
        distinct = set(keys[name])
        hashes.append(np.fromiter(map(hash, distinct), np.int64, len(distinct)))
        strong.append(
            np.fromiter((len(key[0]) >= _LONG_ID for key in distinct), bool, len(distinct))
        )
    owners = np.repeat(np.arange(len(names)), [len(part) for part in hashes])
    if not len(owners):
        return {}
    everything, is_strong = np.concatenate(hashes), np.concatenate(strong)
    order = np.lexsort((owners, everything))
    everything, owners, is_strong = everything[order], owners[order], is_strong[order]
    starts = np.flatnonzero(np.diff(everything, prepend=~everything[:1]))
    shared: Counter[tuple[int, int]] = Counter()
    certain: set[tuple[int, int]] = set()
    for start, end in zip(starts, [*starts[1:], len(everything)], strict=True):
        if end - start < 2:
            continue
        group = [int(owner) for owner in owners[start:end]]
        # In large groups against the first alone: a common text at one time is no evidence anyway.
        for place, one in enumerate(group if len(group) <= _LONG_ID else group[:1]):
            for other in group[place + 1 :]:
                shared[one, other] += 1
                if is_strong[start]:
                    certain.add((one, other))
    result: dict[str, tuple[str, int]] = {}
    for (one, other), count in sorted(shared.items()):
        smaller = min(len(hashes[one]), len(hashes[other]))
        if names[other] not in result and ((one, other) in certain or 2 * count >= smaller):
            target = result[names[one]][0] if names[one] in result else names[one]
            result[names[other]] = target, count
    return result
