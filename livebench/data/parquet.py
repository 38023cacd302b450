"""Columns of Parquet files, as a dataset needs them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from livebench.errors import LiveBenchError


def read_parquet(path: Path, columns: list[str]):
    """Read a table; the strings of comments as dictionaries that are the same in all chunks.

    Raises:
        LiveBenchError: the file is missing or damaged, or lacks a column; file and column are named.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    repeated = ["video_id", "text", "tokens"] if "tokens" in columns else None
    try:
        present = pq.read_schema(path).names
        missing = [name for name in columns if name not in present]
        if missing:
            raise LiveBenchError(f"{path}: the column {missing[0]} is missing")
        table = pq.read_table(path, columns=columns, read_dictionary=repeated)
    except FileNotFoundError:
        raise LiveBenchError(f"{path}: no such file") from None
    except (pa.ArrowException, OSError) as error:
        line = str(error).splitlines()[0]
        raise LiveBenchError(f"{path}: cannot be read as Parquet: {line}") from None
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise LiveBenchError(f"{path}: the column {missing[0]} is missing")
    return table.unify_dictionaries()


def sorted_codes(column) -> tuple[np.ndarray, list[str]]:
    """Numbers and distinct values of a column of strings; the values sorted by code point.

    Args:
        column: a chunked Arrow array of dictionaries, the same in all chunks.

    Returns:
        int32 [rows], which of the values; and the values.
    """
    import pyarrow.compute as pc

    array = column.combine_chunks()
    order = pc.sort_indices(array.dictionary).to_numpy()
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return rank[array.indices.to_numpy()], array.dictionary.take(order).to_pylist()
