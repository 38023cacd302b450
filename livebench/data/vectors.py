"""Arrays of frame vectors on disk: opened without being read, and written without being held.

They are written as a file is, and not through mapped memory: a full disk is an error then, and not the
signal SIGBUS, which ends the process without a word.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from livebench.errors import LiveBenchError
from livebench.files import open_regular, unreadable


def open_vectors(path: Path) -> np.ndarray:
    """A memory-mapped array of numbers [rows, width] from an .npy file; none of the sizes is 0.

    Raises:
        LiveBenchError: it is missing, or is no such array.
    """
    with open_regular(path):
        pass  # a pipe might never end
    try:
        found = np.lib.format.open_memmap(path, mode="r")  # np.load would also take a .npz
    except Exception as error:  # NumPy evaluates the header as Python, which may raise anything
        raise unreadable(path, error, "a NumPy array") from None
    if found.ndim != 2 or 0 in found.shape or found.dtype.kind not in "fiu":
        shape = f"{str(found.dtype)[:80]} {list(found.shape)[:8]}"
        raise LiveBenchError(path, f"is {shape}, not numbers [seconds, width]")
    return found


def write_vectors(file: BinaryIO, rows: int, width: int, parts: Iterable[np.ndarray]) -> str:
    """Write an .npy file of float16 [rows, width]; return the sha256 of the vectors.

    Args:
        parts: [some of the rows, width], in order, all of them finite in float16.

    Raises:
        OSError: the disk is full.
    """
    header = {"descr": "<f2", "fortran_order": False, "shape": (rows, width)}
    np.lib.format.write_array_header_1_0(file, header)
    digest = hashlib.sha256()
    for part in parts:
        data = np.ascontiguousarray(part, "<f2").tobytes()
        digest.update(data)
        file.write(data)
    return digest.hexdigest()
