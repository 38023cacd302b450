"""Blinding: what is rated, under which name, and in which order each rater sees it.

Nothing here depends on who wrote a comment: names and orders come from sha256 of the seed, the rater,
the moment and the text alone. Exchange two systems, and every sheet stays the same to the byte.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from livebench.data.tokens import remove_space
from livebench.draws import draw
from livebench.errors import LiveBenchError

_CJK = "\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
_BETWEEN = re.compile(f"(?<=[{_CJK}]) (?=[{_CJK}])")


def shown_text(text: str) -> str:
    """A comment as raters see it: one line, without control marks, and without spaces between Chinese
    characters or full-width marks, which many models put between words and people seldom do."""
    line = "".join(mark for mark in text if unicodedata.category(mark) != "Cc" or mark.isspace())
    return _BETWEEN.sub("", " ".join(line.split()))


@dataclass(frozen=True)
class RatedItem:
    """A comment to rate for a moment (its place in the list of moments); `systems` wrote it."""

    name: str
    moment: int
    text: str
    systems: tuple[str, ...]


@dataclass(frozen=True)
class SheetRow:
    """A row of a sheet: an item under a name of its own."""

    name: str
    item: RatedItem
    repeat: bool


@dataclass(frozen=True)
class Screen:
    """A moment as a rater sees it: its comments in their order, all of them."""

    moment: int
    rows: tuple[SheetRow, ...]


def make_items(
    sample_ids: Sequence[str], texts: Mapping[str, Sequence[str]], seed: int
) -> list[RatedItem]:
    """The comments to rate.

    Comments of a moment that differ at most in white space are one item: it is rated once, and counts
    for each system that wrote it.

    Args:
        sample_ids: [moments].
        texts: by system, [moments].

    Returns:
        Items by moment, those of a moment in an order drawn by text.
    """
    items: list[RatedItem] = []
    for moment, sample_id in enumerate(sample_ids):
        by_words: dict[str, list[tuple[str, str]]] = {}
        for system, written in texts.items():
            text = shown_text(written[moment])
            by_words.setdefault(remove_space(text), []).append((text, system))
        order = sorted(by_words, key=lambda words: draw(seed, sample_id, f"rated {words}"))
        for words in order:
            shown = min(text for text, _ in by_words[words])
            systems = tuple(system for _, system in by_words[words])
            items.append(RatedItem(f"i{len(items) + 1:04}", moment, shown, systems))
    return items


def screens(
    rater: str, sample_ids: Sequence[str], items: Sequence[RatedItem], repeats: int, seed: int
) -> list[Screen]:
    """What a rater sees, in order.

    The moments stand in an order of the rater's own, and so do the comments of each. `repeats` of the
    moments of the first third are shown again within the last third, so that at least a third of the
    moments lies between, their comments in another order.

    Args:
        repeats: at most a third of the moments.

    Raises:
        LiveBenchError: there are more repeats.
    """
    count = len(sample_ids)
    if repeats > count // 3:
        raise LiveBenchError(
            f"--repeats {repeats}",
            f"at most a third of the {count} moments can be shown twice",
            f"ask for at most {count // 3}",
        )

    def place(moment: int, what: str) -> int:
        return draw(seed, sample_ids[moment], f"{rater} {what}")

    order = sorted(range(count), key=lambda moment: place(moment, "order"))
    third = count // 3
    again = sorted(order[:third], key=lambda moment: place(moment, "chosen"))[:repeats]
    last = [(moment, False) for moment in order[count - third :]] + [(m, True) for m in again]
    last.sort(key=lambda turn: place(turn[0], "last third"))
    shown = [(moment, False) for moment in order[: count - third]] + last
    by_moment: dict[int, list[RatedItem]] = {}
    for item in items:
        by_moment.setdefault(item.moment, []).append(item)

    def screen(moment: int, repeat: bool) -> Screen:
        turn = "again" if repeat else "first"
        rows = sorted(by_moment[moment], key=lambda item: place(moment, f"{turn} {item.text}"))
        return Screen(moment, tuple(SheetRow(name(item, turn), item, repeat) for item in rows))

    def name(item: RatedItem, turn: str) -> str:
        # A letter first: a spreadsheet takes some hexadecimal digits for numbers, as 705832397164.
        return "r" + f"{place(item.moment, f'name {turn} {item.text}'):032x}"[:12]

    return [screen(moment, repeat) for moment, repeat in shown]
