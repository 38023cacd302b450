"""The distinct strings of a column in sorted order, and which of them each row has.

There may be more than memory holds. The rows come in blocks. Of a block the distinct strings are sorted
and written to a file; then ranges of strings, each as large as a block, are taken from all these files
and merged, one range after the other (a distribution sort). So memory holds a block or a range, and the
number of each row. What fits into one block is never written. docs/scale.md has it beside DuckDB and
Polars.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, overload

import numpy as np

from livebench.files import ROOM, temporary_folder, unwritable

BLOCK = 1 << 20
"""Rows that are held in memory at a time."""

_SAMPLED = 512
"""One of so many strings of a block decides where ranges begin."""


class StringsOnDisk(Sequence[str]):
    """Strings in a file that was mapped into memory and has no name any more; each is read when asked
    for.

    Args:
        arrays: Arrow arrays (large_string), none of them empty.
    """

    def __init__(self, arrays: Sequence[Any]) -> None:
        self.arrays = arrays
        self._starts = np.cumsum([0, *map(len, arrays)]).tolist()

    def __len__(self) -> int:
        return int(self._starts[-1])

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        index = int(index) + (len(self) if index < 0 else 0)
        if not 0 <= index < len(self):
            raise IndexError(index)
        part = bisect_right(self._starts, index) - 1
        found: str = self.arrays[part][index - self._starts[part]].as_py()
        return found

    def __iter__(self) -> Iterator[str]:
        for array in self.arrays:
            for start in range(0, len(array), 1 << 14):
                yield from array[start : start + (1 << 14)].to_pylist()


def string_blocks(strings: Sequence[str], size: int = BLOCK) -> Iterator[Any]:
    """The strings as Arrow arrays (large_string) of at most `size`, in order."""
    import pyarrow as pa

    arrays = strings.arrays if isinstance(strings, StringsOnDisk) else [strings]
    for array in arrays:
        for start in range(0, len(array), size):
            part = array[start : start + size]
            yield part if isinstance(part, pa.Array) else pa.array(part, pa.large_string())


def chosen_blocks(
    strings: Sequence[str], numbers: np.ndarray, size: int = BLOCK
) -> Iterator[list[str]]:
    """The strings with these numbers (ascending), in order, in lists of at most `size`."""
    base = 0
    for block in string_blocks(strings, size):
        first, last = np.searchsorted(numbers, (base, base + len(block)))
        if first < last:
            yield block.take(numbers[first:last] - base).to_pylist()
        base += len(block)


class Distinct(NamedTuple):
    """The distinct strings of rows.

    Attributes:
        codes: int32 [rows], which of `strings`.
        strings: sorted by code point.
        values: one value for each of `strings`: of those in its rows the most frequent, then the first
            by code point.
    """

    codes: np.ndarray
    strings: Sequence[str]
    values: Sequence[str]


def distinct_strings(blocks: Iterable[tuple[Any, Any]], rows: int) -> Distinct:
    """The distinct strings of rows that come in blocks; the result does not depend on how.

    Args:
        blocks: Arrow arrays of strings and of their values, equally long.
        rows: how many there are in all.

    Raises:
        LiveBenchError: the folder for temporary files (TMPDIR) cannot be written, or is full.
    """
    codes = np.empty(rows, np.int32)
    with ExitStack() as stack:
        runs: list[_Run] = []
        places: list[slice] = []
        start, waiting = 0, None
        folder = None
        for strings, values in blocks:
            if waiting is not None:
                if folder is None:
                    folder = Path(stack.enter_context(temporary_folder()))
                runs.append(waiting.written(folder / f"{len(runs)}.arrow"))
            waiting, own = _run_of(strings, values)
            places.append(slice(start, start + len(own)))
            codes[places[-1]] = own
            start += len(own)
            _release()
        if folder is None:
            return _in_memory(codes, waiting)
        assert waiting is not None
        runs.append(waiting.written(folder / f"{len(runs)}.arrow"))
        waiting = None
        numbers, arrays = _merged(runs, folder)
        for place, number in zip(places, numbers, strict=True):
            codes[place] = number[codes[place]]
        return Distinct(codes, StringsOnDisk(arrays[0]), StringsOnDisk(arrays[1]))


class _Run(NamedTuple):
    """The distinct pairs of string and value of a block, sorted.

    Attributes:
        table: columns string, value, count, and number (of the string among those of the block).
        sample: some of the strings.
        strings: how many strings are distinct.
        path: where the table is, once it is written.
    """

    table: Any
    sample: list[str]
    strings: int
    path: Path | None = None

    def written(self, path: Path) -> _Run:
        _write_arrow(path, [self.table])
        return self._replace(table=None, path=path)


def _run_of(strings: Any, values: Any) -> tuple[_Run, np.ndarray]:
    """The run of a block, and int32 [rows]: which of its distinct strings each row has."""
    import pyarrow as pa

    string, distinct = _sorted(strings)
    value, distinct_values = (string, distinct) if values is strings else _sorted(values)
    pairs, counts = _counted(string, value, len(distinct_values))
    number, value = np.divmod(pairs, max(1, len(distinct_values)))
    table = pa.table(
        {
            "string": distinct.take(pa.array(number)),
            "value": distinct_values.take(pa.array(value)),
            "count": pa.array(counts),
            "number": pa.array(number, pa.int32()),
        }
    )
    return _Run(table, distinct[::_SAMPLED].to_pylist(), len(distinct)), string


def _sorted(strings: Any) -> tuple[np.ndarray, Any]:
    """int32 [rows], which of the distinct strings; and these as Arrow has them, sorted."""
    import pyarrow as pa
    import pyarrow.compute as pc

    array = strings.combine_chunks() if isinstance(strings, pa.ChunkedArray) else strings
    if not isinstance(array, pa.DictionaryArray):
        array = array.cast(pa.large_string()).dictionary_encode()
    order = pc.sort_indices(array.dictionary)
    rank = np.empty(len(order), np.int32)
    rank[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
    return rank[array.indices.to_numpy()], array.dictionary.take(order).cast(pa.large_string())


def _counted(
    string: np.ndarray, value: np.ndarray, values: int, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The distinct pairs, as string * values + value, ascending, and how often each occurs."""
    pairs = string.astype(np.int64) * max(1, values) + value
    if weights is None:
        return np.unique(pairs, return_counts=True)
    pairs, inverse = np.unique(pairs, return_inverse=True)
    return pairs, np.bincount(inverse, weights, len(pairs)).astype(np.int64)


def _most_frequent(pairs: np.ndarray, counts: np.ndarray, values: int) -> np.ndarray:
    """Of each string the value that occurs most, then the first; of pairs as `_counted` gives them."""
    string = pairs // max(1, values)
    order = np.lexsort((pairs, -counts, string))
    _, first = np.unique(string[order], return_index=True)
    chosen: np.ndarray = pairs[order][first] % max(1, values)
    return chosen


def _in_memory(codes: np.ndarray, run: _Run | None) -> Distinct:
    """What there is if the rows are one block, or none."""
    if run is None:
        return Distinct(codes, [], [])
    table = run.table
    _, first = np.unique(table["number"].to_numpy(), return_index=True)
    value, values = _sorted(table["value"])
    pairs = table["number"].to_numpy().astype(np.int64) * max(1, len(values)) + value
    chosen = _most_frequent(pairs, table["count"].to_numpy(), len(values))
    return Distinct(codes, table["string"].take(first).to_pylist(), values.take(chosen).to_pylist())


def _merged(runs: Sequence[_Run], folder: Path) -> tuple[list[np.ndarray], tuple[list[Any], ...]]:
    """Merge runs, range by range.

    Returns:
        for each run int32 [its strings], their numbers among all; and strings and values, each as
        arrays in files.
    """
    import pyarrow as pa

    bounds = _bounds(runs)
    numbers = [np.empty(run.strings, np.int32) for run in runs]
    base, written = 0, []
    for place, (low, high) in enumerate(pairwise((None, *bounds, None))):
        parts, lengths = [], []
        for run in runs:
            table = _open_arrow(run.path)
            first, last = (
                0 if low is None else _place_of(low, table["string"]),
                table.num_rows if high is None else _place_of(high, table["string"]),
            )
            parts.append(table.slice(first, last - first))
            lengths.append(last - first)
        table = pa.concat_tables(parts)
        string, distinct = _sorted(table["string"])
        value, values = _sorted(table["value"])
        start = 0
        for own, length in zip(numbers, lengths, strict=True):
            stop = start + length
            own[table["number"].slice(start, length).to_numpy()] = base + string[start:stop]
            start = stop
        pairs, counts = _counted(string, value, len(values), table["count"].to_numpy())
        chosen = values.take(pa.array(_most_frequent(pairs, counts, len(values))))
        if len(distinct):
            path = folder / f"range-{place}.arrow"
            _write_arrow(path, [pa.table({"string": distinct, "value": chosen})])
            written.append(path)
        base += len(distinct)
        _release()
    opened = [_open_arrow(path) for path in written]
    return numbers, tuple(
        [chunk for table in opened for chunk in table[name].chunks] for name in ("string", "value")
    )


def _release() -> None:
    """Give memory that Arrow has freed back to the system, which it would keep."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


def _bounds(runs: Sequence[_Run]) -> list[str]:
    """Where ranges begin, each but the first, so that each has about a block of strings."""
    sample = sorted(string for run in runs for string in run.sample)
    ranges = math.ceil(sum(run.strings for run in runs) / BLOCK)
    return sorted({sample[len(sample) * i // ranges] for i in range(1, ranges)})


def _place_of(string: str, column: Any) -> int:
    """The place of the first in a sorted column that is not before a string."""
    return bisect_left(range(len(column)), string, key=lambda place: column[place].as_py())


def _write_arrow(path: Path, tables: Sequence[Any]) -> None:
    import pyarrow as pa

    try:
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, tables[0].schema) as writer:
            for table in tables:
                writer.write_table(table.combine_chunks())
    except OSError as error:
        raise unwritable(path.parent, error, ROOM) from None


def _open_arrow(path: Path | None) -> Any:
    """A table whose columns are read from a file as they are needed."""
    import pyarrow as pa

    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all()
