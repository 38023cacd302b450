"""S2S-IC (similar to Venugopalan et al. 2015, as the LiveBot paper uses it): frames and comments."""

from __future__ import annotations

from typing import NamedTuple

import torch
from livebench_baselines.neural.forest import Forest
from livebench_baselines.neural.inputs import Inputs
from livebench_baselines.neural.model import CommentModel, Size
from livebench_baselines.neural.neural_scorer import NeuralScorer
from livebench_baselines.neural.recurrent import (
    CONTEXT_REACH,
    MOMENT_REACH,
    Combine,
    ForestDecoder,
    LSTMState,
    SequenceEncoder,
)
from torch import nn


class _Memory(NamedTuple):
    """The outputs of the two encoders, each [moments, width], and the decoder's initial state."""

    video: torch.Tensor
    text: torch.Tensor
    start: LSTMState


class S2SICModel(CommentModel):
    """The encoders of S2S-I and S2S-C; the decoder gets their concatenated outputs at each word.

    A linear map of their last states is the initial state of its LSTM, and the last hidden states are
    combined with its state at each word (the context of Cho et al. 2014, section 2.2). The paper does
    not say how the concatenation is used. Used only as the decoder's initial state, it left the model
    blind to the video, and with one seed of three to the comments too: each input is noise to the other
    until it is learned.
    """

    def __init__(self, size: Size, words: int, frame_width: int) -> None:
        super().__init__(size, words, frame_width)
        self.video = SequenceEncoder(size.width, MOMENT_REACH)
        self.text = SequenceEncoder(size.width, CONTEXT_REACH)
        self.hidden = nn.Linear(2 * size.width, size.width)
        self.cell = nn.Linear(2 * size.width, size.width)
        self.decoder = ForestDecoder(size.width)
        self.combine = Combine(size.width, 3)

    def encode(self, inputs: Inputs) -> _Memory:
        _, video = self.video(self.dropout(self.project(inputs.frames)), inputs.frame_mask)
        words, mask = inputs.concatenated()
        _, text = self.text(self.dropout(self.embedding(words)), mask)
        hidden, cell = (torch.cat(pair, dim=1) for pair in zip(video, text, strict=True))
        return _Memory(video[0], text[0], (torch.tanh(self.hidden(hidden)), self.cell(cell)))

    def decode(self, memory: _Memory, forest: Forest) -> torch.Tensor:
        def combine(state: torch.Tensor, moment: torch.Tensor) -> torch.Tensor:
            return self.combine(state, memory.video[moment], memory.text[moment])

        words = self.dropout(self.embedding(forest.token))
        return self.decoder(words, memory.start, forest, combine)


class S2SIC(NeuralScorer):
    """log p(candidate | frames, surrounding comments)."""

    model = S2SICModel
