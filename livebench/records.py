"""What the files hold: one typed record for each kind of line, read strictly.

Files of records are JSON Lines, UTF-8, one record a sample, gzip.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, overload

import msgspec

from livebench.errors import LiveBenchError
from livebench.files import new_file, new_gzip, open_regular, read_gzip_lines, unreadable

CANDIDATES = 100
"""Candidates of a sample, in every protocol."""

Setting = Literal["blind", "video", "comments", "both"]
"""What a scorer is shown of a moment: nothing, the video (frames, title, category), the surrounding
comments, or both."""
SETTINGS: tuple[Setting, ...] = ("blind", "video", "comments", "both")
DeclaredSetting = Literal["video", "comments", "both"]
"""What a submission may take part in; in `blind` every submission does."""


def shows_video(setting: Setting) -> bool:
    """Whether a setting shows frames, title and category."""
    return setting in ("video", "both")


def shows_comments(setting: Setting) -> bool:
    """Whether a setting shows the surrounding comments."""
    return setting in ("comments", "both")


Record = TypeVar("Record", bound=msgspec.Struct)
Content = TypeVar("Content")
Hundred = Annotated[list[Content], msgspec.Meta(min_length=CANDIDATES, max_length=CANDIDATES)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]
Second = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
Hex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]*\Z", max_length=64)]
"""A hash, or the beginning of one: it may become part of a path."""

MOST_CHARACTERS = 10_000
"""Characters of a comment, at most; what is longer is none."""

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

    `frames` are seconds, nearest to the moment first, and so is `context`. `candidate_tokens` are
    words joined by spaces, in the order of `candidates`.
    """

    sample_id: str
    video_id: str
    time: Second
    frames: list[Second]
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

    `set_hash` is that of the candidate set which was scored: with it, scores of another version of the
    set are refused. `dropped_comments`: how many of the surrounding comments the model was not shown,
    since it cannot read so much.
    """

    sample_id: str
    scores: Hundred[float]
    token_counts: Hundred[Count] | None = None
    set_hash: str | None = None
    dropped_comments: Count = 0


class GeneratedRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of a file of generated comments: what a scorer wrote for a sample, at least one word."""

    sample_id: str
    text: Annotated[str, msgspec.Meta(max_length=MOST_CHARACTERS)]


def write_records(path: Path, records: Iterable[msgspec.Struct]) -> tuple[str, int, int]:
    """Write records to `path`; return the sha256 and the size before compression, and their number."""
    encode = msgspec.json.Encoder().encode
    count = 0
    with new_gzip(path) as file:
        for count, record in enumerate(records, 1):  # noqa: B007 (it is the number of records)
            file.write(encode(record) + b"\n")
    return file.sha256.hexdigest(), file.size, count


def json_document(content: object) -> bytes:
    """A record as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"


def write_json(path: Path, content: object) -> None:
    """Write a record as JSON to `path`, whole or not at all."""
    with new_file(path) as file:
        file.write(json_document(content))


def line_error(path: Path, line: int, what: str, fix: str = "", sample: str = "") -> LiveBenchError:
    """The error of a line of a file, counted from 1, and of the sample on it where that is known."""
    return LiveBenchError(
        path, what, fix, f"line {line}, sample {sample}" if sample else f"line {line}"
    )


def check_folder_name(where: object, name: str) -> None:
    """Raise LiveBenchError unless `name` is a FolderName."""
    if not re.match(FOLDER_NAME, name):
        what = f"{name!r} cannot be the name of a folder"
        fix = "use at most 80 letters, digits, '.', '_' and '-', the first a letter or digit"
        raise LiveBenchError(where, what, fix)


def refuse(error: LiveBenchError) -> None:
    """Raise the error: what `read_records` does by default."""
    raise error


@overload
def read_records(path: Path, record_type: type[Record]) -> Iterator[Record]: ...
@overload
def read_records(
    path: Path, record_type: type[Record], report: Callable[[LiveBenchError], None]
) -> Iterator[Record | None]: ...
def read_records(
    path: Path, record_type: type[Record], report: Callable[[LiveBenchError], None] = refuse
) -> Iterator[Record | None]:
    """Yield the records of a file.

    Args:
        report: called with the error of each line that is not a record; if it returns, None is yielded
            for that line.

    Raises:
        LiveBenchError: the file cannot be read, or a line is not a record of this type; the line
            and the field are named.
    """
    decode = msgspec.json.Decoder(record_type).decode
    for number, line in enumerate(read_gzip_lines(path), 1):
        try:
            yield decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            report(_record_error(path, number, line, error, _FIXES.get(record_type, "")))
            yield None


# What a line should be, of the files that people hand in.
_FIXES: dict[type[msgspec.Struct], str] = {
    ScoreRecord: f'write {{"sample_id": "...", "scores": [{CANDIDATES} finite numbers]}}',
    GeneratedRecord: 'write {"sample_id": "...", "text": "..."}',
}

# Byte order marks of UTF-8 and UTF-16.
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def _record_error(
    path: Path, number: int, line: bytes, error: Exception, fix: str
) -> LiveBenchError:
    """Why a line is not a record, with the sample where it can be made out, and what to do."""
    utf8 = "write the file as UTF-8"
    if line.startswith(_MARKS):
        return line_error(path, number, "begins with a byte order mark", f"{utf8} without one")
    if isinstance(error, UnicodeDecodeError) or b"\0" in line[:100] or "utf-8" in str(error):
        return line_error(path, number, "is not UTF-8", f"{utf8}; {fix}" if fix else utf8)
    name = re.search(rb'"sample_id"\s*:\s*"([^"\\]{1,200})"', line)
    sample = name[1].decode(errors="replace") if name else ""
    what = str(error)[:_MESSAGE]
    if "out of range" in str(error) or re.search(rb"[\[,:]\s*-?(NaN|Infinity)\s*[,\]}]", line):
        what = "a number is not finite"
    elif isinstance(error, RecursionError):
        what = "lists are nested too deeply"
    return line_error(path, number, what, fix, sample)


# Characters of a decoder's message that are shown: it may quote what it read.
_MESSAGE = 300

_TOML_SIZE, _JSON_SIZE = 1 << 20, 16 << 20
"""Bytes of a manifest, at most."""

MOST_KEY_PARTS = 64
"""Parts of a dotted key in TOML, at most: one of n parts costs Python's reader n * n steps."""

_LONG_KEY = re.compile(
    rb"(?<![\w\"'-])(?:[\w\"'-]++[ \t]*+\.[ \t]*+){%d}" % MOST_KEY_PARTS  # and a part after them
)


def parse_toml(path: Path, content_type: type[Content]) -> Content:
    """Read a TOML file as a record, or dictionary, of this type; a byte order mark is passed over.

    Raises:
        LiveBenchError: the file is missing, is not TOML, is too large, or a field is unknown, missing or
            wrong; the field is named.
    """
    content = _content(path, _TOML_SIZE).removeprefix(codecs.BOM_UTF8)
    if _LONG_KEY.search(content):
        what = f"has a key of more than {MOST_KEY_PARTS} parts, which no field has"
        raise LiveBenchError(path, what)
    return _parsed(path, content, content_type, msgspec.toml.decode)


def parse_json(path: Path, content_type: type[Content]) -> Content:
    """Read a JSON file as a record of this type; raises like `parse_toml`."""
    return _parsed(path, _content(path, _JSON_SIZE), content_type, msgspec.json.decode)


def _content(path: Path, most: int) -> bytes:
    path = Path(path)
    try:
        with open_regular(path) as file:
            content = file.read(most + 1)
    except OSError as error:
        raise unreadable(path, error) from None
    if len(content) > most:
        raise LiveBenchError(path, f"is larger than {most >> 20} MB, which no manifest is")
    return content


def _parsed(
    path: Path, content: bytes, content_type: type[Content], decode: Callable[..., Content]
) -> Content:
    try:
        return decode(content, type=content_type)
    except RecursionError:
        raise LiveBenchError(path, "lists or tables are nested too deeply") from None
    except ValueError as error:  # of msgspec, of Unicode, and of Python's reader of TOML
        what = str(error)[:_MESSAGE]
        raise LiveBenchError(path, what, allowed_values(str(error), content_type)) from None


def allowed_values(message: str, content_type: Any) -> str:
    """The values that a field may have, where a decoder says that it has another; else empty.

    Args:
        message: of msgspec, which ends with the path of the field: "... - at `$.runs[0].kind`".
        content_type: of the whole.
    """
    if not message.startswith("Invalid enum value"):
        return ""
    path = re.search(r" - at `\$(.*)`$", message)
    steps = re.findall(r"\.([A-Za-z_]\w*)|\[", path[1]) if path else []
    found = msgspec.inspect.type_info(content_type)
    for name in steps:
        inside = _inside(found, name)
        if inside is None:
            return ""
        found = inside
    values = [one.values for one in _members(found) if isinstance(one, msgspec.inspect.LiteralType)]
    shown = [repr(value) if value == "" else str(value) for some in values for value in some]
    return f"allowed: {', '.join(sorted(shown))}" if shown else ""


def _members(found: msgspec.inspect.Type) -> Iterator[msgspec.inspect.Type]:
    if isinstance(found, msgspec.inspect.Metadata):
        yield from _members(found.type)
    elif isinstance(found, msgspec.inspect.UnionType):
        for one in found.types:
            yield from _members(one)
    else:
        yield found


def _inside(found: msgspec.inspect.Type, name: str) -> msgspec.inspect.Type | None:
    """The type of a field, or, without a name, of the items; None if it cannot be told."""
    for one in _members(found):
        if not name and isinstance(one, msgspec.inspect.ListType | msgspec.inspect.VarTupleType):
            return one.item_type
        if not name and isinstance(one, msgspec.inspect.DictType):
            return one.value_type
        if name and isinstance(one, msgspec.inspect.StructType):
            for field in one.fields:
                if field.encode_name == name:
                    return field.type
        if name and isinstance(one, msgspec.inspect.DictType):
            return one.value_type
    return None
