"""The plot of the overview: what each submission reaches on each set, with its interval, as SVG.

Numbers are rounded before they are written: the same input gives the same bytes on every machine. The
text is drawn with the reader's own fonts; light and dark follow the reader's system.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from livebench.errors import one_line
from livebench.leaderboard.overview import Overview, OverviewCell, OverviewLine
from livebench.leaderboard.scale import Scale, scale_of
from livebench.scoring.metrics import HEADLINE

WIDTH = 860
NAMES = 168
"""Pixels on the left for names."""
GAP = 26
"""Between panels."""
LINE = 21
"""Height of a row."""
HEAD, FOOT, LEGEND = 44, 26, 34
"""Above the rows of a band: the names of the sets; below them: ticks; below all: what the marks mean."""
LONGEST = 22
"""Of a name, in columns of a terminal: a Chinese character takes two."""


@dataclass(frozen=True)
class DrawnMark:
    """An interval and its value in a row, in pixels."""

    y: float
    low: float
    high: float
    value: float
    kind: str
    text: str


@dataclass(frozen=True)
class Panel:
    """A set: where its axis lies, its ticks (place, number, anchor), its lines (class
    and place) and its marks."""

    name: str
    about: str
    left: float
    width: float
    ticks: list[tuple[float, str, str]]
    verticals: list[tuple[str, float]]
    marks: list[DrawnMark]


@dataclass(frozen=True)
class Band:
    """Panels beside each other, with the names of their rows."""

    top: float
    bottom: float
    names: Sequence[tuple[float, str, str]]
    panels: list[Panel]


def draw_overview(overview: Overview) -> str:
    """The SVG of an overview."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("livebench.leaderboard"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["n"] = _number
    bands = _bands(overview)
    height = (bands[-1].bottom + FOOT if bands else 0) + LEGEND
    return environment.get_template("overview.svg.j2").render(
        bands=bands,
        width=WIDTH,
        height=height,
        names=NAMES,
        head=HEAD,
        line=LINE,
        headline=HEADLINE.name,
        kinds=[line.kind for line in overview.references],
    )


def _bands(overview: Overview) -> list[Band]:
    rows = [*overview.lines, *(one for one in overview.references if one.kind in _DRAWN_AS_ROWS)]
    bands: list[Band] = []
    top = 0.0
    count = len(overview.sections)
    beside = min(count, 2 if count == 4 else 3)
    for start in range(0, count, beside or 1):
        places = range(start, min(start + beside, count))
        shown = [row for row in rows if any(row.cells[place] for place in places)]
        heights = [top + HEAD + LINE * (number + 0.5) for number in range(len(shown))]
        bottom = top + HEAD + LINE * max(len(shown), 1)
        # As wide as where the band is full: panels of all bands stand under each other.
        width = (WIDTH - NAMES - GAP * beside) / beside
        panels = [
            _panel(overview, place, NAMES + number * (width + GAP) + GAP / 2, width, shown, heights)
            for number, place in enumerate(places)
        ]
        names = [(y, _cut(row.name), row.kind) for y, row in zip(heights, shown, strict=True)]
        bands.append(Band(top, bottom, names, panels))
        top = bottom + FOOT
    return bands


_DRAWN_AS_ROWS = ("oracle",)


def _panel(
    overview: Overview,
    place: int,
    left: float,
    width: float,
    rows: list[OverviewLine],
    heights: list[float],
) -> Panel:
    section = overview.sections[place]
    lines = [
        (one.kind, cell)
        for one in overview.references
        if one.kind not in _DRAWN_AS_ROWS and (cell := one.cells[place]) is not None
    ]
    cells = [
        (y, row, cell)
        for y, row in zip(heights, rows, strict=True)
        if (cell := row.cells[place]) is not None
    ]
    scale = scale_of(
        [cell.value.high for _, _, cell in cells] + [cell.value.value for _, cell in lines]
    )

    def at(value: float) -> float:
        return left + width * scale.at(value) / 100

    ticks = _few(scale)
    anchors = ["start", *["middle"] * (len(ticks) - 2), "end"]
    return Panel(
        name=section.candidate_set.name,
        about=f"{section.samples:,} moments of {section.candidate_set.manifest.videos} videos",
        left=left,
        width=width,
        ticks=[
            (at(tick), f"{tick:g}", anchor) for tick, anchor in zip(ticks, anchors, strict=True)
        ],
        verticals=[(kind, at(cell.value.value)) for kind, cell in lines],
        marks=[
            DrawnMark(
                y,
                at(cell.value.low),
                at(cell.value.high),
                at(cell.value.value),
                row.kind,
                _told(row, cell),
            )
            for y, row, cell in cells
        ],
    )


def _told(row: OverviewLine, cell: OverviewCell) -> str:
    """What a mark says to who points at it, or hears the plot."""
    rank = f", rank {cell.row.ranks}" if cell.row and cell.row.ranks else ""
    setting = f", setting {cell.setting}" if cell.setting else ""
    name = one_line(row.name, 60)
    return f"{name}: {HEADLINE.name} {HEADLINE.format_with_interval(cell.value)}{rank}{setting}"


def _few(scale: Scale) -> list[float]:
    """Every tick, or every other one where there are many: their numbers must not touch."""
    ticks = scale.ticks
    return ticks if len(ticks) <= 5 else ticks[::2]


def _cut(name: str) -> str:
    """A name as it fits beside the panels."""
    text, width = "", 0
    for mark in one_line(name, 60):
        width += 2 if unicodedata.east_asian_width(mark) in "WF" else 1
        if width > LONGEST:
            return text.rstrip() + "…"
        text += mark
    return text


def _number(value: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    return f"{round(value, 6):.1f}".removesuffix(".0")
