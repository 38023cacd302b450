"""Reads the JSON of published datasets: strictly typed, a bad line or file with its place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from livebench.errors import LiveBenchError
from livebench.files import open_regular, unreadable
from livebench.importers.broken_json import Shape, recovered
from livebench.importers.collection import Collection
from livebench.importers.source_text import decoded

_Content = TypeVar("_Content")

_LINE = 64 << 20
"""Bytes of a line, at most."""


def read_lines(
    path: Path, row_type: type[_Content], collection: Collection
) -> Iterator[tuple[int, _Content]]:
    """Yield line number and record of each line of a JSON Lines file that is not blank.

    Raises:
        LiveBenchError: the file is missing, or a line is not a record (unless bad rows are skipped).
    """
    decode = msgspec.json.Decoder(row_type).decode
    number = 0
    try:
        with open_regular(path) as file:
            while line := file.readline(_LINE + 1):
                number += 1
                if len(line) > _LINE:
                    what = f"is longer than {_LINE >> 20} MB, which no record is"
                    raise LiveBenchError(path, what, "", f"line {number}")
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
        with open_regular(path) as file:
            return msgspec.json.decode(file.read(), type=content_type)
    except OSError as error:
        raise unreadable(path, error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LiveBenchError(path, str(error)) from None


def read_json(path: Path, collection: Collection, shape: Shape) -> Any:
    """The content of a JSON file that anybody wrote, untyped, None of an empty one; of a damaged one
    that is skipped, what is whole, as `shape` rebuilds it.

    A text may hold half of a character, as `\\ud83d` alone: Python's reader takes that.

    Raises:
        LiveBenchError: it cannot be read, or is not JSON, unless bad rows are skipped.
    """
    text = _text(path, collection)
    if not text.strip():
        return None
    try:
        return _parsed(text)
    except (ValueError, RecursionError) as error:
        collection.bad(path, "", "broken JSON", str(error))
    return recovered(text, shape, collection)


def read_typed(
    path: Path,
    content_type: Any,
    collection: Collection,
    recover: Callable[[str, Collection], Any],
) -> Any:
    """The content of a JSON file, of this type; of one that is not and is skipped, what `recover` finds.

    Raises:
        LiveBenchError: it is missing, or its content is not of this type, unless bad rows are skipped.
    """
    text = _text(path, collection)
    try:
        return msgspec.json.decode(text, type=content_type)
    except msgspec.ValidationError as error:
        collection.bad(path, "", "JSON of another form", str(error))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        collection.bad(path, "", "broken JSON", str(error))
    return recover(text, collection)


def read_json_lines(path: Path, collection: Collection) -> Iterator[tuple[int, Any]]:
    """Yield line number and content of each line that is not blank, as `read_json` reads them.

    Raises:
        LiveBenchError: the file cannot be read, or a line is not JSON, unless bad rows are skipped.
    """
    for number, line in enumerate(_LINE_END.split(_text(path, collection)), 1):
        if line.strip():
            try:
                content = _parsed(line)
            except (ValueError, RecursionError) as error:
                collection.bad(path, number, "line that is not JSON", str(error))
                continue
            yield number, content


_LINE_END = re.compile(r"\r\n?|\n")


def _text(path: Path, collection: Collection) -> str:
    """The text of a file, without the zeros that a download leaves which was stopped at its end."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from None
    return decoded(path, raw, collection).removeprefix("\ufeff").rstrip("\0")


def _parsed(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return json.loads(text, parse_constant=_no_number)


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")
