"""attestation.json: the hashes of a submission and of its rows, signed by a maintainer.

A row is *claimed* until one that covers it holds: whatever a pull request brings can be written by hand.
There is one signature for all rows of a submission, since to verify one takes a process.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec

from livebench.attestation.signing import MAINTAINERS, is_signed, sign, signer_of
from livebench.errors import LiveBenchError
from livebench.files import new_file
from livebench.records import Setting, json_document
from livebench.scoring.computation import versions_used
from livebench.scoring.result import Result
from livebench.submissions.file_hashes import ATTESTATION, SIGNATURE, file_hashes, hashes_for_run
from livebench.submissions.load import CARD, Run, Submission
from livebench.submissions.own_files import own_path

_SIGNATURE_SIZE = 1 << 16


class AttestedRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The scores of a run on a set in a setting: what they were made on, and what came out.

    `scores_sha256` is that of the content before compression, `result_sha256` that of the file, which
    says how they were made: by which versions, in which isolation, on which device.
    """

    candidate_set: str
    set_hash: str
    setting: Setting
    run: str
    scores_sha256: str
    result_sha256: str


class Attestation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """attestation.json.

    Attributes:
        signer: as the file of allowed signers calls whoever signed.
        submission: the folder.
        kind: of its card.
        files: every file of it by path and sha256, its card included.
        environment: where it was signed: versions and platform.
    """

    signer: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9@._+-]{0,99}\Z")]
    date: datetime.date
    submission: str
    kind: str
    files: dict[str, str]
    rows: list[AttestedRow]
    environment: dict[str, str]


class NotAttested(LiveBenchError):
    """An attestation that does not hold: its rows are claimed."""


_REMOVE = f"remove {ATTESTATION} and {SIGNATURE}: a maintainer's re-run writes them"


def read_attestation(submission: Submission, signers: Path = MAINTAINERS) -> Attestation | None:
    """The attestation of a submission; None if it has none.

    Raises:
        NotAttested: it is not signed by one of the `signers`, or is of other files.
        LiveBenchError: there is no ssh-keygen.
    """
    attestation = read_signed(submission, signers)
    if attestation is None:
        return None
    path = submission.path / ATTESTATION
    try:
        now = file_hashes(submission.path)
    except LiveBenchError as error:
        raise NotAttested(error.where, error.what, _REMOVE, error.place) from None
    differing = sorted(
        name
        for name in attestation.files.keys() | now.keys()
        if attestation.files.get(name) != now.get(name)
    )
    if differing:
        raise NotAttested(path, f"is of other files: {', '.join(differing[:3])} differs", _REMOVE)
    return attestation


def read_signed(submission: Submission, signers: Path = MAINTAINERS) -> Attestation | None:
    """As `read_attestation`, but the files of the submission may have changed since it was signed."""
    path = submission.path / ATTESTATION
    if not os.path.lexists(path):
        return None
    try:
        content = _bytes(own_path(submission.path, ATTESTATION))
        signature = _bytes(own_path(submission.path, SIGNATURE), _SIGNATURE_SIZE)
        attestation = msgspec.json.decode(content, type=Attestation)
    except LiveBenchError as error:
        raise NotAttested(error.where, error.what, _REMOVE, error.place) from None
    except FileNotFoundError as error:
        raise NotAttested(error.filename, "is missing", _REMOVE) from None
    except (ValueError, RecursionError):
        raise NotAttested(path, "is not an attestation", _REMOVE) from None
    if not is_signed(content, signature, attestation.signer, signers):
        what = "is not signed by a maintainer, or has changed since"
        raise NotAttested(path, what, _REMOVE)
    if hashlib.sha256(content).hexdigest() in withdrawn(signers):
        raise NotAttested(path, "was withdrawn by a maintainer", _REMOVE)
    if (attestation.submission, attestation.kind) != (submission.name, submission.card.kind):
        what = f"is that of {attestation.submission}, of kind {attestation.kind}"
        raise NotAttested(path, what, _REMOVE)
    return attestation


def withdrawn(signers: Path) -> set[str]:
    """The hashes of attestations that no longer count: the file `withdrawn` beside that of the signers.

    Without it, whoever kept an attestation that a maintainer removed could bring it back.
    """
    path = signers.with_name("withdrawn")
    return set(path.read_text("utf-8").split()) if path.is_file() else set()


def _bytes(path: Path, most: int = 16 << 20) -> bytes:
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise LiveBenchError(path, "is too large")
    return content


@dataclass(frozen=True)
class Attestations:
    """The attestations of submissions, each verified once."""

    signers: Path = MAINTAINERS
    _read: dict[Path, frozenset[AttestedRow]] = field(default_factory=dict)

    def covers(self, submission: Submission, row: AttestedRow) -> bool:
        """Whether a row is attested; with an attestation that does not hold, none of its rows is."""
        if submission.path not in self._read:
            try:
                attestation = read_attestation(submission, self.signers)
            except NotAttested:
                attestation = None
            self._read[submission.path] = frozenset(attestation.rows if attestation else ())
        return row in self._read[submission.path]


def attested_row(
    candidate_set: str, setting: Setting, run: Run, result: Result, file: Path
) -> AttestedRow:
    """What an attestation must say to cover the scores that stand at a place, with this result.

    The place is given, not taken from the result: a copy of it elsewhere is another row.
    """
    return AttestedRow(
        candidate_set=candidate_set,
        set_hash=result.manifest.set_hash,
        setting=setting,
        run=run.name,
        scores_sha256=result.manifest.scores_sha256,
        result_sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
    )


def attest(
    submission: Submission, rows: Sequence[AttestedRow], key: Path, signers: Path = MAINTAINERS
) -> Attestation:
    """Sign the hashes of a submission and of some rows, and write attestation and signature.

    Raises:
        LiveBenchError: the key is not one of the `signers`; files of the submission cannot be read.
    """
    attestation = Attestation(
        signer=signer_of(key, signers),
        date=datetime.datetime.now(datetime.UTC).date(),
        submission=submission.name,
        kind=submission.card.kind,
        files=file_hashes(submission.path),
        rows=sorted(rows, key=lambda row: (row.candidate_set, row.setting, row.run)),
        environment={**versions_used("numpy", torch=False), "platform": platform.platform()},
    )
    content = json_document(attestation)
    signature = sign(content, key)
    for name, written in ((ATTESTATION, content), (SIGNATURE, signature)):
        with new_file(submission.path / name) as file:
            file.write(written)
    return attestation


def made_from(submission: Submission, run: Run, result: Result, file: Path) -> None:
    """Raise LiveBenchError unless a result was made by a run of the submission as it is now.

    Files beside a checkpoint need not be here: checkpoints are never committed. Their hashes are in the
    result, that of the checkpoint itself in the card as well.
    """
    manifest, card = result.manifest, submission.card
    again = f"run `livebench evaluate {submission.path}` again"
    if manifest.evaluated != "re-run":
        raise LiveBenchError(
            file, "is of scores that LiveBench did not make", "attest none of these"
        )
    said = (manifest.submission, manifest.kind, manifest.entry, manifest.run)
    if said != (submission.name, card.kind, card.entry, run.name):
        raise LiveBenchError(file, f"was made by another submission than {CARD} says", again)
    if (manifest.arguments, manifest.seed) != (run.arguments, run.seed):
        raise LiveBenchError(file, f"was made with other arguments than {CARD} says", again)
    if run.checkpoint and manifest.files.get(run.checkpoint) != run.checkpoint_sha256:
        raise LiveBenchError(file, "was made with another checkpoint", again)
    if what := other_files(submission, run, result):
        raise LiveBenchError(file, what, again)


def other_files(submission: Submission, run: Run, result: Result) -> str:
    """What to say of a result that was made before files of its submission changed, or nothing."""
    made, now = result.manifest.files, hashes_for_run(submission.path, run)
    absent = {name for name in made if name not in now and _beside(name, run)}
    differing = sorted(
        name
        for name in made.keys() | now.keys()
        if name not in absent and made.get(name) != now.get(name)
    )
    return f"was made from other files: {', '.join(differing[:3])} differs" if differing else ""


def _beside(name: str, run: Run) -> bool:
    """Whether a file stands beside the checkpoint of a run, in a folder of its own."""
    folder = run.checkpoint.rpartition("/")[0]
    return bool(folder) and name.startswith(f"{folder}/")
