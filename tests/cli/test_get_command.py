"""`livebench get`: from a source to a dataset and restored sets, in one command."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "sources"))
from made_up import committed, crawl, source_of

from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.data.dataset import Dataset
from livebench.sources.get import make_dataset
from livebench.sources.prepare import PREPARATIONS
from livebench.sources.source import known_sources
from livebench.sources.tree import open_tree


def test_the_sources_are_listed(run):
    done = run("get")
    assert done.status == 0
    for source in known_sources():
        assert f"{source.name}: {source.summary}\n" in done.out
        assert f"{source.download_mb} MB to download, {source.store_mb} MB to store" in done.out
        assert source.licence in done.out and source.terms in done.out


def test_every_source_is_complete():
    sources = known_sources()
    assert [source.name for source in sources] == ["bilibili", "niconico"]
    for source in sources:
        assert source.prepare in PREPARATIONS
        assert len(source.fingerprint) == 64 and "{commit}" in source.archive
        assert len({part.commit for part in source.parts}) == len(source.parts) > 0
        assert source.zips_mb > source.download_mb > 1 < source.store_mb


def test_a_source_that_is_not_known(refused):
    assert refused("get", "billibilli") == (
        "billibilli: source not known; did you mean bilibili? available: bilibili, niconico"
    )


@pytest.fixture
def made_up(tmp_path, monkeypatch):
    """A source with the fingerprint that it gives, known under its name; and the commit's repository."""
    repository = crawl(tmp_path / "upstream")
    commits = {"main": committed(repository)}
    source = source_of(repository, commits)
    made = make_dataset(source, open_tree(repository, source), tmp_path / "first")
    source = source_of(repository, commits, fingerprint=made.info.fingerprint)
    monkeypatch.setattr("livebench.sources.source.known_sources", lambda: [source])
    return source, repository, made


def test_got_over_git_again_and_from_a_folder(tmp_path, run, made_up):
    source, repository, made = made_up
    done = run("get", "made-up")
    assert done.status == 0, done
    short = source.fingerprint[:12]
    count = len(made.comments.string)
    assert done.out == f"datasets/made-up: 16 videos, {count} comments, fingerprint {short}\n"
    assert (
        f"fetching file://{repository} at {source.parts[0].commit[:7]}: 1 MB to download"
        in done.err
    )
    assert "no set of made-up in candidates/: run in a checkout of LiveBench" in done.err
    assert sorted(path.name for path in (tmp_path / "datasets").iterdir()) == ["made-up"]
    first = (tmp_path / "datasets" / "made-up" / "comments.parquet").read_bytes()
    again = run("get", "made-up")
    assert again.out == f"datasets/made-up: is there already, fingerprint {short}\n"
    other = run("get", "made-up", "--from", repository, "--out", "other", "--quiet")
    assert (other.status, other.err) == (0, "")
    assert (tmp_path / "other" / "comments.parquet").read_bytes() == first


def test_without_git_zips_are_fetched(tmp_path, run, monkeypatch, made_up):
    """It is said how much would come; where nothing listens, one line says how to do it by hand."""
    source, _, _ = made_up
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run("get", "made-up")
    assert done.status == 2
    assert ": 2 MB to download, 1 MB to store\n" in done.err
    assert done.err.splitlines()[-1] == (
        f"livebench: {source.repository}: cannot be fetched: [Errno 111] Connection refused; run the "
        f"same again to go on, or elsewhere `git clone --no-checkout {source.repository} PATH` (it has "
        f"{source.parts[0].commit}), bring PATH here, and give --from PATH"
    )
    assert "Traceback" not in done.err


def test_another_dataset_in_the_way(tmp_path, refused, made_up, dataset):
    source, _, _ = made_up
    shutil.copytree(dataset.path, tmp_path / "datasets" / "made-up")
    assert refused("get", "made-up") == (
        f"datasets/made-up: exists already, with the fingerprint {dataset.info.fingerprint[:12]}, not "
        f"{source.fingerprint[:12]}; remove it or choose another --out"
    )


def test_sets_are_restored(tmp_path, run, monkeypatch, dataset, made_up):
    """The sets of the dataset that was got, and only those."""
    source, _, _ = made_up
    there = source_of(
        tmp_path, {"main": source.parts[0].commit}, fingerprint=dataset.info.fingerprint
    )
    monkeypatch.setattr("livebench.sources.source.known_sources", lambda: [there])
    shutil.copytree(dataset.path, tmp_path / "datasets" / "made-up")
    frozen = build_set(
        Dataset(tmp_path / "datasets" / "made-up"),
        load_protocol("paper"),
        tmp_path / "candidates" / "of-it",
        max_samples=5,
    )
    samples = (frozen.path / "samples.jsonl.gz").read_bytes()
    (frozen.path / "samples.jsonl.gz").unlink()
    done = run("get", "made-up")
    assert done.out.splitlines()[1:] == [f"candidates/of-it: restored, {frozen.manifest.signature}"]
    assert (frozen.path / "samples.jsonl.gz").read_bytes() == samples
    done = run("get", "made-up")
    assert done.out.splitlines()[1:] == [f"candidates/of-it: whole, {frozen.manifest.signature}"]
