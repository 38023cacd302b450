"""Builds samples from a dataset by the rules of a protocol: the same records on any machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np

from livebench.candidates.apart import CONFLICT, CorrectApart
from livebench.candidates.moments import Moment, Moments, Second, VisibleComments
from livebench.candidates.protocol import ListRule, Protocol, RandomRule
from livebench.candidates.shared_lists import BEYOND, SharedLists, UsableMoments
from livebench.candidates.sources import Pool, fill_candidates, make_sources
from livebench.data.context import frame_seconds
from livebench.data.dataset import Dataset
from livebench.data.split import Split
from livebench.draws import draw
from livebench.errors import LiveBenchError
from livebench.processes import Workers, cores
from livebench.records import CANDIDATES, AnswerRecord, ContextComment, SampleRecord

MOMENTS_AT_ONCE = 64
"""Moments that a process builds at a time; it checks 8 times as many seconds at a time."""

SECONDS_A_PROCESS = 256
"""Seconds with enough comments that make a further process worth starting."""


@dataclass
class Account:
    """What became of the moments; everything left out is counted.

    Attributes:
        types: candidates by type, over all samples.
        left_out: seconds that have comments but are not samples, by reason.
        without_plausible: ids of videos in which a sample has no plausible candidate, because its
            query shares no word with the comments of the pool.
    """

    types: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    without_plausible: set[str] = field(default_factory=set)


class Built(NamedTuple):
    """Some samples, in order, as lines of samples.jsonl and answers.jsonl, with their number and counts.

    `videos`, `without_plausible`: ids, as in `Account`.
    """

    samples: bytes
    answers: bytes
    number: int
    videos: set[str]
    types: Counter[str]
    without_plausible: set[str]


class Builder:
    """Builds the samples of one split of a dataset.

    Raises:
        LiveBenchError: the split has no moments, or a moment cannot get 100 distinct candidates.
    """

    def __init__(self, dataset: Dataset, protocol: Protocol, *, split: Split, seed: int) -> None:
        self.dataset, self.protocol, self.seed = dataset, protocol, seed
        self.account = Account()
        self._comments = VisibleComments(dataset, protocol)
        self._pool = Pool(dataset, self._comments, protocol, seed)
        tested = dataset.split(split)
        if protocol.moments.apart == "lists" and not isinstance(protocol.wrong[0], ListRule):
            raise LiveBenchError(
                f"protocol {protocol.name}",
                f"its version {protocol.version} kept samples apart in a way that is no longer built",
                "build a new set, or install the LiveBench that the manifest names",
            )
        if protocol.pool.alike and split not in protocol.pool.splits:
            raise LiveBenchError(
                dataset.path,
                f"the protocol {protocol.name} does not build on the split {split}",
                f"choose from {', '.join(protocol.pool.splits)}",
            )
        for content, names in ((tested.videos, [split]), (self._pool.ids, protocol.pool.splits)):
            if not len(content):
                raise LiveBenchError(
                    dataset.path, f"nothing in the split {', '.join(names)}", "split it again"
                )
        self._sources = make_sources(protocol, self._pool)
        self._moments = Moments(dataset, protocol, self._comments, tested, seed)
        self._tested = tested
        self._lists: dict[str, dict[int, str]] = {}

    def workers(self, processes: int | None) -> Workers[Builder]:
        """The requested number of processes (default: one per core), fewer if there is little to do."""
        return Workers(
            self,
            min(processes or cores(), 1 + len(self._moments.seconds) // SECONDS_A_PROCESS),
        )

    def choose(self, max_samples: int, workers: Workers[Builder]) -> list[Second]:
        """The first `max_samples` usable moments in the order of their hash, or those of as many whole
        lists, sorted by video and second.

        Raises:
            LiveBenchError: there are none.
        """
        if self.protocol.moments.apart == "lists" and max_samples < CANDIDATES:
            raise LiveBenchError(
                f"protocol {self.protocol.name}",
                f"no set of {max_samples} samples: they come in lists of {CANDIDATES}",
                f"ask for {CANDIDATES} or more",
            )
        chosen: list[Second] = []
        usable = UsableMoments()
        left_out = Counter({"too few comments": self._moments.too_few})
        rule = self.protocol.moments.apart
        apart = CorrectApart(self.dataset, self._comments)

        def parts() -> Iterator[tuple[Sequence[Second], bool]]:
            for part in _parts(self._moments.seconds, 8 * MOMENTS_AT_ONCE):
                yield part, len(chosen) == max_samples

        for looked_at in workers.map(Builder._look, parts()):
            for second, unfit, lacking, moment in looked_at:
                full = len(chosen) == max_samples
                reason = unfit or (BEYOND if full else lacking)
                if not reason and rule == "correct" and not apart.admits(self._moments.at(second)):
                    reason = CONFLICT
                if reason:
                    left_out[reason] += 1
                elif moment:
                    usable.add(moment, self._comments.string[list(moment.context)].tolist())
                else:
                    chosen.append(second)
        if isinstance(of_list := self.protocol.wrong[0], ListRule):
            lists = SharedLists(self._pool, of_list, usable)
            for filled in lists.fill(max_samples // CANDIDATES):
                self._lists.update(filled)
            chosen = lists.chosen()
            left_out.update(lists.left_out)
        self.account.left_out = left_out
        if not chosen:
            reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()))
            raise LiveBenchError(
                self.dataset.path,
                f"no second of the split can be a sample of the protocol {self.protocol.name}: "
                f"{reasons or 'there are no comments'}",
                "choose another protocol, or import more videos",
            )
        return sorted(chosen, key=lambda second: (second.video, second.second))

    def build(self, chosen: Sequence[Second], workers: Workers[Builder]) -> Iterator[Built]:
        """Yield the samples of these seconds, in order; `account` is complete at the end."""
        planned = [(second, self._lists.get(second.sample_id)) for second in chosen]
        for built in workers.map(Builder._build, _parts(planned, MOMENTS_AT_ONCE)):
            self.account.types.update(built.types)
            self.account.without_plausible |= built.without_plausible
            yield built

    def samples(self, max_samples: int) -> Iterator[tuple[SampleRecord, AnswerRecord]]:
        """Choose and build in this process; yield the sample and the answer of each moment."""
        alone = Workers(self, 1)
        for built in self.build(self.choose(max_samples, alone), alone):
            lines = zip(built.samples.splitlines(), built.answers.splitlines(), strict=True)
            for sample, answer in lines:
                yield (
                    msgspec.json.decode(sample, type=SampleRecord),
                    msgspec.json.decode(answer, type=AnswerRecord),
                )

    def _look(
        self, part: tuple[Sequence[Second], bool]
    ) -> list[tuple[Second, str, str, Moment | None]]:
        """For each second: why it is not a moment, why it cannot be a sample, empty if it is or can;
        and the moment, if samples share lists.

        Args:
            part: some seconds, and whether there are enough samples, so that the latter is not needed.
        """
        seconds, enough = part
        reasons = []
        for second in seconds:
            moment = self._moments.at(second)
            unfit = self._moments.unfit(moment) or ""
            lacking = "" if unfit or enough else self._lacking(moment)
            listed = moment if self.protocol.moments.apart == "lists" else None
            reasons.append((second, unfit, lacking, listed))
        return reasons

    def _build(self, planned: Sequence[tuple[Second, dict[int, str] | None]]) -> Built:
        """The samples of some seconds, each with its candidates if these are planned already."""
        moments = [self._moments.at(second) for second, _ in planned]
        for source in self._sources.values():
            source.prepare(moments)
        records = [
            self._records(moment, given or self._types(moment))
            for moment, (_, given) in zip(moments, planned, strict=True)
        ]
        types = [Counter(answer.types) for _, answer in records]
        encode = msgspec.json.Encoder().encode_lines
        return Built(
            samples=encode([sample for sample, _ in records]),
            answers=encode([answer for _, answer in records]),
            number=len(records),
            videos={answer.video_id for _, answer in records},
            types=sum(types, Counter()),
            without_plausible={
                answer.video_id
                for (_, answer), counts in zip(records, types, strict=True)
                if "plausible" in self._sources and not counts["plausible"]
            },
        )

    def _lacking(self, moment: Moment) -> str:
        """Why too few candidates are like the correct one, with its training frequency, or empty."""
        for source in self._sources.values():
            reason = source.lacks(moment)
            if reason:
                count = int(self._pool.train_counts[moment.correct[0]])
                seen = str(count) if count <= 3 else "more than 3"
                return f"{reason}, correct one in training: {seen}"
        return ""

    def _types(self, moment: Moment) -> dict[int, str]:
        """The 100 candidates of a moment (comment numbers) with their types."""
        types = dict.fromkeys(moment.correct, "correct")
        excluded = moment.others if self.protocol.pool.exclude == "second" else frozenset()
        last = self.protocol.wrong[-1]
        if isinstance(last, RandomRule) and last.draw == "distinct":
            taken = [*types, *excluded]
            used = int(np.count_nonzero(self._pool.counts[taken]))
            possible = len(types) + len(self._pool.ids) - used
            if possible < CANDIDATES:
                video = self.dataset.videos[moment.video].video_id
                raise LiveBenchError(
                    self.dataset.path,
                    f"only {possible} distinct candidates of {CANDIDATES}",
                    "import more training videos",
                    f"video {video}, second {moment.second}",
                )
        fill_candidates(types, self._sources, moment, excluded, CANDIDATES)
        if len(types) != CANDIDATES:
            raise LiveBenchError(
                f"protocol {self.protocol.name}",
                f"gives only {len(types)} candidates of {CANDIDATES}",
                "raise the count of its random ones",
                f"sample {moment.sample_id}",
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


_Item = TypeVar("_Item")


def _parts(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))
