"""Reads the JSON of published datasets: strictly typed, a bad line or file with its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from livebench.errors import LiveBenchError
from livebench.importers.cleaning import Collection

Row = TypeVar("Row")
BAD_LINE = "line that is no record"


def read_lines(path: Path, kind: type[Row], collection: Collection) -> Iterator[tuple[int, Row]]:
    """Yield line number and record of each line of a JSON Lines file that is not blank.

    Raises:
        LiveBenchError: the file is missing, or a line is no such record (unless bad rows are skipped).
    """
    decode = msgspec.json.Decoder(kind).decode
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    row = decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                    collection.bad(path, number, BAD_LINE, str(error))
                    continue
                yield number, row
    except FileNotFoundError:
        raise LiveBenchError(f"{path}: no such file") from None


def read_whole(path: Path, kind: type[Row]) -> Row:
    """The content of a JSON file.

    Raises:
        LiveBenchError: the file is missing, or its content is of another kind.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        raise LiveBenchError(f"{path}: no such file") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LiveBenchError(f"{path}: cannot be read as such a file: {error}") from None
