"""A public source as data: one TOML in known/ says where it is, what is read, and what comes out."""

from __future__ import annotations

import difflib
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

import msgspec

from livebench.errors import LiveBenchError
from livebench.records import FolderName, parse_toml

Commit = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{40}$")]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A commit that is read; `name` is the branch it was found on, for files that are given by hand."""

    name: str
    commit: Commit


class SourceSplit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As the options of `livebench import`."""

    dev: int | float
    test: int | float
    seed: int = 0
    by: Literal["video", "group"] = "video"


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A source, as known/NAME.toml says it.

    Attributes:
        summary: what it is, in a line.
        repository: address of a git repository.
        archive: address of a commit as a zip, with {commit} in it; used where git is not installed.
        parts: what is read of it.
        paths: patterns of the files that are read (* is within a folder, ** any folders).
        prepare: how they become videos and comments, a name in `livebench.sources.prepare`.
        language, licence, citation: as in dataset.toml; `terms`: what may be done with the comments.
        fingerprint: that of the dataset that comes out; where it is another, nothing is kept.
        download_mb, zips_mb, store_mb: megabytes that are fetched with git, or as zips, and that dataset
            and restored sets take, as measured.
    """

    name: FolderName
    summary: str
    repository: str
    archive: str
    parts: list[Part]
    paths: list[str]
    prepare: str
    language: str
    licence: str
    terms: str
    citation: str
    split: SourceSplit
    fingerprint: str
    download_mb: int
    zips_mb: int
    store_mb: int

    def is_read(self, path: str) -> bool:
        """Whether a path in the repository is one of the files that are read."""
        return any(PurePosixPath("/" + path).match("/" + pattern) for pattern in self.paths)


def known_sources() -> list[Source]:
    """All sources that LiveBench knows, by name."""
    folder = files("livebench.sources") / "known"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".toml"))
    return [parse_toml(Path(str(folder / name)), Source) for name in names]


def find_source(name: str) -> Source:
    """The source of this name.

    Raises:
        LiveBenchError: there is none.
    """
    sources = {source.name: source for source in known_sources()}
    if name not in sources:
        near = difflib.get_close_matches(name, sources, 1)
        fix = f"did you mean {near[0]}? " if near else ""
        raise LiveBenchError(name, "source not known", f"{fix}available: {', '.join(sources)}")
    return sources[name]
