"""Has a scorer generate comments: samples in, a file of comments out, written atomically."""

from __future__ import annotations

import contextlib
import datetime
import inspect
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from livebench.candidates.candidate_set import CandidateSet
from livebench.data.tokens import remove_space
from livebench.draws import draw
from livebench.errors import LiveBenchError
from livebench.files import new_gzip
from livebench.records import GeneratedRecord, Setting, parse_json, write_json
from livebench.scoring.computation import versions_used
from livebench.scoring.preparation import Task
from livebench.scoring.runner import computation_of, read_samples
from livebench.scoring.scorer import DEFAULT_DECODING, Decoding, Sample, Scorer
from livebench.submissions.entry import load_entry
from livebench.submissions.load import Run, Submission


class GenerationManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What made a file of comments; SETTING.json beside it.

    Attributes:
        decoding: as requested; None if the scorer does not take it.
        texts_sha256: of the file of comments, before compression.
    """

    submission: str
    run: str
    entry: str
    arguments: dict[str, Any]
    checkpoint_sha256: str
    candidate_set: str
    set_hash: str
    setting: Setting
    decoding: dict[str, Any] | None
    texts_sha256: str
    samples: int
    versions: dict[str, str]
    date: datetime.date
    wall_seconds: float


def check_generator(submission: Submission, decoding: Decoding) -> None:
    """Check before the work begins that a submission can generate comments as requested.

    Raises:
        LiveBenchError: it has no scorer to run, or one that cannot generate, or one that takes no
            `decoding` and is asked for something other than the defaults.
    """
    scorer_class = load_entry(submission)
    entry = submission.card.entry
    if not callable(getattr(scorer_class, "generate", None)):
        raise LiveBenchError(
            submission.path,
            f"{entry} does not write comments",
            "add a method generate(video_ctx, comments)",
        )
    wishes = [
        f"{name} {value}"
        for name, value in decoding._asdict().items()
        if value != getattr(DEFAULT_DECODING, name)
    ]
    if wishes and not _takes_decoding(scorer_class):
        raise LiveBenchError(
            submission.path,
            f"the method generate of {entry} takes no argument `decoding`, so it cannot be asked for "
            + ", ".join(wishes),
            "leave such options out, or add the argument",
        )


def _takes_decoding(scorer: Any) -> bool:
    """Whether the method `generate` of a scorer, or of its class, takes `decoding`."""
    try:
        parameters = inspect.signature(scorer.generate).parameters.values()
    except (TypeError, ValueError):  # not written in Python
        return False
    return any(
        parameter.name == "decoding" or parameter.kind is parameter.VAR_KEYWORD
        for parameter in parameters
    )


def check_overwriting(
    submission: Submission,
    run: Run,
    candidate_set: CandidateSet,
    setting: Setting,
    decoding: Decoding,
) -> None:
    """Raise LiveBenchError if comments are there that were made in another way: people may have rated
    them, and nothing would bring them back. Made in the same way, they come out the same."""
    path = submission.generated_path(candidate_set.name, run, setting)
    if not path.exists():
        return
    made = "it is not known how"
    with contextlib.suppress(LiveBenchError):
        before = parse_json(path.with_name(f"{setting}.json"), GenerationManifest)
        same = (
            before.decoding in (None, decoding._asdict())
            and before.set_hash == candidate_set.manifest.hash
            and before.checkpoint_sha256 == run.checkpoint_sha256
            and before.arguments == run.arguments
            and before.entry == submission.card.entry
        )
        if same:
            return
        made = f"on {before.date}, of set {before.set_hash[:8]}, {_how(before.decoding)}"
    what = f"holds comments that were generated in another way ({made})"
    raise LiveBenchError(path, what, "give --overwrite to replace them, or move them away")


def _how(decoding: dict[str, Any] | None) -> str:
    return " ".join(f"{name}={value}" for name, value in (decoding or {}).items()) or "as it does"


def generate_comments(
    submission: Submission,
    task: Task,
    decoding: Decoding = DEFAULT_DECODING,
    *,
    progress: Callable[[int], object] = lambda done: None,
) -> tuple[Path, GenerationManifest]:
    """Write a comment for each sample of a set, into the folder of the submission.

    Args:
        task: run, set and setting, with a fitted scorer.
        progress: called with the number of comments written since the last call.

    Returns:
        The file of comments, and the manifest next to it.

    Raises:
        LiveBenchError: the scorer raised, or did not return a text; the sample is named, and nothing is
            written.
    """
    started = time.perf_counter()
    run, candidate_set, setting, scorer = task.run, task.candidate_set, task.setting, task.scorer
    if scorer is None:
        raise ValueError("the task has no scorer")
    path = submission.generated_path(candidate_set.name, run, setting)
    samples = read_samples(candidate_set, task.dataset, setting)
    digest, count = write_texts(path, scorer, samples, decoding, progress=progress)
    manifest = GenerationManifest(
        submission=submission.name,
        run=run.name,
        entry=submission.card.entry,
        arguments=run.arguments,
        checkpoint_sha256=run.checkpoint_sha256,
        candidate_set=candidate_set.name,
        set_hash=candidate_set.manifest.hash,
        setting=setting,
        decoding=decoding._asdict() if _takes_decoding(scorer) else None,
        texts_sha256=digest,
        samples=count,
        versions=versions_used("numpy", torch=computation_of(scorer).torch),
        date=datetime.datetime.now(datetime.UTC).date(),
        wall_seconds=round(time.perf_counter() - started, 3),
    )
    write_json(path.with_name(f"{setting}.json"), manifest)
    return path, manifest


def write_texts(
    path: Path,
    scorer: Scorer,
    samples: Iterator[tuple[str, Sample]],
    decoding: Decoding = DEFAULT_DECODING,
    *,
    progress: Callable[[int], object] = lambda done: None,
) -> tuple[str, int]:
    """Write a comment for each sample to `path`; return the sha256 of its content and their number.

    The comment of a sample depends on the sample and `decoding` alone, not on other samples or their
    order. Raises like `generate`.
    """
    takes = _takes_decoding(scorer)
    count = 0
    with new_gzip(path) as file:
        for sample_id, sample in samples:
            own = decoding._replace(seed=sample_seed(decoding.seed, sample_id))
            text = _text(scorer, sample_id, sample, {"decoding": own} if takes else {})
            file.write(msgspec.json.encode(GeneratedRecord(sample_id, text)) + b"\n")
            count += 1
            progress(1)
    return file.sha256.hexdigest(), count


def sample_seed(seed: int, sample_id: str) -> int:
    """The seed of a sample: uniform in [0, 2**32), a range that every random generator accepts."""
    return draw(seed, sample_id, "generate") % 2**32


def _text(scorer: Any, sample_id: str, sample: Sample, options: dict[str, Decoding]) -> str:
    where = f"sample {sample_id}"
    try:
        text = scorer.generate(sample.video_ctx, sample.comments, **options)
    except LiveBenchError as error:
        raise error.of(where) from error.__cause__
    except (Exception, SystemExit) as error:
        raise LiveBenchError(where, f"the scorer raised {type(error).__name__}: {error}") from error
    if not isinstance(text, str):
        raise LiveBenchError(
            where, f"the scorer wrote a {type(text).__name__}", "generate must give a str"
        )
    if not remove_space(text):
        raise LiveBenchError(
            where, "the scorer wrote nothing", "a comment has at least one character"
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise LiveBenchError(
            where,
            "the scorer wrote half a character (a lone surrogate), which is not text",
            "generate must give whole characters",
        ) from None
    return text
