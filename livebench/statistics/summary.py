"""Figures that describe a dataset: how much there is, how varied, how long, how popular."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from livebench.data.dataset import Dataset
from livebench.data.split import SPLITS

TOP = (20, 100, 1000)
"""How many of the most frequent strings, for the share of comments that they hold."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)


def dataset_statistics(dataset: Dataset) -> pd.DataFrame:
    """Figures of each split that has videos, and of the whole.

    Returns:
        A row a figure, a column a split and one "all". Shares lie between 0 and 1; hours are of
        video; two comments are the same string if their words are; lengths are over comments, not
        over distinct ones. What has no value (no comments) is nan.
    """
    comments = dataset.comments
    sizes = np.diff(comments.offsets)
    video = np.repeat(np.arange(len(dataset.videos)), sizes)
    words = np.array([string.count(" ") + 1 for string in comments.strings], np.int64)
    characters = np.array(
        [len(string) - string.count(" ") for string in comments.strings], np.int64
    )
    split = np.array([v.split for v in dataset.videos])
    duration = np.array([v.duration for v in dataset.videos])
    columns = {}
    for name in [*(name for name in SPLITS if (split == name).any()), "all"]:
        chosen = np.ones(len(split), bool) if name == "all" else split == name
        strings = comments.string[chosen[video]]
        columns[name] = {
            "videos": int(chosen.sum()),
            "hours": duration[chosen].sum() / 3600,
            **_variety(strings, words),
            **_quantiles("words", words[strings]),
            **_quantiles("characters", characters[strings]),
            **_quantiles("comments a video", sizes[chosen]),
        }
    return pd.DataFrame(columns)


def _variety(strings: np.ndarray, words: np.ndarray) -> dict[str, float]:
    """Figures of the comments whose strings these are, as numbers."""
    counts = np.unique(strings, return_counts=True)[1]
    total, distinct = len(strings), len(counts)
    popular = np.sort(counts)[::-1]
    return {
        "comments": total,
        "words": int(words[strings].sum()),
        "distinct strings": distinct,
        "distinct share": distinct / total if total else np.nan,
        "once share": (counts == 1).sum() / distinct if distinct else np.nan,
        **{f"top {top} share": popular[:top].sum() / total if total else np.nan for top in TOP},
    }


def _quantiles(name: str, values: np.ndarray) -> dict[str, float]:
    """Mean and quantiles (the smallest value that at least this share does not exceed)."""
    figures = {f"{name}, mean": values.mean() if len(values) else np.nan}
    for quantile in QUANTILES:
        figures[f"{name}, {quantile:.0%}"] = (
            float(np.quantile(values, quantile, method="inverted_cdf")) if len(values) else np.nan
        )
    return figures


def format_statistics(statistics: pd.DataFrame) -> str:
    """The figures as a table in Markdown."""
    rows = cells(statistics)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rows.insert(1, ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    return "\n".join(_line(row, widths) for row in rows)


def cells(statistics: pd.DataFrame) -> list[list[str]]:
    """The figures as people read them: a row of the splits, then a row a figure with its name first."""
    rows = [["", *statistics.columns]]
    for name, values in statistics.iterrows():
        rows.append([str(name), *(_number(str(name), value) for value in values)])
    return rows


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [row[0].ljust(widths[0])]
    cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return f"| {' | '.join(cells)} |"


def _number(name: str, value: float) -> str:
    if np.isnan(value):
        return "-"
    if name.endswith("share"):
        return f"{value:.3f}"
    if name.endswith("mean") or name == "hours":
        return f"{value:,.2f}"
    return f"{value:,.0f}"
