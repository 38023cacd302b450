"""Fusional RNN (LiveBot paper, Model I, equations 1 to 9)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from livebench_baselines.neural.forest import Forest
from livebench_baselines.neural.inputs import Inputs
from livebench_baselines.neural.model import CommentModel, Size
from livebench_baselines.neural.neural_scorer import NeuralScorer
from livebench_baselines.neural.recurrent import (
    COMMENT_REACH,
    MOMENT_REACH,
    Attention,
    ForestDecoder,
    LSTMState,
    SequenceEncoder,
    initialise,
)
from torch import nn


class _Memory(NamedTuple):
    """What the decoder attends to: states and masks of video (h) and comments (g); its initial state."""

    video: torch.Tensor
    video_mask: torch.Tensor
    text: torch.Tensor
    text_mask: torch.Tensor
    start: LSTMState


class FusionalRNNModel(CommentModel):
    """Comments are encoded word by word, then comment by comment with attention to the video; the
    decoder attends to both.

    The attended states are fed back into their LSTMs, as in equations 4 and 7. The paper does not
    specify the decoder's initial state: here, a linear map of the last states of video and comments.
    """

    def __init__(self, size: Size, words: int, frame_width: int) -> None:
        super().__init__(size, words, frame_width)
        width = size.width
        self.video = SequenceEncoder(width, MOMENT_REACH)
        self.words = SequenceEncoder(width, COMMENT_REACH)
        self.sentences = nn.LSTMCell(width, width)
        initialise(self.sentences, MOMENT_REACH)
        self.sentence_attention = Attention(width, memories=1)
        self.hidden = nn.Linear(2 * width, width)
        self.cell = nn.Linear(2 * width, width)
        self.decoder = ForestDecoder(width)
        self.attention = Attention(width, memories=2)

    def encode(self, inputs: Inputs) -> _Memory:
        # Equation 2.
        frames = self.dropout(self.project(inputs.frames))
        video, (video_hidden, video_cell) = self.video(frames, inputs.frame_mask)
        # Equation 3: x is the last state of each comment.
        words, mask, present = inputs.separate()
        _, (last, _) = self.words(self.dropout(self.embedding(words)), mask)
        comments = last.new_zeros(*present.shape, last.shape[1])
        comments[present] = last
        text, (text_hidden, text_cell) = self._sentences(
            comments, present, video, inputs.frame_mask
        )
        start = (
            torch.tanh(self.hidden(torch.cat([video_hidden, text_hidden], dim=1))),
            self.cell(torch.cat([video_cell, text_cell], dim=1)),
        )
        return _Memory(video, inputs.frame_mask, text, present, start)

    def _sentences(
        self,
        comments: torch.Tensor,
        present: torch.Tensor,
        video: torch.Tensor,
        video_mask: torch.Tensor,
    ) -> tuple[torch.Tensor, LSTMState]:
        """Equations 4 and 5: g at each comment [moments, comments, width], and the last state."""
        attend = self.sentence_attention.prepare((video, video_mask))
        moments = torch.arange(len(comments), device=comments.device)
        hidden = cell = comments.new_zeros(len(comments), comments.shape[2])
        states = []
        for place in range(comments.shape[1]):
            new_hidden, new_cell = self.sentences(comments[:, place], (hidden, cell))
            new_hidden = attend(new_hidden, moments)
            here = present[:, place, None]
            hidden = torch.where(here, new_hidden, hidden)
            cell = torch.where(here, new_cell, cell)
            states.append(hidden)
        return torch.stack(states, dim=1), (hidden, cell)

    def decode(self, memory: _Memory, forest: Forest) -> torch.Tensor:
        """Equations 7 and 8."""
        attend = self.attention.prepare(
            (memory.video, memory.video_mask), (memory.text, memory.text_mask)
        )
        words = self.dropout(self.embedding(forest.token))
        return self.decoder(words, memory.start, forest, attend)


class FusionalRNN(NeuralScorer):
    """log p(candidate | frames, surrounding comments)."""

    model = FusionalRNNModel
