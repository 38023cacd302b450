"""Which dataset a candidate set was built from: given, found, or made again."""

from __future__ import annotations

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

    def of(self, candidate_set: CandidateSet) -> Dataset | None:
        """The dataset that a set was built from; None if it is not here."""
        from livebench.data.locate import datasets_in, find_dataset

        wanted = candidate_set.manifest.dataset
        if wanted.fingerprint not in self._found:
            folders = self._given or datasets_in(DATASETS)
            found = find_dataset(wanted.fingerprint, folders)
            if found is None and wanted.recipe[:1] == ["simulate"] and not self._given:
                found = self._make(wanted.name, wanted.recipe, wanted.fingerprint)
            self._found[wanted.fingerprint] = found
        return self._found[wanted.fingerprint]

    def _make(self, name: str, recipe: list[str], fingerprint: str) -> Dataset | None:
        from livebench.cli.simulate import simulate
        from livebench.data.locate import find_dataset
        from livebench.simulated.simulation import simulate_dataset

        out = DATASETS / f"{name}-{fingerprint[:8]}"
        remark(f"making {out}: livebench {' '.join(recipe)}", self._quiet)
        given = simulate.make_context("simulate", [*recipe[1:], "--out", str(out)]).params
        simulate_dataset(**{name: given[name] for name in ("out", "seed", "videos", "dev", "test")})
        return find_dataset(fingerprint, [out])
