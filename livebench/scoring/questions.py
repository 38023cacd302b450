"""What a scorer is asked in a setting, and how its answers become the scores of the samples.

It is asked for each sample; in `blind`, where nothing but the candidate is shown, for each distinct
candidate once, since a score can depend on nothing else. Under `matched`, where each candidate occurs in
100 samples, that is a hundredth of the work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec
import numpy as np

from livebench.candidates.candidate_set import CandidateSet
from livebench.data.dataset import Dataset
from livebench.draws import draw
from livebench.errors import LiveBenchError
from livebench.records import CANDIDATES, ScoreRecord, Setting
from livebench.scoring.blocks import deal, read_blocks, score_dealt
from livebench.scoring.numbers import Numbers, score_line
from livebench.scoring.runner import (
    BATCH,
    Elsewhere,
    Named,
    Samples,
    read_samples,
    score_blocks,
)
from livebench.scoring.scorer import Comment, Sample, Scorer
from livebench.submissions.validate import Scores


class Questions(Protocol):
    """What a scorer is asked.

    Attributes:
        blocks: the names of the questions that are asked together.
        candidates: how many scores they ask for.
    """

    blocks: list[list[str]]
    candidates: int

    def read(self, blocks: Sequence[Sequence[str]]) -> Iterator[Samples]:
        """Yield the questions of some blocks; raises LiveBenchError, as `read_samples`."""
        ...

    def score(self, scorer: Scorer, blocks: Sequence[Sequence[str]]) -> Iterator[Named]:
        """Yield the names of each block with its numbers; raises as `score_blocks`."""
        ...

    def line(self, name: str, numbers: Numbers) -> bytes:
        """An answer as a journal keeps it."""
        ...

    def lines(self, answers: Mapping[str, bytes]) -> Iterator[bytes]:
        """Yield the lines of scores of the samples, given the kept answer to each question."""
        ...

    def progress(self, samples: Callable[[int], object]) -> Callable[[int], object]:
        """What to call with the number of answers since the last call, so that `samples` is called with
        the number of samples that they are worth."""
        ...


def questions(
    candidate_set: CandidateSet,
    dataset: Dataset | None,
    setting: Setting,
    sample_ids: Sequence[str],
    videos: Sequence[str],
    *,
    listwise: bool = False,
) -> Questions:
    """The questions about some samples of a set.

    Args:
        dataset: of the set; not needed in a setting that does not show the video.
        videos: of each sample.
        listwise: whether a score depends on the other candidates of the sample, by design.
    """
    if setting == "blind" and not listwise:
        return _EachCandidate(candidate_set, sample_ids)
    return _EachSample(candidate_set, dataset, setting, sample_ids, videos)


def answered(
    scorer: Scorer,
    asked: Questions,
    *,
    progress: Callable[[int], object] = lambda done: None,
    look: Callable[[Sequence[Numbers]], object] = lambda numbers: None,
) -> Scores:
    """Ask a scorer everything; its scores, as they come back from a file.

    Args:
        progress: called with the number of samples scored since the last call.
        look: called with the numbers of the first block.

    Raises:
        LiveBenchError: the scorer raised, or did not give one finite number per candidate, or token
            counts for some samples only.
    """
    answers: dict[str, bytes] = {}
    update = asked.progress(progress)
    for names, numbers in asked.score(scorer, asked.blocks):
        if not answers:
            look(numbers)
        for name, one in zip(names, numbers, strict=True):
            answers[name] = asked.line(name, one)
        update(len(names))
    records = [msgspec.json.decode(line, type=ScoreRecord) for line in asked.lines(answers)]
    counts = [one.token_counts for one in records]
    if None in counts and any(counts):
        what = "the scorer gave token counts for some samples only"
        raise LiveBenchError(type(scorer).__name__, what, "give them for all, or none")
    return Scores(
        np.array([one.scores for one in records]),
        None if None in counts else np.array(counts, np.int64),
        np.array([one.dropped_comments for one in records], np.int64),
    )


class _EachSample:
    def __init__(
        self,
        candidate_set: CandidateSet,
        dataset: Dataset | None,
        setting: Setting,
        sample_ids: Sequence[str],
        videos: Sequence[str],
    ) -> None:
        self._shown = candidate_set, dataset, setting
        self._sample_ids = sample_ids
        self.blocks = deal(sample_ids, videos, candidate_set.manifest.hash, BATCH)
        self.candidates = CANDIDATES * len(sample_ids)

    def read(self, blocks: Sequence[Sequence[str]]) -> Iterator[Samples]:
        return read_blocks(blocks, *self._shown)

    def score(self, scorer: Scorer, blocks: Sequence[Sequence[str]]) -> Iterator[Named]:
        return score_dealt(scorer, blocks, *self._shown)

    def line(self, name: str, numbers: Numbers) -> bytes:
        return score_line(name, numbers)

    def lines(self, answers: Mapping[str, bytes]) -> Iterator[bytes]:
        return (answers[name] for name in self._sample_ids)

    def progress(self, samples: Callable[[int], object]) -> Callable[[int], object]:
        return samples


class _Kept(msgspec.Struct, frozen=True):
    """The answer to a question, as a journal keeps it. No comments are shown, and none are dropped."""

    scores: list[float]
    token_counts: list[int] | None = None


class _EachCandidate:
    """The distinct candidates, as if each hundred were a sample; in an order drawn by hash, which does
    not tell how often or where one occurs."""

    def __init__(self, candidate_set: CandidateSet, sample_ids: Sequence[str]) -> None:
        self._set, self._sample_ids = candidate_set, sample_ids
        secret, wanted = candidate_set.manifest.hash, set(sample_ids)
        found: dict[tuple[str, str], int] = {}
        drawn = {
            record.sample_id: [
                found.setdefault(pair, len(found))
                for pair in zip(record.candidates, record.candidate_tokens, strict=True)
            ]
            for record in candidate_set.samples()
            if record.sample_id in wanted
        }
        order = sorted(found, key=lambda one: (draw(0, one[0], f"blind {secret}"), one))
        place = np.empty(len(order), np.int64)
        place[[found[one] for one in order]] = np.arange(len(order))
        self._places = {name: place[own] for name, own in drawn.items()}
        self.candidates = len(order)
        starts = range(0, len(order), CANDIDATES)
        self._asked = {
            f"blind {start + 1}-{min(start + CANDIDATES, len(order))}": order[
                start : start + CANDIDATES
            ]
            for start in starts
        }
        names = list(self._asked)
        self.blocks = [names[start : start + BATCH] for start in range(0, len(names), BATCH)]

    def score(self, scorer: Scorer, blocks: Sequence[Sequence[str]]) -> Iterator[Named]:
        given = self.read(blocks)
        if isinstance(scorer, Elsewhere):
            yield from scorer.score_given(given, self._set)
            return
        for block, numbers in score_blocks(scorer, given):
            yield [name for name, _ in block], numbers

    def read(self, blocks: Sequence[Sequence[str]]) -> Iterator[Samples]:
        (_, shown), *_ = read_samples(self._set, None, "blind", self._sample_ids[:1])
        for names in blocks:
            yield [
                (name, Sample(shown.video_ctx, [], [Comment(*one) for one in self._asked[name]]))
                for name in names
            ]

    def line(self, name: str, numbers: Numbers) -> bytes:
        return score_line(name, numbers, exact=True)

    def lines(self, answers: Mapping[str, bytes]) -> Iterator[bytes]:
        kept = [msgspec.json.decode(answers[name], type=_Kept) for name in self._asked]
        totals = np.array([score for one in kept for score in one.scores], np.float32)
        counts = [count for one in kept for count in one.token_counts or ()]
        tokens = np.array(counts, np.int64) if len(counts) == len(totals) else None
        for name in self._sample_ids:
            own = self._places[name]
            yield score_line(name, Numbers(totals[own], None if tokens is None else tokens[own]))

    def progress(self, samples: Callable[[int], object]) -> Callable[[int], object]:
        answered = 0

        def update(count: int) -> None:
            nonlocal answered
            before, answered = answered, answered + count
            done = (len(self._sample_ids) * n // len(self._asked) for n in (before, answered))
            samples(-next(done) + next(done))

        return update
