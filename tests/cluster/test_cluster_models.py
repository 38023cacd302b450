"""`--cluster` with a model by its name: of transformers, and on a server."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol

sys.path.append(str(Path(__file__).parent.parent / "language_models"))
from doubles import Double, serving
from tiny_llama import save_tiny_llama


def scores(path):
    return {one.relative_to(path): one.read_bytes() for one in path.glob("scores/*/*/*")}


def manifest(path):
    (file,) = path.glob("results/*/*/blind.json")
    return json.loads(file.read_bytes())["manifest"]


@pytest.fixture(scope="module")
def few(dataset, crowded, tmp_path_factory):
    """2 samples."""
    out = tmp_path_factory.mktemp("sets") / "few"
    return build_set(dataset, load_protocol(str(crowded)), out, max_samples=2)


@pytest.fixture
def both(run, few, workers, tmp_path):
    """Evaluates a model here and on a cluster; the two folders."""

    def call(*model, here=()):
        given = ("evaluate", *model, "--candidates", few.path, "--setting", "blind", "--quiet")
        alone = run(*given, "--out", tmp_path / "a", *here)
        done = run(*given, "--out", tmp_path / "b", "--cluster", workers)
        assert alone.status == done.status == 0, done
        return tmp_path / "a", tmp_path / "b"

    return call


@pytest.mark.slow
def test_a_model_of_transformers(both, tmp_path_factory):
    llama = save_tiny_llama(tmp_path_factory.mktemp("models") / "tiny-llama")
    alone, there = both("--hf", llama, here=("--in-process",))  # in half the time
    assert scores(there) == scores(alone)
    assert len(scores(there)) == 1
    assert manifest(there)["model"] == manifest(alone)["model"]
    assert manifest(there)["memory"] == "fresh copy per block"


def test_a_model_on_a_server(both):
    with serving(Double()) as double:
        alone, there = both("--openai", double.url, "--model", "m")
    assert scores(there) == scores(alone)
    assert len(scores(there)) == 1
    assert manifest(there)["isolation"] == manifest(there)["memory"] == "server"
    assert manifest(there)["model"] == manifest(alone)["model"]
