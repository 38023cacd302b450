"""Runs a scorer on a candidate set: samples in, a journal of scores out."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from livebench.errors import LiveBenchError
from livebench.records import SampleRecord, Setting
from livebench.scoring.computation import Computation, computation_here
from livebench.scoring.numbers import Numbers, WrongAnswer, numbers_of, score_line
from livebench.scoring.scorer import Comment, Sample, Scorer, VideoContext
from livebench.submissions.entry import load_entry
from livebench.submissions.load import Run, Submission

if TYPE_CHECKING:  # they are heavy, and the process that runs a submission does without
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.data.dataset import Dataset
    from livebench.scoring.journal import Journal

BATCH = 32
"""Samples given to a scorer at once; the scores do not depend on it."""


def make_scorer(submission: Submission, run: Run) -> Scorer:
    """Make the scorer of a run: the class of its entry with the arguments of the run.

    Any class with a method `score` will do; what else a `Scorer` has, it then gets from there.

    Raises:
        LiveBenchError: the class cannot be loaded, or raises; its exception is the cause.
    """
    kind = load_entry(submission)
    if not issubclass(kind, Scorer):
        kind = type(kind.__name__, (kind, Scorer), {"__module__": kind.__module__})
    arguments = dict(run.arguments)
    checkpoint = submission.checkpoint(run)
    if checkpoint is not None:
        arguments["checkpoint"] = checkpoint
    try:
        return kind(**arguments)
    except LiveBenchError:
        raise
    except (Exception, SystemExit) as error:
        raise LiveBenchError(
            f"{submission.path}: run {run.name}: making {submission.card.entry} raised "
            f"{type(error).__name__}: {error}"
        ) from error


def read_samples(
    candidate_set: CandidateSet, dataset: Dataset | None, setting: Setting
) -> Iterator[tuple[str, Sample]]:
    """Yield the id of each sample, and what a scorer sees of it in this setting.

    Raises:
        LiveBenchError: a video of the set is not in the dataset.
    """
    videos = {}
    if setting != "comments":
        if dataset.frames_sha256 != candidate_set.manifest.dataset.frames_sha256:
            raise LiveBenchError(
                f"{dataset.path}: its frame vectors are not those that {candidate_set.path} was built "
                "with; build the set again, or use those"
            )
        videos = {video.video_id: video for video in dataset.videos}
    for record in candidate_set.samples():
        if setting == "comments":
            context = VideoContext(record.time, np.empty((0, 0), np.float32), _seconds([]), "", "")
        else:
            video = videos.get(record.video_id)
            if video is None:
                raise LiveBenchError(
                    f"{dataset.path}: has no video {record.video_id}, which is in {candidate_set.path}"
                )
            context = VideoContext(
                time=record.time,
                frames=dataset.frames(video, record.frames),
                frame_times=_seconds(record.frames) - record.time,
                title=video.title,
                category=video.category,
            )
        yield record.sample_id, Sample(context, *_comments(record, setting))


def _seconds(values: Sequence[int]) -> np.ndarray:
    return np.asarray(values, np.int64)


def _comments(record: SampleRecord, setting: Setting) -> tuple[list[Comment], list[Comment]]:
    """The surrounding comments that the setting shows, and the candidates."""
    around = [
        Comment(comment.text, comment.tokens, round(comment.time - record.time, 3))
        for comment in record.context
        if setting != "video"
    ]
    candidates = zip(record.candidates, record.candidate_tokens, strict=True)
    return around, [Comment(text, tokens) for text, tokens in candidates]


Samples = list[tuple[str, Sample]]
"""A block: the id of each sample, which no scorer sees, and the sample."""


class Streaming(Scorer):
    """A scorer elsewhere that can be given a block while it works on the one before."""

    @abstractmethod
    def score_blocks(self, blocks: Iterable[Samples]) -> Iterator[tuple[Samples, list[Numbers]]]:
        """Yield each block with the numbers of its samples, in order; raises LiveBenchError."""

    @abstractmethod
    def computation(self) -> Computation:
        """What it computed with there."""


def computation_of(scorer: Scorer) -> Computation:
    """What a scorer computed with, in this process or elsewhere."""
    return scorer.computation() if isinstance(scorer, Streaming) else computation_here(scorer)


def write_scores(
    journal: Journal,
    scorer: Scorer,
    samples: Iterator[tuple[str, Sample]],
    *,
    batch: int = BATCH,
    progress: Callable[[int], object] = lambda done: None,
) -> str:
    """Score the samples that the journal has not yet, and make the file of scores of it.

    Args:
        journal: open; each block of `batch` samples is on disk before the next one is written.
        progress: told how many samples were scored since the last time.

    Returns:
        The sha256 of the content of the file of scores.

    Raises:
        LiveBenchError: the scorer raised, or gave other than one finite number for each candidate; the
            sample is named. There is no file of scores then; the journal keeps the blocks before.
    """
    if journal.samples:
        _skip(journal, samples)
        progress(journal.samples)
    blocks = iter(lambda: list(islice(samples, batch)), [])
    started = time.perf_counter()
    for block, found in score_blocks(scorer, blocks):
        lines = [score_line(name, one) for (name, _), one in zip(block, found, strict=True)]
        now = time.perf_counter()
        journal.append(lines, now - started)
        started = now
        progress(len(block))
    return journal.finish()


def _skip(journal: Journal, samples: Iterator[tuple[str, Sample]]) -> None:
    """Pass over the samples that have scores."""
    for done in journal.ids():
        name, _ = next(samples, ("", None))
        if name != done:
            raise LiveBenchError(
                f"{journal.path}: holds scores of {done} where the set has {name or 'no sample'}; give "
                "--restart to begin anew"
            )


def score_blocks(
    scorer: Scorer, blocks: Iterable[Samples]
) -> Iterator[tuple[Samples, list[Numbers]]]:
    """Yield each block with the numbers of its samples.

    Raises:
        LiveBenchError: the scorer raised, or gave other than one finite number for each candidate.
    """
    if isinstance(scorer, Streaming):
        yield from scorer.score_blocks(blocks)
        return
    for block in blocks:
        with naming(block):
            found = score_block(scorer, [sample for _, sample in block])
        yield block, found


def score_block(scorer: Scorer, samples: Sequence[Sample]) -> list[Numbers]:
    """The numbers of some samples; raises whatever the scorer does, and WrongAnswer."""
    found = [list(row) for row in scorer.score_samples(samples)]
    if len(found) != len(samples):
        text = f"the scorer gave scores for {len(found)} samples instead of {len(samples)}, from"
        raise WrongAnswer(-1, text)
    return [
        numbers_of(row, len(sample.candidates), place)
        for place, (row, sample) in enumerate(zip(found, samples, strict=True))
    ]


@contextmanager
def naming(block: Samples) -> Iterator[None]:
    """Say of which sample, or of which samples, what goes wrong in here is."""
    try:
        yield
    except LiveBenchError:
        raise
    except WrongAnswer as error:
        if error.place < 0:
            raise LiveBenchError(f"{error.text} sample {block[0][0]} on") from None
        raise LiveBenchError(f"sample {block[error.place][0]}{error.text}") from None
    except (Exception, SystemExit) as error:
        raise LiveBenchError(raised(block, type(error).__name__, str(error))) from error


def raised(block: Samples, kind: str, text: str) -> str:
    """What is said of a scorer that raised on a block."""
    where = block[0][0] if len(block) == 1 else f"{block[0][0]} to {block[-1][0]}"
    return f"the scorer raised {kind} on sample {where}: {text}"
