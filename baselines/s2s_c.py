"""S2S-C (Sutskever, Vinyals and Le 2014, as the LiveBot paper uses it): comments to a comment."""

from __future__ import annotations

import torch
from livebench_baselines.neural.forest import Forest
from livebench_baselines.neural.inputs import Inputs
from livebench_baselines.neural.model import CommentModel, Size
from livebench_baselines.neural.neural_scorer import NeuralScorer
from livebench_baselines.neural.recurrent import (
    CONTEXT_REACH,
    ForestDecoder,
    LSTMState,
    SequenceEncoder,
)


class S2SCModel(CommentModel):
    """An LSTM over the surrounding comments, concatenated; its last state is the initial state of the
    decoder's LSTM."""

    uses = frozenset({"comments"})

    def __init__(self, size: Size, words: int, frame_width: int) -> None:
        super().__init__(size, words, frame_width)
        self.text = SequenceEncoder(size.width, CONTEXT_REACH)
        self.decoder = ForestDecoder(size.width)

    def encode(self, inputs: Inputs) -> LSTMState:
        words, mask = inputs.concatenated()
        return self.text(self.dropout(self.embedding(words)), mask)[1]

    def decode(self, memory: LSTMState, forest: Forest) -> torch.Tensor:
        return self.decoder(self.dropout(self.embedding(forest.token)), memory, forest)


class S2SC(NeuralScorer):
    """log p(candidate | surrounding comments)."""

    model = S2SCModel
