"""Finds the dataset that something was made from, by its fingerprint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from livebench.data.dataset import Dataset


def datasets_in(folder: Path) -> list[Path]:
    """The dataset folders in `folder`, by name; none if it does not exist."""
    return sorted(file.parent for file in Path(folder).glob("*/dataset.toml"))


def find_dataset(fingerprint: str, folders: Sequence[Path]) -> Dataset | None:
    """The first of these dataset folders whose rows have the fingerprint, or None."""
    for folder in folders:
        dataset = Dataset(folder)
        if dataset.info.fingerprint == fingerprint:
            return dataset
    return None
