"""What may be opened in the folder of a submission: the one place that says so.

Whoever made the folder may mean harm. Below it no symbolic link is followed, wherever it leads, and
nothing but folders and regular files is opened: a pipe would never end, a device may be anything.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from livebench.errors import LiveBenchError

COMPILED = (".pyc", ".pyo", ".so", ".pyd")
"""Endings of what Python can import, and nobody can read."""


def own_path(folder: Path, *parts: str) -> Path:
    """The path of a file in a folder, which need not exist yet.

    Args:
        folder: taken as it is: it may be a link, since the user named it.
        parts: of the path in it; one may hold several, joined by `/`.

    Raises:
        LiveBenchError: it leads out of the folder or through a symbolic link, or what is there is no
            regular file; the part is named.
    """
    names = [name for part in parts for name in part.split("/") if name not in ("", ".")]
    path = Path(folder, *names)
    if ".." in names or any(part.startswith("/") for part in parts):
        raise LiveBenchError(path, "leads out of the folder of the submission", "keep it inside")
    place = Path(folder)
    for name in names:
        place /= name
        what = _refused(place, last=place == path)
        if what:
            raise LiveBenchError(place, what, "put the file itself there")
    return path


def _refused(path: Path, *, last: bool) -> str:
    """Why a part of a path is not taken; empty if it is, or if nothing is there."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    if stat.S_ISLNK(mode):
        return "is a symbolic link, and none is followed in the folder of a submission"
    if last and not stat.S_ISREG(mode):
        return "is not a regular file"
    return "" if last or stat.S_ISDIR(mode) else "is not a folder"


def own_files(folder: Path) -> Iterator[Path]:
    """All that is in a folder and is not a folder, links and pipes included, in order of the paths.

    No link is followed. Hidden files are among them.
    """
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False):
            yield from own_files(Path(folder, entry.name))
        else:
            yield Path(folder, entry.name)


def is_regular(path: Path) -> bool:
    """Whether a path is a regular file, and no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False
