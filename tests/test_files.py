"""Whole or not at all; the same bytes for the same content; every change noticed."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from livebench.errors import LiveBenchError
from livebench.files import (
    gzip_content,
    is_unfinished,
    new_file,
    new_folder,
    new_gzip,
    read_gzip_lines,
    write_text,
)

CONTENT = "第一行\n第二行\n".encode() * 3


class Interrupted(Exception):
    """Not an error that LiveBench knows."""


def write_gzip(path, content=CONTENT):
    with new_gzip(path) as file:
        file.write(content)
    return file


@pytest.mark.parametrize("error", [Interrupted(), KeyboardInterrupt(), LiveBenchError("a", "b")])
@pytest.mark.parametrize("opened", [new_file, new_gzip])
def test_an_interrupted_file_leaves_nothing(tmp_path, listing, opened, error):
    with pytest.raises(type(error)), opened(tmp_path / "a.bin") as file:
        file.write(b"half")
        raise error
    assert listing(tmp_path) == []


@pytest.mark.parametrize("opened", [new_file, new_gzip])
def test_an_interrupted_file_keeps_what_was_there(tmp_path, listing, opened):
    (tmp_path / "a.bin").write_bytes(b"old")
    with pytest.raises(Interrupted), opened(tmp_path / "a.bin") as file:
        file.write(b"new")
        raise Interrupted
    assert (tmp_path / "a.bin").read_bytes() == b"old"
    assert listing(tmp_path) == ["a.bin"]


def test_a_file_is_not_there_before_it_is_whole_and_replaces_the_old_one(tmp_path, listing):
    path = tmp_path / "deep" / "er" / "a.txt"
    with new_file(path) as file:
        file.write(b"one")
        assert not path.exists()
    write_text(path, "two 二")
    assert path.read_bytes() == "two 二".encode()
    assert listing(path.parent) == ["a.txt"]
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("error", [Interrupted(), KeyboardInterrupt(), LiveBenchError("a", "b")])
def test_an_interrupted_folder_leaves_nothing(tmp_path, listing, error):
    with pytest.raises(type(error)), new_folder(tmp_path / "out") as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "a").write_text("half")
        raise error
    assert listing(tmp_path) == []


def test_a_folder_appears_whole(tmp_path, listing):
    with new_folder(tmp_path / "out") as folder:
        (folder / "a").write_text("whole")
        assert not (tmp_path / "out").exists()
    assert listing(tmp_path) == ["out", "out/a"]
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("kind", ["folder", "file", "empty folder"])
def test_an_existing_folder_is_kept(tmp_path, listing, kind):
    out = tmp_path / "out"
    if kind == "file":
        out.write_text("mine")
    else:
        out.mkdir()
        if kind == "folder":
            (out / "a").write_text("mine")
    before = listing(tmp_path)
    exists = pytest.raises(LiveBenchError, match="out: exists already; remove it or choose another")
    with exists, new_folder(out):
        pytest.fail("the block must not run")
    assert listing(tmp_path) == before


@pytest.mark.parametrize("opened", [new_file, new_folder, new_gzip])
def test_a_place_that_cannot_be_written_is_named(tmp_path, opened):
    (tmp_path / "file").write_text("not a folder")
    named = pytest.raises(LiveBenchError, match=r"file/out: cannot be written: \w+")
    with named, opened(tmp_path / "file" / "out"):
        pytest.fail("the block must not run")


def test_gzip_is_the_same_bytes_whatever_the_name_the_time_and_the_pieces(tmp_path, monkeypatch):
    write_gzip(tmp_path / "a.gz")
    monkeypatch.setattr("time.time", lambda: 1.0)
    with new_gzip(tmp_path / "other name.gz") as file:
        for byte in CONTENT:
            file.write(bytes([byte]))
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "other name.gz").read_bytes()
    assert file.sha256.hexdigest() == hashlib.sha256(CONTENT).hexdigest()
    assert file.size == len(CONTENT)
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == CONTENT


@pytest.mark.parametrize("content", [b"", b"\n", CONTENT, bytes(3_000_000)])
def test_gzip_content_is_hash_and_size_of_what_was_written(tmp_path, content):
    write_gzip(tmp_path / "a.gz", content)
    expected = hashlib.sha256(content).hexdigest(), len(content)
    assert gzip_content(tmp_path / "a.gz") == expected
    assert gzip_content(tmp_path / "a.gz", any_writer=True) == expected


def assert_noticed(path, what):
    with pytest.raises(LiveBenchError) as error:
        gzip_content(path)
        pytest.fail(f"not noticed: {what}")
    assert str(error.value).startswith(f"{path}: changed: ")


def changed_bytes(path, changes):
    """Changes each byte of a file in place, one at a time, in each of these ways."""
    whole = path.read_bytes()
    with path.open("r+b", buffering=0) as file:
        for place, byte in enumerate(whole):
            for change in changes:
                file.seek(place)
                file.write(bytes([byte ^ change]))
                yield f"byte {place} ^ {change}"
            file.seek(place)
            file.write(bytes([byte]))
    assert path.read_bytes() == whole


def test_every_changed_byte_of_a_gzip_file_is_noticed(tmp_path):
    path = tmp_path / "a.gz"
    write_gzip(path)
    for what in changed_bytes(path, [0xFF]):
        assert_noticed(path, what)


def test_every_changed_bit_of_a_gzip_file_is_noticed(tmp_path):
    # The last byte of a deflate stream has bits that no reader looks at: eight contents, so that the
    # stream ends at different bits.
    for length in range(8):
        path = tmp_path / f"{length}.gz"
        write_gzip(path, CONTENT[:length])
        for what in changed_bytes(path, [1 << bit for bit in range(8)]):
            assert_noticed(path, what)


def test_a_gzip_file_cut_off_anywhere_is_noticed(tmp_path):
    path = tmp_path / "a.gz"
    write_gzip(path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert_noticed(path, f"cut at {length}")


@pytest.mark.parametrize("extra", [b"\0", b"x", b"\n" * 2_000_000, gzip.compress(b"", mtime=0)])
def test_what_follows_a_gzip_file_is_noticed(tmp_path, extra):
    write_gzip(tmp_path / "a.gz")
    with (tmp_path / "a.gz").open("ab") as file:
        file.write(extra)
    assert_noticed(tmp_path / "a.gz", "trailing bytes")


def test_gzip_of_another_writer_is_read_only_if_any_will_do(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(CONTENT, mtime=12345))
    with pytest.raises(LiveBenchError, match=r"changed: the gzip header is not LiveBench's"):
        gzip_content(tmp_path / "a.gz")
    expected = hashlib.sha256(CONTENT).hexdigest(), len(CONTENT)
    assert gzip_content(tmp_path / "a.gz", any_writer=True) == expected


def test_lines_of_a_gzip_file(tmp_path):
    write_gzip(tmp_path / "a.gz", b"one\n\ntwo \r\nlast")
    assert list(read_gzip_lines(tmp_path / "a.gz")) == [b"one", b"", b"two \r", b"last"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"plain text\n", "cannot be read as gzip"),
        (gzip.compress(CONTENT)[:-9], "cannot be read as gzip"),
        (gzip.compress(CONTENT)[:5], "cannot be read as gzip"),
        (gzip.compress(CONTENT)[:-8] + bytes(8), "cannot be read as gzip: CRC check failed"),
        (gzip.compress(CONTENT) + b"garbage", "cannot be read as gzip"),
        (gzip.compress(CONTENT)[:12] + b"\xff" * 20, "cannot be read as gzip"),
    ],
    ids=["missing", "plain", "cut off", "header cut off", "checksum", "garbage", "damaged"],
)
def test_lines_of_a_damaged_gzip_file(tmp_path, content, message):
    if content is not None:
        (tmp_path / "a.gz").write_bytes(content)
    with pytest.raises(LiveBenchError) as error:
        list(read_gzip_lines(tmp_path / "a.gz"))
    assert str(error.value).startswith(f"{tmp_path / 'a.gz'}: {message}")


def test_a_missing_gzip_file_has_no_content(tmp_path):
    with pytest.raises(LiveBenchError, match=r"a\.gz: no such file"):
        gzip_content(tmp_path / "a.gz")


def test_the_header_is_that_of_zlib_at_its_best(tmp_path):
    write_gzip(tmp_path / "a.gz")
    assert zlib.decompress((tmp_path / "a.gz").read_bytes()[10:-8], -zlib.MAX_WBITS) == CONTENT


def test_what_a_killed_writer_left_is_swept_by_the_next(tmp_path, listing):
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom livebench.files import new_file\n"
        "with new_file(Path(sys.argv[1])) as file:\n"
        "    file.write(b'half')\n    os.kill(os.getpid(), 9)\n"
    )
    path = tmp_path / "a.json"
    subprocess.run([sys.executable, "-c", code, path], check=False)
    (left,) = listing(tmp_path)
    assert is_unfinished(tmp_path / left)
    with new_file(path) as one:
        assert len(listing(tmp_path)) == 1
        with new_file(path) as two:  # what is being written is left alone
            two.write(b"two")
        one.write(b"one")
    assert listing(tmp_path) == ["a.json"]
    assert path.read_bytes() == b"one"


@pytest.mark.parametrize(
    "name", ["a.json", ".a.json", ".a.json.part", ".a.json.abcd-123.part", "x.part"]
)
def test_other_names_are_not_swept(name):
    assert not is_unfinished(Path(name))
