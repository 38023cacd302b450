"""Runs a scorer on a candidate set: samples in, a file of scores out, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from livebench.candidates.freeze import CandidateSet
from livebench.data.dataset import Dataset
from livebench.errors import LiveBenchError
from livebench.files import new_gzip
from livebench.records import CANDIDATES, SampleRecord, Setting
from livebench.scoring.scorer import Comment, LogLikelihood, Sample, Score, Scorer, VideoContext
from livebench.submissions.entry import load_entry
from livebench.submissions.load import Run, Submission

BATCH = 64
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


def needs_dataset(scorer: Scorer, setting: Setting) -> bool:
    """Whether a scorer can be run only with the dataset at hand: to be fitted, or to see the video."""
    return setting != "comments" or type(scorer).fit is not Scorer.fit


def fit(scorer: Scorer, dataset: Dataset) -> None:
    """Fit a scorer on the training split, if it wants to be fitted.

    Raises:
        LiveBenchError: it raised; its exception is the cause.
    """
    if type(scorer).fit is Scorer.fit:
        return
    try:
        scorer.fit(dataset.split("train"))
    except LiveBenchError:
        raise
    except (Exception, SystemExit) as error:
        raise LiveBenchError(
            f"fitting {type(scorer).__name__} on {dataset.path} raised {type(error).__name__}: {error}"
        ) from error


def check_trained(scorer: Scorer, candidate_set: CandidateSet, setting: Setting) -> str:
    """What should be known of scores of this set by a scorer with a checkpoint; empty if nothing.

    Raises:
        LiveBenchError: its frame vectors are of another encoder than those that it was trained on.
    """
    trained, manifest = scorer.trained, candidate_set.manifest
    if trained is None:
        return ""
    if setting != "comments" and trained.encoder != manifest.dataset.encoder:
        raise LiveBenchError(
            f"{candidate_set.path}: its frame vectors are of the encoder "
            f"{manifest.dataset.encoder!r}, and the checkpoint was trained on such of "
            f"{trained.encoder!r}; train on the dataset of this set"
        )
    rules = {"context": manifest.protocol.context, "frames": manifest.protocol.frames}
    other = [name for name, rule in rules.items() if getattr(trained, name) != rule]
    if other:
        return (
            f"it was trained under other rules for {' and '.join(other)} than those of this set; "
            f"train with --protocol {manifest.protocol.name} for a fair number"
        )
    return ""


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


def write_scores(
    path: Path,
    scorer: Scorer,
    samples: Iterator[tuple[str, Sample]],
    *,
    batch: int = BATCH,
    progress: Callable[[int], object] = lambda done: None,
) -> str:
    """Score all samples and write them to `path`; return the sha256 of its content.

    Args:
        progress: told how many samples were scored since the last time.

    Raises:
        LiveBenchError: the scorer raised, or gave other than one finite number for each candidate;
            the sample is named, and nothing is written.
    """
    with new_gzip(path) as file:
        while part := list(islice(samples, batch)):
            for (sample_id, _), scores in zip(part, _score(scorer, part), strict=True):
                file.write(_line(sample_id, scores))
            progress(len(part))
    return file.sha256.hexdigest()


def _score(scorer: Scorer, part: list[tuple[str, Sample]]) -> Sequence[Sequence[Score]]:
    try:
        found = [list(row) for row in scorer.score_samples([sample for _, sample in part])]
    except LiveBenchError:
        raise
    except (Exception, SystemExit) as error:
        where = part[0][0] if len(part) == 1 else f"{part[0][0]} to {part[-1][0]}"
        raise LiveBenchError(
            f"the scorer raised {type(error).__name__} on sample {where}: {error}"
        ) from error
    if len(found) != len(part):
        raise LiveBenchError(
            f"the scorer gave scores for {len(found)} samples instead of {len(part)}, from sample "
            f"{part[0][0]} on"
        )
    return found


def _line(sample_id: str, scores: Sequence[Score]) -> bytes:
    """A line of a file of scores: float32, 6 significant digits."""
    if len(scores) != CANDIDATES:
        raise LiveBenchError(
            f"sample {sample_id}: the scorer gave {len(scores)} scores for {CANDIDATES} candidates"
        )
    totals = [score.total if isinstance(score, LogLikelihood) else score for score in scores]
    try:
        with np.errstate(over="ignore"):
            values = np.array([float(total) for total in totals]).astype(np.float32)
    except (TypeError, ValueError) as error:
        raise LiveBenchError(f"sample {sample_id}: a score is not a number: {error}") from None
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise LiveBenchError(
            f"sample {sample_id}, candidate {wrong[0]}: the score {totals[wrong[0]]} is not a finite "
            "float32; every score must be"
        )
    line = f'{{"sample_id":{_quoted(sample_id)},"scores":[{_numbers(values)}]'
    lengths = [score.tokens for score in scores if isinstance(score, LogLikelihood)]
    if lengths:
        line += f',"token_counts":[{_token_counts(sample_id, lengths)}]'
    return f"{line}}}\n".encode()


def _token_counts(sample_id: str, lengths: list[int]) -> str:
    counts = [int(n) for n in lengths if isinstance(n, (int, np.integer)) and n >= 0]
    if len(counts) != CANDIDATES:
        raise LiveBenchError(
            f"sample {sample_id}: {len(counts)} of {CANDIDATES} scores say how many tokens they have; "
            "either all do, with a whole number of at least 0, or none"
        )
    return ",".join(map(str, counts))


def _quoted(text: str) -> str:
    import msgspec

    return msgspec.json.encode(text).decode()


def _numbers(values: np.ndarray) -> str:
    # Adding 0.0 turns -0.0 into 0.0: they are the same score, and so are their bytes.
    return ",".join(f"{value:.6g}" for value in (values + np.float32(0)).tolist())
