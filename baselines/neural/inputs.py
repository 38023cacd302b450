"""The inputs of a model for some moments, as tensors.

Frames and comments are in order of time. Missing inputs look the same in training and in scoring: no
frames become one frame of zeros (a learned constant after its projection), no comments become one
comment without words (a begin and an end mark).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from livebench_baselines.neural.vocabulary import BEGIN, END, PAD, SEPARATOR


@dataclass(frozen=True)
class Inputs:
    """Frames and comments around some moments.

    Attributes:
        frames: float32 [moments, most frames, frame width], in order of time; zeros where padded.
        frame_mask: bool [moments, most frames], true where not padding.
        comments: for each moment its comments in order of time, each a list of word numbers.
    """

    frames: torch.Tensor
    frame_mask: torch.Tensor
    comments: Sequence[Sequence[Sequence[int]]]

    @property
    def device(self) -> torch.device:
        return self.frames.device

    def concatenated(self) -> tuple[torch.Tensor, torch.Tensor]:
        """All comments of a moment as one sequence: begin, words, separator, words, ..., end.

        Returns:
            int64 [moments, longest], padded with PAD; bool of the same shape, true where not padding.
        """
        rows = []
        for comments in self.comments:
            words = [BEGIN]
            for comment in comments:
                words += [*comment, SEPARATOR]
            rows.append([*words[:-1], END] if comments else [BEGIN, END])
        return padded(rows, self.device)

    def separate(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Each comment as a sequence of its own: begin, words, end.

        Returns:
            int64 [comments, longest] and its mask; bool [moments, most comments], true where a moment
            has a comment, in the same order.
        """
        filled = [comments or [[]] for comments in self.comments]
        rows = [[BEGIN, *words, END] for comments in filled for words in comments]
        counts = torch.tensor([len(comments) for comments in filled])
        present = torch.arange(int(counts.max()))[None] < counts[:, None]
        return (*padded(rows, self.device), present.to(self.device))


def make_inputs(
    frames: Sequence[np.ndarray | tuple[()]],
    comments: Sequence[Sequence[Sequence[int]]],
    frame_width: int,
    device: torch.device,
) -> Inputs:
    """Collate the inputs of some moments.

    Args:
        frames: for each moment float [its frames, frame width], in order of time; may be empty.
        comments: for each moment its comments, in order of time; may be empty.
    """
    longest = max(1, *(len(rows) for rows in frames))
    table = np.zeros((len(frames), longest, frame_width), np.float32)
    mask = np.zeros((len(frames), longest), bool)
    mask[:, 0] = True
    for row, vectors in enumerate(frames):
        if len(vectors):
            table[row, : len(vectors)] = vectors
            mask[row, : len(vectors)] = True
    return Inputs(torch.from_numpy(table).to(device), torch.from_numpy(mask).to(device), comments)


def padded(
    rows: Sequence[Sequence[int]], device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Sequences as int64 [rows, longest], padded with PAD, and a mask that is true where not padding."""
    lengths = np.fromiter((len(row) for row in rows), np.int64, len(rows))
    table = np.full((len(rows), int(lengths.max())), PAD, np.int64)
    mask = np.arange(table.shape[1]) < lengths[:, None]
    table[mask] = np.fromiter((n for row in rows for n in row), np.int64, int(lengths.sum()))
    return torch.from_numpy(table).to(device), torch.from_numpy(mask).to(device)
