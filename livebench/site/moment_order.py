"""In which order the site shows the moments of a set, and the candidates of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np

from livebench.scoring.answers import Answers
from livebench.site.candidate_types import type_order

MOMENTS = 20
"""Of a page, at most."""


class PlacedMoment(NamedTuple):
    """`place` is its number in the set, in the order of the pages."""

    place: int
    sample_id: str
    second: int


@dataclass(frozen=True)
class VideoPage:
    """A page of a video: `part` of `parts`, where it has more than MOMENTS moments."""

    number: int
    video_id: str
    title: str
    category: str
    part: int
    parts: int
    moments: list[PlacedMoment]


class MomentOrder:
    """The order of the moments of a set, and of the candidates of each.

    Attributes:
        rows: int64 [samples]; the answers in the order of the pages: by video and time.
        columns: int64 [samples, 100]; the candidates of each, in that order: by type.
        types: of the set, in the order of the pages.
        pages: all pages.
    """

    def __init__(self, answers: Answers, titles: dict[str, str]) -> None:
        self.answers = answers
        ids = answers.sample_ids
        keys = list(zip(answers.videos, map(second_of, ids), ids, strict=True))
        self.rows = np.array(sorted(range(len(keys)), key=keys.__getitem__))
        names, number = np.unique(answers.types, return_inverse=True)
        self.types = sorted(names.tolist(), key=type_order)
        places = np.array([self.types.index(name) for name in names])
        by_sample = places[number].reshape(answers.types.shape)[self.rows]
        self.columns = np.argsort(by_sample, axis=1, kind="stable")
        self.pages = list(self._pages(titles))

    def _pages(self, titles: dict[str, str]) -> Iterator[VideoPage]:
        number = 0
        answers = self.answers
        for video_id, group in groupby(
            enumerate(self.rows.tolist()), lambda placed: answers.videos[placed[1]]
        ):
            placed = list(group)
            moments = [
                PlacedMoment(place, answers.sample_ids[row], second_of(answers.sample_ids[row]))
                for place, row in placed
            ]
            category = answers.categories[placed[0][1]]
            parts = -(-len(moments) // MOMENTS)
            for part in range(parts):
                number += 1
                shown = moments[part * MOMENTS : (part + 1) * MOMENTS]
                title = titles.get(video_id, "")
                yield VideoPage(number, video_id, title, category, part + 1, parts, shown)


def second_of(sample_id: str) -> int:
    """The second in a sample's id, "VIDEO@SECOND" with or without a suffix; 0 if there is none."""
    digits = re.match("[0-9]*", sample_id.rpartition("@")[2])
    return int(digits[0] or 0) if digits else 0
