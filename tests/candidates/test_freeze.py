"""A frozen set: verified to the byte, restored to the byte."""

from __future__ import annotations

import gzip
import json
import shutil
from importlib.metadata import version

import msgspec
import pytest

from livebench.candidates.candidate_set import CandidateSet, find_sets
from livebench.candidates.freeze import Work, restore_set, verify_set
from livebench.candidates.protocol import load_protocol
from livebench.errors import LiveBenchError
from livebench.files import gzip_content, new_gzip

FILES = ("manifest.json", "samples.jsonl.gz", "answers.jsonl.gz")


def content(path):
    return gzip.decompress(path.read_bytes())


def put(file, place, byte):
    file.seek(place)
    file.write(bytes([byte]))


def rewrite(path, lines):
    with new_gzip(path) as file:
        file.write(b"".join(lines))


def test_a_whole_set(frozen, frozen_without_frames):
    assert verify_set(frozen.path) == "whole"
    assert verify_set(frozen_without_frames.path) == "whole"


def test_without_text(frozen, copy_set):
    copied = copy_set(frozen)
    (copied.path / "samples.jsonl.gz").unlink()
    assert verify_set(copied.path) == "text absent"
    assert not copied.has_text


def test_the_manifest(frozen, frozen_without_frames, dataset, crowded):
    manifest = frozen.manifest
    assert manifest.name == "tiny-paper"
    words = f"jieba-{version('jieba')}"
    assert manifest.signature == f"set:tiny-paper@{manifest.hash[:8]}|words:{words}"
    assert manifest.dataset.name == "tiny"
    assert manifest.dataset.fingerprint == dataset.info.fingerprint
    assert manifest.dataset.tokenizer == "jieba 0.42.1" or "jieba" in manifest.dataset.tokenizer
    assert manifest.settings == ["video", "comments", "both"]
    assert frozen_without_frames.manifest.settings == ["comments"]
    assert manifest.protocol == load_protocol(str(crowded))
    for name, entry in manifest.files.items():
        lines = content(frozen.path / name)
        assert (entry.sha256, entry.size) == gzip_content(frozen.path / name)
        assert entry.records == lines.count(b"\n") == 60


def test_answers_hold_no_text(frozen):
    texts = {text for sample in frozen.samples() for text in sample.candidates if len(text) > 2}
    answers = content(frozen.path / "answers.jsonl.gz").decode()
    assert texts
    assert not [text for text in texts if text in answers]


def line_changes(name):
    """Ways to damage a file of records that gzip itself does not notice."""
    return {
        "row less": lambda lines: lines[:-1],
        "row twice": lambda lines: [*lines, lines[-1]],
        "rows swapped": lambda lines: [lines[1], lines[0], *lines[2:]],
        "letter": lambda lines: (
            [lines[0].replace(b"correct", b"Correct", 1), *lines[1:]]
            if name.startswith("answers")
            else [lines[0].replace(b" ", b"  ", 1), *lines[1:]]
        ),
        "no line end": lambda lines: [*lines[:-1], lines[-1][:-1]],
        "empty line": lambda lines: [*lines, b"\n"],
        "empty": lambda lines: [],
    }


DAMAGE = {
    "empty": lambda data: b"",
    "cut off": lambda data: data[:-1],
    "half": lambda data: data[: len(data) // 2],
    "byte more": lambda data: data + b"\n",
    "another gzip": lambda data: gzip.compress(gzip.decompress(data), 1, mtime=0),
    "gzip of nothing after it": lambda data: data + gzip.compress(b"", mtime=0),
    "not compressed": gzip.decompress,
}


@pytest.mark.parametrize("name", FILES[1:])
@pytest.mark.parametrize("kind", [*line_changes(""), *DAMAGE])
def test_a_damaged_file_is_named(frozen, copy_set, refused, name, kind):
    copied = copy_set(frozen)
    path = copied.path / name
    if kind in DAMAGE:
        path.write_bytes(DAMAGE[kind](path.read_bytes()))
    else:
        lines = content(path).splitlines(keepends=True)
        rewrite(path, line_changes(name)[kind](lines))
    message = refused("verify", copied.path)
    assert message.startswith(f"{path}: changed: ")


@pytest.mark.parametrize("name", FILES[1:])
def test_a_changed_byte_is_named(frozen, copy_set, name):
    """At 60 places over the whole file, and at each of the first and last 30."""
    path = copy_set(frozen).path / name
    whole = path.read_bytes()
    places = {
        *range(30),
        *range(len(whole) - 30, len(whole)),
        *range(0, len(whole), len(whole) // 60),
    }
    with path.open("r+b", buffering=0) as file:
        for place in sorted(places):
            for change in (0x01, 0x80, 0xFF):
                put(file, place, whole[place] ^ change)
                with pytest.raises(LiveBenchError) as error:
                    verify_set(path.parent)
                    pytest.fail(f"byte {place} ^ {change}")
                assert str(error.value).startswith(f"{path}: changed: ")
            put(file, place, whole[place])
    assert verify_set(path.parent) == "whole"


def test_samples_and_answers_that_swap_names(frozen, copy_set):
    copied = copy_set(frozen)
    samples, answers = (copied.path / name for name in FILES[1:])
    samples.rename(copied.path / "x")
    answers.rename(samples)
    (copied.path / "x").rename(answers)
    with pytest.raises(LiveBenchError, match=r"answers\.jsonl\.gz: changed"):
        verify_set(copied.path)


@pytest.mark.parametrize("name", [FILES[0], FILES[2]])
def test_a_missing_file_is_named(frozen, copy_set, refused, name):
    copied = copy_set(frozen)
    (copied.path / name).unlink()
    message = refused("verify", copied.path)
    assert "no such file" in message or message.startswith(
        f"{copied.path}: not a candidate set (no ma"
    )
    assert name in message


def test_every_changed_character_of_the_manifest_is_noticed(frozen, copy_set):
    path = copy_set(frozen).path / "manifest.json"
    whole = path.read_bytes()
    with path.open("r+b", buffering=0) as file:
        for place, byte in enumerate(whole):
            others = b"01" if chr(byte).isdigit() else b"xy"
            put(file, place, others[0] if byte != others[0] else others[1])
            with pytest.raises(LiveBenchError) as error:
                verify_set(path.parent)
                pytest.fail(f"character {place}: {whole[max(0, place - 30) : place + 1]}")
            assert str(error.value).startswith(f"{path}: ")
            put(file, place, byte)
    assert verify_set(path.parent) == "whole"


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data + b"\n",
        lambda data: data[:-1],
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b" ", b"", 1),
        lambda data: json.dumps(json.loads(data)).encode(),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b'"seed": 0', b'"seed": 0.0'),
        lambda data: data.replace(b'"seed": 0', b'"seed": 0, "more": 1'),
        lambda data: b"",
        lambda data: b"{}",
    ],
)
def test_a_manifest_of_other_bytes_is_noticed(frozen, copy_set, refused, change):
    path = copy_set(frozen).path / "manifest.json"
    before = path.read_bytes()
    path.write_bytes(change(before))
    assert path.read_bytes() != before
    assert refused("verify", path.parent).startswith(f"{path}: ")


def test_a_manifest_that_agrees_with_itself_but_not_with_the_files(frozen, copy_set):
    """Somebody who edits the manifest and seals it again is caught by the counts and hashes."""
    from livebench.candidates.manifest import sealed_manifest

    copied = copy_set(frozen)
    path = copied.path / "manifest.json"
    for changes in (
        {"videos": frozen.manifest.videos + 1},
        {"types": {**frozen.manifest.types, "correct": 1}},
    ):
        forged = msgspec.structs.replace(frozen.manifest, **changes)
        path.write_bytes(sealed_manifest(msgspec.to_builtins(forged)))
        with pytest.raises(
            LiveBenchError, match=r"answers\.jsonl\.gz: changed: its counts are not those of"
        ):
            verify_set(copied.path)


def test_a_renamed_folder_is_refused(frozen, copy_set, refused):
    copied = copy_set(frozen)
    copied.path.rename(copied.path.parent / "mine")
    message = refused("verify", copied.path.parent / "mine")
    assert message.endswith("mine: the set is named tiny-paper; name the folder so")


def test_restore_gives_the_same_bytes(frozen, copy_set, dataset, run, listing):
    copied = copy_set(frozen)
    (copied.path / "samples.jsonl.gz").unlink()
    done = run("build-candidates", "--restore", copied.path, "--dataset", dataset.path)
    assert done.status == 0, done
    assert done.out == f"{copied.path}: restored, {frozen.manifest.signature}\n"
    assert listing(copied.path) == sorted(FILES)
    for name in FILES:
        assert (copied.path / name).read_bytes() == (frozen.path / name).read_bytes()
    assert verify_set(copied.path) == "whole"


def test_restore_from_another_dataset_is_refused(
    frozen, copy_set, dataset_without_frames, tables, tmp_path, run, refused, listing
):
    copied = copy_set(frozen)
    (copied.path / "samples.jsonl.gz").unlink()
    source = tables(tmp_path / "src", videos=25)
    options = ("--dev", 4, "--test", 10, "--seed", 1)
    assert run("import", "tables", source, "--out", "less", *options).status == 0
    before = listing(tmp_path)
    message = refused("build-candidates", "--restore", copied.path, "--dataset", "less")
    assert message.startswith(f"less: not the dataset that {copied.path} was built from")
    assert frozen.manifest.dataset.fingerprint[:12] in message
    assert listing(tmp_path) == before


def test_restore_that_comes_out_different_is_refused(
    frozen, copy_set, dataset, tmp_path, refused, listing
):
    """The fingerprint in dataset.toml is right, a comment of the dataset is not."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    copied = copy_set(frozen)
    (copied.path / "samples.jsonl.gz").unlink()
    forged = tmp_path / "forged"
    shutil.copytree(dataset.path, forged)
    table = pq.read_table(forged / "comments.parquet")
    texts = [f"{text} " for text in table["text"].to_pylist()]
    pq.write_table(table.set_column(2, "text", pa.array(texts)), forged / "comments.parquet")
    before = listing(tmp_path)
    message = refused("build-candidates", "--restore", copied.path, "--dataset", forged)
    assert (
        f"{copied.path}: samples.jsonl.gz came out different" in message or "fingerprint" in message
    )
    assert listing(tmp_path) == before


def test_restore_interrupted_leaves_nothing(frozen, copy_set, dataset, listing):
    copied = copy_set(frozen)
    (copied.path / "samples.jsonl.gz").unlink()
    before = listing(copied.path)

    def progress(built, total):
        yield next(built)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore_set(copied.path, dataset, Work(progress=progress))
    assert listing(copied.path) == before


def test_a_set_from_a_changed_dataset_is_refused(dataset, tmp_path, refused, listing):
    """What a set says of its dataset must be true: rows and fingerprint belong together."""
    import pyarrow.parquet as pq

    forged = tmp_path / "forged"
    shutil.copytree(dataset.path, forged)
    table = pq.read_table(forged / "comments.parquet")
    pq.write_table(table.slice(0, table.num_rows - 1), forged / "comments.parquet")
    before = listing(tmp_path)
    message = refused("build-candidates", forged, "--protocol", "paper", "--out", "x", "--quiet")
    assert message.startswith(f"{forged}: its rows have the fingerprint ")
    assert listing(tmp_path) == before


def test_all_sets_of_a_folder(frozen, frozen_without_frames, copy_set, run, tmp_path):
    copy_set(frozen)
    copy_set(frozen_without_frames)
    (tmp_path / "candidates" / "other").mkdir()
    assert [found.name for found in find_sets(tmp_path / "candidates")] == [
        "silent-paper",
        "tiny-paper",
    ]
    done = run("verify")
    assert done.status == 0
    lines = done.out.splitlines()
    for line, found in zip(lines, (frozen_without_frames, frozen), strict=True):
        assert line.startswith(f"candidates/{found.name}: whole")
        assert line.endswith(f", {found.manifest.signature}")


def test_no_set(tmp_path, refused):
    assert refused("verify") == (
        "candidates: no candidate set in it (a folder with a manifest.json); run livebench in a "
        "checkout of LiveBench, or give --candidates or --sets"
    )
    assert refused("verify", "nowhere") == "nowhere: set not found; available: none in candidates/"
    with pytest.raises(LiveBenchError, match="not a candidate set"):
        CandidateSet(tmp_path)


def test_the_dataset_must_be_the_one_that_the_set_was_built_from(
    frozen, dataset, frozen_without_frames
):
    frozen.check_dataset(dataset)
    other = CandidateSet(frozen_without_frames.path)
    wanted = msgspec.structs.replace(other.manifest.dataset, fingerprint="0123456789abcdef")
    other.manifest = msgspec.structs.replace(other.manifest, dataset=wanted)
    with pytest.raises(LiveBenchError) as error:
        other.check_dataset(dataset)
    assert error.value.where == str(dataset.path)
    assert error.value.what == (
        f"not the dataset that {other.path} was built from (fingerprint "
        f"{dataset.info.fingerprint[:12]}, needed {wanted.name} with 0123456789ab)"
    )
    assert error.value.fix == "import it as docs/datasets.md says"


def test_absent_text_says_how_to_restore_it(frozen, copy_set, dataset):
    frozen.check_text()
    copied = copy_set(frozen)
    (copied.path / "samples.jsonl.gz").unlink()
    for known, folder in ((dataset, dataset.path), (None, "DIR")):
        with pytest.raises(LiveBenchError) as error:
            copied.check_text(known)
        assert (error.value.where, error.value.what) == (str(copied.path), "its text is absent")
        command = f"livebench build-candidates --restore {copied.path} --dataset {folder}"
        assert error.value.fix == f"restore it with `{command}`"
