"""Unified Transformer (LiveBot paper, Model II, equations 10 to 15)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import ClassVar, NamedTuple, cast

import torch
from livebench_baselines.neural.forest import Forest
from livebench_baselines.neural.inputs import Inputs
from livebench_baselines.neural.model import CommentModel, Size
from livebench_baselines.neural.neural_scorer import NeuralScorer
from livebench_baselines.neural.transformer import TransformerBlock, sinusoids
from torch import nn


class Encoded(NamedTuple):
    """Outputs of the encoders, [moments, places, width], masks, true where not padding, and the words of
    the text, int64 [moments, places]."""

    video: torch.Tensor
    video_mask: torch.Tensor | None
    text: torch.Tensor
    text_mask: torch.Tensor | None
    words: torch.Tensor


class UnifiedTransformerModel(CommentModel):
    """A video encoder; a text encoder over the words of all comments, which attends to itself and to the
    video; a decoder that attends to itself, to the video, and to the text.

    Positions are encoded by sinusoids: frames and context words in order of time, a comment's words from
    its begin mark on.
    """

    norm: ClassVar[type[nn.Module] | partial[nn.LayerNorm]] = partial(nn.LayerNorm, eps=1e-6)
    standardises_frames = False

    def __init__(self, size: Size, words: int, frame_width: int) -> None:
        super().__init__(size, words, frame_width)
        # Frames are normalised after the projection, not before it as elsewhere, so that the position
        # encodings do not swamp them. Doing both was worse than this alone.
        self.project = nn.Sequential(self.project, nn.LayerNorm(size.width))

        def stack(memories: int) -> nn.ModuleList:
            return nn.ModuleList(
                TransformerBlock(size, memories, self.norm) for _ in range(size.blocks)
            )

        self.video, self.text, self.decoder = stack(0), stack(1), stack(2)
        self.video_norm, self.text_norm, self.decoder_norm = (
            self.norm(size.width) for _ in range(3)
        )

    def embed(self, words: torch.Tensor) -> torch.Tensor:
        """The vectors of some words, int64 [...]: float [..., width]."""
        return self.embedding(words)

    def _placed(self, vectors: torch.Tensor) -> torch.Tensor:
        places = sinusoids(vectors.shape[1], self.size.width, vectors.device)
        return self.dropout(vectors + places)

    def encode(self, inputs: Inputs) -> Encoded:
        words, text_mask = inputs.concatenated()
        return self.encode_tensors(
            self._placed(self.project(inputs.frames)), inputs.frame_mask, words, text_mask
        )

    def encode_tensors(
        self,
        frames: torch.Tensor,
        frame_mask: torch.Tensor | None,
        words: torch.Tensor,
        text_mask: torch.Tensor | None,
    ) -> Encoded:
        """Equations 11 and 12: frames float [moments, frames, width], words int64 [moments, words]."""
        for block in self.video:
            frames = block(frames, frame_mask)
        frames = self.video_norm(frames)
        text = self._placed(self.embed(words))
        for block in _blocks(self.text):
            text = block(text, text_mask, block.memories([(frames, frame_mask)]))
        return Encoded(frames, frame_mask, self.text_norm(text), text_mask, words)

    def decode(self, memory: Encoded, forest: Forest) -> torch.Tensor:
        """Equation 14."""
        states = [(memory.video, memory.video_mask), (memory.text, memory.text_mask)]
        places = sinusoids(len(forest.levels), self.size.width, forest.token.device)
        nodes = self.dropout(self.embed(forest.token) + places[forest.depth])
        for block in _blocks(self.decoder):
            nodes = block.over_forest(nodes, forest, block.memories(states))
        return self.decoder_norm(nodes)


def _blocks(stack: nn.ModuleList) -> Iterator[TransformerBlock]:
    return (cast(TransformerBlock, block) for block in stack)


class UnifiedTransformer(NeuralScorer):
    """log p(candidate | frames, surrounding comments)."""

    model = UnifiedTransformerModel
