"""The files that make a submission, by their hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from livebench.errors import LiveBenchError
from livebench.submissions.load import CARD, OUTPUTS, Run
from livebench.submissions.own_files import is_regular, own_files

ATTESTATION, SIGNATURE = "attestation.json", "attestation.json.sig"
CHECKPOINTS = "checkpoints"


def file_hashes(folder: Path) -> dict[str, str]:
    """The sha256 of every file of a submission by its path, its card and hidden files included.

    Not among them: what LiveBench writes, bytecode, and checkpoints/, which is never committed.

    Raises:
        LiveBenchError: one is not a regular file, or cannot be read.
    """
    folder = Path(folder)
    left_out = (*OUTPUTS, ATTESTATION, SIGNATURE, CHECKPOINTS)
    found = ((name, path) for name, path in _files(folder) if name.split("/")[0] not in left_out)
    return {name: _sha256(path) for name, path in found}


def hashes_for_run(folder: Path, run: Run) -> dict[str, str]:
    """The files that a run's scores can depend on: as `file_hashes`, without the card (its fields are in
    every result), but with all that stands beside the checkpoint.

    Raises:
        LiveBenchError: as `file_hashes`.
    """
    found = file_hashes(folder)
    beside = run.checkpoint.rpartition("/")[0]
    if beside:
        found |= {
            name: _sha256(path) for name, path in _files(folder) if name.startswith(f"{beside}/")
        }
    return {name: found[name] for name in sorted(found) if name != CARD}


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """All files by their path in the folder, without caches of bytecode."""
    for path in own_files(folder):
        name = path.relative_to(folder)
        if "__pycache__" in name.parts:
            continue
        try:
            name.as_posix().encode()
        except UnicodeEncodeError:
            raise LiveBenchError(path, "has a name that is not UTF-8", "rename it") from None
        yield name.as_posix(), path


def _sha256(path: Path) -> str:
    if not is_regular(path):
        raise LiveBenchError(path, "is not a regular file", "put the file itself there")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
