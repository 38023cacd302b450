"""Columns of Parquet files, as a dataset needs them: the one reader, which takes nothing on trust."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from livebench.data.split import SPLITS
from livebench.errors import LiveBenchError
from livebench.files import open_regular, unreadable
from livebench.records import MOST_CHARACTERS

MOST_ROWS = 100_000_000
"""Rows of a file, at most: a few bytes can claim any number."""

LONGEST = 10_000_000
"""Seconds of a video, and frames of it, at most: 115 days."""

_STRINGS = ("video_id", "title", "category", "split", "group", "text", "tokens")
_SECONDS = ("time", "duration")
_COUNTS = ("first_frame", "frame_count")


def read_parquet(path: Path, columns: list[str], optional: Sequence[str] = ()) -> Any:
    """Read an Arrow table; the strings of comments as dictionaries that are the same in all chunks.

    Strings are UTF-8 and at most 10,000 characters long; `time` and `duration` are float64 seconds, from
    0 to 10,000,000; `first_frame` and `frame_count` are int64 and not negative. No cell is empty.

    Args:
        optional: columns that are read if they are there.

    Raises:
        LiveBenchError: the file is missing or damaged, or lacks a column, or a value is of another
            kind; file and column are named.
    """
    import pyarrow as pa

    repeated = ["video_id", "text", "tokens"] if "tokens" in columns else []
    with _opened(path, columns, optional, repeated) as (file, wanted):
        # A process that may use one thread must not start others: it may have to be copied (fork).
        # `read_table` would.
        table = file.read(columns=wanted, use_threads=pa.cpu_count() > 1)
        if table.num_rows > MOST_ROWS:
            raise LiveBenchError(path, f"has more than {MOST_ROWS:,} rows")
        table.validate(full=True)
        table = _checked(path, table.select(wanted), repeated)
    return _with_plain_dictionaries(table, repeated)


def read_blocks(path: Path, columns: list[str], size: int) -> Iterator[Any]:
    """Yield Arrow tables of `size` rows, the last one of fewer, in order, checked as by `read_parquet`;
    strings are strings.

    Raises:
        LiveBenchError: see `read_parquet`.
    """
    import pyarrow as pa

    with _opened(path, columns, (), []) as (file, wanted):
        waiting: list[Any] = []
        left = file.metadata.num_rows
        for batch in file.iter_batches(size, columns=wanted, use_threads=False):
            batch.validate(full=True)
            left -= len(batch)
            if not len(batch):
                continue
            if left < 0:
                break
            waiting.append(_checked(path, pa.Table.from_batches([batch]).select(wanted), []))
            if sum(map(len, waiting)) >= size:
                table = pa.concat_tables(waiting)
                yield table.slice(0, size)
                waiting = [table.slice(size)] if len(table) > size else []
        if left:
            what = f"has other rows than the {file.metadata.num_rows:,} that it says"
            raise LiveBenchError(path, what, "fetch or import it again")
        if waiting:
            yield pa.concat_tables(waiting)


def rows_of_parquet(path: Path) -> int:
    """How many rows a file says that it has.

    Raises:
        LiveBenchError: the file is missing or damaged, or says that there are more than 100 million.
    """
    with _opened(path, [], (), []) as (file, _):
        rows: int = file.metadata.num_rows
        return rows


@contextmanager
def _opened(
    path: Path, columns: Sequence[str], optional: Sequence[str], repeated: Sequence[str]
) -> Iterator[tuple[Any, list[str]]]:
    """An open file, and which of the columns it has; what goes wrong in the block is an error of the
    file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with open_regular(path):
        pass  # a pipe might never end
    try:
        schema = pq.read_schema(path)
        missing = [name for name in columns if name not in schema.names]
        if missing:
            raise LiveBenchError(path, f"missing columns: {', '.join(missing)}")
        wanted = [*columns, *(name for name in optional if name in schema.names)]
        for name in wanted:
            _check_type(path, name, schema)
        with pq.ParquetFile(path, read_dictionary=list(repeated) or None, pre_buffer=False) as file:
            if file.metadata.num_rows > MOST_ROWS:
                raise LiveBenchError(path, f"has more than {MOST_ROWS:,} rows")
            yield file, wanted
    except LiveBenchError:
        raise
    # Of a damaged file Arrow says whatever comes first: also that memory or an index is not there.
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, IndexError) as error:
        raise unreadable(path, error, "Parquet") from None
    except (MemoryError, OverflowError, NotImplementedError, RecursionError) as error:
        raise unreadable(path, error, "Parquet") from None


def _checked(path: Path, table: Any, repeated: Sequence[str]) -> Any:
    """The table in the types that are used.

    Raises:
        LiveBenchError: a value is not what its column may hold.
    """
    table = _in_our_types(table, repeated)
    for name in table.column_names:
        _check_column(path, name, table[name])
    return table


def _with_plain_dictionaries(table: Any, repeated: Sequence[str]) -> Any:
    """The same, one dictionary in all chunks, without values that are unused or there twice."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = table.unify_dictionaries()
    for name in repeated:
        array = table[name].combine_chunks()
        used = np.bincount(array.indices.to_numpy(), minlength=len(array.dictionary)) > 0
        if not used.all() or len(pc.unique(array.dictionary)) < len(array.dictionary):
            plain = pa.chunked_array([array.cast(pa.string()).dictionary_encode()])
            table = table.set_column(table.column_names.index(name), name, plain)
    return table


def _check_type(path: Path, name: str, schema: Any) -> None:
    """Raise LiveBenchError unless a column is of the type that its name says, or one as good."""
    import pyarrow.types as kinds

    if schema.names.count(name) > 1:
        raise LiveBenchError(path, f"column {name} is there twice")
    found = schema.field(name).type
    plain = found.value_type if kinds.is_dictionary(found) else found
    if name in _STRINGS:
        fits, should = kinds.is_string(plain) or kinds.is_large_string(plain), "text"
    elif name in _COUNTS:
        fits, should = kinds.is_integer(found), "whole numbers"
    else:
        fits, should = kinds.is_floating(found) or kinds.is_integer(found), "numbers"
    if not fits:
        raise LiveBenchError(path, f"column {name} is {str(found)[:80]}, and should be {should}")


def _in_our_types(table: Any, repeated: Sequence[str]) -> Any:
    """The same values in the types that are used."""
    import pyarrow as pa

    def type_of(name: str) -> Any:
        if name in _STRINGS:
            return pa.dictionary(pa.int32(), pa.string()) if name in repeated else pa.string()
        return pa.int64() if name in _COUNTS else pa.float64()

    schema = pa.schema([pa.field(name, type_of(name)) for name in table.column_names])
    return table if table.schema.equals(schema) else table.cast(schema)


def _check_column(path: Path, name: str, column: Any) -> None:
    """Raise LiveBenchError if a cell is empty, or is not what its column may hold."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.null_count or any(
        chunk.dictionary.null_count
        for chunk in column.chunks
        if isinstance(chunk, pa.DictionaryArray)
    ):
        raise LiveBenchError(path, f"column {name} has empty cells")
    if not len(column):
        return
    if name in _STRINGS:
        dictionaries: list[Any] = [
            chunk.dictionary if isinstance(chunk, pa.DictionaryArray) else chunk
            for chunk in column.chunks
        ]
        longest = max(
            (pc.max(pc.utf8_length(part)).as_py() or 0 for part in dictionaries), default=0
        )
        if longest > MOST_CHARACTERS:
            what = (
                f"column {name} has a text of {longest:,} characters, and {MOST_CHARACTERS:,} are"
            )
            raise LiveBenchError(path, f"{what} the most")
        if name == "split" and not pc.all(pc.is_in(column, pa.array(SPLITS))).as_py():
            raise LiveBenchError(path, f"column split has other values than {', '.join(SPLITS)}")
        return
    numbers = column.to_numpy()
    most = MOST_ROWS if name == "first_frame" else LONGEST
    if not ((numbers >= 0) & (numbers <= most)).all():  # and so none is NaN
        raise LiveBenchError(path, f"column {name} has a value that is not from 0 to {most:,}")
