"""Runs a scorer on a candidate set: samples in, a journal of scores out."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

import msgspec
import numpy as np

from livebench.data.images import NO_IMAGES
from livebench.errors import LiveBenchError
from livebench.records import SampleRecord, Setting, shows_comments, shows_video
from livebench.scoring.computation import Computation, computation_here
from livebench.scoring.numbers import Numbers, WrongAnswer, numbers_of, score_line
from livebench.scoring.scorer import Comment, Sample, Scorer, VideoContext
from livebench.submissions.entry import load_entry
from livebench.submissions.load import Run, Submission

if TYPE_CHECKING:  # heavy, and not needed in the process that runs a submission
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.data.dataset import Dataset, Video
    from livebench.scoring.journal import Journal

_Answer = TypeVar("_Answer")
_Told_co = TypeVar("_Told_co", covariant=True)

MemoryKind = Literal["", "fresh copy per block", "one process per setting", "one process", "server"]
"""What a scorer could know of earlier samples: nothing, since a fresh copy of the fitted one scored each
block; those of the same setting; those of other settings, too; whatever a server keeps. Empty if it was
not run."""

_BEFORE_LANGUAGES = "zh"
"""The language of all sets frozen before LiveBench knew languages."""

BATCH = 32
"""Samples given to a scorer at once; the scores do not depend on it."""


def make_scorer(submission: Submission, run: Run) -> Scorer:
    """Make the scorer of a run: the class of its entry with the arguments of the run.

    Any class with a method `score` will do; it inherits the rest from `Scorer`.

    Raises:
        LiveBenchError: the class cannot be loaded, or raises (its exception is the cause).
    """
    scorer_class = load_entry(submission)
    if not issubclass(scorer_class, Scorer):
        bases, module = (scorer_class, Scorer), scorer_class.__module__
        scorer_class = type(scorer_class.__name__, bases, {"__module__": module})
    arguments = dict(run.arguments)
    checkpoint = submission.checkpoint(run)
    if checkpoint is not None:
        arguments["checkpoint"] = checkpoint
    try:
        scorer: Scorer = scorer_class(**arguments)
        return scorer
    except LiveBenchError:
        raise
    except (Exception, SystemExit) as error:
        what = f"making {submission.card.entry} raised {type(error).__name__}: {error}"
        raise LiveBenchError(submission.path, what, place=f"run {run.name}") from error


def read_samples(
    candidate_set: CandidateSet,
    dataset: Dataset | None,
    setting: Setting,
    order: Sequence[str] | None = None,
) -> Iterator[tuple[str, Sample]]:
    """Yield the id of each sample, and what a scorer sees of it in this setting.

    Args:
        dataset: of the set; not needed in a setting that does not show the video.
        order: the ids of the samples to yield, in this order; by default all, in the order of the set.

    Raises:
        LiveBenchError: a video of the set is not in the dataset, or the frame vectors differ.
    """
    show = what_is_shown(candidate_set, dataset, setting)
    records: Iterable[SampleRecord] = candidate_set.samples()
    if order is not None:
        wanted = set(order)
        kept = {one.sample_id: one for one in records if one.sample_id in wanted}
        records = (kept[name] for name in order)
    for record in records:
        yield record.sample_id, show(record)


def what_is_shown(
    candidate_set: CandidateSet, dataset: Dataset | None, setting: Setting
) -> Callable[[SampleRecord], Sample]:
    """Gives what a scorer sees of a sample of the set in this setting; raises as `read_samples`."""
    video = (
        _hidden_video
        if dataset is None or not shows_video(setting)
        else _Videos(dataset, candidate_set)
    )
    language = candidate_set.manifest.dataset.language
    known = _BEFORE_LANGUAGES if language is msgspec.UNSET else language

    def show(record: SampleRecord) -> Sample:
        video_ctx = video(record)._replace(language=known)
        if setting == "blind":  # nothing may tell one moment from another
            video_ctx = video_ctx._replace(time=0)
        return Sample(video_ctx, *_comments(record, setting))

    return show


def _hidden_video(record: SampleRecord) -> VideoContext:
    return VideoContext(record.time, np.empty((0, 0), np.float32), _seconds([]), "", "")


class _Videos:
    """What a dataset shows of the videos of a set."""

    def __init__(self, dataset: Dataset, candidate_set: CandidateSet) -> None:
        if dataset.frames_sha256 != candidate_set.manifest.dataset.frames_sha256:
            raise LiveBenchError(
                dataset.path,
                f"its frame vectors are not those that {candidate_set.path} was built with",
                "build the set again, or use those",
            )
        pictures = candidate_set.manifest.dataset.images_sha256
        # A set that was built without pictures shows none, whatever has been kept since.
        self._shows_images = pictures is not msgspec.UNSET
        if self._shows_images and dataset.images_sha256 != pictures:
            raise LiveBenchError(
                dataset.path,
                f"its pictures are not those that {candidate_set.path} was built with",
                "build the set again, or use those",
            )
        self._dataset, self._set_path = dataset, candidate_set.path
        self._videos = {video.video_id: video for video in dataset.videos}

    def __call__(self, record: SampleRecord) -> VideoContext:
        video = self._videos.get(record.video_id)
        if video is None:
            what = f"the video {record.video_id} of {self._set_path} is missing"
            raise LiveBenchError(self._dataset.path, what)
        return VideoContext(
            time=record.time,
            frames=self._vectors(video, record.frames),
            frame_times=_seconds(record.frames) - record.time,
            title=video.title,
            category=video.category,
            images=self._dataset.images(video, record.frames) if self._shows_images else NO_IMAGES,
        )

    def _vectors(self, video: Video, seconds: Sequence[int]) -> np.ndarray:
        if not self._dataset.has_frames:  # pictures alone
            return np.empty((len(seconds), 0), np.float32)
        return self._dataset.frames(video, seconds)


def _seconds(values: Sequence[int]) -> np.ndarray:
    return np.asarray(values, np.int64)


def _comments(record: SampleRecord, setting: Setting) -> tuple[list[Comment], list[Comment]]:
    """The surrounding comments that the setting shows, and the candidates."""
    around = [
        Comment(comment.text, comment.tokens, round(comment.time - record.time, 3))
        for comment in record.context
        if shows_comments(setting)
    ]
    candidates = zip(record.candidates, record.candidate_tokens, strict=True)
    return around, [Comment(text, tokens) for text, tokens in candidates]


Samples = list[tuple[str, Sample]]
"""A block: the id of each sample, which no scorer sees, and the sample."""


class Asking(Protocol[_Told_co]):
    """Asks a scorer about samples, given with their ids."""

    def __call__(self, scorer: Scorer, samples: Iterator[tuple[str, Sample]]) -> _Told_co: ...


class Streaming(Scorer):
    """A scorer in another process that can be sent a block while it scores the previous one."""

    @abstractmethod
    def score_blocks(self, blocks: Iterable[Samples]) -> Iterator[tuple[Samples, list[Numbers]]]:
        """Yield each block with the numbers of its samples, in order; raises LiveBenchError."""

    @abstractmethod
    def computation(self) -> Computation:
        """What the scorer computed with in its process."""

    @property
    @abstractmethod
    def memory(self) -> MemoryKind:
        """What it could know of earlier samples when it scored."""

    @property
    def may_serve_again(self) -> bool:
        """Whether it may score other settings and sets as if it were new: it was shown no sample, or is
        known to remember none."""
        return False

    @property
    def leaves_room(self) -> bool:
        """Whether there is memory enough for another such process beside it."""
        return False

    @contextmanager
    def one_copy(self) -> Iterator[Scorer]:
        """A fresh copy that scores all blocks it is given, one after another, and ends with the block;
        the scorer itself where it cannot be copied."""
        yield self

    @abstractmethod
    def close(self) -> None:
        """End its process."""


Named = tuple[Sequence[str], list[Numbers]]
"""The ids of the samples of a block, and their numbers."""


class Elsewhere(Scorer):
    """A scorer on other machines, which read the samples there: it is told their ids alone."""

    @abstractmethod
    def score_named(
        self,
        dealt: Sequence[Sequence[str]],
        candidate_set: CandidateSet,
        dataset: Dataset | None,
        setting: Setting,
    ) -> Iterator[Named]:
        """Yield each block with the numbers of its samples, in any order; raises LiveBenchError."""

    @abstractmethod
    def score_given(
        self, blocks: Iterable[Samples], candidate_set: CandidateSet
    ) -> Iterator[Named]:
        """Yield the names of each block with its numbers, in any order; the samples are sent: those of
        `blind`, which are small. Raises LiveBenchError."""

    @abstractmethod
    def ask_afresh(
        self,
        names: Sequence[str],
        ask: Asking[_Answer],
        candidate_set: CandidateSet,
        dataset: Dataset | None,
        setting: Setting,
    ) -> _Answer:
        """What `ask` makes there of these samples with another scorer of the run, that has seen none."""

    @property
    @abstractmethod
    def memory(self) -> MemoryKind:
        """What it could know of earlier samples when it scored."""


def computation_of(scorer: Scorer) -> Computation:
    """What a scorer computed with, in this process or elsewhere."""
    return scorer.computation() if isinstance(scorer, Streaming) else computation_here(scorer)


def memory_of(scorer: Scorer) -> MemoryKind:
    """What a scorer could know of earlier samples."""
    return scorer.memory if isinstance(scorer, (Streaming, Elsewhere)) else "one process"


def keep_scores(
    journal: Journal,
    scored: Iterable[Named],
    *,
    line: Callable[[str, Numbers], bytes] = score_line,
    progress: Callable[[int], object] = lambda done: None,
    look: Callable[[Sequence[Numbers]], object] = lambda numbers: None,
) -> None:
    """Keep the scores that the journal lacks, as they are made.

    Args:
        journal: open; each block is on disk before the next one is written.
        scored: the blocks that the journal lacks, in any order.
        line: how the journal keeps the numbers of a sample.
        progress: called with the number of samples scored since the last call.
        look: called with the numbers of the first block that is scored.

    Raises:
        LiveBenchError: the scorer raised, or did not give one finite number per candidate; the sample
            is named. The journal keeps the earlier blocks.
    """
    if journal.samples:
        progress(journal.samples)
    started = time.perf_counter()
    for place, (names, block) in enumerate(scored):
        if not place:
            look(block)
        lines = [line(name, numbers) for name, numbers in zip(names, block, strict=True)]
        now = time.perf_counter()
        journal.append(lines, now - started)
        started = now
        progress(len(names))


def score_blocks(
    scorer: Scorer, blocks: Iterable[Samples]
) -> Iterator[tuple[Samples, list[Numbers]]]:
    """Yield each block with the numbers of its samples.

    Raises:
        LiveBenchError: the scorer raised, or did not give one finite number per candidate.
    """
    if isinstance(scorer, Streaming):
        yield from scorer.score_blocks(blocks)
        return
    for block in blocks:
        with naming(block):
            numbers = score_block(scorer, [sample for _, sample in block])
        yield block, numbers


def score_block(scorer: Scorer, samples: Sequence[Sample]) -> list[Numbers]:
    """The numbers of some samples; raises WrongAnswer, and whatever the scorer raises."""
    scores = [list(row) for row in scorer.score_samples(samples)]
    if len(scores) != len(samples):
        what = f"the scorer gave scores for {len(scores)} samples instead of {len(samples)}"
        raise WrongAnswer(what, "give scores for each")
    return [
        numbers_of(row_scores, len(sample.candidates), row, comments=len(sample.comments))
        for row, (row_scores, sample) in enumerate(zip(scores, samples, strict=True))
    ]


@contextmanager
def naming(block: Samples) -> Iterator[None]:
    """Add to errors raised in the block which samples they are about."""
    try:
        yield
    except LiveBenchError:
        raise
    except WrongAnswer as error:
        raise answer_error(block, error) from None
    except (Exception, SystemExit) as error:
        what = f"the scorer raised {type(error).__name__}: {error}"
        raise LiveBenchError(block_name(block), what) from error


def block_name(block: Samples) -> str:
    """The samples of a block, as named in messages."""
    first, last = block[0][0], block[-1][0]
    return f"sample {first}" if len(block) == 1 else f"samples {first} to {last}"


def answer_error(block: Samples, error: WrongAnswer) -> LiveBenchError:
    """The error of a wrong answer to a block."""
    where = block_name(block if error.row < 0 else [block[error.row]])
    place = "" if error.candidate < 0 else f"candidate {error.candidate}"
    return LiveBenchError(where, error.what, error.fix, place)
