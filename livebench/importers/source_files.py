"""The files of a source: those that somebody put there, and not what a system left beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from livebench.errors import LiveBenchError

_LEFT_BY_SYSTEMS = ("__MACOSX", "@eaDir", "Thumbs.db", "desktop.ini")


def is_passed_over(path: Path, source: Path) -> bool:
    """Whether a path in `source` is hidden (a name with a dot first, as the `._` files of macOS), or is
    what an archive or a network drive adds."""
    parts = path.relative_to(source).parts
    return any(part.startswith(".") or part in _LEFT_BY_SYSTEMS for part in parts)


def source_files(source: Path) -> Iterator[Path]:
    """The files in the folder `source` and below, in order, without those that are passed over.

    Raises:
        LiveBenchError: there is no such folder.
    """
    if not source.is_dir():
        raise LiveBenchError(source, "no such folder")
    for path in sorted(source.rglob("*")):
        if path.is_file() and not is_passed_over(path, source):
            yield path
