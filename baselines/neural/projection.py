"""Maps the frame vectors of any encoder to the width of a model."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.preprocessing import StandardScaler
from torch import nn

from livebench.data.dataset import Dataset


class Projection(nn.Module):
    """A linear map of standardised frame vectors.

    The vectors of a pretrained network share a large mean, and the differences between frames are small
    beside it: given raw vectors, an LSTM learns to ignore them. So each dimension is standardised by its
    mean and standard deviation over the frames of the training videos.

    Args:
        frame_width: of the vectors.
        width: of the result.
    """

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, frame_width: int, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(frame_width))
        self.register_buffer("deviation", torch.ones(frame_width))
        self.linear = nn.Linear(frame_width, width)

    def begin_with(self, mean: np.ndarray, deviation: np.ndarray) -> None:
        """Set mean and standard deviation, each [frame width], before training."""
        self.mean.copy_(torch.from_numpy(mean))
        self.deviation.copy_(torch.from_numpy(deviation))

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Frames [..., frame width] to [..., width]."""
        return self.linear((frames - self.mean) / self.deviation)


def frame_statistics(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each dimension over the frames of the training videos.

    Returns:
        Two float64 [frame width]; 0 and 1 without frames, and a deviation of 1 for constant dimensions.
    """
    scaler = StandardScaler()
    for place in dataset.split("train").indices:
        video = dataset.videos[place]
        if dataset.has_frames and video.frame_count:
            scaler.partial_fit(dataset.frames(video, range(video.frame_count)).astype(np.float64))
    if not hasattr(scaler, "scale_"):
        width = max(1, dataset.frame_width)
        return np.zeros(width), np.ones(width)
    return scaler.mean_, scaler.scale_
