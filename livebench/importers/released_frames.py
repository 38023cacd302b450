"""Reads frame vectors that the released codes saved with torch: {video: {second: tensor}}.

They are read as data alone (`weights_only`), since a pickle could run programs. That takes about twice
the file in memory, see docs/benchmarks.md; of files of torch since 1.6, which are zip archives, the
vectors stay on disk until they are asked for.
"""

from __future__ import annotations

import pickle
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from livebench.errors import LiveBenchError
from livebench.importers.collection import Collection

if TYPE_CHECKING:
    import torch


class ReleasedFrames:
    """The frame vectors of a file, by the number of the video as a string.

    Attributes:
        counts: frames of each video: seconds 0 up to the first one that is missing.

    Raises:
        LiveBenchError: the file is not of this kind, or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._vectors = _by_video(_loaded(path))
        except Exception as error:  # damaged bytes may raise anything
            reason = "it is damaged, or holds more than tensors"  # not torch's advice to trust it
            if not isinstance(error, pickle.UnpicklingError):
                reason = (str(error) or "it is cut off").splitlines()[0][:200]
            what = f"cannot be read as frame vectors, {{video: {{second: vector}}}}: {reason}"
            raise LiveBenchError(path, what, "fetch it again") from None
        widths = {len(vector) for seconds in self._vectors.values() for vector in seconds.values()}
        if len(widths) != 1:
            what = f"has vectors of the widths {sorted(widths)}; all must have the same"
            raise LiveBenchError(path, what)
        self._width = widths.pop()
        self.counts = {}
        for video_id, seconds in self._vectors.items():
            missing = set(range(len(seconds))) - seconds.keys()
            self.counts[video_id] = min(missing, default=len(seconds))

    def of(self, video_id: str) -> np.ndarray:
        """float32 [counts[video_id], width]: the vectors of a video."""
        seconds, vectors = self._vectors[video_id], np.empty((0, self._width), np.float32)
        if self.counts[video_id]:
            rows = [seconds[second].float().numpy() for second in range(self.counts[video_id])]
            vectors = np.stack(rows)
        return vectors

    def count_holes(self, collection: Collection) -> None:
        """Refuse videos with a missing frame, or count the frames after it, which are left out."""
        rule = "frame after a missing one"
        for video_id, count in self.counts.items():
            after = len(self._vectors[video_id]) - count
            if after:
                at = f"video {video_id}, second {count}"
                collection.bad(self.path, at, rule, f"{after} frames follow")
                collection.skipped[rule] += after - 1


def _loaded(path: Path) -> Any:
    import torch

    with warnings.catch_warnings():  # of classes that the old format names
        warnings.simplefilter("ignore")
        return torch.load(
            path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path)
        )


def _by_video(saved: Any) -> dict[str, dict[int, torch.Tensor]]:
    """The vectors by number of the video and second; what they are not raises."""
    vectors: dict[str, dict[int, torch.Tensor]] = {}
    for video, seconds in saved.items():
        for second, vector in seconds.items():
            if not vector.is_floating_point() or vector.dim() != 1 or not len(vector):
                raise TypeError("what it holds are not vectors of floats")
            vectors.setdefault(str(int(video)), {})[int(second)] = vector
    return vectors
