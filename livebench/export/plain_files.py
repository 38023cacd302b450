"""Writes rows as JSON Lines or Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import msgspec

from livebench.files import new_file

Format = Literal["jsonl", "parquet"]

_ROWS = 10_000  # of a group of Parquet, and as many as are in memory at once


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]], columns: Mapping[str, Any]) -> int:
    """Write rows to a file, whose name ends in .jsonl or .parquet; return how many.

    Args:
        columns: the type of each column, as pyarrow names it, a list of them in a list, and the columns
            of records in a dictionary: `{"time": "double", "words": ["string"]}`.

    Raises:
        LiveBenchError: it cannot be written.
    """
    count = 0
    if path.suffix == ".jsonl":
        with new_file(path) as file:
            for row in rows:
                file.write(msgspec.json.encode(row) + b"\n")
                count += 1
        return count
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(list(_arrow_type(columns)))
    with new_file(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for group in _groups(rows):
            writer.write_table(pa.Table.from_pylist(group, schema))
            count += len(group)
    return count


def _groups(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    remaining = iter(rows)
    while group := list(islice(remaining, _ROWS)):
        yield group


def _arrow_type(columns: Any) -> Any:
    """An Arrow type, written as `write_rows` says."""
    import pyarrow as pa

    if isinstance(columns, list):
        return pa.list_(_arrow_type(columns[0]))
    if isinstance(columns, Mapping):
        return pa.struct([(name, _arrow_type(kind)) for name, kind in columns.items()])
    return pa.type_for_alias(columns)
