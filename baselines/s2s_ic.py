"""S2S-IC (similar to Venugopalan et al. 2015, as the LiveBot paper uses it): frames and comments."""

from __future__ import annotations

import torch
from torch import nn

from baselines.neural.forest import Forest
from baselines.neural.inputs import Inputs
from baselines.neural.model import CommentModel, Size
from baselines.neural.recurrent import (
    CONTEXT_REACH,
    MOMENT_REACH,
    ForestDecoder,
    SequenceEncoder,
    State,
)
from baselines.neural.scorer import NeuralScorer


class S2SICModel(CommentModel):
    """The encoders of S2S-I and S2S-C; their last states, concatenated and brought to the width of the
    decoder by a linear map, are where its LSTM begins."""

    def __init__(self, size: Size, words: int, frame_width: int) -> None:
        super().__init__(size, words, frame_width)
        self.video = SequenceEncoder(size.width, MOMENT_REACH)
        self.text = SequenceEncoder(size.width, CONTEXT_REACH)
        self.hidden = nn.Linear(2 * size.width, size.width)
        self.cell = nn.Linear(2 * size.width, size.width)
        self.decoder = ForestDecoder(size.width)

    def encode(self, inputs: Inputs) -> State:
        _, video = self.video(self.dropout(self.project(inputs.frames)), inputs.frame_mask)
        words, mask = inputs.concatenated()
        _, text = self.text(self.dropout(self.embedding(words)), mask)
        hidden, cell = (torch.cat(pair, dim=1) for pair in zip(video, text, strict=True))
        return torch.tanh(self.hidden(hidden)), self.cell(cell)

    def decode(self, memory: State, forest: Forest) -> torch.Tensor:
        return self.decoder(self.dropout(self.embedding(forest.token)), memory, forest)


class S2SIC(NeuralScorer):
    """log p(candidate | frames, surrounding comments)."""

    model = S2SICModel
