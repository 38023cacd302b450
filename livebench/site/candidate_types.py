"""The types of candidates as the site and the figures show them."""

from __future__ import annotations

from typing import NamedTuple


class ShownType(NamedTuple):
    """What a type means, and its colour in figures; that on pages is in static/site.css."""

    meaning: str
    colour: str


SHOWN_TYPES = {
    "correct": ShownType("written by people at this moment", "#00734f"),
    "plausible": ShownType("training comments that resemble the moment", "#17549e"),
    "popular": ShownType("the most frequent training comments", "#a1560a"),
    "elsewhere": ShownType("the same video, another moment", "#7b3aa8"),
    "category": ShownType("other videos of the same category", "#5b93d6"),
    "random": ShownType("any other videos", "#c3c8cd"),
}
"""In the order in which they are listed."""

OTHER_COLOUR = "#6c747c"


def type_order(name: str) -> tuple[int, str]:
    """Sorts types as SHOWN_TYPES does, others behind them."""
    names = list(SHOWN_TYPES)
    return (names.index(name) if name in names else len(names), name)


def type_class(name: str) -> str:
    """The class of a type in the pages, which sets its colour."""
    return name if name in SHOWN_TYPES else "other"


def type_colour(name: str) -> str:
    """The colour of a type in figures."""
    return SHOWN_TYPES[name].colour if name in SHOWN_TYPES else OTHER_COLOUR
