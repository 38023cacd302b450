"""Files that others wrote: read, or refused in one line and in little memory."""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc
import zlib

import pytest

from livebench.errors import LiveBenchError, one_line
from livebench.files import read_gzip_lines
from livebench.records import parse_json, parse_toml
from livebench.submissions.load import Card
from livebench.submissions.validate import read_scores

IDS = [f"v{n}@30" for n in range(6)]
SCORES = [float(n) for n in range(100)]


def line(name, **fields):
    return json.dumps({"sample_id": name, "scores": SCORES, **fields}).encode() + b"\n"


LINES = [line(name) for name in IDS]


def written(path, content):
    path.write_bytes(content)
    return path


def packed(path, lines):
    return written(path, gzip.compress(b"".join(lines), mtime=0))


def bomb(path, first, part, times):
    """A gzip file of `first`, and of `part` so many times; without an end, which nobody gets to."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = packer.compress(first) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH)
    return written(path, start + again * times)


REFUSED = {
    "UTF-16": (
        lambda: [b"".join(LINES).decode().encode("utf-16")],
        "line 1: begins with a byte order mark; write the file as UTF-8 without one",
    ),
    "byte order mark": (
        lambda: [b"\xef\xbb\xbf", *LINES],
        "line 1: begins with a byte order mark; write the file as UTF-8 without one",
    ),
    "UTF-16 without a mark": (
        lambda: [b"".join(LINES).decode().encode("utf-16-le")],
        "line 1: is not UTF-8; write the file as UTF-8; write {",
    ),
    "Latin-1": (
        lambda: [*LINES[:2], LINES[2].replace(b"v2", b"v\xe9")],
        "line 3: is not UTF-8; write the file as UTF-8; write {",
    ),
    "text": (
        lambda: [LINES[0], line(IDS[1], scores=["1"] * 100)],
        "line 2, sample v1@30: Expected `float`, got `str` - at `$.scores[0]`; write "
        '{"sample_id": "...", "scores": [100 finite numbers]}',
    ),
    "NaN": (
        lambda: [LINES[0], LINES[1].replace(b"99.0", b"NaN")],
        "line 2, sample v1@30: a number is not finite; write {",
    ),
    "another set": (
        lambda: [line(IDS[0], set_hash="f" * 64)],
        "line 1, sample v0@30: scored on a set with the hash 'ffffffffffff', this one has abcdef; score "
        "this set: its candidates may differ",
    ),
    "a key of 5 MB": (
        lambda: [line(IDS[0], **{"k" * 5_000_000: 1})],
        "line 1, sample v0@30: Object contains unknown field `kkkk",
    ),
    "lists without end": (lambda: [b"[" * 1_000_000], "line 1: "),
    "an unknown name that turns a terminal over": (
        lambda: [line("\x1b[2J\u202e")],
        "line 1: the set has no sample \x1b[2J\u202e; remove the line",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_and_what_to_do(tmp_path, case):
    make, message = REFUSED[case]
    path = packed(tmp_path / "s.jsonl.gz", make())
    with pytest.raises(LiveBenchError) as error:
        read_scores(path, IDS, "abcdef")
    assert str(error.value).startswith(f"{path}, {message}")
    assert len(str(error.value)) < 1000
    assert one_line(str(error.value), 4000).isprintable()


def test_the_right_set_is_taken(tmp_path):
    path = packed(tmp_path / "s.jsonl.gz", [line(name, set_hash="abcdef") for name in IDS])
    assert read_scores(path, IDS, "abcdef").sums.shape == (6, 100)


BOMBS = {
    "a line of 1 GB": (
        (LINES[0] + b'{"sample_id": "', bytes(1 << 20), 1024),
        "s.jsonl.gz, line 2: is longer than 8 MB, which no record is; write one record a line",
    ),
    "1 GB of empty lines": (
        (LINES[0], b"\n" * (1 << 20), 1024),
        "s.jsonl.gz, line 2: ",
    ),
    "a sample a million times": (
        (LINES[0], LINES[0] * 1000, 1000),
        "s.jsonl.gz, line 2, sample v0@30: scored on line 1 already; keep one",
    ),
}


@pytest.mark.parametrize("case", BOMBS)
def test_a_bomb_is_refused_in_little_memory(tmp_path, case):
    parts, message = BOMBS[case]
    path = bomb(tmp_path / "s.jsonl.gz", *parts)
    assert path.stat().st_size < 8 << 20
    tracemalloc.start()
    try:
        with pytest.raises(LiveBenchError) as error:
            read_scores(path, IDS)
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()
    assert message in str(error.value)


def test_a_file_that_is_cut_off_says_where(tmp_path):
    whole = gzip.compress(b"".join(LINES) * 2000, mtime=0)
    path = written(tmp_path / "s.jsonl.gz", whole[: len(whole) // 2])
    with pytest.raises(LiveBenchError) as error:
        for number, _ in enumerate(read_gzip_lines(path), 1):
            last = number
    assert last > 1000
    assert f"s.jsonl.gz: cannot be read as gzip after line {last}: " in str(error.value)


MANIFESTS = {
    "100 MB": (b"# " + b"x" * (100 << 20), "is larger than 1 MB, which no manifest is"),
    "a key without end": (b"a." * 100_000 + b"b = 1", "has a key of more than 64 parts"),
    "tables without end": (b"a = " + b"{a=" * 100_000, "lists or tables are nested too deeply"),
    "not UTF-8": (b'name = "\xff"', "invalid start byte"),
    "a value of 1 MB": (b'kind = "' + b"x" * 900_000 + b'"', "Invalid enum value 'xxx"),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_manifests_of_any_size(tmp_path, case):
    content, message = MANIFESTS[case]
    with pytest.raises(LiveBenchError) as error:
        parse_toml(written(tmp_path / "submission.toml", content), Card)
    assert message in str(error.value)
    assert len(str(error.value)) < 1000


def test_json_manifests_of_any_depth(tmp_path):
    path = written(tmp_path / "a.json", b'{"arguments":' + b"[" * 1_000_000)
    with pytest.raises(LiveBenchError, match=r"a\.json: "):
        parse_json(path, Card)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.json")
    for read in (parse_json, parse_toml):
        with pytest.raises(LiveBenchError, match=r"a\.json: is not a file"):
            read(tmp_path / "a.json", Card)
    with pytest.raises(LiveBenchError, match=r"a\.json: is not a file"):
        read_scores(tmp_path / "a.json", IDS)
