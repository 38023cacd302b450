"""Every format that LiveBench reads: a well-formed file, how it is damaged, and its reader."""

from __future__ import annotations

import csv
import gzip
import hashlib
import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec
import numpy as np

from livebench.audit.set_audit import SetAudit
from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.freeze import freeze_imported
from livebench.candidates.manifest import ANSWERS, MANIFEST, SAMPLES, sealed_manifest
from livebench.candidates.protocol import load_protocol
from livebench.cli.datasets import recipe_options
from livebench.data.dataset import Dataset, DatasetInfo
from livebench.data.tokens import words_of
from livebench.human.analysis.rater_files import read_rater_rows
from livebench.human.sheets.key import CRITERIA, Key
from livebench.importers.ass import read_ass
from livebench.importers.collection import Collection, Options
from livebench.importers.danmaku_xml import read_xml
from livebench.importers.importing import import_dataset
from livebench.importers.livebot import read_livebot
from livebench.importers.table_files import read_tables
from livebench.records import (
    AnswerRecord,
    ContextComment,
    GeneratedRecord,
    SampleRecord,
    ScoreRecord,
    parse_json,
    read_records,
)
from livebench.review.card import check_card
from livebench.scoring.answers import Answers
from livebench.scoring.journal import Journal
from livebench.scoring.result import Result
from livebench.scoring.runner import read_samples
from livebench.submissions.load import Submission
from livebench.submissions.validate import read_scores

from . import columns, mutate

Damage = Callable[[Random, bytes], bytes]
IDS = [f"v{number}@30" for number in range(6)]
ROOT = Path(__file__).parent.parent.parent


class Format(NamedTuple):
    """A format.

    Attributes:
        file: the file that is damaged.
        damage: how.
        read: the folder that it lies in.
        seal: called after the damage, with the folder: makes hashes fit again.
    """

    file: Path
    damage: Damage
    read: Callable[[Path], object]
    seal: Callable[[Path], None] = lambda folder: None


CARD = b"""name = "Mine"
authors = ["A. Author"]
date = 2026-01-02
description = "For a test."
settings = ["video", "comments"]
entry = "scorer:Mine"
url = "https://example.org"
listwise = false
[[runs]]
name = "default"
dataset = "world"
seed = 3
arguments = {size = 3, words = ["a", "b"], deep = {x = 1.5}}
checkpoint = "checkpoints/model.json"
checkpoint_sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""
XML = """<?xml version="1.0" encoding="UTF-8"?><i><chatid>5</chatid>
<d p="1.5,1,25,16777215,1500000000,0,abc,1">好看</d>
<d p="2,1,25,1,1500000000,0,a,2">哈哈 &amp; 哈</d></i>"""
ASS = """[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:02.00,a,,0,0,0,,{\\pos(1,1)}好看
Dialogue: 0,0:00:03.00,0:00:04.00,a,,0,0,0,,哈哈
"""
RATINGS = [["id", "context", *CRITERIA], ["a1", "x", "3", "4", "5"], ["a2", "y", "1", "2", "5"]]


def formats(folder: Path) -> dict[str, Format]:
    """All formats by name; their well-formed files are made in `folder`, which takes some seconds."""
    data = _tiny(folder)
    words_of("a.b")  # loads jieba: not in the time of the file that first needs it
    world = Dataset(data)
    frozen = _set(world, folder / "set")
    result = min((ROOT / "submissions/popularity/results").glob("*/*/*.json"))
    audit = min((ROOT / "candidates").glob("*/audit.json"), default=result)
    made = {
        "scores": _written(folder, "s.jsonl.gz", _scores()),
        "generated": _written(folder, "g.jsonl.gz", gzip.compress(_generated(), mtime=0)),
        "card": _written(folder, "submission.toml", CARD),
        "result": _written(folder, "r.json", result.read_bytes()),
        "audit": _written(folder, "audit.json", audit.read_bytes()),
        "protocol": _written(
            folder, "p.toml", (ROOT / "livebench/candidates/protocols/paper.toml").read_bytes()
        ),
        "key": _written(folder, "key.json", _key()),
        "ratings": _written(folder, "ratings.csv", _csv(RATINGS)),
        "xml": _written(folder, "1.xml", XML.encode()),
        "ass": _written(folder, "1.ass", ASS.encode()),
        "journal": _written(folder, "both.journal", _journal(folder)),
    }
    card = made["card"].parent
    (card / "scorer.py").write_text("class Mine:\n    def score(self, v, c, x): ...\n")
    (card / "checkpoints").mkdir()
    (card / "checkpoints" / "model.json").write_text("abc")
    released = _released(folder / "released")

    def read_set(where: Path) -> None:
        opened = CandidateSet(where)
        Answers(opened)
        recipe_options(opened.manifest.dataset.recipe)
        for setting in ("comments", "both"):  # of all settings they show least and most
            for _ in read_samples(opened, world, setting):
                pass

    source = folder / "tables"
    of_tables = (
        ("videos.csv", mutate.mutated_table),
        ("comments.csv", mutate.mutated_table),
        ("frames/v0.npy", columns.mutated_array),
    )
    return {
        "scores": Format(made["scores"], mutate.mutated_gzip, lambda p: read_scores(p, IDS, "ab")),
        "generated": Format(
            made["generated"], mutate.mutated_gzip, lambda p: list(read_records(p, GeneratedRecord))
        ),
        "card": Format(made["card"], _mutated_toml, _read_card),
        "result": Format(made["result"], mutate.mutated_json, lambda p: parse_json(p, Result)),
        "audit": Format(made["audit"], mutate.mutated_json, lambda p: parse_json(p, SetAudit)),
        "protocol": Format(made["protocol"], _mutated_toml, lambda p: load_protocol(str(p))),
        "key": Format(made["key"], mutate.mutated_json, lambda p: parse_json(p, Key)),
        "ratings": Format(
            made["ratings"], mutate.mutated_table, lambda path: read_rater_rows(path, RATINGS[0])
        ),
        "xml": Format(
            made["xml"], mutate.mutated_bytes, lambda p: read_xml(p, Collection(_OPTIONS))
        ),
        "ass": Format(
            made["ass"], mutate.mutated_bytes, lambda p: read_ass(p, Collection(_OPTIONS))
        ),
        "journal": Format(made["journal"], mutate.mutated_lines, _read_journal),
        **{
            f"set {name}": Format(frozen / name, damage, lambda p: read_set(p.parent), seal)
            for name, damage, seal in (
                (MANIFEST, mutate.mutated_json, _seal),
                (SAMPLES, mutate.mutated_gzip, _seal),
                (ANSWERS, mutate.mutated_gzip, _seal),
            )
        },
        **{
            f"dataset {name}": Format(data / name, damage, lambda p: _read_dataset(p.parent))
            for name, damage in (
                ("dataset.toml", _mutated_toml),
                ("videos.parquet", columns.mutated_parquet),
                ("comments.parquet", columns.mutated_parquet),
                ("frames.npy", columns.mutated_array),
            )
        },
        **{
            f"tables {name}": Format(source / name, damage, lambda p: _import(read_tables, source))
            for name, damage in of_tables
        },
        "released": Format(
            released / "test.json", mutate.mutated_lines, lambda p: _import(read_livebot, released)
        ),
        **_checkpoints(folder / "checkpoint", data),
    }


_OPTIONS = Options(dev=1, test=1, seed=0)


def _set(dataset: Dataset, out: Path) -> Path:
    """A candidate set of three samples."""
    records = []
    for second in range(3):
        name, video = f"v0@{second}", "v0"
        context = [ContextComment(second + 0.5, "好看", "好看")]
        texts = [f"好看{number}" for number in range(100)]
        sample = SampleRecord(name, video, second, [0, 1], context, texts, texts)
        types = ["correct"] * 5 + ["random"] * 95
        answer = AnswerRecord(name, video, "美食", 1, types, [1] * 100, [1] * 100)
        records.append((sample, answer))
    protocol = load_protocol("paper")
    options: dict[str, Any] = {"split": "test", "seed": 0, "left_out": {}, "flaws": []}
    return freeze_imported(dataset, protocol, out, records, **options).path


def _written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name.replace(".", "-") / name
    path.parent.mkdir()
    path.write_bytes(content)
    return path


def _scores() -> bytes:
    scores = [round(-0.37 * number, 2) for number in range(100)]
    lines = [msgspec.json.encode(ScoreRecord(name, scores)) for name in IDS]
    return gzip.compress(b"\n".join(lines) + b"\n", mtime=0)


def _generated() -> bytes:
    return b"".join(msgspec.json.encode(GeneratedRecord(name, "好看")) + b"\n" for name in IDS)


def _key() -> bytes:
    items = [{"item": f"i{n}", "sample_id": IDS[n], "systems": ["a"]} for n in range(3)]
    return msgspec.json.encode(
        {
            "name": "test", "candidate_set": "set", "set_hash": "00", "signature": "s", "dataset": "d",
            "fingerprint": "00", "setting": "both", "seed": 1,
            "systems": [{"name": "a"}, {"name": "human"}],
            "moments": [{"sample_id": IDS[n], "video_id": "v", "category": ""} for n in range(3)],
            "items": items,
            "raters": [{"rater": "r1", "rows": [{"row": "x1", "item": "i0"}]}], "versions": {},
        }
    )  # fmt: skip


def _csv(rows: list[list[str]]) -> bytes:
    return "".join(",".join(row) + "\n" for row in rows).encode()


def _journal(folder: Path) -> bytes:
    path = folder / "begun" / "both.jsonl.gz"
    with Journal(path, {"submission": "a"}) as journal:
        for start in (0, 2, 4):
            lines = [
                msgspec.json.encode(ScoreRecord(name, [0.0] * 100)) for name in IDS[start:][:2]
            ]
            journal.append([line + b"\n" for line in lines], 0.5)
    return (path.parent / "both.journal").read_bytes()


def _read_journal(path: Path) -> None:
    with Journal(path.with_name("both.jsonl.gz"), {"submission": "a"}) as journal:
        journal.ids()
    for aside in path.parent.glob("both.journal.*"):
        aside.unlink()


def _mutated_toml(random: Random, content: bytes) -> bytes:
    """A TOML document with other values, or with other bytes."""
    if random.random() < 0.5:
        return mutate.mutated_bytes(random, content)
    value = msgspec.toml.decode(content)
    for _ in range(random.choice([1, 1, 2])):
        value = mutate.mutated_value(random, value)
    try:
        return msgspec.toml.encode(value)
    except (
        TypeError,
        ValueError,
        AttributeError,
        OverflowError,
    ):  # TOML has no null, and no other top
        return mutate.mutated_bytes(random, content)


def _read_card(path: Path) -> None:
    _, problems = check_card(path)
    found = Submission(path.parent)
    for run in found.card.runs:
        found.scores_path("set", run, "both")
        found.checkpoint(run)
    if problems:
        raise problems[0]


def _tiny(folder: Path) -> Path:
    """Tables of six videos, and the dataset that they are imported to."""
    source = folder / "tables"
    (source / "frames").mkdir(parents=True)
    names = [f"v{number}" for number in range(6)]
    rows: dict[str, list[tuple[Any, ...]]] = {
        "videos": [
            ("video_id", "title", "category", "duration"),
            *((n, "标题", "美食", 30) for n in names),
        ],
        "comments": [
            ("video_id", "time", "text"),
            *((n, k * 1.7, f"好看{n}{k}") for n, k in itertools.product(names, range(12))),
        ],
    }
    for name, table in rows.items():
        with (source / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(table)
    for number, name in enumerate(names):
        vectors = number + np.arange(30 * 4).reshape(30, 4) / 256
        np.save(source / "frames" / f"{name}.npy", vectors.astype(np.float32))
    return import_dataset(read_tables, source, folder / "data", DatasetInfo("tiny"), _OPTIONS).path


def _read_dataset(path: Path) -> None:
    dataset = Dataset(path)
    found = dataset.comments
    assert len(found.texts) == len(found.strings)
    dataset.check_fingerprint()
    dataset.check_frames()
    for video in dataset.videos:
        dataset.frames(video, range(min(video.frame_count, 100)))
    assert dataset.split("train").counts.sum() >= 0


def _import(read: Callable[..., Any], source: Path) -> None:
    out = source.with_name("imported")
    try:
        import_dataset(read, source, out, DatasetInfo("imported"), _OPTIONS)
    finally:
        assert not out.exists() or (out / "dataset.toml").exists()  # whole or not at all
        shutil.rmtree(out, ignore_errors=True)


def _released(folder: Path) -> Path:
    folder.mkdir()
    for number, split in enumerate(("train", "dev", "test")):
        lines = [
            msgspec.json.encode(
                {
                    "video": number,
                    "time": k,
                    "comment": f"好看 {k}",
                    "context": "a",
                    "candidate": [],
                }
            )
            for k in range(6)
        ]
        (folder / f"{split}.json").write_bytes(b"\n".join(lines) + b"\n")
    return folder


def _seal(folder: Path) -> None:
    """Make the hashes of a candidate set fit what is there, as whoever forges one would."""
    manifest = folder / MANIFEST
    try:
        content = msgspec.json.decode(manifest.read_bytes())
        for name in (SAMPLES, ANSWERS):
            data = gzip.decompress((folder / name).read_bytes())
            content["files"][name] |= {
                "sha256": hashlib.sha256(data).hexdigest(),
                "size": len(data),
                "records": data.count(b"\n"),
            }
            _pack(folder / name, data)
        manifest.write_bytes(sealed_manifest(content))
    except Exception:  # it is damaged beyond sealing
        return


def _pack(path: Path, data: bytes) -> None:
    from livebench.files import new_gzip

    with new_gzip(path) as file:
        file.write(data)


def _checkpoints(folder: Path, data: Path) -> dict[str, Format]:
    """The files of a checkpoint, and of a training that was stopped."""
    import torch
    from livebench_baselines.neural.checkpoint import (
        CHECKPOINT_FILE,
        VOCABULARY_FILE,
        WEIGHTS_FILE,
        Checkpoint,
        write_checkpoint,
    )
    from livebench_baselines.neural.model import Size
    from livebench_baselines.neural.vocabulary import Vocabulary
    from livebench_baselines.unified_transformer import UnifiedTransformer

    size = Size(width=8, blocks=1, heads=2, feed_forward=8)
    vocabulary = Vocabulary(["好看", "哈哈"], 3)
    torch.manual_seed(0)
    net = UnifiedTransformer.model(size, len(vocabulary), 4)
    about = Checkpoint(
        entry="", size=size, frame_width=4, max_context_words=8, training=None, outcome={}, files={}
    )
    path = write_checkpoint(folder, about, net.state_dict(), vocabulary)
    UnifiedTransformer(path)  # loads what torch loads late: not in the time of the first file

    def seal(where: Path) -> None:
        try:
            content = msgspec.json.decode(path.read_bytes())
            for name in (WEIGHTS_FILE, VOCABULARY_FILE):
                content["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
            path.write_bytes(msgspec.json.encode(content))
        except Exception:
            return

    return {
        f"checkpoint {name}": Format(
            folder / name, damage, lambda p: UnifiedTransformer(path), seal
        )
        for name, damage in (
            (CHECKPOINT_FILE, mutate.mutated_json),
            (VOCABULARY_FILE, mutate.mutated_json),
            (WEIGHTS_FILE, _mutated_weights),
        )
    }


def _mutated_weights(random: Random, content: bytes) -> bytes:
    """A safetensors file with another header, other values, or other bytes."""
    if random.random() < 0.4:
        return mutate.mutated_bytes(random, content)
    size = int.from_bytes(content[:8], "little")
    header, rest = content[8 : 8 + size], content[8 + size :]
    if random.random() < 0.3:
        place = random.randrange(len(rest) // 4) * 4
        odd = random.choice([b"\x00\x00\xc0\x7f", b"\x00\x00\x80\x7f", b"\xff\xff\x7f\x7f"])
        rest = rest[:place] + odd + rest[place + 4 :]
    else:
        header = mutate.mutated_json(random, header)
    length = (
        len(header) if random.random() < 0.9 else random.choice([0, 2**31, 2**63, len(content)])
    )
    return length.to_bytes(8, "little") + header + rest


def each_damaged(which: Format, seeds: Iterator[str]) -> Iterator[tuple[str, Path]]:
    """Damage the file of a format, once a seed; the folder is as it was when all are done."""
    folder = which.file.parent
    whole = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    content = whole[which.file]
    try:
        for seed in seeds:
            which.file.write_bytes(which.damage(Random(seed), content))
            which.seal(folder)
            yield seed, which.file
            for path in set(folder.iterdir()) - whole.keys():
                if path.is_file():
                    path.unlink()
            for path, before in whole.items():
                path.write_bytes(before)
    finally:
        for path, before in whole.items():
            path.write_bytes(before)
