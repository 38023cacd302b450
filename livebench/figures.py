"""Figures: the one place that imports matplotlib, chooses fonts, and writes the files."""

from __future__ import annotations

import io
from pathlib import Path

from livebench.errors import LiveBenchError
from livebench.extras import need
from livebench.files import new_file

FORMATS = ("png", "svg", "pdf")
FONTS = ["Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Zen Hei", "DejaVu Sans"]
"""In order of preference; those with Chinese glyphs first (Debian: fonts-noto-cjk)."""


def new_figure(width: float = 6.0, height: float = 3.6):
    """An empty matplotlib Figure, sizes in inches; no window, no global state.

    Raises:
        LiveBenchError: matplotlib is not installed.
    """
    need("matplotlib", "figures")
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure, path: Path) -> None:
    """Write a figure as PNG, SVG or PDF, by the ending of `path`; the same bytes for the same figure.

    Raises:
        LiveBenchError: another ending, or the file cannot be written.
    """
    import matplotlib
    from matplotlib import font_manager

    path = Path(path)
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise LiveBenchError(f"{path}: a figure ends in {', '.join(FORMATS)}")
    known = {font.name for font in font_manager.fontManager.ttflist}
    style = {
        "font.family": [name for name in FONTS if name in known],
        "svg.hashsalt": "livebench",
        "pdf.fonttype": 42,
    }
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}
    content = io.BytesIO()
    with matplotlib.rc_context(style):
        figure.savefig(content, format=kind, dpi=150, metadata=undated[kind])
    with new_file(path) as file:
        file.write(content.getvalue())
