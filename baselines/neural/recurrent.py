"""What the recurrent models share: encoders of sequences, a decoder over a forest, attention."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from baselines.neural.forest import Forest
from baselines.neural.model import CommentModel, Size

State = tuple[torch.Tensor, torch.Tensor]
"""Hidden state and cell of an LSTM, each [rows, width]."""


def remember(bias: nn.Parameter) -> None:
    """Begin with forget gates that are open (bias 1; Jozefowicz et al. 2015): the last state of an LSTM
    tells nothing of words far back before the gates have learned to keep it. torch's order of gates:
    input, forget, cell, output."""
    with torch.no_grad():
        bias.chunk(4)[1].fill_(1)


class RecurrentModel(CommentModel):
    """A model whose embeddings begin small (standard deviation 0.1): at torch's 1 they saturate the
    gates, which learn slowly then."""

    def __init__(self, size: Size, words: int, frame_width: int) -> None:
        super().__init__(size, words, frame_width)
        nn.init.normal_(self.embedding.weight, std=0.1)


class SequenceEncoder(nn.Module):
    """An LSTM over padded sequences; padding is never seen."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, width, batch_first=True)
        remember(self.lstm.bias_ih_l0)

    def forward(self, vectors: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, State]:
        """Encode.

        Args:
            vectors: float [rows, longest, width]; mask: bool [rows, longest], what is no padding.

        Returns:
            The states at each place, [rows, longest, width], and the last state of each row.
        """
        packed = pack_padded_sequence(
            vectors, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False
        )
        found, (hidden, cell) = self.lstm(packed)
        states, _ = pad_packed_sequence(found, batch_first=True, total_length=mask.shape[1])
        return states, (hidden[0], cell[0])


class ForestDecoder(nn.Module):
    """An LSTM over the prefixes of a forest, level by level."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(width, width)
        remember(self.cell.bias_ih)

    def forward(
        self,
        words: torch.Tensor,
        start: State,
        forest: Forest,
        attend: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None = None,
    ) -> torch.Tensor:
        """The state at each node: float [nodes, width].

        Args:
            words: float [nodes, width], embeddings of the nodes' words.
            start: of each moment.
            attend: given states [rows, width] and their moments, the states that take their place.
        """
        hidden, cell = start
        found = []
        before = 0
        for first, last in zip(forest.levels, forest.levels[1:], strict=False):
            if first:
                parent = forest.parent[first:last] - before
                hidden, cell = hidden[parent], cell[parent]
            hidden, cell = self.cell(words[first:last], (hidden, cell))
            if attend is not None:
                hidden = attend(hidden, forest.moment[first:last])
            found.append(hidden)
            before = first
        return torch.cat(found)


class Attention(nn.Module):
    """Attention of a state to one or more memories (Luong et al. 2015, "general"):

        weights = softmax(state W memory), result = tanh(V [state; weighted memory; ...])

    as in the released code's helpers; the paper (equations 5 and 8) leaves its form open.
    """

    def __init__(self, width: int, memories: int) -> None:
        super().__init__()
        self.keys = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(memories))
        self.combine = nn.Linear(width * (1 + memories), width)

    def prepare(
        self, *memories: tuple[torch.Tensor, torch.Tensor]
    ) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
        """What is the same for all states of a moment is computed once.

        Args:
            memories: states [moments, places, width] and mask [moments, places].

        Returns:
            A function of states [rows, width] and their moments [rows].
        """
        prepared = [
            (keys(states), states, mask)
            for keys, (states, mask) in zip(self.keys, memories, strict=True)
        ]

        def attend(state: torch.Tensor, moment: torch.Tensor) -> torch.Tensor:
            parts = [state]
            for keys, values, mask in prepared:
                scores = torch.bmm(keys[moment], state[:, :, None])[:, :, 0]
                weights = torch.softmax(scores.masked_fill(~mask[moment], -torch.inf), dim=1)
                parts.append(torch.bmm(weights[:, None], values[moment])[:, 0])
            return torch.tanh(self.combine(torch.cat(parts, dim=1)))

        return attend
