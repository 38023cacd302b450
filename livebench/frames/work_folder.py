"""Where the vectors of one encoder wait until those of all videos are there.

    DATASET/features/NAME-HASH/
        ID.f16      float16 [seconds, width] of a video, without a header
        ID.json     what it was made from (`Done`): the sign that the video is done

ID is the beginning of the sha256 of the video's id here, since any name may be an id.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
from pathlib import Path

import msgspec
import numpy as np

from livebench.files import write_text
from livebench.frames.encoders import Encoder


class DoneFrom(msgspec.Struct, frozen=True):
    """What decides whether a video has to be done again: its file, as it was, and what was asked for.

    Attributes:
        most: seconds that can have a picture, at most.
        images: longer side of the pictures kept, in pixels; 0 for none. audio: whether sound was kept.
    """

    video_id: str
    file: str
    size: int
    modified_ns: int
    most: int
    images: int
    audio: bool


class Done(DoneFrom, frozen=True):
    """A video that is done, and what came of it; `damaged`: seconds with an earlier picture."""

    seconds: int
    width: int
    damaged: int


class WorkFolder:
    """The folder of one encoder in a dataset."""

    def __init__(self, dataset: Path, encoder: Encoder) -> None:
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", encoder.name)[:60]
        digest = hashlib.sha256(encoder.identity.encode()).hexdigest()[:8]
        self.path = dataset / "features" / f"{name}-{digest}"

    @property
    def is_used(self) -> bool:
        """Whether a video is done."""
        return any(self.path.glob("*.json"))

    def vectors_path(self, video_id: str) -> Path:
        return self._file(video_id, "f16")

    def _file(self, video_id: str, ending: str) -> Path:
        return self.path / f"{hashlib.sha256(video_id.encode()).hexdigest()[:20]}.{ending}"

    def save(self, done: Done) -> None:
        """Note that a video is done; its vectors are there."""
        text = msgspec.json.encode(done).decode()
        write_text(self._file(done.video_id, "json"), text)

    def load(self, wanted: DoneFrom) -> Done | None:
        """What an earlier run did of a video, if it still holds."""
        try:
            done = msgspec.json.decode(self._file(wanted.video_id, "json").read_bytes(), type=Done)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        fields = DoneFrom.__struct_fields__
        same = all(getattr(done, field) == getattr(wanted, field) for field in fields)
        vectors = self.vectors_path(wanted.video_id)
        whole = vectors.is_file() and vectors.stat().st_size == 2 * done.seconds * done.width
        return done if same and whole else None

    def vectors(self, done: Done) -> np.ndarray:
        """float16 [seconds, width] of a video, memory-mapped."""
        shape = (done.seconds, done.width)
        return np.memmap(self.vectors_path(done.video_id), "<f2", mode="r", shape=shape)

    def remove(self) -> None:
        """Remove it, and the folder of all encoders if it is the last one."""
        shutil.rmtree(self.path)
        with contextlib.suppress(OSError):
            self.path.parent.rmdir()
