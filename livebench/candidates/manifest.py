"""manifest.json of a candidate set: everything the set depends on, sealed by hashes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from livebench.candidates.protocol import Protocol
from livebench.data.dataset import Dataset
from livebench.data.split import Split
from livebench.errors import LiveBenchError
from livebench.records import FolderName, Hex, Setting, json_document

SAMPLES, ANSWERS, MANIFEST = "samples.jsonl.gz", "answers.jsonl.gz", "manifest.json"
SEED = "seed.txt"
"""Of a private set, beside its samples and answers."""


class FrozenFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`sha256` and `size` of the content before compression, and the number of records."""

    sha256: str
    size: int
    records: int


class FrozenDataset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The dataset that a set was built from; `recipe` regenerates it, if that needs no other data.

    Sets frozen before LiveBench knew languages have none, and their signatures name no tokenizer. Only
    where the dataset kept pictures is there a hash of them.
    """

    name: FolderName
    version: str
    fingerprint: Hex
    frames_sha256: Hex
    encoder: str
    tokenizer: str
    recipe: list[str]
    language: str | msgspec.UnsetType = msgspec.UNSET
    images_sha256: Hex | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(cls, dataset: Dataset) -> FrozenDataset:
        facts = {name: getattr(dataset.info, name) for name in cls.__struct_fields__}
        facts["images_sha256"] = dataset.info.images_sha256 or msgspec.UNSET
        return cls(**facts)


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """manifest.json.

    `hash` is the sha256 of everything that defines the set (not its name, explanations, or the versions
    of the software that wrote it). `types` counts the candidates, `left_out` the seconds with comments
    that are not samples; `without_plausible` names videos with samples that got no plausible candidate,
    `overlap` the leaks between splits that were allowed; `flaws` lists known problems of a set made by
    others (absent from sets built here). `manifest_sha256` is the hash of the rest.

    A *private* set has no `seed`, but its `seed_sha256`, and no recipe of its dataset: this file and the
    audit are published, the other files and the seed are not.
    """

    name: FolderName
    hash: str = ""
    signature: str = ""
    protocol: Protocol
    dataset: FrozenDataset
    split: Split
    seed: int | None
    max_samples: int
    settings: list[Setting]
    videos: int
    types: dict[str, int]
    left_out: dict[str, int]
    without_plausible: list[str]
    overlap: list[str]
    files: dict[str, FrozenFile]
    versions: dict[str, str]
    flaws: list[str] | msgspec.UnsetType = msgspec.UNSET
    seed_sha256: str | msgspec.UnsetType = msgspec.UNSET
    manifest_sha256: str = ""

    @property
    def is_private(self) -> bool:
        """Whether samples, answers and seed stay with those who built it."""
        return self.seed is None


def changed(path: Path, what: str) -> LiveBenchError:
    """The error if a file of a set is not as it was frozen."""
    return LiveBenchError(path, f"changed: {what}", "fetch or build the set again")


def sealed_manifest(content: dict[str, Any]) -> bytes:
    """The bytes of manifest.json, its hashes filled in.

    Hashes cover the data as written, not today's record types: a set stays the same when a later
    LiveBench adds fields.
    """
    hashed = {key: content[key] for key in content if key not in _NOT_HASHED}
    # The protocol's explanations and the dataset's recipe do not affect the samples;
    # the language does by the tokenizer, which is hashed.
    for part, keys in (
        ("protocol", ("summary", "source", "reasons")),
        ("dataset", ("recipe", "language")),
    ):
        hashed[part] = {key: hashed[part][key] for key in hashed[part] if key not in keys}
    set_hash = hashlib.sha256(msgspec.json.encode(hashed, order="sorted")).hexdigest()
    signature = f"set:{content['name']}@{set_hash[:8]}" + ("+overlap" if content["overlap"] else "")
    if "language" in content["dataset"]:
        signature += f"|words:{_short(content['dataset']['tokenizer'])}"
    sealed = {**content, "hash": set_hash, "signature": signature, "manifest_sha256": ""}
    seal = hashlib.sha256(msgspec.json.encode(sealed, order="sorted")).hexdigest()
    sealed["manifest_sha256"] = seal
    return json_document(sealed)


def _short(tokenizer: str) -> str:
    """A tokenizer's name without spaces: "fugashi 1.5.2, unidic-lite 1.0.8" is
    "fugashi-1.5.2+unidic-lite-1.0.8"."""
    return tokenizer.replace(", ", "+").replace(" ", "-")


_NOT_HASHED = ("name", "hash", "signature", "versions", "manifest_sha256")
