"""What the recurrent models share: encoders of sequences, a decoder over a forest, attention."""

from __future__ import annotations

from collections.abc import Callable

import torch
from livebench_baselines.neural.forest import Forest
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

COMMENT_REACH, CONTEXT_REACH, MOMENT_REACH = 8, 40, 5
"""Approximate number of words in a comment, words in all surrounding comments, and frames or comments
of a moment."""

LSTMState = tuple[torch.Tensor, torch.Tensor]
"""Hidden state and cell of an LSTM, each [rows, width]."""


def initialise(lstm: nn.LSTM | nn.LSTMCell, reach: int) -> None:
    """Initialise an LSTM so that its last state remembers what was read up to `reach` steps ago.

    Forget gates have the biases log(u), u uniform in [1, reach - 1] (Tallec and Ollivier 2018,
    section 2.2): with torch's 0, half of the state is lost with each word. Each gate's matrices have
    Glorot's initialisation (2010): torch's defaults are half as large, and the input gets lost. torch's
    order of gates: input, forget, cell, output.
    """
    with torch.no_grad():
        for name, parameter in lstm.named_parameters():
            if name.startswith("weight"):
                for gate in parameter.chunk(4):
                    nn.init.xavier_uniform_(gate)
            elif name.startswith("bias_ih"):
                parameter.chunk(4)[1].uniform_(1, reach - 1).log_()


class SequenceEncoder(nn.Module):
    """An LSTM over padded sequences; padding is never read.

    Args:
        width: of vectors and states.
        reach: approximate length of the sequences.
    """

    def __init__(self, width: int, reach: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, width, batch_first=True)
        initialise(self.lstm, reach)

    def forward(self, vectors: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, LSTMState]:
        """Encode.

        Args:
            vectors: float [rows, longest, width]; mask: bool [rows, longest], true where not padding.

        Returns:
            The states at each place, [rows, longest, width], and the last state of each row.
        """
        packed = pack_padded_sequence(
            vectors, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False
        )
        outputs, (hidden, cell) = self.lstm(packed)
        states, _ = pad_packed_sequence(outputs, batch_first=True, total_length=mask.shape[1])
        return states, (hidden[0], cell[0])


class ForestDecoder(nn.Module):
    """An LSTM over the prefixes of a forest, level by level."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(width, width)
        initialise(self.cell, COMMENT_REACH)

    def forward(
        self,
        words: torch.Tensor,
        start: LSTMState,
        forest: Forest,
        attend: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None = None,
    ) -> torch.Tensor:
        """The state at each node: float [nodes, width].

        Args:
            words: float [nodes, width], embeddings of the nodes' words.
            start: the initial state of each moment.
            attend: maps states [rows, width] and their moments to the states that replace them.
        """
        hidden, cell = start
        outputs = []
        before = 0
        bounds = list(zip(forest.levels, forest.levels[1:], strict=False))
        for (first, last), level in zip(
            bounds, words.split([last - first for first, last in bounds]), strict=True
        ):
            if first:
                parent = forest.parent[first:last] - before
                hidden, cell = hidden[parent], cell[parent]
            hidden, cell = self.cell(level, (hidden, cell))
            if attend is not None:
                hidden = attend(hidden, forest.moment[first:last])
            outputs.append(hidden)
            before = first
        return torch.cat(outputs)


class Combine(nn.Linear):
    """tanh(V [state; context; ...]): combines an LSTM's state with its context, for the output layer
    (Luong et al. 2015, equation 5)."""

    def __init__(self, width: int, parts: int) -> None:
        super().__init__(width * parts, width)
        # Up to two of these lie between a surrounding comment and the next word; torch's default
        # initialisation halves the signal at each of them.
        nn.init.xavier_uniform_(self.weight, nn.init.calculate_gain("tanh"))

    def forward(self, *parts: torch.Tensor) -> torch.Tensor:
        """Combine parts of float [rows, width] each into one of the same shape."""
        return torch.tanh(super().forward(torch.cat(parts, dim=1)))


class Attention(nn.Module):
    """Attention of a state to one or more memories (Luong et al. 2015, "general"):

        weights = softmax(state W memory), result = tanh(V [state; weighted memory; ...])

    as in the helpers of the released code; the paper (equations 5 and 8) does not specify the form.
    """

    def __init__(self, width: int, memories: int) -> None:
        super().__init__()
        self.keys = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(memories))
        self.combine = Combine(width, 1 + memories)

    def prepare(
        self, *memories: tuple[torch.Tensor, torch.Tensor]
    ) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
        """Compute once what all states of a moment share.

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
            return self.combine(*parts)

        return attend
