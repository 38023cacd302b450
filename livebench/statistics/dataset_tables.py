"""The tables of a dataset: the paper's, each next to the paper's own numbers, and more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from livebench.data.dataset import Dataset
from livebench.data.split import SPLITS
from livebench.statistics.neighbour_similarity import similarity_by_interval
from livebench.statistics.published_data import published

Cell = str | int | float | None

_LONGEST_WORDS, _LONGEST_CHARACTERS = 20, 30
"""Figure 4: longer comments share the last row."""
_PARTS = 20
"""Of the time that a video plays."""
_UNNAMED = "(none)"


class DatasetTable(NamedTuple):
    """A table about a dataset.

    Attributes:
        columns: their names, each of its own.
        rows: None is a cell without a value.
        note: what counts.
        labels: how many columns, from the first, are words; the others are numbers.
    """

    name: str
    title: str
    columns: list[str]
    rows: list[list[Cell]]
    note: str = ""
    labels: int = 1


def all_tables(
    dataset: Dataset, human_scores: Sequence[tuple[int, float]] | None = None, top: int = 20
) -> list[DatasetTable]:
    """Every table of a dataset, in the order in which they are shown.

    Args:
        human_scores: their number and mean in each interval of Table 3.
        top: how many of the most frequent comments.
    """
    return [
        _table_1(dataset),
        _table_2(dataset),
        _table_3(dataset, human_scores),
        _lengths(dataset, "words"),
        _lengths(dataset, "characters"),
        _categories(dataset),
        _playback(dataset),
        _frequent(dataset, top),
    ]


class _Sizes(NamedTuple):
    """Of each video: comments, words, seconds, split."""

    comments: np.ndarray
    words: np.ndarray
    seconds: np.ndarray
    split: np.ndarray

    def row(self, chosen: np.ndarray) -> list[Cell]:
        """Videos, comments, words, average words, hours."""
        comments, words = int(self.comments[chosen].sum()), int(self.words[chosen].sum())
        average = words / comments if comments else None
        return [int(chosen.sum()), comments, words, average, self.seconds[chosen].sum() / 3600]


_SIZE_COLUMNS = ["videos", "comments", "words", "average words", "hours"]


def _sizes(dataset: Dataset) -> _Sizes:
    comments, videos = dataset.comments, dataset.videos
    words = np.bincount(comments.video, comments.words[comments.string], len(videos))
    return _Sizes(
        np.diff(comments.offsets),
        words.astype(np.int64),
        np.array([video.duration for video in videos]),
        np.array([video.split for video in videos]),
    )


def _table_1(dataset: Dataset) -> DatasetTable:
    """Table 1: size by split."""
    sizes = _sizes(dataset)
    rows: list[list[Cell]] = [
        [dataset.info.name, split, *sizes.row(sizes.split == split)]
        for split in SPLITS
        if (sizes.split == split).any()
    ]
    rows.append([dataset.info.name, "all", *sizes.row(np.ones(len(sizes.split), bool))])
    rows += [
        ["LiveBot (paper)", p.split, p.videos, p.comments, p.words, p.average_words, p.hours]
        for p in published().splits
    ]
    columns = ["dataset", "split", *_SIZE_COLUMNS]
    return DatasetTable(
        "table-1", "Size by split (Table 1)", columns, rows, "Hours are of video.", 2
    )


def _table_2(dataset: Dataset) -> DatasetTable:
    """Table 2: videos and sentences beside other datasets."""
    rows: list[list[Cell]] = [
        [p.dataset, p.task, p.videos, p.sentences] for p in published().datasets
    ]
    comments = int(dataset.comments.offsets[-1])
    rows.append([dataset.info.name, "Commenting", len(dataset.videos), comments])
    return DatasetTable(
        "table-2",
        "Beside other datasets (Table 2)",
        ["dataset", "task", "videos", "sentences"],
        rows,
        "All rows but the last are the paper's.",
        labels=2,
    )


def _table_3(
    dataset: Dataset, human_scores: Sequence[tuple[int, float]] | None = None
) -> DatasetTable:
    """Table 3: similarity of two comments by the time between them."""
    intervals = similarity_by_interval(dataset)
    rows: list[dict[str, Cell]] = [
        {
            "interval": measured.name,
            "pairs": measured.pairs,
            "edit distance": _value(measured.edit_distance),
            "edit distance, paper": paper.edit_distance,
            "tf-idf": _value(measured.tf_idf),
            "tf-idf, paper": paper.tf_idf,
            "human": _value(human),
            "scores": scores,
            "human, paper": paper.human,
        }
        for measured, paper, (scores, human) in zip(
            intervals,
            published().intervals,
            human_scores or [(0, np.nan)] * len(intervals),
            strict=True,
        )
    ]
    return DatasetTable(
        "table-3",
        "Similarity of neighbouring comments by interval (Table 3)",
        list(rows[0]),
        [list(row.values()) for row in rows],
        "Of each comment the 10 before and the 10 after it in its video; all pairs. Edit distance in "
        "characters (lower is more similar), cosine of tf-idf of words, human scores from 1 to 5.",
    )


def _value(number: float) -> float | None:
    return None if np.isnan(number) else float(number)


def _with_shares(names: Sequence[str], counts: np.ndarray, total: int) -> list[list[Cell]]:
    """Rows of name, number of comments, and their share of `total`."""
    return [
        [name, count, count / total if total else None]
        for name, count in zip(names, counts.tolist(), strict=True)
    ]


def _lengths(dataset: Dataset, unit: str) -> DatasetTable:
    """Figure 4: how long the training comments are, in "words" or "characters"."""
    longest = _LONGEST_WORDS if unit == "words" else _LONGEST_CHARACTERS
    of_string = dataset.comments.words if unit == "words" else dataset.comments.characters
    counts = dataset.split("train").counts_by_id
    by_length = np.bincount(np.minimum(of_string, longest + 1), counts, longest + 2)[1:].astype(int)
    names = [*map(str, range(1, longest + 1)), f"more than {longest}"]
    return DatasetTable(
        f"figure-4-{unit}",
        f"Length of training comments in {unit} (Figure 4)",
        [unit, "comments", "share"],
        _with_shares(names, by_length, int(by_length.sum())),
    )


def _categories(dataset: Dataset) -> DatasetTable:
    """Size by category, the one with the most comments first."""
    sizes = _sizes(dataset)
    category = np.array([video.category or _UNNAMED for video in dataset.videos])
    rows = [[name, *sizes.row(category == name)] for name in sorted(set(category.tolist()))]
    rows.sort(key=lambda row: -row[2])
    for row in rows:
        row.append(row[2] / (row[5] * 60) if row[5] else None)
    columns = ["category", *_SIZE_COLUMNS, "comments a minute"]
    return DatasetTable("categories", "Size by category", columns, rows)


def _playback(dataset: Dataset) -> DatasetTable:
    """Comments over the time that a video plays, in twentieths of its duration."""
    comments = dataset.comments
    duration = np.array([video.duration for video in dataset.videos])[comments.video]
    part = np.minimum(comments.time_ms / 1000 / duration * _PARTS, _PARTS - 1).astype(np.int64)
    counts = np.bincount(part, minlength=_PARTS)
    names = [f"{n * 100 // _PARTS}-{(n + 1) * 100 // _PARTS}%" for n in range(_PARTS)]
    return DatasetTable(
        "playback",
        "Comments over playback time",
        ["part of the video", "comments", "share"],
        _with_shares(names, counts, len(part)),
        "A comment after the end counts for the last part.",
    )


def _frequent(dataset: Dataset, top: int) -> DatasetTable:
    """The most frequent comments; equally frequent ones by string."""
    comments = dataset.comments
    counts = np.bincount(comments.string, minlength=len(comments.strings))
    order = np.argsort(-counts, kind="stable")[:top]
    texts = [comments.texts[number] for number in order]
    rows = _with_shares(texts, counts[order], len(comments.string))
    return DatasetTable(
        "frequent", "The most frequent comments", ["comment", "comments", "share"], rows
    )
