"""A frozen candidate set: a folder that is hashed and never changed.

manifest.json      all that the set depends on (`Manifest`)
samples.jsonl.gz   what a scorer may see (`SampleRecord`); absent where the text may not be shown
answers.jsonl.gz   what a scorer never sees (`AnswerRecord`); holds no text
"""

from __future__ import annotations

import hashlib
import platform
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from livebench import __version__
from livebench.candidates.build import Builder, Built
from livebench.candidates.protocol import Protocol
from livebench.data.dataset import Dataset
from livebench.data.split import Split
from livebench.errors import LiveBenchError
from livebench.files import gzip_content, new_file, new_folder, new_gzip
from livebench.records import (
    FOLDER_NAME,
    AnswerRecord,
    FolderName,
    SampleRecord,
    Setting,
    parse_json,
    read_records,
    write_records,
)

SAMPLES, ANSWERS, MANIFEST = "samples.jsonl.gz", "answers.jsonl.gz", "manifest.json"


class Work(NamedTuple):
    """How the work is done, which makes no difference to what comes of it.

    Attributes:
        processes: over how many it is spread; by default one a core.
        progress: wraps what is built, given the number of samples, to show how far the work is.
    """

    processes: int | None = None
    progress: Callable[[Iterable[Built], int], Iterable[Built]] = lambda built, total: built


PLAIN = Work()


class FrozenFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`sha256` and `size` of the content before compression, and its number of records."""

    sha256: str
    size: int
    records: int


class FrozenDataset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The dataset that a set was built from; `recipe` makes it again, where nothing else is needed."""

    name: FolderName
    version: str
    fingerprint: str
    frames_sha256: str
    encoder: str
    tokenizer: str
    recipe: list[str]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """manifest.json.

    `hash` is the sha256 of all that the set is (not of its own name, of explanations, or of the versions
    of the software that wrote it). `types` counts the candidates, `left_out` the seconds with comments
    that are no sample; `without_plausible` names videos with samples that got no plausible candidate,
    `overlap` the leaks between splits that were allowed; `flaws` what is known to be wrong with a set
    that others made (absent from sets built here). `manifest_sha256` is the hash of the rest.
    """

    name: FolderName
    hash: str
    signature: str
    protocol: Protocol
    dataset: FrozenDataset
    split: Split
    seed: int
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
    manifest_sha256: str = ""


class CandidateSet:
    """A candidate set on disk, opened.

    Raises:
        LiveBenchError: the folder holds no manifest, or a manifest that LiveBench did not write.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        if not (self.path / MANIFEST).is_file():
            raise LiveBenchError(
                f"{self.path}: not a candidate set (no {MANIFEST}); make one with "
                "`livebench build-candidates`"
            )
        self.manifest = parse_json(self.path / MANIFEST, Manifest)
        raw = (self.path / MANIFEST).read_bytes()
        if raw != _sealed(msgspec.json.decode(raw)) or set(self.manifest.files) != {
            SAMPLES,
            ANSWERS,
        }:
            raise LiveBenchError(f"{self.path / MANIFEST}: changed: it is not what LiveBench wrote")

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def has_text(self) -> bool:
        """Whether the samples are here."""
        return (self.path / SAMPLES).exists()

    def samples(self) -> Iterator[SampleRecord]:
        """Yield the samples; raises LiveBenchError first if they are not the frozen ones."""
        self._check(SAMPLES)
        yield from read_records(self.path / SAMPLES, SampleRecord)

    def answers(self) -> Iterator[AnswerRecord]:
        """Yield the answers; raises LiveBenchError first if they are not the frozen ones."""
        self._check(ANSWERS)
        yield from read_records(self.path / ANSWERS, AnswerRecord)

    def _check(self, name: str) -> None:
        expected = self.manifest.files[name]
        if gzip_content(self.path / name) != (expected.sha256, expected.size):
            raise LiveBenchError(
                f"{self.path / name}: changed: its content does not have the hash of {MANIFEST}"
            )


def build_set(
    dataset: Dataset,
    protocol: Protocol,
    out: Path,
    *,
    split: Split = "test",
    seed: int = 0,
    max_samples: int | None = None,
    overlap: Sequence[str] = (),
    work: Work = PLAIN,
) -> CandidateSet:
    """Build a candidate set and freeze it in the folder `out`, whole or not at all.

    Args:
        max_samples: by default what the protocol says.
        overlap: leaks between the splits of the dataset that were found and allowed; the signature
            says so.
        work: processes and progress.

    Raises:
        LiveBenchError: `out` exists, or the dataset cannot give what the protocol asks.
    """
    out = Path(out)
    if not re.match(FOLDER_NAME, out.resolve().name):
        raise LiveBenchError(
            f"{out}: the name of a set is made of letters, digits, '.', '_' and '-'; choose another"
        )
    dataset.check_fingerprint()
    max_samples = max_samples or protocol.moments.max_samples
    builder = Builder(dataset, protocol, split=split, seed=seed)
    with new_folder(out) as folder:
        files, videos = _write(folder, builder, max_samples, work)
        manifest = Manifest(
            name=out.resolve().name,
            hash="",
            signature="",
            protocol=protocol,
            dataset=FrozenDataset(
                name=dataset.info.name,
                version=dataset.info.version,
                fingerprint=dataset.info.fingerprint,
                frames_sha256=dataset.info.frames_sha256,
                encoder=dataset.info.encoder,
                tokenizer=dataset.info.tokenizer,
                recipe=dataset.info.recipe,
            ),
            split=split,
            seed=seed,
            max_samples=max_samples,
            settings=["video", "comments", "both"] if dataset.has_frames else ["comments"],
            videos=videos,
            types=dict(sorted(builder.account.types.items())),
            left_out=dict(sorted(builder.account.left_out.items())),
            without_plausible=sorted(builder.account.without_plausible),
            overlap=list(overlap),
            files=files,
            versions=_versions(),
        )
        with new_file(folder / MANIFEST) as file:
            file.write(_sealed(msgspec.to_builtins(manifest)))
    return CandidateSet(out)


def _write(
    folder: Path, builder: Builder, max_samples: int, work: Work
) -> tuple[dict[str, FrozenFile], int]:
    """Write samples and answers side by side; return their entries and the number of videos."""
    videos: set[str] = set()
    with (
        builder.workers(work.processes) as workers,
        new_gzip(folder / SAMPLES) as samples,
        new_gzip(folder / ANSWERS) as answers,
    ):
        chosen = builder.choose(max_samples, workers)
        for built in work.progress(builder.build(chosen, workers), len(chosen)):
            samples.write(built.samples)
            answers.write(built.answers)
            videos |= built.videos
    files = {
        name: FrozenFile(file.sha256.hexdigest(), file.size, len(chosen))
        for name, file in ((SAMPLES, samples), (ANSWERS, answers))
    }
    return files, len(videos)


def _versions() -> dict[str, str]:
    packages = ("jieba", "numpy", "pyarrow", "scikit-learn", "scipy")
    found = {package: version(package) for package in packages}
    return {"livebench": __version__, "python": platform.python_version(), **found}


def _sealed(content: dict[str, Any]) -> bytes:
    """The bytes of manifest.json, its hashes filled in.

    They are taken of the data, not of today's records: a set stays the same when a later LiveBench
    knows more fields.
    """
    made = {key: content[key] for key in content if key not in _NOT_HASHED}
    # What a protocol says of itself, and how its dataset can be made again, make no sample.
    for part, keys in (("protocol", ("summary", "source", "reasons")), ("dataset", ("recipe",))):
        made[part] = {key: made[part][key] for key in made[part] if key not in keys}
    found = hashlib.sha256(msgspec.json.encode(made, order="sorted")).hexdigest()
    signature = f"set:{content['name']}@{found[:8]}" + ("+overlap" if content["overlap"] else "")
    sealed = {**content, "hash": found, "signature": signature, "manifest_sha256": ""}
    seal = hashlib.sha256(msgspec.json.encode(sealed, order="sorted")).hexdigest()
    sealed["manifest_sha256"] = seal
    return msgspec.json.format(msgspec.json.encode(sealed), indent=1) + b"\n"


_NOT_HASHED = ("name", "hash", "signature", "versions", "manifest_sha256")


def verify(path: Path) -> str:
    """Check every hash and count of a set; return "whole", or "text absent" without samples.

    Raises:
        LiveBenchError: something differs; the file is named.
    """
    candidate_set = CandidateSet(path)
    manifest, path = candidate_set.manifest, candidate_set.path
    if path.resolve().name != manifest.name:
        raise LiveBenchError(f"{path}: the set is named {manifest.name}; name the folder so")
    types: dict[str, int] = {}
    videos, ids = set(), []
    for answer in candidate_set.answers():
        videos.add(answer.video_id)
        ids.append(answer.sample_id)
        for kind in answer.types:
            types[kind] = types.get(kind, 0) + 1
    counted = (len(ids), len(videos), types)
    expected = (manifest.files[ANSWERS].records, manifest.videos, manifest.types)
    if counted != expected:
        raise LiveBenchError(f"{path / ANSWERS}: its counts are not those of {MANIFEST}")
    if not candidate_set.has_text:
        return "text absent"
    if [sample.sample_id for sample in candidate_set.samples()] != ids:
        raise LiveBenchError(f"{path / SAMPLES}: its samples are not those of {ANSWERS}")
    return "whole"


def restore(path: Path, dataset: Dataset, work: Work = PLAIN) -> CandidateSet:
    """Rebuild the samples of a set whose text is absent; the hash proves that they are the same.

    Raises:
        LiveBenchError: it is another dataset, or the records come out different; nothing is written.
    """
    candidate_set = CandidateSet(path)
    manifest = candidate_set.manifest
    if manifest.flaws is not msgspec.UNSET:
        raise LiveBenchError(
            f"{path}: was made by others and imported, so it cannot be built again; import it again "
            "from their files (`livebench import livebot-candidates`)"
        )
    if dataset.info.fingerprint != manifest.dataset.fingerprint:
        raise LiveBenchError(
            f"{dataset.path}: is not the dataset that {path} was built from (fingerprint "
            f"{dataset.info.fingerprint[:12]}, needed {manifest.dataset.name} with "
            f"{manifest.dataset.fingerprint[:12]}); import it as docs/datasets.md says"
        )
    builder = Builder(dataset, manifest.protocol, split=manifest.split, seed=manifest.seed)
    with tempfile.TemporaryDirectory(prefix=".restore.", dir=candidate_set.path) as name:
        files, _ = _write(Path(name), builder, manifest.max_samples, work)
        for file, entry in manifest.files.items():
            if files[file] != entry:
                raise LiveBenchError(
                    f"{path}: {file} came out different from the frozen one; it was built with "
                    + ", ".join(f"{name} {found}" for name, found in manifest.versions.items())
                )
        (Path(name) / SAMPLES).replace(candidate_set.path / SAMPLES)
    return candidate_set


def find_sets(folder: Path) -> list[CandidateSet]:
    """All candidate sets in a folder, by name.

    Raises:
        LiveBenchError: there is none.
    """
    found = sorted(file.parent for file in Path(folder).glob(f"*/{MANIFEST}"))
    if not found:
        raise LiveBenchError(
            f"{folder}: no candidate set in it (a folder with a {MANIFEST}); run livebench in a "
            "checkout of LiveBench, or give --candidates"
        )
    return [CandidateSet(path) for path in found]


def freeze_imported(
    out: Path, manifest: Manifest, records: Sequence[tuple[SampleRecord, AnswerRecord]]
) -> CandidateSet:
    """Freeze samples that others made in the folder `out`, whole or not at all.

    Args:
        manifest: all but name, hashes, files, versions and counts, which are filled in; `flaws` must be
            set.
        records: in the order of the set.

    Raises:
        LiveBenchError: `out` exists, or its name is none for a set.
    """
    out = Path(out)
    if not re.match(FOLDER_NAME, out.resolve().name):
        raise LiveBenchError(
            f"{out}: the name of a set is made of letters, digits, '.', '_' and '-'; choose another"
        )
    types: dict[str, int] = {}
    for _, answer in records:
        for kind in answer.types:
            types[kind] = types.get(kind, 0) + 1
    with new_folder(out) as folder:
        manifest = msgspec.structs.replace(
            manifest,
            name=out.resolve().name,
            videos=len({answer.video_id for _, answer in records}),
            types=dict(sorted(types.items())),
            files={
                SAMPLES: FrozenFile(*write_records(folder / SAMPLES, (one for one, _ in records))),
                ANSWERS: FrozenFile(*write_records(folder / ANSWERS, (one for _, one in records))),
            },
            versions=_versions(),
        )
        with new_file(folder / MANIFEST) as file:
            file.write(_sealed(msgspec.to_builtins(manifest)))
    return CandidateSet(out)
