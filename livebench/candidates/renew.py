"""Builds a frozen set again from another version of its dataset: same name, protocol, split and seed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.freeze import PLAIN, SecretSeed, Work, build_set, seed_of
from livebench.candidates.manifest import SAMPLES
from livebench.data.dataset import Dataset
from livebench.errors import LiveBenchError


def why_not_renewed(candidate_set: CandidateSet) -> str:
    """Why a set cannot be built again; empty if it can."""
    if candidate_set.is_published_only:
        return "is private: its seed is not here; whoever has it builds it again"
    if candidate_set.manifest.flaws is not msgspec.UNSET:
        return "was made by others and imported: import it again without what was removed, or delete it"
    return ""


@contextmanager
def renewed_set(
    candidate_set: CandidateSet, dataset: Dataset, work: Work = PLAIN
) -> Iterator[CandidateSet]:
    """Give the set as another version, in a folder beside it; it takes the place of the old one when the
    block ends well. Without text if the old one has none.

    Raises:
        LiveBenchError: it cannot be built again, or not from this dataset.
    """
    reason = why_not_renewed(candidate_set)
    if reason:
        raise LiveBenchError(candidate_set.path, reason)
    manifest, path = candidate_set.manifest, candidate_set.path.resolve()
    seed = seed_of(candidate_set)
    beside = path.parent / f".{path.name}.renewed"
    shutil.rmtree(beside, ignore_errors=True)
    try:
        built = build_set(
            dataset,
            manifest.protocol,
            beside / manifest.name,
            split=manifest.split,
            seed=SecretSeed(seed) if manifest.is_private else seed,
            max_samples=manifest.max_samples,
            overlap=manifest.overlap,
            work=work,
        )
        yield built
        if not candidate_set.has_text:
            (built.path / SAMPLES).unlink()
        replace_folder(path, built.path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def replace_folder(old: Path, new: Path) -> None:
    """Put a folder in the place of another, which is deleted."""
    away = old.parent / f".{old.name}.old"
    shutil.rmtree(away, ignore_errors=True)
    old.rename(away)
    new.rename(old)
    shutil.rmtree(away)
