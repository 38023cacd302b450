"""Figures of a dataset, counted by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from livebench.data.dataset import Dataset, DatasetInfo, Video
from livebench.data.dataset_writer import write_dataset
from livebench.statistics.split_statistics import split_statistics, statistics_markdown

# Words by jieba: one in each, two in the last (小猫 可爱). White space does not count.
COMMENTS = [(0, "哈哈"), (0, "你好"), (0, "哈 哈"), (1, "哈哈"), (1, "小猫"), (1, "小猫可爱")]


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    videos = [
        Video("a", "t", "c", duration=1800.0, split="train"),
        Video("b", "u", "c", duration=5400.0, split="test"),
        Video("z", "no comments", "c", duration=0.0, split="test"),
    ]
    return write_dataset(
        tmp_path_factory.mktemp("d") / "d",
        DatasetInfo(name="counted"),
        videos,
        comment_video=np.array([video for video, _ in COMMENTS]),
        comment_time_ms=np.arange(len(COMMENTS)),
        comment_texts=[text for _, text in COMMENTS],
    )


@pytest.mark.parametrize(
    ("figure", "train", "test", "every"),
    [
        ("videos", 1, 2, 3),
        ("hours", 0.5, 1.5, 2.0),
        ("comments", 3, 3, 6),
        ("words", 3, 4, 7),
        ("distinct strings", 2, 3, 4),
        ("distinct share", 2 / 3, 1, 4 / 6),
        ("once share", 1 / 2, 1, 3 / 4),
        ("top 20 share", 1, 1, 1),
        ("words, mean", 1, 4 / 3, 7 / 6),
        ("words, 50%", 1, 1, 1),
        ("words, 99%", 1, 2, 2),
        ("characters, mean", 2, 8 / 3, 14 / 6),
        ("characters, 95%", 2, 4, 4),
        ("comments a video, mean", 3, 1.5, 2),
        ("comments a video, 5%", 3, 0, 0),
    ],
)
def test_figures(counted, figure, train, test, every):
    found = {split: figures[figure] for split, figures in split_statistics(counted).items()}
    assert found == pytest.approx({"train": train, "test": test, "all": every})


def test_share_of_the_most_frequent(tmp_path):
    """25 strings once and one 5 times: the top 20 hold 5 + 19 of 30."""
    texts = [f"第{number}" for number in range(25)] + ["哈"] * 5
    dataset = write_dataset(
        tmp_path / "d",
        DatasetInfo(name="top"),
        [Video("a", "t", "c", duration=1.0)],
        comment_video=np.zeros(30, np.int64),
        comment_time_ms=np.arange(30),
        comment_texts=texts,
    )
    found = split_statistics(dataset)["all"]
    assert found["top 20 share"] == pytest.approx(24 / 30)
    assert found["top 100 share"] == 1


def test_no_comments(tmp_path):
    dataset = write_dataset(
        tmp_path / "d",
        DatasetInfo(name="silent"),
        [Video("a", "t", "c", duration=1.0)],
        comment_video=np.empty(0, np.int64),
        comment_time_ms=np.empty(0, np.int64),
        comment_texts=[],
    )
    statistics = split_statistics(dataset)
    assert statistics["all"]["comments"] == 0
    assert statistics["all"]["distinct share"] is None
    lines = [line.replace(" ", "") for line in statistics_markdown(statistics).splitlines()]
    assert "|distinctshare|-|-|" in lines


def test_command(counted, run):
    table = run("stats", counted.path).out
    assert "| distinct share" in table
    assert "0.667" in table
    figures = json.loads(run("stats", counted.path, "--json").out)["figures"]
    assert figures["all"]["comments"] == 6
    assert figures["test"]["hours"] == 1.5
