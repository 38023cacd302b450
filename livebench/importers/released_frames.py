"""Reads frame vectors that the released codes saved with torch: {video: {second: tensor}}.

Files of torch before 1.6 (LiveBot's res18.pkl) hold one small pickle that says which vector lies where,
and then all vectors one behind the other. `torch.load` has all of them in memory at once. Here only the
small pickle is read, by an unpickler that admits nothing but tensors on their way, and the vectors are
taken from the file when they are asked for: see docs/benchmarks.md. Files of later versions are zip
archives, which torch opens without reading the vectors (`mmap`), again as data alone (`weights_only`).
"""

from __future__ import annotations

import pickle
import struct
import zipfile
from array import array
from pathlib import Path
from typing import BinaryIO

import numpy as np

from livebench.errors import LiveBenchError
from livebench.importers.cleaning import Collection

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


class _OnlyTensors(pickle._Unpickler):
    """Admits what a dictionary of tensors needs, and nothing else; a vector becomes a number.

    It is Python's own unpickler written in Python: that in C takes any amount of memory for a number in
    a damaged file, and can fail in ways that nobody can catch. Of the codes of protocol 2 it knows those
    that torch writes. What torch never asks for again is not kept: for a vector of 2 KB, torch's pickle
    has six objects.

    Attributes:
        numbers: of each storage, how many numbers it has; dtypes: of what kind.
        vectors: of each vector its storage, its first number and its length, one behind the other.
    """

    dispatch = {  # noqa: RUF012 (as in the class that it is of)
        code: pickle._Unpickler.dispatch[code]
        for code in b"\x80\x8a\x88\x89.()}{]NKMJGXcqrhjtuseaQR\x85\x86\x87"
        if code in pickle._Unpickler.dispatch
    }

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.keys: dict[str, int] = {}
        self.numbers, self.dtypes, self.vectors = array("q"), [], array("q")

    def find_class(self, module: str, name: str):
        if module == "torch._utils" and name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
            return self._vector
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        if (module, name) == ("collections", "OrderedDict"):
            return _no_hooks
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is no tensor of floats")

    def persistent_load(self, saved) -> int:
        kind, dtype, key, _location, count, *view = saved
        if kind != "storage" or dtype not in STORAGES.values() or any(v is not None for v in view):
            raise pickle.UnpicklingError(f"it has a {kind!r} that is no storage of floats")
        if key not in self.keys:
            self.keys[key] = len(self.dtypes)
            self.dtypes.append(dtype)
            self.numbers.append(count)
        return self.keys[key]

    def _vector(self, storage: int, offset: int, size: tuple, stride: tuple, *_rest) -> int:
        """Stands for torch._utils._rebuild_tensor: notes where a vector is, instead of making it."""
        whole = len(size) == 1 and (stride == (1,) or size == (1,))
        if not whole or offset < 0 or size[0] < 1 or offset + size[0] > self.numbers[storage]:
            raise pickle.UnpicklingError(f"a tensor of shape {list(size)} is no vector")
        self.vectors.extend((storage, offset, size[0]))
        return len(self.vectors) // 3 - 1

    def _keep(self, place: int) -> None:
        found = self.stack[-1]
        if not isinstance(found, (int, tuple)) and not (isinstance(found, str) and found.isdigit()):
            self.memo[place] = found

    def _keep_short(self) -> None:
        self._keep(self.read(1)[0])

    def _keep_long(self) -> None:
        self._keep(struct.unpack("<I", self.read(4))[0])

    dispatch[pickle.BINPUT[0]] = _keep_short
    dispatch[pickle.LONG_BINPUT[0]] = _keep_long


def _no_hooks(*_pairs) -> None:
    """Stands for the hooks of a tensor, which it has none of."""


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
                found, width, self._read = _read_zip(self.path)
            else:
                found, width, self._read = _read_old(self.path)
            self._vectors = {
                str(int(video)): {int(second): vector for second, vector in seconds.items()}
                for video, seconds in found.items()
            }
            widths = {
                width(vector) for seconds in self._vectors.values() for vector in seconds.values()
            }
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


def _read_old(path: Path):
    """The numbers of the vectors in a file of the old format; functions that give the width of one, and
    the content of some."""
    with path.open("rb") as file:
        if _OnlyTensors(file).load() != MAGIC:
            raise pickle.UnpicklingError("it is no file of torch.save")
        if _OnlyTensors(file).load() != PROTOCOL:
            raise pickle.UnpicklingError("it is of an unknown version of torch.save")
        if not _OnlyTensors(file).load()["little_endian"]:
            raise pickle.UnpicklingError("its numbers are big-endian")
        tensors = _OnlyTensors(file)
        found = tensors.load()
        place = _places(file, tensors, _OnlyTensors(file).load())
    vectors, dtypes = tensors.vectors, tensors.dtypes

    def width(vector: int) -> int:
        return vectors[3 * vector + 2]

    def read(wanted: list[int]) -> np.ndarray:
        rows = []
        with path.open("rb") as file:
            for vector in wanted:
                storage, offset, length = vectors[3 * vector : 3 * vector + 3]
                dtype = np.dtype(dtypes[storage])
                file.seek(place[storage] + offset * dtype.itemsize)
                rows.append(np.frombuffer(file.read(length * dtype.itemsize), dtype))
        return np.stack(rows)

    return found, width, read


def _places(file: BinaryIO, tensors: _OnlyTensors, keys: list[str]) -> array:
    """Where the numbers of each storage begin: in the order of `keys`, each after its count."""
    start, place = file.tell(), array("q", [-1]) * len(tensors.dtypes)
    end = file.seek(0, 2)
    for key in keys:
        storage = tensors.keys[key]
        count = tensors.numbers[storage]
        file.seek(start)
        start += 8
        if file.read(8) != struct.pack("<q", count):
            raise pickle.UnpicklingError("it is cut off, or its vectors are not where it says")
        place[storage] = start
        start += count * np.dtype(tensors.dtypes[storage]).itemsize
    if start > end or -1 in place:
        raise pickle.UnpicklingError("it is cut off, or its vectors are not where it says")
    return place


def _read_zip(path: Path):
    """The tensors in a zip archive of torch.save; functions that give the width of one, and the content
    of some."""
    import torch

    try:
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError as error:
        raise pickle.UnpicklingError(str(error)) from None
    for seconds in found.values():
        for vector in seconds.values():
            if not isinstance(vector, torch.Tensor) or vector.dim() != 1:
                raise pickle.UnpicklingError("what it holds are no vectors")
    return found, len, lambda vectors: torch.stack(vectors).float().numpy()
