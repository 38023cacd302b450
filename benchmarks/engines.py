"""Numbering rows by their sorted distinct comments: in blocks, in memory, by DuckDB, by Polars.

    python benchmarks/engines.py DATASET [--memory 1GB]

The heaviest step of opening a large dataset: its distinct comments sorted, the number of each row's, and
the most frequent text of each (of equally frequent ones the first). Each way is a process of its own
with one thread: seconds by the clock and of the processors, peak in MB, temporary files in MB. Ways
whose package is not installed are left out (`pip install duckdb polars`). Exit status 1 if the results
differ.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

WAYS = {"blocks": "pyarrow", "memory": "pyarrow", "duckdb": "duckdb", "polars": "polars"}

_Found = tuple[Any, Iterable[str], Iterable[str]]
"""int32 [rows], and the strings and texts."""


def by_blocks(path: Path, folder: Path, memory: str) -> _Found:
    """As LiveBench does it."""
    from livebench.data import distinct
    from livebench.data.parquet import read_blocks, rows_of_parquet

    tables = read_blocks(path, ["tokens", "text"], distinct.BLOCK)
    columns = ((t["tokens"].combine_chunks(), t["text"].combine_chunks()) for t in tables)
    found = distinct.distinct_strings(columns, rows_of_parquet(path))
    return found.codes, found.strings, found.values


def by_memory(path: Path, folder: Path, memory: str) -> _Found:
    """The same with all rows as one block."""
    from livebench.data import distinct

    distinct.BLOCK = 1 << 40
    return by_blocks(path, folder, memory)


def by_duckdb(path: Path, folder: Path, memory: str) -> _Found:
    """Grouped, sorted and joined by DuckDB, whose tables are in a file."""
    import duckdb
    import numpy as np

    options = {"memory_limit": memory, "temp_directory": str(folder / "spill"), "threads": 1}
    database = duckdb.connect(str(folder / "rows.duckdb"), config=options)
    database.execute(
        "create table rows as select file_row_number as place, tokens, text from "
        f"read_parquet('{path}', file_row_number=true)"
    )
    database.execute(
        "create table strings as select row_number() over (order by tokens) - 1 as code, tokens, text "
        "from (select tokens, arg_min(text, (-number, text)) as text from "
        "(select tokens, text, count(*) as number from rows group by all) group by tokens)"
    )
    joined = "select code from rows join strings using (tokens) order by place"
    reader = database.sql(joined).to_arrow_reader(200_000)
    codes = np.concatenate([batch.column(0).to_numpy().astype(np.int32) for batch in reader])
    reader = database.sql("select tokens, text from strings order by code").to_arrow_reader(200_000)
    tables = list(reader)
    return codes, _strings(tables, 0), _strings(tables, 1)


def by_polars(path: Path, folder: Path, memory: str) -> _Found:
    """Grouped, sorted and joined by Polars, streaming into files."""
    import numpy as np
    import polars as pl
    import pyarrow.parquet as pq

    text, tokens = (pl.col(name).cast(pl.String) for name in ("text", "tokens"))
    rows = pl.scan_parquet(path, row_index_name="place").select("place", tokens, text)
    strings = (
        rows.group_by("tokens", "text")
        .len()
        .sort("tokens", "len", "text", descending=[False, True, False])
        .group_by("tokens", maintain_order=True)
        .agg(pl.col("text").first())
        .sort("tokens")
        .with_row_index("code")
    )
    strings.sink_parquet(folder / "strings.parquet", engine="streaming")
    known = pl.scan_parquet(folder / "strings.parquet").select("tokens", "code")
    joined = rows.select("place", "tokens").join(known, on="tokens").select("place", "code")
    joined.sort("place").sink_parquet(folder / "codes.parquet", engine="streaming")
    codes = pq.read_table(folder / "codes.parquet")["code"].to_numpy().astype(np.int32)
    tables = pq.read_table(folder / "strings.parquet", columns=["tokens", "text"]).to_batches()
    return codes, _strings(tables, 0), _strings(tables, 1)


def _strings(tables: Sequence[Any], column: int) -> Iterable[str]:
    return (string for table in tables for string in table.column(column).to_pylist())


class Disk(threading.Thread):
    """The largest size that a folder had, in MB, looked at five times a second."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self._folder, self._ended, self._most = folder, threading.Event(), 0.0

    def run(self) -> None:
        while not self._ended.wait(0.2):
            self._look()

    def _look(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            sizes = (f.stat().st_size for f in self._folder.rglob("*") if f.is_file())
            self._most = max(self._most, sum(sizes) / 1e6)

    def end(self) -> float:
        self._ended.set()
        self.join()
        self._look()
        return self._most


def run(way: str, path: Path, memory: str) -> None:
    """Do it one way; print the figures and a hash of what was found."""
    ways: dict[str, Callable[[Path, Path, str], _Found]] = {
        "blocks": by_blocks,
        "memory": by_memory,
        "duckdb": by_duckdb,
        "polars": by_polars,
    }
    with tempfile.TemporaryDirectory(prefix="livebench-engines.") as name:
        tempfile.tempdir = name
        disk = Disk(Path(name))
        disk.start()
        started = time.perf_counter()
        codes, strings, texts = ways[way](path, Path(name), memory)
        clock, cpu = time.perf_counter() - started, time.process_time()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        most = disk.end()
    digest = hashlib.sha256(codes.tobytes())
    for column in (strings, texts):
        for string in column:
            digest.update(string.encode() + b"\n")
    print(f"{clock:.1f} | {cpu:.1f} | {peak:.0f} | {most:.0f} | {digest.hexdigest()[:12]}")


def main() -> None:
    """Print a row for each way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--memory", default="1GB", help="DuckDB's limit.")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    path = options.dataset / "comments.parquet"
    if options.way:
        run(options.way, path, options.memory)
        return
    print("| way | clock s | CPU s | peak MB | disk MB | sha256 |")
    print("| --- | --: | --: | --: | --: | --- |")
    found = set()
    for way, package in WAYS.items():
        if importlib.util.find_spec(package) is None:
            continue
        command = [sys.executable, __file__, str(options.dataset), "--memory", options.memory]
        done = subprocess.run(
            [*command, "--way", way],
            env={**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        found.add(done.stdout.split()[-1])
        print(f"| {way} | {done.stdout.strip()} |", flush=True)
    sys.exit(len(found) > 1)


if __name__ == "__main__":
    main()
