"""Renders pages: HTML with autoescape, and the files that all pages share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from livebench import __version__
from livebench.audit.set_audit import probe_in_words
from livebench.errors import one_line
from livebench.files import write_file
from livebench.scoring.metrics import GROUND_TRUTHS, HEADLINE, METRICS, Metric
from livebench.scoring.significance import format_p
from livebench.site.boards import file_name
from livebench.site.candidate_types import SHOWN_TYPES, type_class
from livebench.site.curves import CURVE_TICKS

if TYPE_CHECKING:
    from jinja2 import Environment


CITATION = {
    "title": "LiveBench: benchmark and leaderboard harness for automatic live commenting (danmaku)",
    "author": "LiveBench contributors",
}
"""As in CITATION.cff, which is not installed."""


def _metrics() -> dict[str, Any]:
    """What templates know of the metrics: all, the headline first, and the one beside it where there is
    little room."""
    metrics = sorted(METRICS, key=lambda metric: metric is not HEADLINE)
    return {"METRICS": metrics, "HEADLINE": metrics[0], "BESIDE": metrics[1]}


def _metric_facts(metrics: Sequence[Metric]) -> dict[str, dict[str, object]]:
    """What scripts know of the metrics."""
    return {
        metric.name: {"digits": metric.digits, "higher_is_better": metric.higher_is_better}
        for metric in metrics
    }


def _signed(difference: float) -> str:
    """A difference in the headline metric."""
    return f"{round(difference, 9):+z.{HEADLINE.digits}f}"


def write_static(folder: Path) -> None:
    """Copy scripts and style."""
    for part in sorted((files("livebench.site") / "static").iterdir(), key=str):
        write_file(folder / part.name, part.read_bytes())


def write_site_page(folder: Path, address: str, template: str, **content: Any) -> None:
    """Render a template to a page at an address relative to the folder of the site."""
    page = _environment().get_template(template)
    root = "../" * address.count("/")
    write_file(folder / address, page.render(root=root, **_metrics(), **content).encode())


def web_url(url: str) -> str:
    """A link that a submission gave; empty if it is not an address of the web."""
    try:
        return url if urlsplit(url).scheme in ("http", "https") else ""
    except ValueError:
        return ""


def clock(second: int) -> str:
    """Minutes and seconds, as a player shows them."""
    return f"{second // 60}:{second % 60:02}"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("livebench.site"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "plain": one_line,
        "file": file_name,
        "quoted": lambda text: quote(text, safe=""),
        "type_class": type_class,
        "url": web_url,
        "clock": clock,
        "signed": _signed,
        "format_p": format_p,
    }
    environment.globals |= {
        "GROUND_TRUTHS": GROUND_TRUTHS,
        "SHOWN_TYPES": SHOWN_TYPES,
        "CURVE_TICKS": CURVE_TICKS,
        "probe_in_words": probe_in_words,
        "metric_facts": _metric_facts,
        "version": __version__,
        "citation": CITATION,
    }
    return environment
