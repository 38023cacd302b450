"""The files of a source, wherever they lie: in a git repository, a zip, or a folder."""

from __future__ import annotations

import os
import subprocess
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from livebench.errors import LiveBenchError
from livebench.files import unreadable
from livebench.sources.source import Part, Source


class SourceFile(NamedTuple):
    """A file of a part of a source; `path` with / between folders."""

    part: str
    path: str


class Tree(Protocol):
    """What a source's files are read from."""

    def files(self) -> list[SourceFile]:
        """The files that the source reads, by part in the source's order, then by path."""
        ...

    def read(self, wanted: Sequence[SourceFile]) -> Iterator[bytes]:
        """Yield the content of each of these files, in order."""
        ...


def git(folder: Path, *arguments: str, text: str | None = None) -> str:
    """Run git on a repository, without the network; return what it prints.

    Raises:
        LiveBenchError: git is not installed, or fails.
    """
    done = run_git(folder, *arguments, text=text)
    if done.returncode:
        raise LiveBenchError(folder, f"git {arguments[0]}: {last_line(done.stderr)}")
    return done.stdout


def run_git(
    folder: Path, *arguments: str, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run git, and return what came of it; it never asks anything, and fetches only for `fetch`."""
    try:
        return subprocess.run(
            [
                "git",
                "-c",
                "core.quotepath=off",
                "-c",
                "safe.directory=*",
                "-C",
                str(folder),
                *arguments,
            ],
            input=text,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            env=git_environment(fetches="fetch" in arguments),
            check=False,
        )
    except FileNotFoundError:
        what = "git is not installed"
        raise LiveBenchError(
            folder, what, "install it, or give a zip or a folder with --from"
        ) from None


def git_environment(*, fetches: bool = False) -> dict[str, str]:
    """The environment of git: it asks nothing, speaks English, and fetches only if it is told to."""
    quiet = {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "LC_ALL": "C",
    }
    if (
        not fetches
    ):  # a partial clone would fetch what it lacks; git before 2.44 only knows the latter
        quiet |= {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("GIT_DIR", "GIT_WORK_TREE")
    }
    return kept | quiet


def last_line(text: str) -> str:
    """The last line of what git says that is not empty."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("fatal: ") if lines else "failed"


class GitTree:
    """A repository, bare or a clone, that has the commits of a source.

    Attributes:
        objects: object ids of the files that are read.
    """

    def __init__(self, folder: Path, source: Source) -> None:
        self._folder = folder
        self.objects: dict[SourceFile, str] = {}
        for part in source.parts:
            if run_git(folder, "cat-file", "-e", f"{part.commit}^{{tree}}").returncode:
                raise LiveBenchError(
                    folder,
                    f"has not the commit {part.commit[:12]} ({part.name})",
                    f"fetch it there: git fetch --depth 1 {source.repository} {part.commit}",
                )
            for entry in git(folder, "ls-tree", "-r", "-z", part.commit).split("\0"):
                facts, _, path = entry.partition("\t")
                if path and source.is_read(path):
                    self.objects[SourceFile(part.name, path)] = facts.split(" ")[2]

    def files(self) -> list[SourceFile]:
        return list(self.objects)

    def missing(self) -> list[str]:
        """Object ids of the files that are read and not there, each once."""
        # Not by asking for each: git before 2.44 would go and fetch those that are not there.
        every = ("cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectname)")
        there = set(git(self._folder, *every).split())
        return [name for name in dict.fromkeys(self.objects.values()) if name not in there]

    def read(self, wanted: Sequence[SourceFile]) -> Iterator[bytes]:
        command = ["git", "-c", "safe.directory=*", "-C", str(self._folder), "cat-file", "--batch"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=git_environment()
        ) as process:
            questions, answers = process.stdin, process.stdout
            if questions is None or answers is None:  # they were asked for
                raise AssertionError
            for file in wanted:
                questions.write(f"{self.objects[file]}\n".encode())
                questions.flush()
                head = answers.readline().split()
                if len(head) != 3:
                    what = f"{file.path} of {file.part} is not in it"
                    raise LiveBenchError(
                        self._folder, what, "it is a partial clone: fetch the file there"
                    )
                yield answers.read(int(head[2]) + 1)[:-1]
            questions.close()


class ZipTree:
    """Zips as hosts of git give them, one a part: all files in one folder.

    Raises:
        LiveBenchError: one is not a zip, or nothing in it is read.
    """

    def __init__(self, paths: dict[str, Path], source: Source) -> None:
        self._zips: dict[str, zipfile.ZipFile] = {}
        self._names: dict[SourceFile, str] = {}
        for part, path in paths.items():
            try:
                self._zips[part] = zipfile.ZipFile(path)
            except (zipfile.BadZipFile, OSError) as error:
                raise unreadable(path, error, "a zip") from None
            names = [info.filename for info in self._zips[part].infolist() if not info.is_dir()]
            tops = {name.split("/", 1)[0] for name in names}
            cut = (
                len(tops.pop()) + 1 if len(tops) == 1 and not any(map(source.is_read, names)) else 0
            )
            found = sorted((name[cut:], name) for name in names if source.is_read(name[cut:]))
            _check_any(path, len(found), source)
            self._names |= {SourceFile(part, name): whole for name, whole in found}

    def files(self) -> list[SourceFile]:
        return list(self._names)

    def read(self, wanted: Sequence[SourceFile]) -> Iterator[bytes]:
        for file in wanted:
            archive = self._zips[file.part]
            try:
                yield archive.read(self._names[file])
            except (zipfile.BadZipFile, zlib.error, OSError, EOFError) as error:
                raise unreadable(Path(str(archive.filename)), error, "a zip") from None


class FolderTree:
    """Folders of files, one a part."""

    def __init__(self, paths: dict[str, Path], source: Source) -> None:
        self._paths: dict[SourceFile, Path] = {}
        for part, folder in paths.items():
            names = {
                file.relative_to(folder).as_posix(): file
                for file in folder.rglob("*")
                if file.is_file()
            }
            found = sorted(name for name in names if source.is_read(name))
            _check_any(folder, len(found), source)
            self._paths |= {SourceFile(part, name): names[name] for name in found}

    def files(self) -> list[SourceFile]:
        return list(self._paths)

    def read(self, wanted: Sequence[SourceFile]) -> Iterator[bytes]:
        for file in wanted:
            try:
                yield self._paths[file].read_bytes()
            except OSError as error:
                raise unreadable(self._paths[file], error) from None


def open_tree(path: Path, source: Source) -> Tree:
    """Open what the user has of a source: a clone, a bare repository, a zip or a folder.

    Where the source has several parts, a folder holds one folder or zip for each, named by its branch or
    commit.

    Raises:
        LiveBenchError: it is none of these, or lacks something; what is looked for is named.
    """
    if not path.exists():
        raise LiveBenchError(path, "no such file or folder")
    if path.is_dir() and ((path / ".git").exists() or (path / "objects").is_dir()):
        return GitTree(path, source)
    if len(source.parts) == 1:
        only = {source.parts[0].name: path}
        return FolderTree(only, source) if path.is_dir() else ZipTree(only, source)
    places = {part.name: _of_part(path, part) for part in source.parts}
    kinds = {place.is_dir() for place in places.values()}
    if len(kinds) > 1:
        raise LiveBenchError(path, "holds folders and zips", "unpack all of them, or none")
    return FolderTree(places, source) if kinds == {True} else ZipTree(places, source)


def _of_part(folder: Path, part: Part) -> Path:
    names = sorted(folder.iterdir()) if folder.is_dir() else []
    for place in names:
        stem = place.stem if place.suffix == ".zip" else place.name
        if stem.endswith((part.name, part.commit)) and (place.is_dir() or place.suffix == ".zip"):
            return place
    what = (
        f"nothing in it is the branch {part.name} (a folder or zip of this name, or of its commit)"
    )
    raise LiveBenchError(folder, what, "a clone or a bare repository with the commits will do, too")


def _check_any(place: Path, count: int, source: Source) -> None:
    if not count:
        what = f"no file of the source {source.name} in it: looked for {', '.join(source.paths)}"
        raise LiveBenchError(place, what)
