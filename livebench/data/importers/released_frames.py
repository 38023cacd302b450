"""Reads frame vectors that the released codes saved with torch: {video: {second: tensor}}.

Files of torch before 1.6 (LiveBot's res18.pkl) hold one small pickle that says which vector lies where,
and then all vectors one behind the other. `torch.load` has all of them in memory at once. Here only the
small pickle is read, by an unpickler that admits nothing but tensors on their way, and the vectors are
taken from the file when they are asked for: see docs/benchmarks.md. Files of later versions are zip
archives, which torch opens without reading the vectors (`mmap`), again as data alone (`weights_only`).
"""

from __future__ import annotations

import collections
import pickle
import struct
import zipfile
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from livebench.data.importers.collect import Collection
from livebench.errors import LiveBenchError

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
"""What torch writes first into a file of the old format (torch/serialization.py)."""
STORAGES = {"FloatStorage": "<f4", "HalfStorage": "<f2", "DoubleStorage": "<f8"}

HOLE, OTHER_VIDEO = "frame after a missing one", "frame of a video without comments"
NO_FRAMES = "video without frames"

_DAMAGED = (
    pickle.UnpicklingError,
    AssertionError,
    AttributeError,
    EOFError,
    ImportError,
    IndexError,
    KeyError,
    MemoryError,
    OverflowError,
    RecursionError,
    TypeError,
    UnicodeDecodeError,
    ValueError,
    struct.error,
)
"""What unpickling damaged bytes may raise."""


class _Storage(NamedTuple):
    """Where the numbers of a tensor are: key of the storage, dtype, how many it has."""

    key: str
    dtype: str
    count: int


class _Vector(NamedTuple):
    """A tensor of one dimension: its storage, its first number, its length."""

    storage: _Storage
    offset: int
    width: int


def _rebuilt(storage: _Storage, offset: int, size: tuple, stride: tuple, *_rest) -> _Vector:
    """Stands for torch._utils._rebuild_tensor: tells where a vector is, instead of making it."""
    whole = isinstance(storage, _Storage) and len(size) == 1 and (stride == (1,) or size == (1,))
    if not whole or offset < 0 or offset + size[0] > storage.count:
        raise pickle.UnpicklingError(f"a tensor of shape {list(size)} is no vector")
    return _Vector(storage, offset, size[0])


class _OnlyTensors(pickle._Unpickler):
    """Admits what a dictionary of tensors needs, each as a description, and nothing else.

    It is Python's own unpickler written in Python: that in C takes any amount of memory for a number in
    a damaged file, and can fail in ways that nobody can catch. Of the codes of protocol 2 it knows those
    that torch writes.
    """

    dispatch = {  # noqa: RUF012 (as in the class that it is of)
        code: pickle._Unpickler.dispatch[code]
        for code in b"\x80\x8a\x88\x89.()}{]NKMJGXcqrhjtuseaQR\x85\x86\x87"
        if code in pickle._Unpickler.dispatch
    }

    def find_class(self, module: str, name: str):
        if module == "torch._utils" and name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
            return _rebuilt
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is no tensor of floats")

    def persistent_load(self, saved):
        kind, dtype, key, _location, count, *view = saved
        if kind != "storage" or dtype not in STORAGES.values() or any(v is not None for v in view):
            raise pickle.UnpicklingError(f"it has a {kind!r} that is no storage of floats")
        return _Storage(str(key), dtype, int(count))


class ReleasedFrames:
    """The frame vectors of a file, by the number of the video as a string.

    Attributes:
        counts: frames of each video: seconds 0 up to the first one that is missing.
        width: numbers in a vector.

    Raises:
        LiveBenchError: the file is not of this kind, is damaged, or a video has no frame at second 0.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        try:
            if zipfile.is_zipfile(self.path):
                found, self._read = _read_zip(self.path)
            else:
                found, self._read = _read_old(self.path)
            self._vectors = {
                str(int(video)): {int(second): vector for second, vector in seconds.items()}
                for video, seconds in found.items()
            }
            widths = {_width(v) for seconds in self._vectors.values() for v in seconds.values()}
        except _DAMAGED as error:
            cut = "it is cut off" if isinstance(error, EOFError) else type(error).__name__
            line = (str(error) or cut).splitlines()[0]
            raise LiveBenchError(
                f"{self.path}: cannot be read as frame vectors, {{video: {{second: vector}}}}: {line}"
            ) from None
        if len(widths) != 1:
            raise LiveBenchError(
                f"{self.path}: vectors of width {sorted(widths)}; all must have the same"
            )
        self.width = widths.pop()
        self.counts = {}
        for video, seconds in self._vectors.items():
            missing = set(range(len(seconds))) - seconds.keys()
            self.counts[video] = min(missing, default=len(seconds))

    def of(self, video: str) -> np.ndarray:
        """float [counts[video], width]: the vectors of a video."""
        seconds = self._vectors[video]
        if not self.counts[video]:
            return np.empty((0, self.width), np.float32)
        return self._read([seconds[second] for second in range(self.counts[video])])

    def count_holes(self, collection: Collection) -> None:
        """Refuse videos with a missing frame, or count the frames after it, which are left out."""
        for name in self._vectors:
            left = len(self._vectors[name]) - self.counts[name]
            if left:
                second = f"video {name}, second {self.counts[name]}"
                collection.bad(self.path, second, HOLE, f"{left} frames follow")
                collection.skipped[HOLE] += left - 1


def _width(vector) -> int:
    return vector.width if isinstance(vector, _Vector) else len(vector)


def _read_old(path: Path):
    """The descriptions in a file of the old format, and a function that reads vectors."""
    with path.open("rb") as file:
        if _OnlyTensors(file).load() != MAGIC:
            raise pickle.UnpicklingError("it is no file of torch.save")
        if _OnlyTensors(file).load() != PROTOCOL:
            raise pickle.UnpicklingError("it is of an unknown version of torch.save")
        if not _OnlyTensors(file).load()["little_endian"]:
            raise pickle.UnpicklingError("its numbers are big-endian")
        found = _OnlyTensors(file).load()
        place = _places(file, found, _OnlyTensors(file).load())

    def read(vectors: list[_Vector]) -> np.ndarray:
        rows = []
        with path.open("rb") as file:
            for vector in vectors:
                dtype = np.dtype(vector.storage.dtype)
                file.seek(place[vector.storage.key] + vector.offset * dtype.itemsize)
                rows.append(np.frombuffer(file.read(vector.width * dtype.itemsize), dtype))
        return np.stack(rows)

    return found, read


def _places(file: BinaryIO, found: dict, keys: list) -> dict[str, int]:
    """Where the numbers of each storage begin: in the order of `keys`, each after its count."""
    storages = {
        vector.storage.key: vector.storage
        for seconds in found.values()
        for vector in seconds.values()
    }
    start, place = file.tell(), {}
    end = file.seek(0, 2)
    for key in keys:
        storage = storages[str(key)]
        size = storage.count * np.dtype(storage.dtype).itemsize
        file.seek(start)
        if file.read(8) != struct.pack("<q", storage.count) or start + 8 + size > end:
            raise pickle.UnpicklingError("it is cut off, or its vectors are not where it says")
        place[storage.key] = start + 8
        start += 8 + size
    if storages.keys() - place.keys():
        raise pickle.UnpicklingError("it is cut off: vectors are missing")
    return place


def _read_zip(path: Path):
    """The tensors in a zip archive of torch.save, and a function that gives some as an array."""
    import torch

    try:
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError as error:
        raise pickle.UnpicklingError(str(error)) from None
    for seconds in found.values():
        for vector in seconds.values():
            if not isinstance(vector, torch.Tensor) or vector.dim() != 1:
                raise pickle.UnpicklingError("what it holds are no vectors")
    return found, lambda vectors: torch.stack(vectors).float().numpy()
