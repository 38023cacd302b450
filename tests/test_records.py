"""Records: read strictly, and what is wrong is named by file, line, sample and field."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import Any

import msgspec
import pytest

from livebench.errors import LiveBenchError
from livebench.records import (
    MOST_KEY_PARTS,
    AnswerRecord,
    SampleRecord,
    ScoreRecord,
    parse_json,
    parse_toml,
    read_records,
    write_records,
)

GOOD = {"sample_id": "v1@7", "scores": [0.5] * 100}
HUNDRED = list(map(str, range(100)))


def lines_of(path, *lines):
    path.write_bytes(gzip.compress(b"".join(line + b"\n" for line in lines)))
    return path


def encoded(**changes):
    return json.dumps({**GOOD, **changes}).encode()


def test_what_is_written_is_read(tmp_path):
    records = [
        SampleRecord("v|1@7", "v|1", 7, [7, 6], [], ["好 看"] * 100, ["好看"] * 100),
        SampleRecord("\u202e@0", "\u202e", 0, [], [], ['"\\\n'] * 100, ["😀"] * 100),
    ]
    sha256, size, count = write_records(tmp_path / "a.gz", iter(records))
    content = gzip.decompress((tmp_path / "a.gz").read_bytes())
    assert (sha256, size, count) == (hashlib.sha256(content).hexdigest(), len(content), 2)
    assert list(read_records(tmp_path / "a.gz", SampleRecord)) == records
    assert json.loads(content.splitlines()[0]) == msgspec.to_builtins(records[0])


def test_no_records(tmp_path):
    assert write_records(tmp_path / "a.gz", [])[1:] == (0, 0)
    assert list(read_records(tmp_path / "a.gz", ScoreRecord)) == []


FINITE = "a number is not finite"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (encoded(scores=[0.5] * 99), ", sample v1@7: Expected `array` of length >= 100"),
        (encoded(scores=[0.5] * 101), ", sample v1@7: Expected `array` of length <= 100"),
        (encoded(scores=[float("nan")] + [0.5] * 99), f", sample v1@7: {FINITE}"),
        (encoded(scores=[0.5] * 99 + [float("-inf")]), f", sample v1@7: {FINITE}"),
        (encoded().replace(b"0.5", b"1e999", 1), f", sample v1@7: {FINITE}"),
        (encoded(scores=[None] + [0.5] * 99), ", sample v1@7: Expected `float`, got `null`"),
        (encoded(scores=["0.5"] * 100), ", sample v1@7: Expected `float`, got `str`"),
        (encoded(scores=[True] * 100), ", sample v1@7: Expected `float`, got `bool`"),
        (encoded(scores={}), ", sample v1@7: Expected `array`, got `object`"),
        (encoded(score=1), ", sample v1@7: Object contains unknown field `score`"),
        (encoded(token_counts=[1] * 99), ", sample v1@7: Expected `array` of length >= 100"),
        (encoded(token_counts=[-1] * 100), ", sample v1@7: Expected `int` >= 0"),
        (encoded(token_counts=[1.5] * 100), ", sample v1@7: Expected `int`, got `float`"),
        (encoded(dropped_comments=-1), ", sample v1@7: Expected `int` >= 0"),
        (encoded(dropped_comments=2**41), ", sample v1@7: Expected `int` <= 1099511627776"),
        (encoded(dropped_comments=[1]), ", sample v1@7: Expected `int`, got `array`"),
        (b'{"sample_id": "v1@7"}', ", sample v1@7: Object missing required field `scores`"),
        (b'{"scores": []}', ": Expected `array` of length >= 100"),
        (b'{"sample_id": 7}', ": Expected `str`, got `int` - at `$.sample_id`"),
        (encoded()[:-1], ", sample v1@7: Input data was truncated"),
        (b"", ": Input data was truncated"),
        (b"[]", ": Expected `object`, got `array`"),
        (b"nonsense", ": JSON is malformed"),
        (b'{"sample_id": "\xff\xfe"}', ": is not UTF-8; write the file as UTF-8; write {"),
        # what looks like a number that is not finite stands in a name
        (encoded(sample_id="NaN@7", scores=[0.5]), ", sample NaN@7: Expected `array` of length"),
        (encoded(sample_id="Infinity@7", scores=[0.5]), ", sample Infinity@7: Expected `array`"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, message):
    path = lines_of(tmp_path / "a.gz", encoded(), encoded(sample_id="v1@8"), line)
    with pytest.raises(LiveBenchError) as error:
        list(read_records(path, ScoreRecord))
    assert str(error.value).startswith(f"{path}, line 3{message}")
    assert error.value.where == str(path)
    assert error.value.place.startswith("line 3")
    assert error.value.fix
    assert "\n" not in str(error.value)


def test_whole_numbers_are_scores(tmp_path):
    path = lines_of(tmp_path / "a.gz", encoded(scores=[1, -2] * 50))
    (record,) = read_records(path, ScoreRecord)
    assert record.scores == [1.0, -2.0] * 50


def test_answers_refuse_negative_counts(tmp_path):
    answer = AnswerRecord("v@1", "v", "c", 0, HUNDRED, [0] * 100, [1] * 100)
    line = msgspec.json.encode(answer).replace(b'"n_context":0', b'"n_context":-1')
    path = lines_of(tmp_path / "a.gz", line)
    with pytest.raises(LiveBenchError, match=r"line 1, sample v@1: Expected `int` >= 0.*n_context"):
        list(read_records(path, AnswerRecord))


class Card(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    size: int


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"name = 'a'", "Object missing required field `size`"),
        (b"name = 1\nsize = 1", r"Expected `str`, got `int` - at `\$.name`"),
        (b"name = 'a'\nsize = 1\nsise = 2", "Object contains unknown field `sise`"),
        (b"name = 'a", "Unterminated|Illegal|Expected"),
        (b"name = 'a'\nname = 'b'", "overwrite"),
        (b"name = '\xff'\nsize = 1", "utf-8"),
    ],
    ids=["missing", "lacks", "kind", "unknown", "syntax", "twice", "encoding"],
)
def test_a_bad_toml_file_is_named(tmp_path, content, message):
    path = tmp_path / "a.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LiveBenchError, match=rf"a\.toml: .*({message})"):
        parse_toml(path, Card)


@pytest.mark.parametrize("dot", [b".", b" . ", b"\t."])
def test_a_key_of_many_parts(tmp_path, dot):
    path = tmp_path / "a.toml"
    path.write_bytes(dot.join([b"a"] * MOST_KEY_PARTS) + b" = 1")
    assert set(parse_toml(path, dict[str, Any])) == {"a"}
    path.write_bytes(dot.join([b"a"] * (MOST_KEY_PARTS + 1)) + b" = 1")
    with pytest.raises(LiveBenchError, match="has a key of more than 64 parts"):
        parse_toml(path, dict[str, Any])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b'{"name": "a"}', "Object missing required field `size`"),
        (b'{"name": "a", "size": 1', "truncated"),
        (b'{"name": "\xff", "size": 1}', "."),
        (b"", "truncated"),
    ],
)
def test_a_bad_json_file_is_named(tmp_path, content, message):
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LiveBenchError, match=rf"a\.json: .*{message}"):
        parse_json(path, Card)


@pytest.mark.parametrize("parse", [parse_toml, parse_json])
def test_a_folder_is_not_a_file(tmp_path, parse):
    with pytest.raises(LiveBenchError, match="cannot be read: Is a directory"):
        parse(tmp_path, Card)
