"""Freezes candidate sets: builds, imports, verifies and restores them."""

from __future__ import annotations

import hashlib
import platform
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from livebench import __version__
from livebench.candidates.build import Builder, Built
from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.manifest import (
    ANSWERS,
    MANIFEST,
    SAMPLES,
    SEED,
    FrozenDataset,
    FrozenFile,
    Manifest,
    changed,
    sealed_manifest,
)
from livebench.candidates.protocol import Protocol
from livebench.data.dataset import Dataset
from livebench.data.split import Split
from livebench.errors import LiveBenchError
from livebench.files import new_file, new_folder, new_gzip
from livebench.records import AnswerRecord, SampleRecord, check_folder_name, write_records


class SecretSeed(int):
    """A seed that is written beside the manifest, in which only its hash stands: nobody may guess it."""


class Work(NamedTuple):
    """How the work is done; makes no difference to the result.

    Attributes:
        processes: how many to use; by default one per core.
        progress: wraps the iterator of built samples, given their number, to show progress.
    """

    processes: int | None = None
    progress: Callable[[Iterable[Built], int], Iterable[Built]] = lambda built, total: built


PLAIN = Work()


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
    """Build a candidate set and freeze it in the folder `out`, atomically.

    Args:
        seed: of every draw; the set is private if it is a `SecretSeed`.
        max_samples: by default what the protocol says.
        overlap: leaks between the splits of the dataset that were found and allowed; the signature
            says so.
        work: processes and progress.

    Raises:
        LiveBenchError: `out` exists, or the dataset cannot satisfy the protocol.
    """
    name = _name(out)
    dataset.check_fingerprint()
    dataset.check_frames()
    dataset.check_images()
    max_samples = max_samples or protocol.moments.max_samples
    private = isinstance(seed, SecretSeed)
    builder = Builder(dataset, protocol, split=split, seed=seed)
    with new_folder(out) as folder:
        files, videos = _write_samples(folder, builder, max_samples, work)
        _write_manifest(
            folder,
            dataset,
            name=name,
            protocol=protocol,
            split=split,
            seed=None if private else seed,
            max_samples=max_samples,
            videos=videos,
            types=builder.account.types,
            left_out=builder.account.left_out,
            without_plausible=[] if private else sorted(builder.account.without_plausible),
            overlap=list(overlap),
            files=files,
            **({"seed_sha256": _seed_hash(seed)} if private else {}),
        )
        if private:
            (folder / SEED).write_text(f"{seed}\n", "ascii")
    return CandidateSet(out)


def freeze_imported(
    dataset: Dataset,
    protocol: Protocol,
    out: Path,
    records: Sequence[tuple[SampleRecord, AnswerRecord]],
    *,
    split: Split,
    seed: int,
    left_out: dict[str, int],
    flaws: list[str],
) -> CandidateSet:
    """Freeze samples made by others in the folder `out`, atomically.

    Args:
        records: in the order of the set.
        seed, left_out, flaws: as in `Manifest`.

    Raises:
        LiveBenchError: `out` exists, or is not a valid name of a set.
    """
    name = _name(out)
    samples, answers = zip(*records, strict=True)
    with new_folder(out) as folder:
        _write_manifest(
            folder,
            dataset,
            name=name,
            protocol=protocol,
            split=split,
            seed=seed,
            max_samples=len(records),
            videos=len({answer.video_id for answer in answers}),
            types=_type_counts(answers),
            left_out=left_out,
            without_plausible=[],
            overlap=[],
            files={
                SAMPLES: FrozenFile(*write_records(folder / SAMPLES, samples)),
                ANSWERS: FrozenFile(*write_records(folder / ANSWERS, answers)),
            },
            flaws=flaws,
        )
    return CandidateSet(out)


def _name(out: Path) -> str:
    """The name of a set that is frozen in this folder."""
    name = Path(out).resolve().name
    check_folder_name(out, name)
    return name


def _write_samples(
    folder: Path, builder: Builder, max_samples: int, work: Work
) -> tuple[dict[str, FrozenFile], int]:
    """Write samples and answers; return their manifest entries and the number of videos."""
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


def _write_manifest(
    folder: Path, dataset: Dataset, types: dict[str, int], left_out: dict[str, int], **fields: Any
) -> None:
    """Write manifest.json; `fields`: those of `Manifest` that do not come from the dataset."""
    packages = ("jieba", "numpy", "pyarrow", "scikit-learn", "scipy")
    frozen = FrozenDataset.of(dataset)
    if fields["seed"] is None:  # who can make the dataset of a private set knows its test comments
        frozen = msgspec.structs.replace(frozen, recipe=[])
    manifest = Manifest(
        dataset=frozen,
        settings=["video", "comments", "both"] if _has_video(dataset) else ["comments"],
        types=dict(sorted(types.items())),
        left_out=dict(sorted(left_out.items())),
        versions={
            "livebench": __version__,
            "python": platform.python_version(),
            **{package: version(package) for package in packages},
        },
        **fields,
    )
    with new_file(folder / MANIFEST) as file:
        file.write(sealed_manifest(msgspec.to_builtins(manifest)))


def _has_video(dataset: Dataset) -> bool:
    return dataset.has_frames or dataset.has_images


def _seed_hash(seed: int) -> str:
    return hashlib.sha256(f"livebench seed {seed}".encode()).hexdigest()


def seed_of(candidate_set: CandidateSet) -> int:
    """The seed of a set, be it private.

    Raises:
        LiveBenchError: the set is private, and its seed is not here, or is another.
    """
    manifest, path = candidate_set.manifest, candidate_set.path / SEED
    if manifest.seed is not None:
        return manifest.seed
    if not path.is_file():
        raise candidate_set.is_kept_elsewhere()
    text = path.read_text("ascii", errors="replace").strip()
    if not text.isdecimal() or _seed_hash(int(text)) != manifest.seed_sha256:
        raise changed(path, f"it is not the seed whose hash is in {MANIFEST}")
    return int(text)


def _type_counts(answers: Iterable[AnswerRecord]) -> Counter[str]:
    """Candidates by type, over all samples."""
    return sum((Counter(answer.types) for answer in answers), Counter())


def verify_set(path: Path) -> str:
    """Check every hash and count of a set; return "whole", or "text absent" if there are no samples.

    Raises:
        LiveBenchError: something differs; the file is named.
    """
    candidate_set = CandidateSet(path)
    manifest, path = candidate_set.manifest, candidate_set.path
    if path.resolve().name != manifest.name:
        raise LiveBenchError(path, f"the set is named {manifest.name}", "name the folder so")
    if candidate_set.is_published_only:
        return "private: samples, answers and seed are not here"
    if manifest.is_private:
        seed_of(candidate_set)
    answers = list(candidate_set.answers())
    videos = {answer.video_id for answer in answers}
    counts = (len(answers), len(videos), _type_counts(answers))
    if counts != (manifest.files[ANSWERS].records, manifest.videos, manifest.types):
        raise changed(path / ANSWERS, f"its counts are not those of {MANIFEST}")
    if not candidate_set.has_text:
        return "text absent"
    ids = [answer.sample_id for answer in answers]
    if [sample.sample_id for sample in candidate_set.samples()] != ids:
        raise changed(path / SAMPLES, f"its samples are not those of {ANSWERS}")
    return "whole"


def restore_set(path: Path, dataset: Dataset, work: Work = PLAIN) -> CandidateSet:
    """Rebuild the samples of a set whose text is absent; the hash proves that they are the same.

    Raises:
        LiveBenchError: the dataset is another, or the rebuilt records differ; nothing is written.
    """
    candidate_set = CandidateSet(path)
    manifest = candidate_set.manifest
    if manifest.flaws is not msgspec.UNSET:
        raise LiveBenchError(
            path,
            "was made by others and imported, so it cannot be built again",
            "import it again from their files (`livebench import livebot-candidates`)",
        )
    candidate_set.check_dataset(dataset)
    builder = Builder(dataset, manifest.protocol, split=manifest.split, seed=seed_of(candidate_set))
    with tempfile.TemporaryDirectory(prefix=".restore.", dir=candidate_set.path) as name:
        files, _ = _write_samples(Path(name), builder, manifest.max_samples, work)
        for file, entry in manifest.files.items():
            if files[file] != entry:
                versions = ", ".join(map(" ".join, manifest.versions.items()))
                raise LiveBenchError(
                    path,
                    f"{file} came out different from the frozen one",
                    f"install what it was built with: {versions}",
                )
        (Path(name) / SAMPLES).replace(candidate_set.path / SAMPLES)
    return candidate_set
