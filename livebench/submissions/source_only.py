"""Imports from the folder of a submission: from source, and from nothing else.

Python takes `__pycache__/scorer.cpython-311.pyc` instead of scorer.py if its header says that it need
not be checked, and `scorer.so` before either. What is reviewed is scorer.py, so that is what runs.
"""

from __future__ import annotations

import sys
from importlib.machinery import FileFinder, SourceFileLoader
from pathlib import Path
from types import CodeType

from livebench.submissions.own_files import own_path

_folders: set[Path] = set()


class SourceOnly(SourceFileLoader):
    """Compiles a file each time: bytecode is neither read nor written."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        for folder in _folders:
            if Path(path).is_relative_to(folder):
                own_path(folder, str(Path(path).relative_to(folder)))
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def import_source_only(folder: Path) -> None:
    """From now on, import what lies in a folder, or below it, from source alone.

    It holds for imports that the submission makes itself, whenever and however it puts its folder into
    `sys.path`.

    Args:
        folder: absolute, without links.
    """
    _folders.add(folder)
    if _finder not in sys.path_hooks:
        sys.path_hooks.insert(0, _finder)
    for place in list(sys.path_importer_cache):
        if _is_within(place):
            del sys.path_importer_cache[place]


def _finder(place: str) -> FileFinder:
    """What looks for modules in a folder of a submission; an ImportError leaves others to Python."""
    if not _is_within(place):
        raise ImportError
    return FileFinder(place, (SourceOnly, [".py"]))


def _is_within(place: str) -> bool:
    try:
        path = Path(place).resolve()
    except (OSError, RuntimeError, ValueError):
        return False
    return any(path.is_relative_to(folder) for folder in _folders)
