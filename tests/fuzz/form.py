"""What a format is, and how its file is damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

Damage = Callable[[Random, bytes], bytes]


class Format(NamedTuple):
    """A format.

    Attributes:
        file: the file that is damaged.
        damage: how.
        read: the folder that it lies in.
        seal: called after the damage, with the folder: makes hashes fit again.
    """

    file: Path
    damage: Damage
    read: Callable[[Path], object]
    seal: Callable[[Path], None] = lambda folder: None


def each_damaged(which: Format, seeds: Iterator[str]) -> Iterator[tuple[str, Path]]:
    """Damage the file of a format, once a seed; the folder is as it was when all are done."""
    folder = which.file.parent
    whole = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    content = whole[which.file]
    try:
        for seed in seeds:
            which.file.write_bytes(which.damage(Random(seed), content))
            which.seal(folder)
            yield seed, which.file
            for path in set(folder.iterdir()) - whole.keys():
                if path.is_file():
                    path.unlink()
            for path, before in whole.items():
                path.write_bytes(before)
    finally:
        for path, before in whole.items():
            path.write_bytes(before)
