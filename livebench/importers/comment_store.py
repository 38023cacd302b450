"""Keeps the comments of a source while it is read: in memory as long as they are few, else in files.

Comments come in the order of the source, and leave in the order of a dataset. They are first written in
blocks, and then distributed to files of consecutive videos, of which each is sorted in memory (a
distribution sort).
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from livebench.data import distinct
from livebench.data.dataset_writer import comment_table
from livebench.files import unwritable


class CommentStore:
    """The comments that were taken from a source.

    Args:
        folder: where to make a folder for them, if they are many; by default that of temporary files.

    Attributes:
        segmented: whether they have words.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._parent = folder
        self._folder: Path | None = None
        self._number = count()
        self._files: list[Path] = []
        self._spilled = 0
        self._counts, self._last = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self.segmented = False
        self._clear()

    def __len__(self) -> int:
        return self._spilled + len(self._texts)

    def add(self, video: int, time_ms: int, text: str, tokens: str | None) -> None:
        """Keep a comment of the video with this number; `tokens` for all comments or for none."""
        self._videos.append(video)
        self._times.append(time_ms)
        self._texts.append(self._same.setdefault(text, text))
        if tokens is not None:
            self.segmented = True
            self._tokens.append(self._same.setdefault(tokens, tokens))
        if len(self._texts) >= distinct.BLOCK:
            self._spill()

    def counts(self, videos: int) -> np.ndarray:
        """int64 [videos]: the number of comments of each."""
        self._count()
        return _padded(self._counts, videos, 0)

    def last(self, videos: int) -> np.ndarray:
        """int64 [videos]: the time of the last comment of each in ms; -1 without comments."""
        self._count()
        return _padded(self._last, videos, -1)

    def every(self, step: int) -> list[str]:
        """The text of every `step`-th comment, as they came."""
        found, start = [], 0
        for table in self._tables():
            found += table["text"].take(np.arange(-start % step, len(table), step)).to_pylist()
            start += len(table)
        return found

    def in_order(self, place: np.ndarray) -> Iterator[Any]:
        """Yield tables (`comment_table`) of the comments, sorted by the place of their video, then by
        time, then as they came; once.

        Args:
            place: int64 [videos], from 0 without a gap; -1 for videos that are left out.

        Raises:
            LiveBenchError: the disk is full.
        """
        counts = np.zeros(max(place.max(initial=-1) + 1, 1), np.int64)
        here = place >= 0
        counts[place[here]] = self.counts(len(place))[here]
        # Of each place the file: one has about a block of comments, and whole videos.
        file_of = (np.cumsum(counts) - counts) // distinct.BLOCK
        for table in self._distributed(place, file_of):
            order = np.lexsort((table["time"].to_numpy(), table["video"].to_numpy()))
            yield table.take(order)

    def _distributed(self, place: np.ndarray, file_of: np.ndarray) -> Iterator[Any]:
        """Yield a table of each group of consecutive videos: the comments as they came, by place."""
        import pyarrow as pa

        if not self._files:
            for table in self._tables():
                yield from (part for _, part in _parts(table, place, file_of))
            return
        self._spill()
        paths: dict[int, Path] = {}
        with _disk(self._folder), contextlib.ExitStack() as stack:
            writers: dict[int, Any] = {}
            for path, table in zip(self._files, self._tables(), strict=True):
                for number, part in _parts(table, place, file_of):
                    if number not in writers:
                        paths[number] = self._new_path("group")
                        file = stack.enter_context(pa.OSFile(str(paths[number]), "wb"))
                        writers[number] = stack.enter_context(pa.ipc.new_stream(file, part.schema))
                    writers[number].write_table(part)
                path.unlink()
        for _, path in sorted(paths.items()):
            with pa.OSFile(str(path), "rb") as file:
                table = pa.ipc.open_stream(file).read_all()
            path.unlink()
            yield table

    def _tables(self) -> Iterator[Any]:
        import pyarrow as pa

        for path in self._files:
            with pa.OSFile(str(path), "rb") as file:
                yield pa.ipc.open_file(file).read_all()
        if self._texts:
            yield self._held()

    def _held(self) -> Any:
        return comment_table(
            np.array(self._videos, np.int64),
            np.array(self._times, np.int64),
            self._texts,
            self._tokens if self.segmented else None,
        )

    def _spill(self) -> None:
        """Write what is in memory to a file."""
        import pyarrow as pa

        if not self._texts:
            return
        self._count()
        path, table = self._new_path("block"), self._held()
        with (
            _disk(self._folder),
            pa.OSFile(str(path), "wb") as file,
            pa.ipc.new_file(file, table.schema) as writer,
        ):
            writer.write_table(table)
        self._files.append(path)
        self._spilled += len(self._texts)
        self._clear()

    def _clear(self) -> None:
        self._videos, self._times = array("q"), array("q")
        self._texts: list[str] = []
        self._tokens: list[str] = []
        self._same: dict[str, str] = {}
        self._counted = 0

    def _count(self) -> None:
        """Count what is in memory and is not counted yet."""
        new = slice(self._counted, len(self._texts))
        videos, times = np.array(self._videos[new], np.int64), np.array(self._times[new], np.int64)
        if len(videos):
            size = max(len(self._counts), int(videos.max()) + 1)
            self._counts = _padded(self._counts, size, 0) + np.bincount(videos, minlength=size)
            self._last = _padded(self._last, size, -1)
            np.maximum.at(self._last, videos, times)
        self._counted = len(self._texts)

    def _new_path(self, name: str) -> Path:
        if self._folder is None:
            parent = Path(tempfile.gettempdir()) if self._parent is None else self._parent
            with _disk(parent):
                parent.mkdir(parents=True, exist_ok=True)
                self._folder = Path(tempfile.mkdtemp(prefix=".livebench-import.", dir=parent))
        return self._folder / f"{name}-{next(self._number)}.arrow"

    def close(self) -> None:
        """Remove what was written."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder, self._files = None, []


@contextlib.contextmanager
def _disk(folder: Path | None) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        fix = "make room there: import needs about as much as the texts twice"
        raise unwritable(folder or Path(), error, fix) from None


def _parts(table: Any, place: np.ndarray, file_of: np.ndarray) -> Iterator[tuple[int, Any]]:
    """The comments of a table with their places, by the file of these."""
    own = place[table["video"].to_numpy()]
    kept = np.flatnonzero(own >= 0)
    files = file_of[own[kept]]
    rows = kept[np.argsort(files, kind="stable")]
    numbers, starts = np.unique(np.sort(files), return_index=True)
    for number, start, stop in zip(numbers, starts, [*starts[1:], len(rows)], strict=True):
        some = table.take(rows[start:stop])
        columns: Sequence[Any] = [some[name] for name in some.column_names[2:]]
        columns = [column.combine_chunks() for column in columns]
        yield int(number), comment_table(own[rows[start:stop]], some["time"].to_numpy(), *columns)


def _padded(values: np.ndarray, size: int, default: int) -> np.ndarray:
    return np.concatenate([values, np.full(size - len(values), default, np.int64)])
