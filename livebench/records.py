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
    """A line of a file of scores: log-likelihoods in the order of the sample's candidates.

    `set_hash` is that of the candidate set which was scored, for whoever hands in scores and wants to be
    told when they were made for another version of it.
    """

    sample_id: str
    scores: Hundred[float]
    token_counts: Hundred[Count] | None = None
    set_hash: str | None = None


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
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            cause = _cause(line, error, CURES.get(kind, ""))
            report(LiveBenchError(f"{path}, line {number}: {cause}"))
            yield None


CURES = {
    ScoreRecord: f'write {{"sample_id": "...", "scores": [{CANDIDATES} finite numbers]}}',
    GeneratedRecord: 'write {"sample_id": "...", "text": "..."}',
}
"""What a line should be, of the files that people hand in."""

MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
"""Byte order marks of UTF-8 and UTF-16."""


def _cause(line: bytes, error: Exception, cure: str) -> str:
    """Why a line is not a record, with the sample where it can be made out, and what to do."""
    cure = f"; {cure}" if cure else ""
    if line.startswith(MARKS):
        return "begins with a byte order mark; write the file as UTF-8 without one"
    if isinstance(error, UnicodeDecodeError) or b"\0" in line[:100] or "utf-8" in str(error):
        return f"is not UTF-8; write the file in that encoding{cure}"
    found = re.search(rb'"sample_id"\s*:\s*"([^"\\]{1,200})"', line)
    sample = f"sample {found[1].decode(errors='replace')}: " if found else ""
    if "out of range" in str(error) or re.search(rb"[\[,:]\s*-?(NaN|Infinity)\s*[,\]}]", line):
        return f"{sample}a number is not finite; every number must be{cure}"
    if isinstance(error, RecursionError):
        return f"{sample}lists within lists without end{cure}"
    return f"{sample}{str(error)[:MESSAGE]}{cure}"


MESSAGE = 300
"""Characters of a decoder's message that are shown: it may hold what it found."""

TOML_SIZE, JSON_SIZE = 1 << 20, 16 << 20
"""Bytes of a manifest, at most."""

# A dotted key of n parts costs Python's reader of TOML n * n steps.
_LONG_KEY = re.compile(rb"""(?<![\w"'-])(?:[\w"'-]++\s*+\.\s*+){64}""")


TOML_LIMIT = 1 << 20
"""Bytes. What LiveBench reads as TOML is written by people: a page or two."""

# A key of so many parts takes tomllib a time that grows with their square.
_LONG_KEY = re.compile(rb"(?<![\w\"'-])(?:[\w\"'-]+[ \t]*\.[ \t]*){50}")


def parse_toml(path: Path, kind: type[Record] | type[dict[str, Any]]) -> Record | dict[str, Any]:
    """Read a TOML file as a record of this kind.

    Raises:
        LiveBenchError: the file is missing, is not TOML, is too large, or a field is unknown, missing or
            wrong; the field is named.
    """
    content = _content(path, TOML_SIZE)
    if _LONG_KEY.search(content):
        raise LiveBenchError(f"{path}: has a key of more than 64 parts, which no field is")
    return _parsed(path, content, kind, msgspec.toml.decode)


def parse_json(path: Path, kind: type[Record]) -> Record:
    """Read a JSON file as a record of this kind; raises like `parse_toml`."""
    return _parsed(path, _content(path, JSON_SIZE), kind, msgspec.json.decode)


def _content(path: Path, most: int) -> bytes:
    path = Path(path)
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise LiveBenchError(f"{path}: is not a file")  # a pipe might never end
        with path.open("rb") as file:
            content = file.read(most + 1)
    except FileNotFoundError:
        raise LiveBenchError(f"{path}: no such file") from None
    except OSError as error:
        raise LiveBenchError(f"{path}: cannot be read: {error.strerror}") from None
    if len(content) > most:
        raise LiveBenchError(f"{path}: is larger than {most >> 20} MB, which no manifest is")
    return content


def _parsed(path: Path, content: bytes, kind: type[Record], decode: Callable[..., Any]) -> Record:
    try:
        return decode(content, type=kind)
    except RecursionError:
        raise LiveBenchError(f"{path}: lists or tables within each other without end") from None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise LiveBenchError(f"{path}: {str(error)[:MESSAGE]}") from None
