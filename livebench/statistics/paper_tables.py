"""The tables of a dataset: the paper's, each beside what the paper says of its own data, and more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from livebench.data.dataset import Dataset
from livebench.data.split import SPLITS
from livebench.statistics.neighbours import similarity_by_interval
from livebench.statistics.published import published

Cell = str | int | float | None

LONGEST_WORDS, LONGEST_CHARACTERS = 20, 30
"""Figure 4: longer comments share the last row."""
PARTS = 20
"""Of the time that a video plays."""
UNNAMED = "(none)"


class Table(NamedTuple):
    """A table of `columns` and `rows`; None is a cell without a value. `note` says what counts."""

    name: str
    title: str
    columns: list[str]
    rows: list[list[Cell]]
    note: str = ""


def all_tables(
    dataset: Dataset, ratings: Sequence[tuple[int, float]] | None = None, top: int = 20
) -> list[Table]:
    """Every table of a dataset, in the order in which they are shown.

    Args:
        ratings: number and mean of the human scores of each interval of Table 3.
        top: how many of the most frequent comments.
    """
    return [
        table_1(dataset),
        table_2(dataset),
        table_3(dataset, ratings),
        lengths(dataset, "words"),
        lengths(dataset, "characters"),
        categories(dataset),
        playback(dataset),
        frequent(dataset, top),
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


SIZE_COLUMNS = ["videos", "comments", "words", "average words", "hours"]


def _words(dataset: Dataset) -> np.ndarray:
    """int64 [strings]: their lengths in words."""
    strings = dataset.comments.strings
    return np.fromiter((string.count(" ") + 1 for string in strings), np.int64, len(strings))


def _characters(dataset: Dataset) -> np.ndarray:
    """int64 [strings]: their lengths in characters, white space apart."""
    strings = dataset.comments.strings
    lengths = (len(string) - string.count(" ") for string in strings)
    return np.fromiter(lengths, np.int64, len(strings))


def _video_of_comment(dataset: Dataset) -> np.ndarray:
    return np.repeat(np.arange(len(dataset.videos)), np.diff(dataset.comments.offsets))


def _sizes(dataset: Dataset) -> _Sizes:
    video, words = _video_of_comment(dataset), _words(dataset)[dataset.comments.string]
    return _Sizes(
        np.bincount(video, minlength=len(dataset.videos)),
        np.bincount(video, words, len(dataset.videos)).astype(np.int64),
        np.array([one.duration for one in dataset.videos]),
        np.array([one.split for one in dataset.videos]),
    )


def table_1(dataset: Dataset) -> Table:
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
    columns = ["dataset", "split", *SIZE_COLUMNS]
    return Table("table-1", "Size by split (Table 1)", columns, rows, "Hours are of video.")


def table_2(dataset: Dataset) -> Table:
    """Table 2: videos and sentences beside other datasets."""
    rows: list[list[Cell]] = [
        [p.dataset, p.task, p.videos, p.sentences] for p in published().datasets
    ]
    comments = int(dataset.comments.offsets[-1])
    rows.append([dataset.info.name, "Commenting", len(dataset.videos), comments])
    return Table(
        "table-2",
        "Beside other datasets (Table 2)",
        ["dataset", "task", "videos", "sentences"],
        rows,
        "All rows but the last are the paper's.",
    )


def table_3(dataset: Dataset, ratings: Sequence[tuple[int, float]] | None = None) -> Table:
    """Table 3: similarity of two comments by the time between them."""
    rows: list[list[Cell]] = []
    for number, (found, paper) in enumerate(
        zip(similarity_by_interval(dataset), published().intervals, strict=True)
    ):
        scores, human = ratings[number] if ratings is not None else (0, np.nan)
        rows.append(
            [
                found.name,
                found.pairs,
                _value(found.edit_distance),
                paper.edit_distance,
                _value(found.tf_idf),
                paper.tf_idf,
                _value(human),
                scores,
                paper.human,
            ]
        )
    columns = ["interval", "pairs", "edit distance", "paper", "tf-idf", "paper ", "human"]
    return Table(
        "table-3",
        "Similarity of neighbouring comments by interval (Table 3)",
        [*columns, "scores", "paper  "],
        rows,
        "Of each comment the 10 before and the 10 after it in its video; all pairs. Edit distance in "
        "characters (lower is more similar), cosine of tf-idf of words, human scores from 1 to 5.",
    )


def _value(number: float) -> float | None:
    return None if np.isnan(number) else float(number)


def lengths(dataset: Dataset, unit: str) -> Table:
    """Figure 4: how long the training comments are, in "words" or "characters"."""
    longest = LONGEST_WORDS if unit == "words" else LONGEST_CHARACTERS
    of_string = _words(dataset) if unit == "words" else _characters(dataset)
    counts = dataset.split("train").counts_by_id
    found = np.bincount(np.minimum(of_string, longest + 1), counts, longest + 2)[1:].astype(int)
    total = int(found.sum())
    names = [*map(str, range(1, longest + 1)), f"more than {longest}"]
    rows: list[list[Cell]] = [
        [name, int(count), count / total if total else None]
        for name, count in zip(names, found, strict=True)
    ]
    return Table(
        f"figure-4-{unit}",
        f"Length of training comments in {unit} (Figure 4)",
        [unit, "comments", "share"],
        rows,
    )


def categories(dataset: Dataset) -> Table:
    """Size by category, the one with the most comments first."""
    sizes = _sizes(dataset)
    category = np.array([one.category or UNNAMED for one in dataset.videos])
    rows = [[name, *sizes.row(category == name)] for name in sorted(set(category.tolist()))]
    rows.sort(key=lambda row: -row[2])
    for row in rows:
        row.append(row[2] / (row[5] * 60) if row[5] else None)
    columns = ["category", *SIZE_COLUMNS, "comments a minute"]
    return Table("categories", "Size by category", columns, rows)


def playback(dataset: Dataset) -> Table:
    """Comments over the time that a video plays, in twentieths of its duration."""
    comments = dataset.comments
    duration = np.array([one.duration for one in dataset.videos])[_video_of_comment(dataset)]
    part = np.minimum(comments.time_ms / 1000 / duration * PARTS, PARTS - 1).astype(np.int64)
    counts = np.bincount(part, minlength=PARTS)
    total = int(counts.sum())
    rows: list[list[Cell]] = [
        [
            f"{number * 100 // PARTS}-{(number + 1) * 100 // PARTS}%",
            int(count),
            count / total if total else None,
        ]
        for number, count in enumerate(counts)
    ]
    return Table(
        "playback",
        "Comments over playback time",
        ["part of the video", "comments", "share"],
        rows,
        "A comment after the end counts for the last part.",
    )


def frequent(dataset: Dataset, top: int) -> Table:
    """The most frequent comments; equally frequent ones by string."""
    comments = dataset.comments
    counts = np.bincount(comments.string, minlength=len(comments.strings))
    order = np.argsort(-counts, kind="stable")[:top]
    rows: list[list[Cell]] = [
        [comments.texts[i], int(counts[i]), counts[i] / len(comments.string)] for i in order
    ]
    return Table("frequent", "The most frequent comments", ["comment", "comments", "share"], rows)
