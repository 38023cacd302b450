"""Finds the dataset that something was made from, by its fingerprint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from livebench.data.dataset import Dataset


class Wanted(Protocol):
    """What is known of a dataset: the hashes of its dataset.toml."""

    @property
    def fingerprint(self) -> str: ...

    @property
    def frames_sha256(self) -> str: ...

    @property
    def images_sha256(self) -> str | msgspec.UnsetType: ...


def datasets_in(folder: Path) -> list[Path]:
    """The dataset folders in `folder`, by name; none if it does not exist."""
    return sorted(file.parent for file in Path(folder).glob("*/dataset.toml"))


def find_dataset(wanted: Wanted, folders: Sequence[Path]) -> Dataset | None:
    """The first of these dataset folders whose rows have the fingerprint, or None.

    The fingerprint covers neither vectors nor pictures: a folder that has those, too, comes before one
    that has the same vectors only, and that before others.
    """
    found: list[Dataset] = []
    for folder in folders:
        dataset = Dataset(folder)
        if dataset.info.fingerprint == wanted.fingerprint:
            if all(_same(wanted, dataset)):
                return dataset
            found.append(dataset)
    return max(found, key=lambda dataset: _same(wanted, dataset), default=None)


def _same(wanted: Wanted, dataset: Dataset) -> tuple[bool, bool]:
    """Whether a dataset has the vectors, and the pictures, that are wanted."""
    info = dataset.info
    return (
        info.frames_sha256 == wanted.frames_sha256,
        info.images_sha256 == (wanted.images_sha256 or ""),
    )
