"""Renders pages: HTML with autoescape, and the files that all pages share."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from livebench import __version__
from livebench.human.sheets.rater_page import write_file
from livebench.leaderboard.markdown import plain
from livebench.scoring.metrics import GROUND_TRUTHS, HEADLINE, METRICS, Metric
from livebench.site.boards import file_name
from livebench.site.scale import CURVE_TICKS

KINDS = ("correct", "plausible", "popular", "elsewhere", "category", "random")
"""Types of candidates that have a colour of their own, in the order in which they are listed."""


def headline_first() -> list[Metric]:
    """The metrics in the order of the columns of the site."""
    return [HEADLINE, *(metric for metric in METRICS if metric != HEADLINE)]


MEANING = {
    "correct": "written by people at this moment",
    "plausible": "training comments that resemble the moment",
    "popular": "the most frequent training comments",
    "elsewhere": "the same video, another moment",
    "category": "other videos of the same category",
    "random": "any other videos",
}


def kind_order(kind: str) -> tuple[int, str]:
    """Sorts types as KINDS does, others behind them."""
    return (KINDS.index(kind) if kind in KINDS else len(KINDS), kind)


def colour(kind: str) -> str:
    """The class of a type: its colour in the style."""
    return kind if kind in KINDS else "other"


def write_static(folder: Path) -> None:
    """Copy scripts and style."""
    for part in sorted((files("livebench.site") / "static").iterdir(), key=str):
        write_file(folder / part.name, part.read_bytes())


def write_page(folder: Path, address: str, template: str, **content: Any) -> None:
    """Render a template to a page at an address relative to the folder of the site."""
    page = _environment().get_template(template)
    root = "../" * address.count("/")
    write_file(folder / address, page.render(root=root, **content).encode())


def safe_url(url: str) -> str:
    """A link that a submission gave, or nothing where it is no address of the web."""
    try:
        return url if urlsplit(url).scheme in ("http", "https") else ""
    except ValueError:
        return ""


def clock(second: int) -> str:
    """Minutes and seconds, as a player shows them."""
    return f"{second // 60}:{second % 60:02}"


@cache
def _environment():
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("livebench.site"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "plain": plain,
        "file": file_name,
        "quoted": lambda text: quote(text, safe=""),
        "colour": colour,
        "url": safe_url,
        "clock": clock,
    }
    environment.globals |= {
        "METRICS": headline_first(),
        "HEADLINE": HEADLINE,
        "GROUND_TRUTHS": GROUND_TRUTHS,
        "MEANING": MEANING,
        "CURVE_TICKS": CURVE_TICKS,
        "version": __version__,
    }
    return environment
