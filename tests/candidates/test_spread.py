"""One process or several: the same set, the same refusals, nothing left behind."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livebench import processes
from livebench.candidates import build, retrieval
from livebench.candidates.freeze import Work, build_set
from livebench.candidates.protocol import bundled_protocols, load_protocol
from livebench.data import distinct
from livebench.data.dataset import Dataset, DatasetInfo, Video
from livebench.data.dataset_writer import write_dataset

LISTS = ("matched", "live")
"""Protocols whose samples come in lists of 100: the tiny dataset fills none."""
FILES = ("manifest.json", "samples.jsonl.gz", "answers.jsonl.gz")


def built(dataset, name, number, *, at_once=64, **options):
    """The bytes of a set, built by so many processes, however little there is to do."""
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory() as folder,
    ):
        patch.setattr(build, "MOMENTS_AT_ONCE", at_once)
        patch.setattr(build, "SECONDS_A_PROCESS", 1)
        out = Path(folder) / "set"
        found = build_set(dataset, load_protocol(name), out, work=Work(number), **options)
        assert found.manifest.files["samples.jsonl.gz"].records > 0
        return [(out / name).read_bytes() for name in FILES]


@pytest.mark.parametrize("name", bundled_protocols())
def test_the_same_bytes_from_one_two_and_three_processes(dataset, world, name):
    source, at_once = (world, 20) if name in LISTS else (dataset, 3)
    one = built(source, name, 1, at_once=at_once, max_samples=300)
    assert built(source, name, 2, at_once=at_once, max_samples=300) == one
    assert built(source, name, 3, at_once=at_once, max_samples=300) == one


@pytest.mark.parametrize("name", ["paper", "matched", "live"])
def test_the_same_bytes_from_small_blocks(dataset, world, monkeypatch, name):
    source = world if name in LISTS else dataset
    one = built(source, name, 1, max_samples=300)
    monkeypatch.setattr(distinct, "BLOCK", 97)
    monkeypatch.setattr(retrieval, "COMMENTS_AT_ONCE", 31)
    assert built(Dataset(source.path), name, 2, max_samples=300) == one


@pytest.mark.slow
@settings(max_examples=8)
@given(
    st.sampled_from(bundled_protocols()),
    st.integers(2, 3),
    st.integers(1, 70),
    st.integers(1, 70),
    st.integers(0, 9),
)
def test_whatever_the_parts_the_maximum_and_the_seed(
    dataset, world, name, number, at_once, maximum, seed
):
    source, maximum = (world, 100 + maximum) if name in LISTS else (dataset, maximum)
    one = built(source, name, 1, max_samples=maximum, seed=seed)
    several = built(source, name, number, at_once=at_once, max_samples=maximum, seed=seed)
    # What is compressed comes in other parts, which may show in compressed bytes, not in hashes.
    assert several[0] == one[0]


@pytest.mark.slow
def test_where_processes_cannot_be_forked(dataset, monkeypatch):
    one = built(dataset, "paper", 1, at_once=3)
    monkeypatch.setattr(processes, "START", "spawn")
    assert built(dataset, "paper", 2, at_once=3) == one


def test_few_seconds_are_not_worth_a_process(dataset, tmp_path, monkeypatch):
    """60 seconds: `Workers` is asked for one process, though three are allowed."""
    asked = []

    class Told(build.Workers):
        def __init__(self, held, number):
            asked.append(number)
            super().__init__(held, number)

    monkeypatch.setattr(build, "Workers", Told)
    build_set(dataset, load_protocol("paper"), tmp_path / "set", work=Work(3))
    monkeypatch.setattr(build, "SECONDS_A_PROCESS", 30)
    build_set(dataset, load_protocol("paper"), tmp_path / "other", work=Work(4))
    assert asked == [1, 3]


def test_the_same_refusal_from_any_number_of_processes(tmp_path, refused, monkeypatch, listing):
    """Ten moments, and a training video with too few distinct comments to fill one."""
    monkeypatch.setattr(build, "MOMENTS_AT_ONCE", 2)
    monkeypatch.setattr(build, "SECONDS_A_PROCESS", 1)
    videos = [Video("a", "一", "x", 100.0, "train"), Video("b", "二", "x", 100.0, "test")]
    rows = [(0, k * 1000, f"旧{k}") for k in range(90)]
    rows += [(1, t * 1000 + k, f"新{t}{k}") for t in range(10) for k in range(5)]
    write_dataset(
        tmp_path / "d",
        DatasetInfo("d", tokenizer="none"),
        videos,
        comment_video=np.array([row[0] for row in rows]),
        comment_time_ms=np.array([row[1] for row in rows]),
        comment_texts=[row[2] for row in rows],
        comment_tokens=[row[2] for row in rows],
    )
    before = listing(tmp_path)
    command = ("build-candidates", "d", "--protocol", "paper", "--out", "x", "--processes")
    messages = {refused(*command, number) for number in (1, 2, 3)}
    assert messages == {
        "d, video b, second 0: only 95 distinct candidates of 100; import more training videos"
    }
    assert listing(tmp_path) == before


def test_processes_are_a_positive_number(run):
    done = run("build-candidates", "d", "--processes", 0)
    assert done.status == 2
    assert "Invalid value for '--processes': 0 is not in the range x>=1" in done.err
