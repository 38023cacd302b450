"""Figures that describe the splits of a dataset: how much, how varied, how long, how popular."""

from __future__ import annotations

import numpy as np

from livebench.data.dataset import Dataset
from livebench.data.split import SPLITS
from livebench.tables import markdown_table

_TOP = (20, 100, 1000)
"""How many of the most frequent strings, for the share of comments that they hold."""
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)

Figures = dict[str, int | float | None]
"""Figures by name; None where there is no value (no comments)."""


def split_statistics(dataset: Dataset) -> dict[str, Figures]:
    """Figures of each split that has videos, and of "all".

    Shares lie between 0 and 1; hours are of video; two comments are the same string if their words
    are; lengths are over comments, not over distinct ones.
    """
    comments = dataset.comments
    sizes = np.diff(comments.offsets)
    split = np.array([v.split for v in dataset.videos])
    duration = np.array([v.duration for v in dataset.videos])
    statistics = {}
    for name in [*(name for name in SPLITS if (split == name).any()), "all"]:
        chosen = np.ones(len(split), bool) if name == "all" else split == name
        strings = comments.string[chosen[comments.video]]
        statistics[name] = {
            "videos": int(chosen.sum()),
            "hours": float(duration[chosen].sum()) / 3600,
            **_variety(strings, comments.words),
            **_quantiles("words", comments.words[strings]),
            **_quantiles("characters", comments.characters[strings]),
            **_quantiles("comments a video", sizes[chosen]),
        }
    return statistics


def _variety(strings: np.ndarray, words: np.ndarray) -> Figures:
    """Figures of the comments whose strings these are, as numbers."""
    counts = np.sort(np.unique(strings, return_counts=True)[1])[::-1]
    total, distinct = len(strings), len(counts)
    return {
        "comments": total,
        "words": int(words[strings].sum()),
        "distinct strings": distinct,
        "distinct share": distinct / total if total else None,
        "once share": int((counts == 1).sum()) / distinct if distinct else None,
        **{f"top {top} share": int(counts[:top].sum()) / total if total else None for top in _TOP},
    }


def _quantiles(name: str, values: np.ndarray) -> Figures:
    """Mean and quantiles (the smallest value that at least this share does not exceed)."""
    figures: Figures = {f"{name}, mean": float(values.mean()) if len(values) else None}
    for share in _QUANTILES:
        quantile = np.quantile(values, share, method="inverted_cdf") if len(values) else None
        figures[f"{name}, {share:.0%}"] = None if quantile is None else int(quantile)
    return figures


def statistics_markdown(statistics: dict[str, Figures]) -> str:
    """The figures as a table in Markdown."""
    header, *rows = statistics_cells(statistics)
    return markdown_table(header, rows, left=1)


def statistics_cells(statistics: dict[str, Figures]) -> list[list[str]]:
    """The figures as people read them: a row of the splits, then a row a figure, its name first."""
    splits = statistics.values()
    names = statistics["all"]
    rows = [[name, *(_text(name, figures[name]) for figures in splits)] for name in names]
    return [["", *statistics], *rows]


def _text(name: str, value: int | float | None) -> str:
    if value is None:
        return "-"
    if name.endswith("share"):
        return f"{value:.3f}"
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
