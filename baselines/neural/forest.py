"""Forests of prefixes of comments that begin and end with a mark."""

from __future__ import annotations

from collections.abc import Sequence

from livebench_baselines.neural.vocabulary import BEGIN, END

from livebench.language_models.forest import Forest
from livebench.language_models.forest import grow as grow_from_stems

__all__ = ["Forest", "grow"]


def grow(moments: Sequence[Sequence[Sequence[int]]], ends: Sequence[bool] | None = None) -> Forest:
    """The forest of the comments of some moments.

    Args:
        moments: for each moment its comments, each a list of word numbers without marks.
        ends: for each comment, whether the end mark follows; by default it does. It does not follow a
            truncated comment, whose continuation is unknown.
    """
    return grow_from_stems([[BEGIN]] * len(moments), moments, end=END, ends=ends)
