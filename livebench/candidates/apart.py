"""Keeps apart the moments of a title: none shows the correct comments of another."""

from __future__ import annotations

from collections import defaultdict

from livebench.candidates.moments import Moment, VisibleComments
from livebench.data.dataset import Dataset

CONFLICT = "stands in another sample, or shows what is correct there"


class CorrectApart:
    """Admits moments one after the other.

    What is admitted is a maximal independent set of the graph in which two moments of a title are
    neighbours if a correct comment of one stands in the context of the other, or is correct there.
    """

    def __init__(self, dataset: Dataset, comments: VisibleComments) -> None:
        self._titles = [video.title or video.video_id for video in dataset.videos]
        self._string = comments.string
        self._correct: dict[str, set[int]] = defaultdict(set)
        self._context: dict[str, set[int]] = defaultdict(set)

    def admits(self, moment: Moment) -> bool:
        """Whether the moment conflicts with none admitted before; if so, it is admitted."""
        title = self._titles[moment.video]
        correct, context = self._correct[title], self._context[title]
        around = {int(self._string[row]) for row in moment.context}
        if not context.isdisjoint(moment.correct) or not correct.isdisjoint(
            around.union(moment.correct)
        ):
            return False
        correct.update(moment.correct)
        context |= around
        return True
