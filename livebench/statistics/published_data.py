"""What the paper reports about its own data, from published.toml."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec

from livebench.records import parse_toml


class PublishedSplit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column of Table 1."""

    split: str
    videos: int
    comments: int
    words: int
    average_words: float
    hours: float


class PublishedDataset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of Table 2."""

    dataset: str
    task: str
    videos: int
    sentences: int


class PublishedInterval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of Table 3: pairs that lie at least `start` seconds apart, and less than the next row's."""

    start: int
    edit_distance: float
    tf_idf: float
    human: float


class Published(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """published.toml."""

    source: str
    splits: list[PublishedSplit]
    datasets: list[PublishedDataset]
    intervals: list[PublishedInterval]


@cache
def published() -> Published:
    """The published figures."""
    return parse_toml(Path(str(files("livebench.statistics") / "published.toml")), Published)
