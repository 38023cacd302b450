"""Which dataset a set was built from: found, or made again by its recipe."""

from __future__ import annotations

from types import SimpleNamespace

from livebench.cli.datasets import Datasets
from livebench.simulated.simulation import simulate_dataset


def test_a_simulated_dataset_that_is_absent_is_made_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = simulate_dataset(tmp_path / "first", seed=3, videos=3)
    wanted = SimpleNamespace(
        name="simulated", recipe=first.info.recipe, fingerprint=first.info.fingerprint
    )
    found = Datasets((), True).of(SimpleNamespace(manifest=SimpleNamespace(dataset=wanted)))
    assert found.path.resolve().parent == tmp_path / "datasets"
    assert found.info.fingerprint == first.info.fingerprint
