"""What scores depend on, by name: a journal is continued only if all of it is unchanged."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from livebench import __version__
from livebench.records import Setting
from livebench.scoring.runner import BATCH
from livebench.submissions.load import CARD, OUTPUTS, Run, Submission
from livebench.submissions.own_files import is_regular

if TYPE_CHECKING:
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.data.dataset import DatasetInfo


def fingerprint(
    submission: Submission,
    run: Run,
    candidate_set: CandidateSet,
    setting: Setting,
    isolation: str,
) -> dict[str, str]:
    """Hashes and names of all that scores depend on, but for the dataset (`rows_and_frames`); the keys
    appear in messages to users."""
    return {
        **run_fingerprint(submission, run),
        "set": candidate_set.manifest.hash,
        "setting": setting,
        "isolation": isolation,
        "version": f"{__version__}, {BATCH} samples a block, dealt by hash; blind by candidate",
    }


def run_fingerprint(submission: Submission, run: Run) -> dict[str, str]:
    """Hashes and names of all that the scorer of a run depends on."""
    return {
        "submission": _files(submission.path, _own_files(submission.path)),
        "entry": submission.card.entry,
        "run": hashlib.sha256(msgspec.json.encode(run, order="sorted")).hexdigest(),
        "code": installed_files(submission.card.entry.partition(":")[0].partition(".")[0]),
    }


def rows_and_frames(info: DatasetInfo) -> str:
    """Hashes of all that a dataset holds."""
    hashes = (info.fingerprint, info.frames_sha256, info.images_sha256)
    return "+".join(hashes if info.images_sha256 else hashes[:2])


def _own_files(folder: Path) -> Iterable[Path]:
    """The files of a submission, without its card, what LiveBench wrote, hidden files and caches."""
    for place, folders, names in os.walk(folder):
        top = Path(place) == folder
        folders[:] = sorted(
            name
            for name in folders
            if not (name.startswith(".") or name == "__pycache__" or (top and name in OUTPUTS))
        )
        kept = (name for name in sorted(names) if not name.startswith("."))
        yield from (Path(place, name) for name in kept if not (top and name == CARD))


def installed_files(package: str) -> str:
    """Hash of the Python and TOML files of an installed package or module; empty if there is none.

    Nothing of it is imported: a submission's code does not run in this process.
    """
    try:
        spec = importlib.util.find_spec(package) if package else None
    except (ImportError, ValueError):
        return ""
    if spec is None:
        return ""
    places = [Path(place) for place in spec.submodule_search_locations or ()]
    if places:
        return _files(places[0], sorted([*places[0].rglob("*.py"), *places[0].rglob("*.toml")]))
    if not spec.has_location or spec.origin is None:
        return ""
    return _files(Path(spec.origin).parent, [Path(spec.origin)])


def _files(folder: Path, files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        if is_regular(path):  # no link is followed, and no pipe waited for
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{path.relative_to(folder)}\0{content}\n".encode())
    return digest.hexdigest()
