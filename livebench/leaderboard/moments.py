"""Single moments as submissions rank them: where one fails, and where two differ."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from livebench.candidates.candidate_set import CandidateSet
from livebench.data.dataset import Dataset
from livebench.draws import draw
from livebench.errors import LiveBenchError, one_line
from livebench.leaderboard.entries import Entry
from livebench.records import CANDIDATES, SampleRecord
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import MR, MRR


class RankedCandidate(msgspec.Struct, frozen=True):
    """A candidate of a moment.

    Attributes:
        place: in the list of candidates, from 0.
        type: how it came to be one; `correct` if it was written at the moment.
        text: empty where the text of the set is not at hand.
        in_training: how often it occurs in the training split.
        ranks: by each submission, 1 is best; mean over ties and runs.
    """

    place: int
    type: str
    text: str
    in_training: int
    ranks: list[float]


class ContextComment(msgspec.Struct, frozen=True):
    """A comment around a moment; `offset` in seconds from it."""

    offset: float
    text: str


class RankedMoment(msgspec.Struct, frozen=True, kw_only=True):
    """A sample with its context, and its candidates in the order of the first submission.

    Attributes:
        time: seconds from the start of the video.
        title: empty where the dataset is not at hand.
        best: by each submission, the rank of the best-placed correct candidate.
    """

    sample_id: str
    video_id: str
    time: int
    title: str
    category: str
    context: list[ContextComment]
    candidates: list[RankedCandidate]
    best: list[float]


class MomentReader:
    """Reads moments of a set as submissions rank them.

    Args:
        entries: of the submissions, in one setting; may be none.
        dataset: for titles, where it is at hand.
    """

    def __init__(
        self,
        candidate_set: CandidateSet,
        answers: Answers,
        entries: Sequence[Entry],
        dataset: Dataset | None = None,
    ) -> None:
        self._set, self._answers, self._entries = candidate_set, answers, entries
        videos = dataset.videos if dataset else ()
        self._titles = {video.video_id: one_line(video.title) for video in videos}

    def chosen(self, count: int) -> list[str]:
        """The ids of the moments to look at: of two submissions where their reciprocal ranks differ
        most, of one where it fails most, of none any, drawn by hash."""
        ids = self._answers.sample_ids
        drawn = {name: draw(0, name, "shown") for name in ids}
        values = [MRR.column(entry.best.mean(axis=0)) for entry in self._entries[:2]]
        if not values:
            return sorted(ids, key=drawn.__getitem__)[:count]
        if len(values) == 1:
            worst = np.round(values[0], 9)
            return [
                ids[row]
                for row in sorted(range(len(ids)), key=lambda row: (worst[row], drawn[ids[row]]))
            ][:count]
        apart = np.round(np.abs(values[0] - values[1]), 9)
        order = sorted(range(len(ids)), key=lambda row: (-apart[row], ids[row]))
        return [ids[row] for row in order[:count] if apart[row] > 0]

    def read(self, sample_ids: Sequence[str]) -> list[RankedMoment]:
        """The moments of these ids, in this order.

        Raises:
            LiveBenchError: the set has no such sample.
        """
        rows = {name: row for row, name in enumerate(self._answers.sample_ids)}
        for name in sample_ids:
            if name not in rows:
                some = ", ".join(self._answers.sample_ids[:3])
                what = f"{self._set.name} has no sample {one_line(name)}"
                raise LiveBenchError(name, what, f"an id is VIDEO@SECOND: {some}, ...")
        wanted = set(sample_ids)
        found: dict[str, SampleRecord] = {}
        if self._set.has_text:
            found = {one.sample_id: one for one in self._set.samples() if one.sample_id in wanted}
        return [self._moment(name, rows[name], found.get(name)) for name in sample_ids]

    def _moment(self, name: str, row: int, sample: SampleRecord | None) -> RankedMoment:
        answers = self._answers
        ranks = np.array([_ranks(entry, row) for entry in self._entries]).reshape(-1, CANDIDATES)
        order = np.lexsort((np.arange(CANDIDATES), *ranks[:1]))
        second = name.rpartition("@")[2].partition("#")[0]
        return RankedMoment(
            sample_id=name,
            video_id=answers.videos[row],
            time=sample.time if sample else int(second) if second.isdecimal() else 0,
            title=self._titles.get(answers.videos[row], ""),
            category=answers.categories[row],
            context=_context(sample) if sample else [],
            candidates=[
                RankedCandidate(
                    place,
                    str(answers.types[row, place]),
                    one_line(sample.candidates[place]) if sample else "",
                    int(answers.train_counts[row, place]),
                    ranks[:, place].tolist(),
                )
                for place in order.tolist()
            ],
            best=[float(MR.column(entry.best.mean(axis=0))[row]) for entry in self._entries],
        )


def _context(sample: SampleRecord) -> list[ContextComment]:
    """The comments around, in the order of time."""
    found = [
        ContextComment(round(one.time - sample.time, 3), one_line(one.text))
        for one in sample.context
    ]
    return sorted(found, key=lambda one: one.offset)


def _ranks(entry: Entry, row: int) -> np.ndarray:
    """float64 [100], the mean rank of each candidate over ties and runs."""
    from scipy.stats import rankdata

    return np.asarray(np.mean([rankdata(-one[row]) for one in entry.values_by_run], axis=0))
