"""Samples out of a dataset, as a protocol says: the same records on any machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from livebench.candidates.draws import draw
from livebench.candidates.protocol import Protocol
from livebench.candidates.similarity import TfIdfIndex
from livebench.data.context import context_rows, frame_seconds
from livebench.data.dataset import Dataset
from livebench.data.split import Split
from livebench.data.tokens import words_of
from livebench.errors import LiveBenchError
from livebench.records import CANDIDATES, AnswerRecord, ContextComment, SampleRecord


@dataclass(frozen=True)
class Moment:
    """Second `second` of video number `video` (in `Dataset.videos`)."""

    video: int
    second: int
    sample_id: str


@dataclass
class Account:
    """What became of the moments: nothing is left out without a count.

    Attributes:
        types: candidates by type, over all samples.
        left_out: seconds that have comments and are no sample, by reason.
        unmatched_titles: ids of videos with samples whose title shares no word with the training
            comments, so that they have no plausible candidate.
    """

    types: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    unmatched_titles: list[str] = field(default_factory=list)


class Builder:
    """Builds the samples of one split of a dataset.

    Raises:
        LiveBenchError: the split has no moment, or a moment cannot get 100 distinct candidates.
    """

    def __init__(self, dataset: Dataset, protocol: Protocol, *, split: Split, seed: int) -> None:
        self.dataset, self.protocol, self.seed = dataset, protocol, seed
        self.account = Account()
        self._comments = dataset.comments
        self._pool = dataset.split(protocol.wrong.split)
        self._train_counts = dataset.split("train").counts_by_id
        self._test = dataset.split(split)
        if not self._test.videos:
            raise LiveBenchError(f"{dataset.path}: the split {split} has no video")
        if not len(self._pool.string_ids):
            raise LiveBenchError(
                f"{dataset.path}: the split {protocol.wrong.split} has no comment to be a candidate"
            )

    def moments(self, max_samples: int) -> list[Moment]:
        """The moments of the split, at most `max_samples` drawn by hash, by video and second."""
        found = []
        for video in self._test.indices:
            times = self._comments.time_ms[self._comments.of(video)]
            seconds, counts = np.unique(times // 1000, return_counts=True)
            enough = counts >= self.protocol.moments.min_comments
            self.account.left_out["too few comments"] += int(np.count_nonzero(~enough))
            name = self.dataset.videos[video].video_id
            found += [Moment(video, int(s), f"{name}@{s}") for s in seconds[enough]]
        if not found:
            raise LiveBenchError(
                f"{self.dataset.path}: no second of the split has "
                f"{self.protocol.moments.min_comments} comments, so there is no sample"
            )
        found.sort(
            key=lambda moment: (draw(self.seed, moment.sample_id, "moment"), moment.sample_id)
        )
        self.account.left_out["beyond the maximum"] = max(0, len(found) - max_samples)
        return sorted(found[:max_samples], key=lambda moment: (moment.video, moment.second))

    def samples(
        self, max_samples: int, progress: Callable[[list[Moment]], Iterator[Moment]] = iter
    ) -> Iterator[tuple[SampleRecord, AnswerRecord]]:
        """Yield sample and answer of each moment; `account` is complete when all are taken."""
        moments = self.moments(max_samples)
        plausible = self._plausible({moment.video for moment in moments})
        popular = self._popular()
        for moment in progress(moments):
            yield self._sample(moment, plausible[moment.video], popular)

    def _plausible(self, videos: set[int]) -> dict[int, list[int]]:
        """For each video the numbers of the comments nearest to its title."""
        rule = self.protocol.plausible
        index = TfIdfIndex(
            self._pool.strings,
            one_character_words=rule.one_character_words,
            lowercase=rule.lowercase,
        )
        order = sorted(videos)
        titles = [words_of(self.dataset.videos[video].title) for video in order]
        found = dict(zip(order, index.nearest(titles, rule.pool), strict=True))
        self.account.unmatched_titles = [
            self.dataset.videos[video].video_id for video in order if not len(found[video])
        ]
        return {video: self._pool.string_ids[rows].tolist() for video, rows in found.items()}

    def _popular(self) -> list[int]:
        # string_ids ascend, and so do their strings: a stable sort leaves ties in their order.
        order = np.argsort(-self._pool.counts, kind="stable")[: self.protocol.popular.count]
        return self._pool.string_ids[order].tolist()

    def _random(self, sample_id: str) -> Iterator[int]:
        """Numbers of comments drawn uniformly, with replacement, without end."""
        ids, position = self._pool.string_ids, 0
        while True:
            yield int(ids[draw(self.seed, sample_id, f"random {position}") % len(ids)])
            position += 1

    def _sample(
        self, moment: Moment, plausible: list[int], popular: list[int]
    ) -> tuple[SampleRecord, AnswerRecord]:
        comments, video = self._comments, self.dataset.videos[moment.video]
        first = comments.of(moment.video).start
        times = comments.time_ms[comments.of(moment.video)]
        start, stop = np.searchsorted(times, (moment.second * 1000, moment.second * 1000 + 1000))
        second = comments.string[first + start : first + stop].tolist()
        types = dict.fromkeys(second[: self.protocol.correct.count], "correct")
        self._fill(types, set(second), moment, {"plausible": plausible, "popular": popular})
        order = sorted(
            types,
            key=lambda number: draw(self.seed, moment.sample_id, comments.strings[number]),
        )
        self.account.types.update(types.values())
        context = [
            ContextComment(int(times[row]) / 1000, comments.texts[number], comments.strings[number])
            for row in context_rows(times, moment.second, self.protocol.context)
            for number in [comments.string[first + row]]
        ]
        strings = [comments.strings[number] for number in order]
        sample = SampleRecord(
            sample_id=moment.sample_id,
            video_id=video.video_id,
            time=moment.second,
            frames=frame_seconds(moment.second, video.frame_count, self.protocol.frames),
            context=context,
            candidates=[comments.texts[number] for number in order],
            candidate_tokens=strings,
        )
        answer = AnswerRecord(
            sample_id=moment.sample_id,
            video_id=video.video_id,
            category=video.category,
            n_context=len(context),
            types=[types[number] for number in order],
            train_counts=self._train_counts[order].tolist(),
            lengths=[len(string.split(" ")) for string in strings],
        )
        return sample, answer

    def _fill(
        self,
        types: dict[int, str],
        excluded: set[int],
        moment: Moment,
        ranked: dict[str, list[int]],
    ) -> None:
        """Fill `types` (number of a comment: its type) up to 100, in the order of the protocol."""
        possible = len(types) + len(self._pool.string_ids)
        possible -= sum(1 for number in excluded if self._pool.counts_by_id[number])
        if possible < CANDIDATES:
            video = self.dataset.videos[moment.video].video_id
            raise LiveBenchError(
                f"{self.dataset.path}: video {video}, second {moment.second}: only {possible} distinct "
                f"candidates, {CANDIDATES} are needed; import more training videos"
            )
        limits = {
            "plausible": self.protocol.plausible.count,
            "popular": self.protocol.popular.count,
        }
        for kind in self.protocol.wrong.order:
            source = ranked.get(kind) or (
                self._random(moment.sample_id) if kind == "random" else ()
            )
            left = limits.get(kind, CANDIDATES)
            for number in source:
                if len(types) == CANDIDATES or left == 0:
                    break
                if number not in types and number not in excluded:
                    types[number] = kind
                    left -= 1
