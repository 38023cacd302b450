"""Figures: the one place that imports matplotlib, chooses fonts and colours, and writes the files."""

from __future__ import annotations

import io
import re
import sys
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from livebench.errors import LiveBenchError
from livebench.extras import need
from livebench.files import new_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FORMATS = ("png", "svg", "pdf")
_CHINESE_FONTS = [
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Noto Sans CJK JP",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
    "PingFang SC",
    "Microsoft YaHei",
    "SimHei",
]
"""In order of preference. A collection such as Debian's fonts-noto-cjk may be known by its first font
alone, the Japanese one; it has the same characters."""
_FALLBACK = "DejaVu Sans"
_IDEOGRAPH = re.compile("[\u2e80-\u9fff\uf900-\ufaff]")


class Palette(NamedTuple):
    """Colours of a figure: of text and axes, of the grid, of the first and the second series."""

    ink: str
    grid: str
    first: str
    second: str


PRINT = Palette("#1f2328", "#d8dee4", "#1f6feb", "#d97706")
"""For files. The two series differ in lightness as well."""

_PAGE_COLOURS = {
    "#010101": "currentColor",
    "#020202": "var(--grid)",
    "#030303": "var(--first)",
    "#040404": "var(--second)",
}
PAGE = Palette(*_PAGE_COLOURS)
"""For a page: placeholders of the colours that the page's style sets, which may be light or dark."""


def open_axes(figure: Figure, *places: int) -> Axes:
    """A part of a figure for a plot, without lines above and to the right."""
    axes = figure.add_subplot(*places)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    return axes


def new_figure(width: float = 6.0, height: float = 3.6) -> Figure:
    """An empty matplotlib Figure, sizes in inches; no window, no global state.

    Raises:
        LiveBenchError: matplotlib is not installed.
    """
    need("matplotlib", "figures")
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


@cache
def chinese_fonts() -> list[str]:
    """Installed fonts with Chinese characters that matplotlib can use, the preferred first."""
    from matplotlib import font_manager

    manager = font_manager.fontManager
    if not any(font.name in _CHINESE_FONTS for font in manager.ttflist):
        # matplotlib keeps a list of the fonts that there were when it first ran.
        wanted = {re.sub(r"\W", "", name).lower()[:11] for name in _CHINESE_FONTS}
        for path in sorted(font_manager.findSystemFonts()):
            if re.sub(r"\W", "", Path(path).stem).lower()[:11] in wanted:
                try:
                    manager.addfont(path)
                except (OSError, RuntimeError, ValueError):
                    continue
    known = {font.name for font in manager.ttflist}
    return [name for name in _CHINESE_FONTS if name in known]


@cache
def warn_once(text: str) -> None:
    print(text, file=sys.stderr)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, SVG or PDF, by the ending of `path`; the same bytes for the same figure.

    If the figure needs a font with Chinese characters and none is installed, the characters are boxes,
    and a warning is printed once on stderr.

    Raises:
        LiveBenchError: another ending, or the file cannot be written.
    """
    path = Path(path)
    file_format = path.suffix.removeprefix(".").lower()
    if file_format not in _FORMATS:
        raise LiveBenchError(path, "is not a format of figures", f"end it in {', '.join(_FORMATS)}")
    content = _drawn(figure, file_format, name="livebench")
    with new_file(path) as file:
        file.write(content)


def inline_svg(figure: Figure, name: str) -> str:
    """A figure drawn with `PAGE` as an <svg> element for a page: text as paths, nothing to fetch.

    Args:
        name: one of its own for each figure of the page: ids begin with what it is hashed to.
    """
    text = _drawn(figure, "svg", name=name, transparent=True).decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    for drawn, wanted in _PAGE_COLOURS.items():
        text = text.replace(drawn, wanted)
    # Ids of marks that matplotlib numbers from 1 in every figure.
    tag = re.sub(r"\W", "-", name)
    text = re.sub(r'\bid="([^"]+)"', rf'id="{tag}-\1"', text)
    return re.sub(r'(href="#|url\(#)', rf"\1{tag}-", text)


def _drawn(figure: Figure, file_format: str, *, name: str, transparent: bool = False) -> bytes:
    import matplotlib
    from matplotlib.text import Text

    fonts = chinese_fonts()
    if not fonts and any(_IDEOGRAPH.search(text.get_text()) for text in figure.findobj(Text)):
        warn_once(
            "livebench: no font with Chinese characters is installed (Debian: fonts-noto-cjk); figures "
            "show boxes instead"
        )
    families = [*fonts, _FALLBACK]
    for text in figure.findobj(Text):  # a text keeps the fonts of the day it was made
        text.set_fontfamily(families)
    style: Any = {"font.family": families, "svg.hashsalt": name, "pdf.fonttype": 42}
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}
    content = io.BytesIO()
    with matplotlib.rc_context(style), warnings.catch_warnings():
        # An emoji, say, that no font has: it becomes a box.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(
            content,
            format=file_format,
            dpi=150,
            metadata=undated[file_format],
            transparent=transparent,
        )
    return content.getvalue()
