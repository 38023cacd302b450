"""Which of Bilibili's comments are what a viewer says: by their mode, in every format."""

from __future__ import annotations

from pathlib import Path

from livebench.importers.collection import Collection

# Modes whose text is a program or a layout, not what a viewer says.
PROGRAMS = {
    "7": "advanced comment (mode 7)",
    "8": "code comment (mode 8)",
    "9": "BAS comment (mode 9)",
}
_ORDINARY = frozenset("123456")
MODES = _ORDINARY | PROGRAMS.keys()


def ordinary_mode(
    path: Path, at: int | str, mode: str, collection: Collection, where: str = ""
) -> bool:
    """Whether a comment of this mode is taken; a program is left out, an unknown mode is bad.

    Args:
        where: how the mode is written in the source, for the message.

    Raises:
        LiveBenchError: see `Collection.bad`.
    """
    if mode in _ORDINARY:
        return True
    if mode in PROGRAMS:
        collection.skipped[PROGRAMS[mode]] += 1
    else:
        detail = f"{mode[:80]!r} is not one of 1 to 9{where and f', in {where}'}"
        collection.bad(path, at, "unknown mode", detail)
    return False
