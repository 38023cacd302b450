"""The moments of a split: their comments, their context, and which comments are correct."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, overload

import numpy as np

from livebench.candidates.protocol import Protocol
from livebench.data.comments import counted
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
        if fits.all():  # mostly: then nothing is copied
            self.offsets, self.time_ms = comments.offsets, comments.time_ms
            self.string = comments.string
            return
        kept = fits[comments.string]
        self.offsets = np.concatenate([[0], np.cumsum(kept)])[comments.offsets]
        self.time_ms = comments.time_ms[kept]
        self.string = comments.string[kept]

    def of(self, video: int) -> slice:
        """The rows of a video."""
        return slice(int(self.offsets[video]), int(self.offsets[video + 1]))

    def counts(self, split: DatasetSplit) -> np.ndarray:
        """int64 [distinct]: how often each comment occurs in the videos of a split."""
        return counted(self.string, map(self.of, split.indices), len(self.strings))


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


class Seconds(Sequence[Second]):
    """Seconds in the order of their hash, in 24 bytes each."""

    def __init__(
        self, dataset: Dataset, seed: int, parts: Iterable[tuple[int, np.ndarray]]
    ) -> None:
        self._names = [video.video_id for video in dataset.videos]
        videos, seconds, places = array("i"), array("i"), array("Q")
        for video, found in parts:
            for second in found.tolist():
                videos.append(video)
                seconds.append(second)
                place = draw(seed, f"{self._names[video]}@{second}", "moment")
                places.extend(divmod(place, 1 << 64))
        hashes = np.array(places, np.uint64).reshape(-1, 2)
        order = np.lexsort((hashes[:, 1], hashes[:, 0]))
        self._videos, self._seconds = np.array(videos)[order], np.array(seconds)[order]

    def __len__(self) -> int:
        return len(self._videos)

    @overload
    def __getitem__(self, index: int) -> Second: ...
    @overload
    def __getitem__(self, index: slice) -> list[Second]: ...
    def __getitem__(self, index: int | slice) -> Second | list[Second]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        video, second = int(self._videos[index]), int(self._seconds[index])
        return Second(f"{self._names[video]}@{second}", video, second)


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
        self.too_few = 0
        self.seconds = Seconds(dataset, seed, self._busy(split))

    def _busy(self, split: DatasetSplit) -> Iterator[tuple[int, np.ndarray]]:
        """Of each video of a split the seconds with enough comments; the others are counted."""
        for video in split.indices:
            times = self._comments.time_ms[self._comments.of(video)]
            seconds, counts = np.unique(times // 1000, return_counts=True)
            enough = counts >= self._protocol.moments.min_comments
            self.too_few += int(np.count_nonzero(~enough))
            yield video, seconds[enough]

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
