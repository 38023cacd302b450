"""Empties what a sandbox may write to, so that no file tells a copy of what an earlier one saw."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from livebench.errors import LiveBenchError

_MODE = 0o1777


def empty_scratch(pid: int, folders: tuple[str, ...]) -> None:
    """Remove everything in some folders, as a process in a sandbox sees them.

    Args:
        pid: of a process in the sandbox; all of them must be stopped.
        folders: each a file system in memory that only the sandbox sees.

    Raises:
        LiveBenchError: a folder is not the sandbox's own, or something in it cannot be removed.
    """
    for folder in folders:
        top = Path(f"/proc/{pid}/root{folder}")
        device = top.stat().st_dev
        if device == Path(folder).stat().st_dev:
            raise LiveBenchError(folder, "is not the sandbox's own: it must not be emptied")
        _empty(top, device)
        top.chmod(_MODE)  # nosec B103 (as any /tmp)
        os.utime(top, ns=(0, 0))


def _empty(folder: Path, device: int) -> bool:
    """Remove what lies in a folder; False if something that is mounted there remains."""
    empty = True
    with os.scandir(folder) as entries:
        for entry in list(entries):
            path = folder / entry.name
            if not entry.is_dir(follow_symlinks=False):
                if entry.stat(follow_symlinks=False).st_dev == device:
                    with contextlib.suppress(OSError):
                        path.unlink()
                        continue
                empty = False
            elif os.lstat(path).st_dev != device or not _empty(path, device):
                empty = False
            else:
                try:
                    path.rmdir()
                except OSError:  # something is mounted there
                    empty = False
    if not empty:
        os.utime(folder, ns=(0, 0))
    return empty
