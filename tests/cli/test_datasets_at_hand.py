"""Which dataset a set was built from: found, or made again by its recipe."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest

from livebench.cli.datasets import Datasets, recipe_options
from livebench.data.dataset import DatasetInfo
from livebench.simulated.simulation import simulate_dataset


def set_of(info):
    return SimpleNamespace(manifest=SimpleNamespace(dataset=info))


def test_a_simulated_dataset_that_is_absent_is_made_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = simulate_dataset(tmp_path / "first", seed=3, videos=3)
    found = Datasets((), True).of(set_of(first.info))
    assert found.path.resolve().parent == tmp_path / "datasets"
    assert found.info.fingerprint == first.info.fingerprint


def test_sets_of_the_same_rows_have_each_the_dataset_with_its_pictures(tmp_path):
    """Copies with pictures of two sizes, and a set of each; and a set without pictures."""
    infos = []
    for letter in "ab":
        infos.append(DatasetInfo("d", fingerprint="0" * 64, images_sha256=letter * 64))
        (tmp_path / letter).mkdir()
        (tmp_path / letter / "dataset.toml").write_bytes(msgspec.toml.encode(infos[-1]))
    datasets = Datasets([tmp_path / "a", tmp_path / "b"])
    found = [datasets.of(set_of(info)) for info in infos]
    assert [one.path.name for one in found] == ["a", "b"]
    plain = msgspec.structs.replace(infos[0], images_sha256="")
    assert datasets.of(set_of(plain)) is found[0]  # nothing is read twice


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
