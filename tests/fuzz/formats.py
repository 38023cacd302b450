"""Every format that LiveBench reads: a well-formed file, how it is damaged, and its reader."""

from __future__ import annotations

import csv
import gzip
import hashlib
import itertools
from pathlib import Path
from random import Random
from typing import Any

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
from livebench.importers.importing import import_dataset
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
from .checkpoints import checkpoints
from .form import Format
from .sources import OPTIONS, imported, sources, written

IDS = [f"v{number}@30" for number in range(6)]
ROOT = Path(__file__).parent.parent.parent


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
        "scores": written(folder, "s.jsonl.gz", _scores()),
        "generated": written(folder, "g.jsonl.gz", gzip.compress(_generated(), mtime=0)),
        "card": written(folder, "submission.toml", CARD),
        "result": written(folder, "r.json", result.read_bytes()),
        "audit": written(folder, "audit.json", audit.read_bytes()),
        "protocol": written(
            folder, "p.toml", (ROOT / "livebench/candidates/protocols/paper.toml").read_bytes()
        ),
        "key": written(folder, "key.json", _key()),
        "ratings": written(folder, "ratings.csv", _csv(RATINGS)),
        "journal": written(folder, "both.journal", _journal(folder)),
    }
    card = made["card"].parent
    (card / "scorer.py").write_text("class Mine:\n    def score(self, v, c, x): ...\n")
    (card / "checkpoints").mkdir()
    (card / "checkpoints" / "model.json").write_text("abc")

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
            f"tables {name}": Format(source / name, damage, lambda p: imported(read_tables, source))
            for name, damage in of_tables
        },
        **checkpoints(folder / "checkpoint"),
        **sources(folder / "sources"),
    }


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
    return import_dataset(read_tables, source, folder / "data", DatasetInfo("tiny"), OPTIONS).path


def _read_dataset(path: Path) -> None:
    dataset = Dataset(path)
    found = dataset.comments
    assert len(found.texts) == len(found.strings)
    dataset.check_fingerprint()
    dataset.check_frames()
    for video in dataset.videos:
        dataset.frames(video, range(min(video.frame_count, 100)))
    assert dataset.split("train").counts.sum() >= 0


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
