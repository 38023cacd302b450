"""Columns of Parquet files, as a dataset needs them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from livebench.errors import LiveBenchError
from livebench.files import unreadable


def read_parquet(path: Path, columns: list[str], optional: Sequence[str] = ()) -> Any:
    """Read an Arrow table; the strings of comments as dictionaries that are the same in all chunks.

    Args:
        optional: columns that are read if they are there.

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
            raise LiveBenchError(path, f"missing columns: {', '.join(missing)}")
        wanted = [*columns, *(name for name in optional if name in present)]
        table = pq.read_table(path, columns=wanted, read_dictionary=repeated)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, error, "Parquet") from None
    return table.unify_dictionaries()


def sorted_codes(column: Any) -> tuple[np.ndarray, list[str]]:
    """Numbers and distinct values of a column of strings; the values sorted by code point.

    Args:
        column: chunked Arrow array of dictionaries, the same in all chunks.

    Returns:
        int32 [rows], which of the values; and the values.
    """
    import pyarrow.compute as pc

    array = column.combine_chunks()
    order = pc.sort_indices(array.dictionary).to_numpy()
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return rank[array.indices.to_numpy()], array.dictionary.take(order).to_pylist()
