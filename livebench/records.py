"""What the files hold: one typed record for each kind of line, read strictly.

Files of records are JSON Lines, UTF-8, one record a sample, gzip.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from livebench.errors import LiveBenchError
from livebench.files import new_gzip, read_gzip_lines

CANDIDATES = 100
"""Candidates of a sample, in every protocol."""

SETTINGS = ("video", "comments", "both")
Setting = Literal["video", "comments", "both"]

Record = TypeVar("Record", bound=msgspec.Struct)
Hundred = Annotated[list[Record], msgspec.Meta(min_length=CANDIDATES, max_length=CANDIDATES)]
Count = Annotated[int, msgspec.Meta(ge=0)]

# A name that is a folder on any system, and stays within its parent.
FOLDER_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}\Z"
FolderName = Annotated[str, msgspec.Meta(pattern=FOLDER_NAME)]


class ContextComment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A comment around a moment; `time` in seconds from the start of the video."""

    time: float
    text: str
    tokens: str


class SampleRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of samples.jsonl.gz: what a scorer may see of a sample, and the text of its candidates.

    `frames` are seconds, nearest to the moment first; `context` likewise, and so is every
    `candidate_tokens` a string of words joined by spaces, in the order of `candidates`.
    """

    sample_id: str
    video_id: str
    time: int
    frames: list[int]
    context: list[ContextComment]
    candidates: Hundred[str]
    candidate_tokens: Hundred[str]


class AnswerRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of answers.jsonl.gz: what a scorer never sees. It holds no text of a comment.

    `types`, `train_counts` (occurrences in the training split) and `lengths` (in words) are in the
    order of the sample's candidates.
    """

    sample_id: str
    video_id: str
    category: str
    n_context: Count
    types: Hundred[str]
    train_counts: Hundred[Count]
    lengths: Hundred[Count]


class ScoreRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A line of a file of scores: log-likelihoods in the order of the sample's candidates."""

    sample_id: str
    scores: Hundred[float]
    token_counts: Hundred[Count] | None = None


class GeneratedRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of a file of generated comments: what a scorer wrote for a sample, at least one mark."""

    sample_id: str
    text: str


def write_records(path: Path, records: Iterable[msgspec.Struct]) -> tuple[str, int, int]:
    """Write records to `path`; return the sha256 and the size before compression, and their number."""
    encode = msgspec.json.Encoder().encode
    count = 0
    with new_gzip(path) as file:
        for count, record in enumerate(records, 1):  # noqa: B007 (it is the number of records)
            file.write(encode(record) + b"\n")
    return file.sha256.hexdigest(), file.size, count


def refuse(error: LiveBenchError) -> None:
    """What is done with the first thing that is wrong, where nothing else is asked for."""
    raise error


def read_records(
    path: Path, kind: type[Record], report: Callable[[LiveBenchError], None] = refuse
) -> Iterator[Record | None]:
    """Yield the records of a file.

    Args:
        report: told of each line that is not a record; None is yielded for those it does not refuse.

    Raises:
        LiveBenchError: the file cannot be read, or a line is not a record of this kind; the line
            and the field are named.
    """
    decode = msgspec.json.Decoder(kind).decode
    for number, line in enumerate(read_gzip_lines(path), 1):
        try:
            yield decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            report(LiveBenchError(f"{path}, line {number}: {_cause(line, error)}"))
            yield None


def _cause(line: bytes, error: Exception) -> str:
    """Why a line is not a record, with the sample where it can be made out."""
    found = re.search(rb'"sample_id"\s*:\s*"([^"\\]{1,200})"', line)
    sample = f"sample {found[1].decode(errors='replace')}: " if found else ""
    if "out of range" in str(error) or re.search(rb"[\[,:]\s*-?(NaN|Infinity)\s*[,\]}]", line):
        return f"{sample}a number is not finite; every number must be"
    return f"{sample}{error}"


TOML_LIMIT = 1 << 20
"""Bytes. What LiveBench reads as TOML is written by people: a page or two."""

# A key of so many parts takes tomllib a time that grows with their square.
_LONG_KEY = re.compile(rb"(?<![\w\"'-])(?:[\w\"'-]+[ \t]*\.[ \t]*){50}")


def parse_toml(path: Path, kind: type[Record] | type[dict[str, Any]]) -> Record | dict[str, Any]:
    """Read a TOML file as a record of this kind.

    Raises:
        LiveBenchError: the file is missing, larger than TOML_LIMIT, is not TOML, or a field is unknown,
            missing or wrong; the field is named.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(TOML_LIMIT + 1)
    except FileNotFoundError:
        raise LiveBenchError(f"{path}: no such file") from None
    except OSError as error:
        raise LiveBenchError(f"{path}: cannot be read: {error.strerror}") from None
    if len(content) > TOML_LIMIT:
        raise LiveBenchError(f"{path}: is larger than 1 MB; what belongs into it is a page of text")
    if _LONG_KEY.search(content):
        raise LiveBenchError(f"{path}: a key has more than 50 parts; a field has one")
    try:
        return msgspec.toml.decode(content, type=kind)
    except RecursionError:
        raise LiveBenchError(
            f"{path}: is nested too deeply; a field is a value or a list"
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise LiveBenchError(f"{path}: {' '.join(str(error).split())}") from None


def parse_json(path: Path, kind: type[Record]) -> Record:
    """Read a JSON file as a record of this kind; raises like `parse_toml`."""
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=kind)
    except FileNotFoundError:
        raise LiveBenchError(f"{path}: no such file") from None
    except OSError as error:
        raise LiveBenchError(f"{path}: cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LiveBenchError(f"{path}: {error}") from None
