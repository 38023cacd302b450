"""A candidate set on disk: a folder that is hashed and never changed.

manifest.json      everything the set depends on (`Manifest`)
samples.jsonl.gz   what a scorer may see (`SampleRecord`); absent if the text may not be redistributed
answers.jsonl.gz   what a scorer never sees (`AnswerRecord`); contains no text
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from livebench.candidates.manifest import (
    ANSWERS,
    MANIFEST,
    SAMPLES,
    Manifest,
    changed,
    sealed_manifest,
)
from livebench.data.dataset import Dataset
from livebench.errors import LiveBenchError
from livebench.files import gzip_content
from livebench.records import AnswerRecord, SampleRecord, Setting, parse_json, read_records


class CandidateSet:
    """An opened candidate set.

    Raises:
        LiveBenchError: the folder has no manifest, or one that LiveBench did not write.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        file = self.path / MANIFEST
        if not file.is_file():
            raise LiveBenchError(
                self.path,
                f"not a candidate set (no {MANIFEST})",
                "make one with `livebench build-candidates`",
            )
        self.manifest = parse_json(file, Manifest)
        raw = file.read_bytes()
        if raw != sealed_manifest(msgspec.json.decode(raw)) or set(self.manifest.files) != {
            SAMPLES,
            ANSWERS,
        }:
            raise changed(file, "it is not what LiveBench wrote")

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def settings(self) -> list[Setting]:
        """The settings that it can be scored in: `blind`, and those that its dataset allows."""
        return ["blind", *self.manifest.settings]

    @property
    def has_text(self) -> bool:
        """Whether the samples are available."""
        return (self.path / SAMPLES).exists()

    @property
    def is_published_only(self) -> bool:
        """Whether it is private, and only what is published of it is here."""
        return self.manifest.is_private and not (self.path / ANSWERS).exists()

    def is_kept_elsewhere(self) -> LiveBenchError:
        """The error if what is not published of a private set is needed."""
        return LiveBenchError(
            self.path,
            "is private: its samples, answers and seed stay with the maintainers",
            "give the complete folder as --candidates, if you are one",
        )

    def samples(self) -> Iterator[SampleRecord]:
        """Yield the samples; raises LiveBenchError first if they are not the frozen ones."""
        self._check(SAMPLES)
        yield from read_records(self.path / SAMPLES, SampleRecord)

    def answers(self) -> Iterator[AnswerRecord]:
        """Yield the answers; raises LiveBenchError first if they are not the frozen ones."""
        self._check(ANSWERS)
        yield from read_records(self.path / ANSWERS, AnswerRecord)

    def _check(self, name: str) -> None:
        if self.is_published_only:
            raise self.is_kept_elsewhere()
        expected = self.manifest.files[name]
        if gzip_content(self.path / name) != (expected.sha256, expected.size):
            raise changed(self.path / name, f"its content does not have the hash of {MANIFEST}")

    def check_dataset(self, dataset: Dataset) -> None:
        """Raise LiveBenchError if `dataset` is not the one that the set was built from."""
        wanted, fingerprint = self.manifest.dataset, dataset.info.fingerprint
        if fingerprint != wanted.fingerprint:
            raise LiveBenchError(
                dataset.path,
                f"not the dataset that {self.path} was built from (fingerprint "
                f"{fingerprint[:12]}, needed {wanted.name} with {wanted.fingerprint[:12]})",
                "import it as docs/datasets.md says",
            )

    def check_text(self, dataset: Dataset | None = None) -> None:
        """Raise LiveBenchError if the samples are absent; the fix names `dataset`, if it is given."""
        if not self.has_text:
            folder = dataset.path if dataset else "DIR"
            raise LiveBenchError(
                self.path,
                "its text is absent",
                f"restore it with `livebench build-candidates --restore {self.path} --dataset {folder}`",
            )

    def no_dataset(self) -> LiveBenchError:
        """The error if the dataset that the set was built from is needed but not available."""
        from livebench.sources.source import known_sources

        wanted = self.manifest.dataset
        fix = "put it into datasets/, or give --dataset (docs/datasets.md)"
        if wanted.fingerprint in {source.fingerprint for source in known_sources()}:
            fix = f"`livebench get {wanted.name}` fetches it"
        return LiveBenchError(
            self.path,
            f"its dataset {wanted.name} (fingerprint {wanted.fingerprint[:12]}) is not available",
            fix,
        )


def find_sets(folder: Path) -> list[CandidateSet]:
    """All candidate sets in a folder, sorted by name, but those of which others keep the answers.

    Raises:
        LiveBenchError: there are none.
    """
    found = [one for one in _sets_in(folder) if not one.is_published_only]
    if not found:
        raise LiveBenchError(
            folder,
            f"no candidate set in it (a folder with a {MANIFEST})",
            "run livebench in a checkout of LiveBench, or give --candidates or --sets",
        )
    return found


PUBLIC = "public.txt"
"""In a folder of sets, the names of those that the public leaderboard shows, one a line; where it is
absent, all are shown."""


def find_board_sets(
    folder: Path, named: Sequence[CandidateSet] = ()
) -> tuple[list[CandidateSet], list[str]]:
    """The sets that the leaderboard shows: those of PUBLIC, and those that are named; and the names of
    the others in the folder, which are somebody's own.

    Raises:
        LiveBenchError: there are none, or one of PUBLIC is missing.
    """
    found = find_sets(folder)
    file = Path(folder) / PUBLIC
    if not file.is_file():
        public = {one.name for one in found}
    else:
        lines = file.read_text("utf-8", errors="replace").splitlines()
        public = {line.strip() for line in lines if line.strip() and not line.startswith("#")}
        missing = sorted(public - {one.path.name for one in _sets_in(folder)})
        if missing:
            what = f"names {', '.join(missing)}, and there is no such set"
            raise LiveBenchError(file, what, "remove the line, or bring the set back")
    own = {one.path.resolve(): one for one in named}
    shown = [one for one in found if one.path.name in public or one.path.resolve() in own]
    paths = {one.path.resolve() for one in shown}
    shown += [one for path, one in own.items() if path not in paths]
    names = {one.name for one in shown}
    return sorted(shown, key=lambda one: one.name), [
        one.name for one in found if one.name not in names
    ]


def find_private_sets(folder: Path) -> list[CandidateSet]:
    """What is published of private sets in a folder, sorted by name."""
    return [one for one in _sets_in(folder) if one.is_published_only]


def _sets_in(folder: Path) -> list[CandidateSet]:
    paths = sorted(file.parent for file in Path(folder).glob(f"*/{MANIFEST}"))
    return [CandidateSet(path) for path in paths]
