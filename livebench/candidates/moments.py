"""The moments of a split: their comments, their context, and which comments are correct."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from livebench.candidates.protocol import Protocol
from livebench.data.context import context_rows, frame_seconds
from livebench.data.dataset import Dataset, DatasetSplit
from livebench.draws import draw


class VisibleComments:
    """The comments of a dataset that a protocol keeps, in columns as in `livebench.data.Comments`.

    Attributes:
        strings, texts: [distinct], as in the dataset.
        characters: int64 [distinct], without white space.
        offsets, time_ms, string: of the comments within the length limits.
    """

    def __init__(self, dataset: Dataset, protocol: Protocol) -> None:
        comments, rule = dataset.comments, protocol.comments
        self.strings, self.texts = comments.strings, comments.texts
        self.characters = comments.characters
        fits = (self.characters >= rule.min_characters) & (self.characters <= rule.max_characters)
        kept = fits[comments.string]
        self.offsets = np.concatenate([[0], np.cumsum(kept)])[comments.offsets]
        self.time_ms = comments.time_ms[kept]
        self.string = comments.string[kept]

    def of(self, video: int) -> slice:
        """The rows of a video."""
        return slice(int(self.offsets[video]), int(self.offsets[video + 1]))

    def counts(self, split: DatasetSplit) -> np.ndarray:
        """int64 [distinct]: how often each comment occurs in the videos of a split."""
        rows = [self.string[self.of(video)] for video in split.indices]
        return np.bincount(
            np.concatenate([[], *rows]).astype(np.int64), minlength=len(self.strings)
        )


@dataclass(frozen=True)
class Moment:
    """A second of a video that may become a sample.

    Attributes:
        sample_id: "VIDEO@SECOND".
        video: index of the video in `Dataset.videos`.
        second: the moment.
        correct: numbers of the distinct correct comments.
        context: rows of the surrounding comments, nearest first.
        others: numbers of the second's comments that are not correct.
        spare: those of them that might have been drawn instead, in the order of the draw.
    """

    sample_id: str
    video: int
    second: int
    correct: tuple[int, ...]
    context: tuple[int, ...]
    others: frozenset[int]
    spare: tuple[int, ...] = ()


class Second(NamedTuple):
    """A second of a video (its index in `Dataset.videos`) with enough comments to be a moment."""

    sample_id: str
    video: int
    second: int


class Moments:
    """Finds the moments of a split by the rules of a protocol.

    Attributes:
        seconds: those with enough comments, in the order of their hash.
        too_few: the number of seconds with comments, but too few.
    """

    def __init__(
        self,
        dataset: Dataset,
        protocol: Protocol,
        comments: VisibleComments,
        split: DatasetSplit,
        seed: int,
    ) -> None:
        self._dataset, self._protocol, self._comments = dataset, protocol, comments
        self._seed = seed
        self.seconds: list[Second] = []
        self.too_few = 0
        for video in split.indices:
            times = comments.time_ms[comments.of(video)]
            seconds, counts = np.unique(times // 1000, return_counts=True)
            enough = counts >= protocol.moments.min_comments
            self.too_few += int(np.count_nonzero(~enough))
            name = dataset.videos[video].video_id
            self.seconds += [Second(f"{name}@{t}", video, t) for t in seconds[enough].tolist()]
        self.seconds.sort(
            key=lambda second: (draw(seed, second.sample_id, "moment"), second.sample_id)
        )

    def in_drawn_order(self) -> Iterator[Moment]:
        """Yield the moments in the order of their hash."""
        moments = map(self.at, self.seconds)
        return (moment for moment in moments if not self.unfit(moment))

    def at(self, candidate: Second) -> Moment:
        """The moment at a second, whether it is usable or not."""
        sample_id, video, second = candidate
        comments, rule = self._comments, self._protocol.correct
        first = comments.of(video).start
        times = comments.time_ms[comments.of(video)]
        start, stop = np.searchsorted(times, (second * 1000, second * 1000 + 1000))
        own = comments.string[first + start : first + stop].tolist()
        taken = own[: rule.count] if rule.take == "first" else own
        strings = comments.string[comments.of(video)]
        around = context_rows(
            times,
            second,
            self._protocol.context,
            equal_to_correct=frozenset(np.flatnonzero(np.isin(strings, taken)).tolist()),
            draw=lambda row: draw(self._seed, sample_id, f"context {row}"),
        )
        if rule.outside_context:
            standing = {int(strings[row]) for row in around}
            taken = [number for number in taken if number not in standing]
        if rule.take == "draw":
            # Not the draw that orders the candidates, or the correct one would be stored first.
            taken.sort(key=lambda n: draw(self._seed, sample_id, f"correct {comments.strings[n]}"))
        distinct = tuple(dict.fromkeys(taken))
        correct, spare = distinct[: rule.count], distinct[rule.count :]
        context = tuple(first + row for row in around)
        others = frozenset(own) - set(correct)
        return Moment(sample_id, video, second, correct, context, others, spare)

    def unfit(self, moment: Moment) -> str | None:
        """Why a second is not a moment of the protocol; None if it is one."""
        video = self._dataset.videos[moment.video]
        if len(moment.context) < self._protocol.moments.min_context:
            return "too few surrounding comments"
        if not moment.correct:
            return "each of its comments stands in the context"
        if self._protocol.frames.complete:
            count, past = self._protocol.frames.count, self._protocol.frames.past
            seconds = video.frame_count or int(video.duration)
            first = moment.second - (count if past else count // 2)
            complete = range(first, first + count)
            if set(frame_seconds(moment.second, seconds, self._protocol.frames)) != set(complete):
                return "a frame is missing"
        return None
