"""Pointer: a Unified Transformer that writes a word or copies one from the surrounding comments.

The pointer-generator network of See, Liu and Manning (2017), equations 8 and 9, on the Unified
Transformer of the LiveBot paper:

    p(w) = g p_vocabulary(w) + (1 - g) (sum of the attention over the places where w stands)

Any word of a surrounding comment can be copied, also one outside the vocabulary. `<unknown>` is shared
evenly by the words that it stands for, so that such a word has a probability of its own as well, and a
copied one is compared with it on the same scale.
"""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import torch
from livebench_baselines.neural.forest import Forest
from livebench_baselines.neural.inputs import Inputs
from livebench_baselines.neural.likelihood import edge_log_probs, edge_log_probs_with_gradient
from livebench_baselines.neural.model import Size
from livebench_baselines.neural.neural_scorer import NeuralScorer
from livebench_baselines.neural.vocabulary import SPECIAL_WORDS, UNKNOWN
from livebench_baselines.unified_transformer import Encoded, UnifiedTransformerModel
from torch import nn
from torch.nn import functional

_FIRST_GATE = 1.5
"""The gate's logit when training begins: four words in five are written."""


class PointerModel(UnifiedTransformerModel):
    """p(word) as above; the copying attention is of the decoder's last state to the text encoder's."""

    copies = True
    log_unseen: torch.Tensor

    def __init__(self, size: Size, words: int, frame_width: int) -> None:
        super().__init__(size, words, frame_width)
        self.known = words
        self.register_buffer("log_unseen", torch.zeros(()))
        self.query, self.key = (nn.Linear(size.width, size.width) for _ in range(2))
        self.gate = nn.Linear(2 * size.width, 1)
        nn.init.constant_(self.gate.bias, _FIRST_GATE)

    def begin_with(
        self,
        log_frequencies: np.ndarray,
        frame_statistics: tuple[np.ndarray, np.ndarray] | None = None,
        unseen_types: int | None = None,
    ) -> None:
        super().begin_with(log_frequencies, frame_statistics, unseen_types)
        self.share_unknown(log(max(1, unseen_types or 1)))

    def share_unknown(self, cost: float) -> None:
        self.log_unseen.fill_(cost)

    def embed(self, words: torch.Tensor) -> torch.Tensor:
        return self.embedding(self._known(words))

    def _known(self, words: torch.Tensor) -> torch.Tensor:
        """The same numbers, those of words outside the vocabulary replaced by that of `<unknown>`."""
        return torch.where(words < self.known, words, UNKNOWN)

    def forward(self, inputs: Inputs, forest: Forest) -> torch.Tensor:
        memory = self.encode(inputs)
        hidden = self.dropout(self.decode(memory, forest))
        written = edge_log_probs_with_gradient(hidden, self.output, self._written(forest))
        log_probs = self._mixed(written, hidden, memory, forest)
        return forest.comment_log_likelihoods(log_probs).sum()

    @torch.no_grad()
    def log_likelihoods(self, inputs: Inputs, forest: Forest) -> torch.Tensor:
        memory = self.encode(inputs)
        hidden = self.decode(memory, forest)
        written = edge_log_probs(hidden, self.output, self._written(forest))
        return forest.comment_log_likelihoods(self._mixed(written, hidden, memory, forest))

    def _written(self, forest: Forest) -> Forest:
        return replace(forest, edge_token=self._known(forest.edge_token))

    def _mixed(
        self, written: torch.Tensor, hidden: torch.Tensor, memory: Encoded, forest: Forest
    ) -> torch.Tensor:
        """log p(word) of each edge: float [edges].

        Args:
            written: float [edges], log p_vocabulary, of `<unknown>` for a word outside the vocabulary.
        """
        shared = self._known(forest.edge_token) == UNKNOWN
        written = torch.where(shared, written - self.log_unseen, written)
        attention, gate = self._pointer(hidden, memory, forest)
        node = forest.edge_node
        same = memory.words[forest.moment[node]] == forest.edge_token[:, None]
        copied = (attention[node] * same).sum(1)
        written = written + functional.logsigmoid(gate)[node]
        # No logarithm of 0, whose gradient would be infinite.
        pointed = copied.clamp_min(torch.finfo(copied.dtype).tiny).log()
        mixed = torch.logaddexp(written, pointed + functional.logsigmoid(-gate)[node])
        return torch.where(copied > 0, mixed, written)

    def _pointer(
        self, hidden: torch.Tensor, memory: Encoded, forest: Forest
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The copying attention, float [nodes, places], 0 at special words; the gate's logits, [nodes],
        infinite where there is nothing to copy."""
        table, place = forest.rows
        copied = memory.words >= len(SPECIAL_WORDS)
        text = memory.text
        rows = self.query(hidden)[table.clamp(max=len(hidden) - 1)]
        scores = rows @ self.key(text).transpose(1, 2) / self.size.width**0.5
        # A finite number: a moment without comments has no other places.
        scores = scores.masked_fill(~copied[:, None], torch.finfo(scores.dtype).min)
        attention = torch.softmax(scores, dim=2) * copied[:, None]
        attended = (attention @ text).flatten(0, 1)[place]
        gate = self.gate(torch.cat([hidden, attended], dim=1))[:, 0]
        gate = gate.masked_fill(~copied.any(1)[forest.moment], torch.inf)
        return attention.flatten(0, 1)[place], gate

    def next_word_log_probs(
        self, memory: Encoded, forest: Forest, nodes: torch.Tensor
    ) -> torch.Tensor:
        """As in every model, with a column for each number up to the highest in the text."""
        hidden = self.decode(memory, forest)
        attention, gate = (part[nodes] for part in self._pointer(hidden, memory, forest))
        written = torch.softmax(self.output(hidden[nodes]).float(), dim=1)
        written = written * torch.sigmoid(gate)[:, None]
        share = written[:, UNKNOWN, None] * torch.exp(-self.log_unseen)
        others = max(0, int(memory.words.max()) + 1 - self.known)
        probabilities = torch.cat([written, share.expand(-1, others)], dim=1)
        probabilities[:, UNKNOWN] = share[:, 0]
        pointed = attention * torch.sigmoid(-gate)[:, None]
        return probabilities.scatter_add(1, memory.words[forest.moment[nodes]], pointed).log()


class Pointer(NeuralScorer):
    """log p(candidate | frames, surrounding comments), in which a word is written or copied."""

    model = PointerModel
