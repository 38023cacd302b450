"""Which dataset a candidate set was built from: given, found, or made again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from livebench.cli.options import DATASETS
from livebench.cli.progress import remark

if TYPE_CHECKING:
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.candidates.manifest import FrozenDataset
    from livebench.data.dataset import Dataset


class Datasets:
    """The datasets given, else those in datasets/; simulated ones are made if absent.

    Args:
        make: whether they are.
    """

    def __init__(self, given: Sequence[Path], quiet: bool = False, *, make: bool = True) -> None:
        self._given, self._quiet, self._makes = given, quiet, make
        self._opened: dict[tuple[str, ...], Dataset | None] = {}
        self._by_path: dict[Path, Dataset] = {}
        self._made: set[str] = set()

    def source(self, candidate_set: CandidateSet) -> Callable[[], Dataset | None] | None:
        """What opens the dataset of a set, once it is needed; None if it is not available."""
        wanted = candidate_set.manifest.dataset
        available = self._find(wanted) is not None or self._can_make(wanted)
        return partial(self.of, candidate_set) if available else None

    def of(self, candidate_set: CandidateSet) -> Dataset | None:
        """The dataset that a set was built from, made if it is a simulated one; else None."""
        wanted = candidate_set.manifest.dataset
        if self._find(wanted) is None and self._can_make(wanted):
            self._made.add(wanted.fingerprint)
            self._opened[_hashes(wanted)] = self._make(wanted)
        return self._find(wanted)

    def need(self, candidate_set: CandidateSet) -> Dataset:
        """The dataset that a set was built from.

        Raises:
            LiveBenchError: it is not available.
        """
        dataset = self.of(candidate_set)
        if dataset is not None:
            return dataset
        if len(self._given) == 1:
            from livebench.data.dataset import Dataset

            candidate_set.check_dataset(Dataset(self._given[0]))
        raise candidate_set.no_dataset()

    def _find(self, wanted: FrozenDataset) -> Dataset | None:
        from livebench.data.locate import datasets_in, find_dataset

        key = _hashes(wanted)
        if key not in self._opened:
            folders = self._given or datasets_in(DATASETS)
            found = find_dataset(wanted, folders)
            # What is read of a folder is kept in one place, whichever set asks for it.
            self._opened[key] = self._by_path.setdefault(found.path, found) if found else None
        return self._opened[key]

    def _can_make(self, wanted: FrozenDataset) -> bool:
        tried = bool(self._given) or wanted.fingerprint in self._made or not self._makes
        return not tried and bool(wanted.recipe) and recipe_options(wanted.recipe) is not None

    def _make(self, wanted: FrozenDataset) -> Dataset | None:
        from livebench.data.locate import find_dataset
        from livebench.simulated.simulation import simulate_dataset

        out = DATASETS / f"{wanted.name}-{wanted.fingerprint[:8]}"
        remark(f"making {out}: livebench {' '.join(wanted.recipe)}", self._quiet)
        simulate_dataset(out, **(recipe_options(wanted.recipe) or {}))
        return find_dataset(wanted, [out])


def _hashes(wanted: FrozenDataset) -> tuple[str, ...]:
    """What tells datasets apart: several may have the same rows, and other vectors or pictures."""
    return wanted.fingerprint, wanted.frames_sha256, wanted.images_sha256 or ""


_MOST_VIDEOS = 10_000
"""Videos that a recipe may ask for: those of others are carried out, too."""


def recipe_options(recipe: Sequence[str]) -> dict[str, int] | None:
    """The options of the recipe of a simulated dataset, by name; None if LiveBench writes no such one.

    It is not a command line: nothing of it is run, and an option such as --help means nothing.
    """
    names = ("seed", "videos", "dev", "test")
    if len(recipe) != 9 or recipe[0] != "simulate":
        return None
    if list(recipe[1::2]) != [f"--{name}" for name in names]:
        return None
    if not all(re.fullmatch("[0-9]{1,9}", value) for value in recipe[2::2]):
        return None
    options = dict(zip(names, map(int, recipe[2::2]), strict=True))
    return options if options["videos"] <= _MOST_VIDEOS else None
