"""A training: what is asked for, who does it, and what its checkpoint says of itself."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from typing import Protocol as Interface

import msgspec

from livebench.data.context import ContextRule, FrameRule
from livebench.data.dataset import Dataset
from livebench.errors import LiveBenchError
from livebench.files import locked, unwritable
from livebench.scoring.computation import versions_used
from livebench.scoring.scorer import Trained
from livebench.submissions.entry import load_entry
from livebench.submissions.load import Submission

if TYPE_CHECKING:  # a scorer's process has no livebench.candidates
    from livebench.candidates.protocol import Protocol


class Bar(Interface):
    """Shows how far the work is."""

    def __call__(self, done: int, remark: str = "") -> object:
        """Tell how much was done since the last time, and a few words on how it goes."""


@contextlib.contextmanager
def no_bar(total: int, label: str) -> Iterator[Bar]:
    yield lambda done, remark="": None


@dataclass(frozen=True)
class TrainingJob:
    """What is asked of a trainer.

    Attributes:
        entry: "module:Class" of the scorer that will load the checkpoint.
        dataset: it learns from the split `train` and chooses by `dev`; `test` it does not see.
        protocol: whose rules say what surrounds a comment (`livebench.training.examples`).
        out: folder of the checkpoint; an interrupted training run resumes there.
        config: name or file of the trainer's own settings.
        seed: of everything random.
        device: as torch names it.
        bar: makes a progress bar of a total and a label.
        say: for remarks about the work.
    """

    entry: str
    dataset: Dataset
    protocol: Protocol
    out: Path
    config: str = "small"
    seed: int = 0
    device: str = "cpu"
    bar: Callable[[int, str], contextlib.AbstractContextManager[Bar]] = no_bar
    say: Callable[[str], object] = lambda text: None


class TrainingManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What made a checkpoint.

    Attributes:
        dataset, fingerprint, frames_sha256, encoder: of the dataset.
        protocol: its name; `context` and `frames` are its rules for what surrounds a comment.
        config: all settings of the trainer, by value.
        processes: how many trained together.
    """

    entry: str
    dataset: str
    fingerprint: str
    frames_sha256: str
    encoder: str
    protocol: str
    context: ContextRule
    frames: FrameRule
    config: dict[str, Any]
    seed: int
    device: str
    processes: int
    versions: dict[str, str]

    @property
    def trained(self) -> Trained:
        return Trained(self.context, self.frames, self.encoder)


def training_manifest(
    job: TrainingJob, config: dict[str, Any], processes: int = 1
) -> TrainingManifest:
    """What the checkpoint of a job will say of itself, known before the work begins."""
    info = job.dataset.info
    return TrainingManifest(
        entry=job.entry,
        dataset=info.name,
        fingerprint=info.fingerprint,
        frames_sha256=info.frames_sha256,
        encoder=info.encoder,
        protocol=f"{job.protocol.name} (version {job.protocol.version})",
        context=job.protocol.context,
        frames=job.protocol.frames,
        config=config,
        seed=job.seed,
        device=job.device.split(":")[0],
        processes=processes,
        versions=versions_used("numpy", torch=True),
    )


def train_submission(submission: Submission, **asked: Any) -> Path:
    """Train a submission: its class does it, by the class method `train(job)`.

    Args:
        asked: the fields of the job, except `entry`.

    Returns:
        The file of the checkpoint, to be named in submission.toml.

    Raises:
        LiveBenchError: the class does not train, or cannot with what it is given, or another training
            writes into the same folder.
    """
    entry = submission.card.entry
    trainer = getattr(load_entry(submission), "train", None)
    if not callable(trainer):
        raise LiveBenchError(
            submission.path, f"{entry} does not train", "add a class method train(job)"
        )
    job = TrainingJob(entry=entry, **asked)
    with _alone_in(job.out):
        checkpoint: Path = trainer(job)
    return checkpoint


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Let no other training write into a folder; the processes that torchrun starts are one training.

    Raises:
        LiveBenchError: another one does, or the folder cannot be made.
    """
    if os.environ.get("RANK", "0") != "0":
        yield
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise unwritable(folder, error) from None
    try:
        if not locked(handle):
            what = "is being written by another `livebench train`"
            raise LiveBenchError(folder, what, "wait until that has ended, or choose another --out")
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                folder.rmdir()  # if nothing came of it
    finally:
        os.close(handle)


def run_table(
    submission: Submission,
    job_name: str,
    seed: int,
    dataset: str,
    file: Path,
    fingerprint: str = "",
) -> str:
    """The table of a run for submission.toml, naming a checkpoint by its hash.

    Args:
        fingerprint: of the dataset; empty to leave it out.
    """
    folder, path = submission.path.resolve(), file.resolve()
    shown = path.relative_to(folder) if path.is_relative_to(folder) else path
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    table = {
        "name": job_name,
        "dataset": dataset,
        **({"fingerprint": fingerprint} if fingerprint else {}),
        "seed": seed,
        "checkpoint": shown.as_posix(),
        "checkpoint_sha256": digest,
    }
    return f"[[runs]]\n{msgspec.toml.encode(table).decode()}"
