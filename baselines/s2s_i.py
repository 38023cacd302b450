"""S2S-I (Vinyals et al. 2015, as the LiveBot paper uses it): frames to a comment."""

from __future__ import annotations

import torch
from livebench_baselines.neural.forest import Forest
from livebench_baselines.neural.inputs import Inputs
from livebench_baselines.neural.model import CommentModel, Size
from livebench_baselines.neural.neural_scorer import NeuralScorer
from livebench_baselines.neural.recurrent import (
    MOMENT_REACH,
    ForestDecoder,
    LSTMState,
    SequenceEncoder,
)
from torch import nn


class S2SIModel(CommentModel):
    """An LSTM over the frames; its last state is the initial state of the decoder's LSTM."""

    uses = frozenset({"frames"})

    def __init__(self, size: Size, words: int, frame_width: int) -> None:
        super().__init__(size, words, frame_width)
        self.video = SequenceEncoder(size.width, MOMENT_REACH)
        self.decoder = ForestDecoder(size.width)
        # Only the decoder reads words here. With torch's default scale, they swamp its initial state:
        # the first of two epochs on the simulated world then reaches -2.395 per word on dev; with
        # these, -2.347.
        nn.init.normal_(self.embedding.weight, std=size.width**-0.5)

    def encode(self, inputs: Inputs) -> LSTMState:
        return self.video(self.dropout(self.project(inputs.frames)), inputs.frame_mask)[1]

    def decode(self, memory: LSTMState, forest: Forest) -> torch.Tensor:
        return self.decoder(self.dropout(self.embedding(forest.token)), memory, forest)


class S2SI(NeuralScorer):
    """log p(candidate | frames)."""

    model = S2SIModel
