"""The comments of a dataset, in columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from livebench.data import distinct
from livebench.data.parquet import read_blocks, rows_of_parquet
from livebench.errors import LiveBenchError

COMMENT_COLUMNS = ["video_id", "time", "text", "tokens"]


@dataclass(frozen=True)
class Comments:
    """All comments of a dataset, in columns; each distinct text and string of words is held once.

    Attributes:
        offsets: int64 [videos + 1]; the comments of video i are rows offsets[i] up to offsets[i + 1].
        time_ms: int64 [comments], milliseconds from the start of the video.
        string: int32 [comments], which of `strings`.
        strings: the distinct comments (words joined by spaces), sorted: the order of two numbers is
            the order of their strings. On disk if they are many: read them in blocks.
        texts: one text for each of `strings`: of those that differ only in white space the most
            frequent, then the first by code point.
        video: int64 [comments], the number of its video.
        words, characters: int64 [distinct], lengths of `strings`, white space apart.
    """

    offsets: np.ndarray
    time_ms: np.ndarray
    string: np.ndarray
    strings: Sequence[str]
    texts: Sequence[str]

    @cached_property
    def video(self) -> np.ndarray:
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    def video_of(self, rows: slice) -> np.ndarray:
        """int64 [rows]: the number of the video of each of some comments."""
        return np.searchsorted(self.offsets, np.arange(rows.start, rows.stop), "right") - 1

    @cached_property
    def words(self) -> np.ndarray:
        words: np.ndarray = self._spaces + 1
        return words

    @cached_property
    def characters(self) -> np.ndarray:
        import pyarrow.compute as pc

        blocks = distinct.string_blocks(self.strings)
        lengths = [pc.utf8_length(block).to_numpy().astype(np.int64) for block in blocks]
        characters: np.ndarray = np.concatenate([np.empty(0, np.int64), *lengths]) - self._spaces
        return characters

    @property
    def _spaces(self) -> np.ndarray:
        import pyarrow.compute as pc

        blocks = distinct.string_blocks(self.strings)
        counts = [pc.count_substring(block, " ").to_numpy().astype(np.int64) for block in blocks]
        return np.concatenate([np.empty(0, np.int64), *counts])

    def of(self, video: int) -> slice:
        """The rows of a video."""
        return slice(int(self.offsets[video]), int(self.offsets[video + 1]))


def read_comments(path: Path, videos: Mapping[str, int]) -> Comments:
    """Read comments.parquet, block by block.

    Args:
        videos: the number of each video, by id.

    Raises:
        LiveBenchError: the file is missing or damaged, or its comments are not in order or of a video
            that is not there; or the folder for temporary files is full.
    """
    rows, count = rows_of_parquet(path), len(videos)
    time_ms, sizes = np.empty(rows, np.int64), np.zeros(count, np.int64)

    def blocks() -> Iterator[tuple[Any, Any]]:
        start, last = 0, (0, 0)
        for table in read_blocks(path, COMMENT_COLUMNS, distinct.BLOCK):
            names = table["video_id"].combine_chunks().dictionary_encode()
            ids = names.dictionary.to_pylist()
            unknown = [name for name in ids if name not in videos]
            if unknown:
                raise LiveBenchError(path.parent, f"comments of the unknown video {unknown[0]}")
            video = np.array([videos[name] for name in ids], np.int64)[names.indices.to_numpy()]
            times = milliseconds(table["time"].to_numpy())
            _check_order(path, np.append(last[0], video), np.append(last[1], times))
            sizes[:] += np.bincount(video, minlength=count)
            time_ms[start : start + len(times)] = times
            start, last = start + len(times), (int(video[-1]), int(times[-1]))
            yield table["tokens"].combine_chunks(), table["text"].combine_chunks()

    found = distinct.distinct_strings(blocks(), rows)
    return Comments(
        offsets=np.concatenate([[0], np.cumsum(sizes)]),
        time_ms=time_ms,
        string=found.codes,
        strings=found.strings,
        texts=found.values,
    )


def milliseconds(seconds: np.ndarray) -> np.ndarray:
    """int64, of float64."""
    rounded: np.ndarray = np.rint(seconds * 1000).astype(np.int64)
    return rounded


def _check_order(path: Path, video: np.ndarray, time_ms: np.ndarray) -> None:
    step = np.diff(video)
    if (step < 0).any() or (np.diff(time_ms)[step == 0] < 0).any():
        what = "comments are not in the order of videos and times"
        raise LiveBenchError(path, what, "import it again")


def counted(codes: np.ndarray, rows: Iterable[slice], number: int) -> np.ndarray:
    """int64 [number]: how often each code occurs in these rows, which are not copied."""
    counts, held = np.zeros(number, np.int64), 0
    waiting: list[np.ndarray] = []
    for part in (*(codes[some] for some in rows), None):
        if part is None or held > distinct.BLOCK:
            np.add.at(counts, np.concatenate([np.empty(0, np.int64), *waiting]), 1)
            waiting, held = [], 0
        if part is not None:
            waiting.append(part)
            held += len(part)
    return counts
