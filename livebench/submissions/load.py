"""A submission: a folder that says who and what, and holds a scorer to run, or scores, or both."""

from __future__ import annotations

import datetime
import hashlib
import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from livebench.errors import LiveBenchError
from livebench.records import Count, DeclaredSetting, FolderName, Hex, Setting, parse_toml
from livebench.submissions.own_files import own_path
from livebench.submissions.validate import Normalisation

if TYPE_CHECKING:  # a scorer's process has no livebench.candidates
    from livebench.candidates.manifest import FrozenDataset

CARD = "submission.toml"
OUTPUTS = ("scores", "results", "generated")
"""Folders of a submission that LiveBench writes."""

STATE = ".livebench"
"""Folder beside submissions for what is not finished: no submission sees what is scored so far."""


Name = Annotated[str, msgspec.Meta(max_length=200)]
Text = Annotated[str, msgspec.Meta(max_length=1000)]


SERVER_ENTRY = "livebench.language_models.server_scorer:ServerScorer"
"""Of submissions whose model is on a server."""


class Run(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One training of a submission.

    Attributes:
        name: the folder of its scores.
        dataset: the name of the dataset that it was trained on; the run takes part in the candidate
            sets of that dataset alone. Empty if the scorer is fitted on the dataset of each set.
        fingerprint: of the rows of that dataset, whatever it is called; empty: any of that name.
        seed: of the training.
        arguments: given to the class of the scorer by name.
        checkpoint: a file in the folder of the submission, given to the class as `checkpoint`.
        checkpoint_sha256: its hash.
    """

    name: FolderName
    dataset: Name = ""
    fingerprint: Hex = ""
    seed: int = 0
    arguments: dict[str, Any] = {}
    checkpoint: Text = ""
    checkpoint_sha256: Hex = ""

    def is_for(self, dataset: FrozenDataset) -> bool:
        """Whether it takes part in the candidate sets of a dataset: by the fingerprint, where the run
        has one, else by the name."""
        if self.fingerprint:
            return self.fingerprint == dataset.fingerprint
        return self.dataset in ("", dataset.name)

    def trained_on(self, dataset: FrozenDataset) -> str:
        """Why it does not take part in the sets of a dataset, in words."""
        if self.fingerprint and self.dataset in ("", dataset.name):
            return (
                f"it was trained on {self.dataset or 'a dataset'} with fingerprint "
                f"{self.fingerprint[:12]}, and that of the set has {dataset.fingerprint[:12]}"
            )
        return f"it was trained on {self.dataset or self.fingerprint[:12]}"


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """submission.toml.

    Attributes:
        entry: "module:Class" of a scorer; the module is a file in the folder of the submission, or
            one that is installed. Absent if the submission has scores only.
        settings: those it takes part in, besides `blind`.
        parameters: how many its model has, where LiveBench cannot count them; 0 if unknown.
        weights: of its model: `open` if they can be downloaded, `recipe` if they cannot, but code and
            data to train them again are public, else `closed`; `none` if it has none; empty: not said.
        training_data: what its model was trained or fitted on: nothing (`none`), the training split of
            the set's dataset (`dataset`), `other` data, or both (`dataset+other`); empty: not said.
        licence: of its model and code, best by its short name ("Apache-2.0"); empty if not said.
        limits: what it cannot do, and must not be used for.
        score: how its scores are to be read, declared before it sees any number on test; the row with
            this score has the rank.
        listwise: its scores depend on the other candidates of the sample, by design.
        kind: a `probe` uses a shortcut and is kept to show how far it gets; a `baseline` ships with
            LiveBench as reference; an `oracle` reads what made the simulated world; a `model` is what
            anyone submits.
    """

    name: Name
    authors: Annotated[list[Name], msgspec.Meta(max_length=200)]
    date: datetime.date
    description: Text
    settings: Annotated[list[DeclaredSetting], msgspec.Meta(min_length=1)]
    runs: Annotated[list[Run], msgspec.Meta(min_length=1)]
    entry: Text = ""
    url: Text = ""
    listwise: bool = False
    parameters: Count = 0
    weights: Literal["", "open", "recipe", "closed", "none"] = ""
    training_data: Literal["", "none", "dataset", "other", "dataset+other"] = ""
    licence: Name = ""
    limits: Text = ""
    score: Normalisation = "sum"
    kind: Literal["model", "baseline", "probe", "oracle"] = "model"

    def takes_part(self, setting: Setting) -> bool:
        """Whether it takes part in a setting: in `blind` every submission does."""
        return setting == "blind" or setting in self.settings


def is_entry(text: str) -> bool:
    """Whether a text is "module:Class", the names of both being names of Python, and no paths."""
    module, colon, name = text.partition(":")
    parts = [*module.split("."), name]
    return bool(colon) and all(part.isidentifier() for part in parts)


def parse_entry(text: str, where: object) -> tuple[str, str]:
    """Module and class of an entry; raises LiveBenchError with `where` it was written if it is none."""
    if not is_entry(text):
        raise LiveBenchError(where, f'{text!r} is not "module:Class"', place="entry")
    module, _, name = text.partition(":")
    return module, name


class Submission:
    """The folder of a submission, opened.

    Raises:
        LiveBenchError: there is no submission.toml, or a field of it is wrong.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        file = self.path / CARD
        if not os.path.lexists(file):
            raise LiveBenchError(self.path, f"not a submission (no {CARD})")
        self.card = parse_toml(own_path(self.path, CARD), Card)
        names = [run.name for run in self.card.runs]
        if len(set(names)) != len(names):
            raise LiveBenchError(file, "two runs have the same name", "give each its own")
        if self.card.entry:
            parse_entry(self.card.entry, file)

    @property
    def name(self) -> str:
        """The name of the folder: the identity of a submission."""
        return self.path.resolve().name

    @property
    def is_own_oracle(self) -> bool:
        """Whether it is the oracle that ships with LiveBench: its `fit` is given the whole dataset, that
        of anyone else's code is given the training split, whatever its card says."""
        module = self.card.entry.partition(":")[0]
        return self.card.kind == "oracle" and module.startswith("livebench.") and self.is_bundled

    @property
    def is_bundled(self) -> bool:
        """Whether its scorer is one that ships with LiveBench, and no file of the folder."""
        module = self.card.entry.partition(":")[0]
        package = module.partition(".")[0]
        own = (f"{module}.py", f"{package}.py", package)
        ships = module.startswith(("livebench.", "livebench_baselines."))
        return ships and not any(os.path.lexists(self.path / name) for name in own)

    @property
    def is_on_server(self) -> bool:
        """Whether LiveBench's own scorer asks a server: that takes the network, and needs no process
        of its own."""
        module = self.card.entry.partition(":")[0]
        return self.card.entry == SERVER_ENTRY and not os.path.lexists(self.path / f"{module}.py")

    def scores_path(self, set_name: str, run: Run, setting: Setting) -> Path:
        """The file of scores; without a scorer it may be uncompressed, as other programs write it."""
        path = self._own("scores", set_name, run.name, f"{setting}.jsonl.gz")
        if not self.card.entry and not os.path.lexists(path):
            plain = self._own("scores", set_name, run.name, f"{setting}.jsonl")
            return plain if os.path.lexists(plain) else path
        return path

    def result_path(self, set_name: str, run: Run, setting: Setting) -> Path:
        return self._own("results", set_name, run.name, f"{setting}.json")

    def generated_path(self, set_name: str, run: Run, setting: Setting) -> Path:
        return self._own("generated", set_name, run.name, f"{setting}.jsonl.gz")

    def journal_path(self, set_name: str, run: Run, setting: Setting) -> Path:
        """Where scores are kept as they are made: beside the folder, which the scorer may see."""
        around = self.path.resolve().parent
        return own_path(around, STATE, self.name, set_name, run.name, f"{setting}.journal")

    def _own(self, *parts: str) -> Path:
        """A path in the folder; raises LiveBenchError as `own_path`."""
        return own_path(self.path, *parts)

    def checkpoint(self, run: Run) -> Path | None:
        """The checkpoint of a run, if it has one.

        Raises:
            LiveBenchError: the file is missing, outside the folder, or not the one that was named.
        """
        if not run.checkpoint:
            return None
        try:
            path = own_path(self.path, run.checkpoint)
        except LiveBenchError as error:
            raise LiveBenchError(
                error.where,
                f"the checkpoint {run.checkpoint} {error.what}",
                "put it into the folder of the submission",
                f"run {run.name}",
            ) from None
        if not path.exists():
            raise LiveBenchError(
                self.path,
                f"the checkpoint {run.checkpoint} is missing",
                "put it there, or train again",
                f"run {run.name}",
            )
        path = path.resolve()
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if sha256 != run.checkpoint_sha256:
            raise LiveBenchError(
                path,
                f"has sha256 {sha256}, but {CARD} says {run.checkpoint_sha256 or 'nothing'}",
                "write the right one as checkpoint_sha256",
            )
        return path


def submission_folders(folder: Path) -> list[Path]:
    """The folders in a folder of submissions, whole or not, by name.

    Raises:
        LiveBenchError: one is a symbolic link: what it leads to would stand on the board twice.
    """
    paths = sorted(path for path in Path(folder).iterdir() if path.is_dir() and path.name != STATE)
    for path in paths:
        if path.is_symlink():
            what = "is a symbolic link, and a submission is a folder of its own"
            raise LiveBenchError(path, what, "remove it, or put the folder itself there")
    return paths


def open_submissions(
    folder: Path, *, leave_out: Collection[str] = ()
) -> tuple[list[Submission], list[LiveBenchError]]:
    """The submissions in a folder that can be opened, by name, and what is wrong with the others.

    Args:
        leave_out: names of folders that are not opened.
    """
    opened: list[Submission] = []
    errors: list[LiveBenchError] = []
    for path in sorted(Path(folder).iterdir()) if Path(folder).is_dir() else ():
        if path.name in (STATE, *leave_out) or not os.path.lexists(path / CARD):
            continue
        try:
            if path.is_symlink():
                raise LiveBenchError(path, "is a symbolic link", "put the folder itself there")
            opened.append(Submission(path))
        except LiveBenchError as error:
            errors.append(error)
    return opened, errors


def find_submissions(folder: Path) -> list[Submission]:
    """All submissions in a folder, by name.

    Raises:
        LiveBenchError: there is none, or one is a symbolic link.
    """
    present = submission_folders(folder) if Path(folder).is_dir() else []
    paths = [path for path in present if os.path.lexists(path / CARD)]
    if not paths:
        raise LiveBenchError(
            folder,
            f"no submission in it (a folder with a {CARD})",
            "run livebench in a checkout of LiveBench, or give --submissions",
        )
    return [Submission(path) for path in paths]
