"""Imports the candidates released with LiveBot as a frozen set whose flaws are listed.

    test-candidate.json, dev-candidate.json    one line per moment: {"video": 12, "time": 30,
        "context": "so cute <&&&> haha", "comment": ["first", ...], "candidate": {"first": 1, ...}}

`comment` are the correct ones, `context` the surrounding ones; a label is 1 (correct), 2 (popular) or 3
(plausible or random). Files of earlier versions of the released code label every candidate 1: there only
the correct ones are known. The moments are matched to a dataset imported from the same release, which
provides times, training frequencies and frames.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.freeze import freeze_imported
from livebench.candidates.protocol import Protocol, load_protocol
from livebench.data.context import frame_seconds
from livebench.data.dataset import Dataset
from livebench.data.split import Split
from livebench.draws import draw
from livebench.errors import LiveBenchError
from livebench.importers.collection import Collection, Options
from livebench.importers.json_lines import read_lines
from livebench.records import CANDIDATES, AnswerRecord, ContextComment, SampleRecord

_RELEASED_PROTOCOL = "lancopku-released"
_BETWEEN = " <&&&> "
_TYPES = {2: "popular", 3: "plausible-or-random"}
_UNLABELLED = "unlabelled"
_REACH = 3
"""Seconds on each side of the moment that the released context is taken from."""


class _ReleasedMoment(msgspec.Struct, frozen=True):
    """A line of test-candidate.json."""

    video: int
    time: int
    context: str
    comment: list[str]
    candidate: dict[str, int]


@dataclass
class _Imported:
    """Sample and answer of each moment, and the counts that the flaws are described by."""

    records: list[tuple[SampleRecord, AnswerRecord]] = field(default_factory=list)
    same_second: int = 0
    in_context: int = 0


def import_released_candidates(
    source: Path,
    dataset: Dataset,
    out: Path,
    *,
    split: Split = "test",
    seed: int = 0,
    skip_bad_rows: bool = False,
) -> CandidateSet:
    """Import SPLIT-candidate.json of the folder `source` as the candidate set `out`.

    Args:
        dataset: imported from the same release.
        seed: of the order in which a sample's candidates are stored.

    Raises:
        LiveBenchError: the file is missing, a line is bad (file, line and rule are named), the file does
            not belong to the dataset, or `out` exists.
    """
    path = Path(source) / f"{split}-candidate.json"
    dataset.check_fingerprint()
    dataset.check_frames()
    dataset.check_images()
    rules = Collection(Options(skip_bad_rows=skip_bad_rows))
    rows = list(read_lines(path, _ReleasedMoment, rules))
    labelled = any(label != 1 for _, row in rows for label in row.candidate.values())
    protocol = _protocol()
    matcher = _Matcher(dataset, protocol, split, seed, labelled)
    imported, seen = _Imported(), set()
    for line, row in rows:
        place = f"{row.video}@{row.time}"
        problem = "it is in the file twice" if place in seen else matcher.problem(row)
        seen.add(place)
        if problem:
            rules.bad(path, line, "moment that cannot be imported", f"{place}: {problem}")
        else:
            matcher.add(row, imported)
    if not imported.records:
        raise LiveBenchError(
            path, "no moment in it can be imported", "import the dataset from the same release"
        )
    imported.records.sort(key=lambda pair: (matcher.number[pair[0].video_id], pair[0].time))
    return freeze_imported(
        dataset,
        protocol,
        out,
        imported.records,
        split=split,
        seed=seed,
        left_out=matcher.left_out(seen, rules.skipped),
        flaws=_flaws(imported, labelled),
    )


def _protocol() -> Protocol:
    return msgspec.structs.replace(
        load_protocol("lancopku"),
        name=_RELEASED_PROTOCOL,
        summary="The candidates released with LiveBot, as they are; their flaws are in the manifest.",
    )


def _words(string: str) -> str:
    """A released string of words, in the form in which the dataset's importer keeps it."""
    return " ".join(word for word in string.split(" ") if word)


class _Matcher:
    """Finds released moments in the dataset."""

    def __init__(
        self, dataset: Dataset, protocol: Protocol, split: Split, seed: int, labelled: bool
    ) -> None:
        self._dataset, self._protocol, self._split = dataset, protocol, split
        self._seed, self._labelled = seed, labelled
        self._strings = {string: i for i, string in enumerate(dataset.comments.strings)}
        self._train = dataset.split("train").counts_by_id
        self.number = {video.video_id: index for index, video in enumerate(dataset.videos)}

    def _second(self, video: int, second: int) -> list[int]:
        """The rows of a second, in the order of the dataset."""
        rows = self._dataset.comments.of(video)
        times = self._dataset.comments.time_ms[rows]
        start, stop = np.searchsorted(times, (second * 1000, second * 1000 + 1000)).tolist()
        return list(range(rows.start + start, rows.start + stop))

    def _context(self, row: _ReleasedMoment) -> list[int] | None:
        """The rows of the surrounding comments; None if one of them is not where it should be."""
        wanted = [_words(part) for part in row.context.split(_BETWEEN)] if row.context else []
        seconds = [row.time + step * sign for step in range(1, _REACH + 1) for sign in (-1, 1)]
        video = self.number[str(row.video)]
        near = [r for second in seconds if second >= 0 for r in self._second(video, second)]
        taken: list[int] = []
        for string in wanted:
            number = self._strings.get(string)
            place = (
                r for r in near if r not in taken and self._dataset.comments.string[r] == number
            )
            matching = next(place, None)
            if matching is None:
                return None
            taken.append(matching)
        return taken

    def problem(self, row: _ReleasedMoment) -> str | None:
        """Why a moment cannot be a sample of this dataset."""
        video = self.number.get(str(row.video))
        if video is None or self._dataset.videos[video].split != self._split:
            return (
                f"the dataset has no such video in {self._split}; import it from the same release"
            )
        strings = {_words(string): label for string, label in row.candidate.items()}
        if len(strings) != CANDIDATES:
            return f"{len(strings)} distinct candidates, needed are {CANDIDATES}"
        missing = sum(string not in self._strings for string in strings)
        if missing:
            return f"{missing} candidates are not in the dataset; import it from the same release"
        correct = {_words(string) for string in row.comment}
        if not correct or not correct <= strings.keys():
            return "its correct comments are not among its candidates"
        if set(strings.values()) - {1, *_TYPES}:
            return "a label is not 1, 2 or 3"
        labels = {string for string, label in strings.items() if label == 1}
        if self._labelled and labels != correct:
            return "its candidates labelled 1 are not its correct comments"
        if self._context(row) is None:
            return f"a context comment is not within {_REACH} s of it in the dataset"
        return None

    def add(self, row: _ReleasedMoment, imported: _Imported) -> None:
        """Add the sample and answer of a moment that has no problem."""
        video = self.number[str(row.video)]
        about, comments = self._dataset.videos[video], self._dataset.comments
        sample_id = f"{about.video_id}@{row.time}"
        correct = {_words(string) for string in row.comment}
        labels = {_words(string): label for string, label in row.candidate.items()}
        order = sorted(labels, key=lambda string: draw(self._seed, sample_id, string))
        numbers = [self._strings[string] for string in order]
        context = self._context(row) or []
        types = [self._type(string, labels[string], correct) for string in order]
        sample = SampleRecord(
            sample_id=sample_id,
            video_id=about.video_id,
            time=row.time,
            frames=frame_seconds(row.time, about.frame_count, self._protocol.frames),
            context=[
                ContextComment(
                    int(comments.time_ms[r]) / 1000,
                    comments.texts[comments.string[r]],
                    comments.strings[comments.string[r]],
                )
                for r in context
            ],
            candidates=[comments.texts[number] for number in numbers],
            candidate_tokens=order,
        )
        answer = AnswerRecord(
            sample_id=sample_id,
            video_id=about.video_id,
            category=about.category,
            n_context=len(context),
            types=types,
            train_counts=self._train[numbers].tolist(),
            lengths=[len(string.split(" ")) for string in order],
        )
        imported.records.append((sample, answer))
        in_context = {int(comments.string[r]) for r in context}
        own = {int(comments.string[r]) for r in self._second(video, row.time)}
        right = {self._strings[string] for string in correct}
        imported.same_second += len((own - right).intersection(numbers))
        imported.in_context += len(right & in_context)

    def _type(self, string: str, label: int, correct: set[str]) -> str:
        if string in correct:
            return "correct"
        return _TYPES[label] if self._labelled else _UNLABELLED

    def left_out(self, taken: set[str], skipped: dict[str, int]) -> dict[str, int]:
        """Seconds with comments that are not samples, by reason."""
        few, others = 0, 0
        for video in self._dataset.split(self._split).indices:
            rows = self._dataset.comments.of(video)
            seconds, counts = np.unique(
                self._dataset.comments.time_ms[rows] // 1000, return_counts=True
            )
            name = self._dataset.videos[video].video_id
            few += int(np.count_nonzero(counts < self._protocol.moments.min_comments))
            enough = seconds[counts >= self._protocol.moments.min_comments]
            others += sum(f"{name}@{second}" not in taken for second in enough)
        return {"too few comments": few, "not in the released file": others, **skipped}


def _flaws(imported: _Imported, labelled: bool) -> list[str]:
    """Known problems of the released candidates, with counts where possible."""
    answers = [answer for _, answer in imported.records]
    samples = len(answers)
    pairs = [
        (candidate_type == "correct", count > 0)
        for answer in answers
        for candidate_type, count in zip(answer.types, answer.train_counts, strict=True)
    ]
    tally = Counter(pairs)
    correct, wrong = (
        tally[True, True] + tally[True, False],
        tally[False, True] + tally[False, False],
    )
    sizes = Counter(answer.types.count("correct") for answer in answers)
    empty = sum(not answer.n_context for answer in answers)
    shown = ", ".join(f"{count} with {size}" for size, count in sorted(sizes.items()))
    labels = (
        "plausible and random candidates share a label: they are of the type plausible-or-random"
        if labelled
        else "every candidate is labelled correct: only the correct ones are told from the others"
    )
    return [
        labels,
        f"{tally[False, True]} of {wrong} wrong candidates occur in training, {tally[True, True]} of "
        f"{correct} correct ones do: whether a string was seen in training tells them apart",
        f"the number of correct candidates differs: of {samples} samples {shown}",
        f"{imported.same_second} wrong candidates are other comments of the same second",
        f"{imported.in_context} of {correct} correct candidates stand in their context word for word",
        f"{empty} of {samples} samples have no surrounding comment",
        "moments were shuffled and random candidates drawn without a recorded seed, and ties at the "
        "last plausible candidate fell by an unstable sort: the set cannot be built again",
        "times are whole seconds, and those outside 1 to the number of frames were moved there",
        "the released code sorts the worst candidate first; here scores are sorted best first, and the "
        "order of the file is replaced by one drawn by hash",
    ]
