"""What there is to learn: each comment of a split with what surrounds its second.

The same functions choose what surrounds a moment here and in the samples of a test
(`livebench.data.context`).
"""

from __future__ import annotations

from functools import partial

import numpy as np

from livebench.candidates.moments import VisibleComments
from livebench.candidates.protocol import Protocol
from livebench.data.context import context_rows, frame_seconds
from livebench.data.dataset import Dataset
from livebench.data.split import Split
from livebench.draws import draw
from livebench.errors import LiveBenchError


class Examples:
    """All seconds of a split that have a comment, with what surrounds them and what was written there.

    Attributes:
        strings: all distinct comments of the dataset (words joined by spaces).

    Raises:
        LiveBenchError: the split has no comment.
    """

    def __init__(self, dataset: Dataset, protocol: Protocol, split: Split) -> None:
        self._dataset = dataset
        self._visible = VisibleComments(dataset, protocol)
        self.strings = self._visible.strings
        self._video: list[int] = []
        self._second: list[int] = []
        self._context: list[np.ndarray] = []
        self._targets: list[np.ndarray] = []
        self._frame_rule = protocol.frames
        for video in dataset.split(split).indices:
            self._add(video, protocol)
        if not self._targets:
            what = f"the split {split} has no comment to learn from"
            raise LiveBenchError(dataset.path, what, "split again")

    def _add(self, video: int, protocol: Protocol) -> None:
        rows = self._visible.of(video)
        times, strings = self._visible.time_ms[rows], self._visible.string[rows]
        seconds, starts, counts = np.unique(times // 1000, return_index=True, return_counts=True)
        stops = (starts + counts).tolist()
        name = self._dataset.videos[video].video_id
        for second, start, stop in zip(seconds.tolist(), starts.tolist(), stops, strict=True):
            sample_id = f"{name}@{second}"
            same = np.flatnonzero(np.isin(strings, strings[start:stop]))
            around = context_rows(
                times,
                second,
                protocol.context,
                equal_to_correct=frozenset(same.tolist()),
                draw=partial(_draw, sample_id),
            )
            self._video.append(video)
            self._second.append(second)
            self._context.append(strings[sorted(around)])  # rows are in order of time
            self._targets.append(strings[start:stop])

    def __len__(self) -> int:
        """How many moments."""
        return len(self._targets)

    def targets(self, moment: int) -> np.ndarray:
        """int32 [comments of the second]: which of `strings`."""
        return self._targets[moment]

    def context(self, moment: int) -> np.ndarray:
        """int32 [surrounding comments], in order of time: which of `strings`."""
        return self._context[moment]

    def video(self, moment: int) -> int:
        """Which of the dataset's videos."""
        return self._video[moment]

    def frames(self, moment: int) -> np.ndarray:
        """float32 [frames, width], in order of time; [0, 0] if the dataset has none."""
        video = self._dataset.videos[self.video(moment)]
        if not self._dataset.has_frames or not video.frame_count:
            return np.empty((0, 0), np.float32)
        seconds = frame_seconds(self._second[moment], video.frame_count, self._frame_rule)
        return self._dataset.frames(video, sorted(seconds))


def _draw(sample_id: str, row: int) -> int:
    return draw(0, sample_id, f"context {row}")
