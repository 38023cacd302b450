"""Samples out of a dataset, as a protocol says: the same records on any machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from livebench.candidates.draws import draw
from livebench.candidates.moments import Moment, Moments, VisibleComments
from livebench.candidates.protocol import Protocol, Random
from livebench.candidates.sources import Pool, fill, make_sources
from livebench.data.context import frame_seconds
from livebench.data.dataset import Dataset
from livebench.data.split import Split
from livebench.errors import LiveBenchError
from livebench.records import CANDIDATES, AnswerRecord, ContextComment, SampleRecord


@dataclass
class Account:
    """What became of the moments: nothing is left out without a count.

    Attributes:
        types: candidates by type, over all samples.
        left_out: seconds that have comments and are no sample, by reason.
        without_plausible: ids of videos in which a sample has no plausible candidate, because its
            query shares no word with the comments of the pool.
    """

    types: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    without_plausible: list[str] = field(default_factory=list)


class Builder:
    """Builds the samples of one split of a dataset.

    Raises:
        LiveBenchError: the split has no moment, or a moment cannot get 100 distinct candidates.
    """

    def __init__(self, dataset: Dataset, protocol: Protocol, *, split: Split, seed: int) -> None:
        self.dataset, self.protocol, self.seed = dataset, protocol, seed
        self.account = Account()
        self._comments = VisibleComments(dataset, protocol)
        self._pool = Pool(dataset, self._comments, protocol, seed)
        tested = dataset.split(split)
        if protocol.pool.alike and split not in protocol.pool.splits:
            raise LiveBenchError(
                f"{dataset.path}: the protocol {protocol.name} builds on {protocol.pool.splits}, not on "
                f"the split {split}"
            )
        for needed, names in ((tested.videos, split), (self._pool.ids, protocol.pool.splits)):
            if not len(needed):
                raise LiveBenchError(f"{dataset.path}: nothing in the split {names}; split again")
        self._sources = make_sources(protocol, self._pool)
        self._moments = Moments(dataset, protocol, self._comments, tested, seed)

    def samples(
        self, max_samples: int, progress: Callable[[Sequence[Moment]], Iterator[Moment]] = iter
    ) -> Iterator[tuple[SampleRecord, AnswerRecord]]:
        """Yield sample and answer of each moment; `account` is complete when all are taken."""
        moments = self._choose(max_samples)
        for source in self._sources.values():
            source.prepare(moments)
        without_plausible = set()
        for moment in progress(moments):
            types = self._types(moment)
            if "plausible" in self._sources and "plausible" not in types.values():
                without_plausible.add(self.dataset.videos[moment.video].video_id)
            self.account.types.update(types.values())
            yield self._records(moment, types)
        self.account.without_plausible = sorted(without_plausible)

    def _choose(self, max_samples: int) -> list[Moment]:
        """The first `max_samples` fit moments in the order of their hash; by video and second."""
        chosen: list[Moment] = []
        left_out = self._moments.left_out
        for moment in self._moments.in_drawn_order():
            if len(chosen) == max_samples:
                left_out["beyond the maximum"] += 1
                continue
            lacking = self._lacking(moment)
            if lacking:
                left_out[lacking] += 1
            else:
                chosen.append(moment)
        self.account.left_out = left_out
        if not chosen:
            reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()))
            raise LiveBenchError(
                f"{self.dataset.path}: no second of the split can be a sample of the protocol "
                f"{self.protocol.name}: {reasons or 'there are no comments'}"
            )
        return sorted(chosen, key=lambda moment: (moment.video, moment.second))

    def _lacking(self, moment: Moment) -> str | None:
        """Why there are no candidates like the correct one; with its training frequency."""
        for source in self._sources.values():
            reason = source.lacks(moment)
            if reason:
                count = int(self._pool.train_counts[moment.correct[0]])
                seen = str(count) if count <= 3 else "more than 3"
                return f"{reason}, correct one in training: {seen}"
        return None

    def _types(self, moment: Moment) -> dict[int, str]:
        """The 100 candidates of a moment (numbers of comments) with their types."""
        types = dict.fromkeys(moment.correct, "correct")
        excluded = moment.others if self.protocol.pool.exclude == "second" else frozenset()
        last = self.protocol.wrong[-1]
        if isinstance(last, Random) and last.draw == "distinct":
            taken = [*types, *excluded]
            possible = len(types) + len(self._pool.ids)
            possible -= np.count_nonzero(self._pool.counts[taken])
            if possible < CANDIDATES:
                video = self.dataset.videos[moment.video].video_id
                raise LiveBenchError(
                    f"{self.dataset.path}: video {video}, second {moment.second}: only {possible} "
                    f"distinct candidates, {CANDIDATES} are needed; import more training videos"
                )
        fill(types, self._sources, moment, excluded, CANDIDATES)
        if len(types) != CANDIDATES:
            raise LiveBenchError(
                f"the protocol {self.protocol.name} gives only {len(types)} candidates to sample "
                f"{moment.sample_id}; raise the count of its random ones"
            )
        return types

    def _records(self, moment: Moment, types: dict[int, str]) -> tuple[SampleRecord, AnswerRecord]:
        comments, video = self._comments, self.dataset.videos[moment.video]
        strings = comments.strings
        order = sorted(types, key=lambda number: draw(self.seed, moment.sample_id, strings[number]))
        context = [
            ContextComment(int(comments.time_ms[row]) / 1000, comments.texts[n], strings[n])
            for row in moment.context
            for n in [comments.string[row]]
        ]
        tokens = [strings[number] for number in order]
        sample = SampleRecord(
            sample_id=moment.sample_id,
            video_id=video.video_id,
            time=moment.second,
            frames=frame_seconds(moment.second, video.frame_count, self.protocol.frames),
            context=context,
            candidates=[comments.texts[number] for number in order],
            candidate_tokens=tokens,
        )
        answer = AnswerRecord(
            sample_id=moment.sample_id,
            video_id=video.video_id,
            category=video.category,
            n_context=len(context),
            types=[types[number] for number in order],
            train_counts=self._pool.train_counts[order].tolist(),
            lengths=[len(string.split(" ")) for string in tokens],
        )
        return sample, answer
