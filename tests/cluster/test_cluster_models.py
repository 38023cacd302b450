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


@pytest.mark.slow
def test_a_model_of_transformers(run, few, workers, tmp_path_factory):
    """A trial, since each process that a whole evaluation starts loads torch."""
    llama = save_tiny_llama(tmp_path_factory.mktemp("models") / "tiny-llama")
    given = ("evaluate", "--hf", llama, "--candidates", few.path, "--setting", "blind", "--json")
    given = (*given, "--limit", 2, "--quiet")
    told = []
    for how in (("--in-process",), ("--cluster", workers)):
        done = run(*given, *how)
        assert done.status == 0, done
        told.append(json.loads(done.out))
    assert told[0]["metrics"] == told[1]["metrics"]
    assert told[0]["signature"] == told[1]["signature"]
    assert told[0]["samples"] == 2


def test_a_model_on_a_server(run, few, workers, tmp_path):
    with serving(Double()) as double:
        given = ("evaluate", "--openai", double.url, "--model", "m", "--candidates", few.path)
        given = (*given, "--setting", "blind", "--quiet")
        alone = run(*given, "--out", tmp_path / "a")
        done = run(*given, "--out", tmp_path / "b", "--cluster", workers)
    assert alone.status == done.status == 0, done
    assert scores(tmp_path / "b") == scores(tmp_path / "a")
    assert len(scores(tmp_path / "a")) == 1
    there = manifest(tmp_path / "b")
    assert there["isolation"] == there["memory"] == "server"
    assert there["model"] == manifest(tmp_path / "a")["model"]
