"""What a worker is told of a run, and what it answers; what must be the same there and here."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec

from livebench.candidates.candidate_set import CandidateSet
from livebench.data.dataset import Dataset
from livebench.errors import LiveBenchError
from livebench.isolation.pipes import SubmissionTraceback
from livebench.isolation.remote import Isolation
from livebench.records import Setting
from livebench.scoring.computation import versions_used
from livebench.scoring.fingerprint import installed_files, rows_and_frames, run_fingerprint
from livebench.scoring.numbers import Numbers
from livebench.scoring.runner import MemoryKind
from livebench.scoring.scorer import Trained
from livebench.submissions.load import Run, Submission

_Opened = TypeVar("_Opened")

OTHER_LIVEBENCH = "has another LiveBench than this machine, or none"
SAME_LIVEBENCH = "install the same version, with the same packages, on every worker"


class Place(msgspec.Struct, frozen=True):
    """A folder that a worker has under the same path, and the hash of what must be in it."""

    path: str
    hash: str


class Where(msgspec.Struct, frozen=True):
    """The isolation of a scorer, as in `Isolation`."""

    kind: Literal["process", "sandbox"]
    memory: float
    time_limit: float
    hidden: tuple[str, ...]
    copies: bool
    trusted: bool


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A run, and what to do with it.

    Attributes:
        software: versions of all that scores depend on, and the hash of LiveBench's own code.
        submission: its folder. `fingerprint`: of the run (`run_fingerprint`).
        fitted_on: the dataset that the scorer is fitted on, if it has to be.
        candidate_set, dataset, setting: what is scored, and what shows it; None and "" where nothing is.
    """

    software: dict[str, str]
    submission: str
    run: str
    fingerprint: dict[str, str]
    where: Where
    fitted_on: Place | None = None
    candidate_set: Place | None = None
    dataset: Place | None = None
    setting: Setting | Literal[""] = ""

    @property
    def task(self) -> tuple[Place | None, str]:
        """What it is about, beside the run."""
        return self.candidate_set, self.setting

    def isolation(self, threads: int, prints: Any) -> Isolation:
        """The isolation that the scorer gets, with so many threads."""
        where = self.where
        return Isolation(
            where.kind,
            where.memory,
            where.time_limit,
            tuple(map(Path, where.hidden)),
            copies=where.copies,
            trusted=where.trusted,
            prints=prints,
            threads=threads,
        )


class Failure(NamedTuple):
    """A LiveBenchError on its way, with the traceback of the submission, if there was one."""

    parts: tuple[str, str, str, str]
    shown: str

    @classmethod
    def of(cls, error: LiveBenchError) -> Failure:
        shown = "".join(traceback.format_exception(error.__cause__)) if error.__cause__ else ""
        if isinstance(error.__cause__, SubmissionTraceback):
            shown = str(error.__cause__.args[0])
        return cls((error.where, error.what, error.fix, error.place), shown)

    def error(self) -> LiveBenchError:
        error = LiveBenchError(*self.parts)
        if self.shown:
            error.__cause__ = SubmissionTraceback(self.shown)
        return error


class Described(NamedTuple):
    """What a scorer says of itself, as it is made; `model` as in `Computation`."""

    fits: bool
    trained: Trained | None
    remark: str
    model: dict[str, str]


class Done(NamedTuple):
    """What a worker answers: `content`, or a failure; and the lines that the submission printed.

    `memory`: what the scorer could know of earlier samples. `sha256`: of the numbers, if they are the
    content.
    """

    content: Any
    failure: Failure | None
    printed: list[str]
    memory: MemoryKind = ""
    sha256: str = ""


def checksum(block: Sequence[Numbers]) -> str:
    """The sha256 of the numbers of a block."""
    digest = hashlib.sha256()
    for numbers in block:
        digest.update(numbers.totals.tobytes())
        digest.update(b"" if numbers.tokens is None else numbers.tokens.tobytes())
        digest.update(b"%d" % numbers.dropped)
    return digest.hexdigest()


@cache
def software() -> dict[str, str]:
    """Versions of what scores depend on, and the hash of LiveBench's code."""
    versions = versions_used("jieba", "numpy", "scipy", torch=True)
    return {**versions, "code of livebench": installed_files("livebench")}


def run_order(submission: Submission, run: Run, isolation: Isolation) -> Order:
    """The order of a run, without a task."""
    if isolation.kind == "none":
        raise ValueError("a worker runs no submission in its own process")
    return Order(
        software=software(),
        submission=str(submission.path.resolve()),
        run=run.name,
        fingerprint=run_fingerprint(submission, run),
        where=Where(
            isolation.kind,
            isolation.memory,
            isolation.time_limit,
            tuple(str(path.resolve()) for path in isolation.hidden),
            isolation.copies,
            isolation.trusted,
        ),
    )


def dataset_place(dataset: Dataset) -> Place:
    """The place of a dataset."""
    return Place(str(dataset.path.resolve()), rows_and_frames(dataset.info))


def set_place(candidate_set: CandidateSet) -> Place:
    """The place of a candidate set."""
    return Place(str(candidate_set.path.resolve()), candidate_set.manifest.hash)


def check_software(needed: Mapping[str, str], worker: str) -> None:
    """Raise LiveBenchError unless the worker, which this is, has the versions that are needed."""
    here = software()
    other = [name for name in needed if needed[name] != here.get(name)]
    if other:
        named = ", ".join(
            f"{name} {here.get(name, '(none)')[:12]}, not {needed[name][:12]}" for name in other
        )
        raise LiveBenchError(f"worker {worker}", f"has {named}", SAME_LIVEBENCH)


def opened_run(order: Order, worker: str) -> tuple[Submission, Run]:
    """The submission and the run of an order; raises LiveBenchError unless they are the same here."""
    submission = _same_folder(order.submission, worker, Submission)
    run = next((one for one in submission.card.runs if one.name == order.run), None)
    found = run_fingerprint(submission, run) if run is not None else {}
    other = [name for name, one in order.fingerprint.items() if found.get(name) != one]
    if run is None or other:
        what = f"has another {' and another '.join(other)} in {order.submission} than this machine"
        raise LiveBenchError(f"worker {worker}", what, _SAME)
    return submission, run


def opened_set(place: Place, worker: str) -> CandidateSet:
    """The candidate set of an order; raises LiveBenchError unless it is the same here."""
    found = _same_folder(place.path, worker, CandidateSet)
    if found.manifest.hash != place.hash:
        raise _another("set", place, worker, found.manifest.hash)
    return found


def opened_dataset(place: Place, worker: str) -> Dataset:
    """The dataset of an order; raises LiveBenchError unless it is the same here."""
    found = _same_folder(place.path, worker, Dataset)
    if rows_and_frames(found.info) != place.hash:
        raise _another("dataset", place, worker, rows_and_frames(found.info))
    return found


_SAME = "share the folder, or copy it there under the same path"


def _same_folder(path: str, worker: str, opened: Callable[[Path], _Opened]) -> _Opened:
    try:
        return opened(Path(path))
    except LiveBenchError as error:
        raise LiveBenchError(f"worker {worker}", f"{error.where}: {error.what}", _SAME) from None


def _another(kind: str, place: Place, worker: str, found: str) -> LiveBenchError:
    what = f"has another {kind} in {place.path} (hash {found[:8]}, needed {place.hash[:8]})"
    return LiveBenchError(f"worker {worker}", what, _SAME)


def with_task(
    order: Order, candidate_set: CandidateSet, dataset: Dataset | None, setting: Setting
) -> Order:
    """The order of a run, with what is to be scored."""
    return msgspec.structs.replace(
        order,
        candidate_set=set_place(candidate_set),
        dataset=None if dataset is None else dataset_place(dataset),
        setting=setting,
    )


def sent(order: Order) -> bytes:
    """An order on its way: a worker of another version can at least say that it is one."""
    return msgspec.msgpack.encode(order)
