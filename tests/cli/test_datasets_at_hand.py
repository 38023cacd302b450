"""Which dataset a set was built from: found, or made again by its recipe."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest

from livebench.cli.datasets import Datasets, recipe_options
from livebench.data.dataset import DatasetInfo
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


RECIPE = ["simulate", "--seed", "1", "--videos", "30", "--dev", "3", "--test", "6"]


def test_a_recipe():
    assert recipe_options(RECIPE) == {"seed": 1, "videos": 30, "dev": 3, "test": 6}


@pytest.mark.parametrize(
    "recipe",
    [
        [],
        ["simulate"],
        ["simulate", "--help"],
        ["simulate", "--seed", "1"],
        [*RECIPE, "--out", "/tmp/evil"],
        [*RECIPE[:2], "--help", *RECIPE[3:]],
        [*RECIPE[:4], "1000000", *RECIPE[5:]],
        [*RECIPE[:4], "-1", *RECIPE[5:]],
        ["train", *RECIPE[1:]],
    ],
)
def test_what_is_no_recipe_is_not_carried_out(recipe):
    assert recipe_options(recipe) is None


@pytest.mark.parametrize("fingerprint", ["/../../evil", "..", "a/b", "A" * 64, "0" * 65])
def test_a_fingerprint_is_no_path(fingerprint):
    with pytest.raises(msgspec.ValidationError, match=r"fingerprint"):
        msgspec.convert({"name": "a", "fingerprint": fingerprint}, DatasetInfo)
