"""`--hf NAME_OR_PATH` as a new user tries it: to a row, and with what does not work."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path

import pytest
from tiny_llama import save_tiny_llama


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_llama(tmp_path_factory.mktemp("models") / "tiny-llama")


def test_from_a_folder_to_results(run, llama, small, tmp_path):
    command = ["evaluate", "--hf", llama, "--candidates", small.path, "--setting", "comments"]
    done = run(*command, "--score", "sum")
    assert done.status == 0, done.err
    folder = tmp_path / "submissions" / "tiny-llama"
    assert sorted(path.name for path in folder.iterdir()) == [
        "results",
        "scores",
        "submission.toml",
    ]
    card = tomllib.loads((folder / "submission.toml").read_text())
    assert card["score"] == "pmi"
    (result,) = folder.glob("results/*/default/comments.json")
    manifest = json.loads(result.read_text())["manifest"]
    weights = hashlib.sha256((llama / "model.safetensors").read_bytes()).hexdigest()
    assert manifest["arguments"]["weights_sha256"] == weights
    assert manifest["memory"] == "fresh copy per block"
    assert (manifest["dtype"], manifest["device"]) == ("float32", "cpu")
    assert "another model or other options" in run(*command, "--batch", 100).err
