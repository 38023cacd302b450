"""Pictures of a dataset, one a second of each video that has frames: read, checked and decoded when they
are asked for.

    images/VIDEO_ID/SECOND.jpg   JPEG
    images.sha256                their hashes, in the order of frames.npy: `sha256sum -c` reads it
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from livebench.errors import LiveBenchError
from livebench.extras import need
from livebench.files import open_regular, unreadable

if TYPE_CHECKING:
    from PIL.Image import Image

IMAGES, INDEX = "images", "images.sha256"

_BEGINS = b"\xff\xd8\xff"  # a JPEG file
_LARGEST = 32 << 20
"""Bytes of a picture, at most."""


class Images(Sequence["Image"]):
    """Pictures that are read and decoded when asked for, each time anew: `images[0]` is a PIL image in
    RGB, upright as its EXIF orientation asks, which carries nothing but its pixels.

    Args:
        read: gives the JPEG file of a picture, by its place.
        names: of the pictures, for messages.
    """

    def __init__(self, read: Callable[[int], bytes], names: Sequence[str]) -> None:
        self._read, self._names = read, names

    @classmethod
    def of_files(cls, files: Sequence[bytes]) -> Images:
        """Pictures of which the JPEG files are at hand."""
        return cls(files.__getitem__, [f"image {place}" for place in range(len(files))])

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, place: int) -> Image: ...
    @overload
    def __getitem__(self, place: slice) -> Images: ...
    def __getitem__(self, place: int | slice) -> Image | Images:
        places = range(len(self))[place]
        if isinstance(places, range):
            return Images(
                lambda number: self._read(places[number]), [self._names[one] for one in places]
            )
        return decode_picture(self._read(places), self._names[places])

    def files(self) -> list[bytes]:
        """The JPEG files, as they are kept.

        Raises:
            LiveBenchError: a file is missing, or another than it was.
        """
        return [self._read(place) for place in range(len(self))]


NO_IMAGES = Images.of_files([])


def decode_picture(file: bytes, name: object) -> Image:
    """The picture of a JPEG file, in RGB.

    Raises:
        LiveBenchError: it cannot be decoded (`name` says which), or Pillow is not installed.
    """
    pillow: Any = need("PIL.Image", "images")
    try:
        with pillow.open(io.BytesIO(file), formats=["JPEG"]) as picture:
            picture.load()
            image: Image = _upright(picture).convert("RGB")
    # Pillow raises whatever a damaged file leads it to; a file that claims to be huge, too.
    except Exception as error:
        reason = str(error).split("\n", 1)[0]
        raise LiveBenchError(name, f"cannot be decoded: {reason}") from None
    image.info.clear()
    return image


def _upright(picture: Any) -> Any:
    """A picture, turned as its EXIF orientation asks; as it is where that cannot be read, as viewers
    show it."""
    operations: Any = need("PIL.ImageOps", "images")
    try:
        return operations.exif_transpose(picture)
    except Exception:
        return picture


class KeptImages:
    """The pictures of a dataset folder, by their index.

    Args:
        rows: (id, frames) of each video, in the order of frames.npy.

    Raises:
        LiveBenchError: the index does not name one picture for each frame.
    """

    def __init__(self, folder: Path, rows: Iterable[tuple[str, int]]) -> None:
        self._folder, path = folder, folder / INDEX
        try:
            with open_regular(path) as file:
                lines = file.read().splitlines()
        except OSError as error:
            raise unreadable(path, error) from None
        names = [_name(video, second) for video, count in rows for second in range(count)]
        if len(lines) != len(names):
            what = f"names {len(lines):,} pictures, and there are {len(names):,} frames"
            raise _other(path, what)
        for number, (line, name) in enumerate(zip(lines, names, strict=True), 1):
            if line[64:] != f"  {name}".encode():
                raise _other(path, f"should name {name} here", f"line {number}")
        self._hashes = np.array([line[:64] for line in lines], "S64")
        self.sha256 = hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()

    def of(self, video_id: str, first_frame: int, seconds: Sequence[int]) -> Images:
        """The pictures of a video at these seconds."""
        names = [_name(video_id, second) for second in seconds]

        def read(place: int) -> bytes:
            path = self._folder / names[place]
            content = read_picture(path)
            if _hash(content).encode() != self._hashes[first_frame + seconds[place]]:
                what = f"is not the picture of {self._folder / INDEX}"
                raise LiveBenchError(path, what, "fetch or make the pictures again")
            return content

        return Images(read, [str(self._folder / name) for name in names])


def read_picture(path: Path) -> bytes:
    """A JPEG file.

    Raises:
        LiveBenchError: it is missing, is no JPEG file, or is larger than 32 MB.
    """
    try:
        with open_regular(path) as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise unreadable(path, error) from None
    if not content.startswith(_BEGINS):
        raise LiveBenchError(path, "is not a JPEG file")
    if len(content) > _LARGEST:
        raise LiveBenchError(path, f"is larger than {_LARGEST >> 20} MB")
    return content


def index_of(folder: Path, rows: Iterable[tuple[str, int]]) -> tuple[bytes, str]:
    """The content of an index of the pictures in a dataset folder, and its sha256.

    Args:
        rows: (id, frames) of each video, in the order of frames.npy.

    Raises:
        LiveBenchError: a picture is missing.
    """
    lines = "".join(_lines(folder, rows)).encode()
    return lines, hashlib.sha256(lines).hexdigest()


def _lines(folder: Path, rows: Iterable[tuple[str, int]]) -> Iterator[str]:
    for video_id, count in rows:
        for second in range(count):
            name = _name(video_id, second)
            yield f"{_hash(read_picture(folder / name))}  {name}\n"


def _name(video_id: str, second: int) -> str:
    return f"{IMAGES}/{video_id}/{second}.jpg"


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _other(path: Path, what: str, place: str = "") -> LiveBenchError:
    return LiveBenchError(path, what, "keep or import the pictures again", place)
