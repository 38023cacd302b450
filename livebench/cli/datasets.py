"""Which dataset a candidate set was built from: given, found, or made again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from livebench.cli.progress import remark

if TYPE_CHECKING:
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.data.dataset import Dataset

DATASETS = Path("datasets")


class Datasets:
    """The datasets at hand: those given, else those in datasets/; simulated ones are made if absent."""

    def __init__(self, given: tuple[Path, ...], quiet: bool = False) -> None:
        self._given, self._quiet = given, quiet
        self._found: dict[str, Dataset | None] = {}
        self._made: set[str] = set()

    def source(self, candidate_set: CandidateSet) -> Callable[[], Dataset | None] | None:
        """What gives the dataset of a set, once it is needed; None if it is not here."""
        present = self._find(candidate_set) is not None
        return partial(self.of, candidate_set) if present or self._missing(candidate_set) else None

    def of(self, candidate_set: CandidateSet) -> Dataset | None:
        """The dataset that a set was built from, made if it is a simulated one; None if not here."""
        if self._find(candidate_set) is None and self._missing(candidate_set):
            wanted = candidate_set.manifest.dataset
            self._made.add(wanted.fingerprint)
            self._found[wanted.fingerprint] = self._make(
                wanted.name, wanted.recipe, wanted.fingerprint
            )
        return self._find(candidate_set)

    def _missing(self, candidate_set: CandidateSet) -> bool:
        """Whether the dataset of a set is still to be made."""
        wanted = candidate_set.manifest.dataset
        made = bool(self._given) or wanted.fingerprint in self._made
        return wanted.recipe[:1] == ["simulate"] and not made

    def _find(self, candidate_set: CandidateSet) -> Dataset | None:
        from livebench.data.locate import datasets_in, find_dataset

        fingerprint = candidate_set.manifest.dataset.fingerprint
        if fingerprint not in self._found:
            folders = self._given or datasets_in(DATASETS)
            self._found[fingerprint] = find_dataset(fingerprint, folders)
        return self._found[fingerprint]

    def _make(self, name: str, recipe: list[str], fingerprint: str) -> Dataset | None:
        from livebench.cli.simulate import simulate
        from livebench.data.locate import find_dataset
        from livebench.simulated.simulation import simulate_dataset

        out = DATASETS / f"{name}-{fingerprint[:8]}"
        remark(f"making {out}: livebench {' '.join(recipe)}", self._quiet)
        given = simulate.make_context("simulate", [*recipe[1:], "--out", str(out)]).params
        simulate_dataset(**{name: given[name] for name in ("out", "seed", "videos", "dev", "test")})
        return find_dataset(fingerprint, [out])
