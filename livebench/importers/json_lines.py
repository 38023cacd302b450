"""Reads the JSON of published datasets: strictly typed, a bad line or file with its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from livebench.errors import LiveBenchError
from livebench.files import unreadable
from livebench.importers.collection import Collection

_Content = TypeVar("_Content")


def read_lines(
    path: Path, row_type: type[_Content], collection: Collection
) -> Iterator[tuple[int, _Content]]:
    """Yield line number and record of each line of a JSON Lines file that is not blank.

    Raises:
        LiveBenchError: the file is missing, or a line is not a record (unless bad rows are skipped).
    """
    decode = msgspec.json.Decoder(row_type).decode
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    row = decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                    collection.bad(path, number, "line that is not a record", str(error))
                    continue
                yield number, row
    except OSError as error:
        raise unreadable(path, error) from None


def read_whole(path: Path, content_type: Any) -> Any:
    """The content of a JSON file, of this type.

    Raises:
        LiveBenchError: the file is missing, or its content is not of this type.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=content_type)
    except OSError as error:
        raise unreadable(path, error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LiveBenchError(path, str(error)) from None
