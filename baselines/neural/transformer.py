"""Shared parts of transformers: multi-head attention over forests, and blocks.

Blocks are pre-norm with residual connections, as in the released code. Its dropout on attention weights
is omitted: drawing the masks takes a fifth of a training step on a CPU.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import cast

import torch
from livebench_baselines.neural.forest import Forest
from livebench_baselines.neural.model import Size
from torch import nn
from torch.nn import functional

_Memory = tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]
"""Keys and values, each [moments, heads, places, width of a head], and the attention mask, bool
[moments, 1, queries or 1, places]; None if everything may be seen."""


def sinusoids(places: int, width: int, device: torch.device) -> torch.Tensor:
    """Positional encodings (Vaswani et al. 2017, section 3.5): float32 [places, width]."""
    place = torch.arange(places, device=device, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, width, 2, device=device) * (-math.log(10000.0) / width))
    encodings = torch.empty(places, width, device=device)
    encodings[:, 0::2] = torch.sin(place * rate)
    encodings[:, 1::2] = torch.cos(place * rate[: width // 2])
    return encodings


class _MultiHeadAttention(nn.Module):
    """Vaswani et al. 2017, section 3.2, with keys and values computed once for many queries."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.heads = size.heads
        self.query, self.key, self.value, self.out = (
            nn.Linear(size.width, size.width) for _ in range(4)
        )
        for linear in self.query, self.key, self.value, self.out:  # as torch's own attention does
            nn.init.xavier_uniform_(linear.weight)

    def _split(self, rows: torch.Tensor) -> torch.Tensor:
        """[moments, places, width] to [moments, heads, places, width of a head]."""
        return rows.unflatten(2, (self.heads, -1)).transpose(1, 2)

    def memory(self, states: torch.Tensor, mask: torch.Tensor | None) -> _Memory:
        """Keys and values from states [moments, places, width] and mask [moments, places]."""
        keys, values = self._split(self.key(states)), self._split(self.value(states))
        return keys, values, None if mask is None else mask[:, None, None]

    def forward(self, rows: torch.Tensor, memory: _Memory) -> torch.Tensor:
        """[moments, queries, width] to the same shape."""
        keys, values, mask = memory
        attended = functional.scaled_dot_product_attention(
            self._split(self.query(rows)),
            keys,
            values,
            attn_mask=mask,
        )
        return self.out(attended.transpose(1, 2).flatten(2))

    def over_forest(self, nodes: torch.Tensor, forest: Forest, memory: _Memory) -> torch.Tensor:
        """Attention from the nodes of a forest, [nodes, width], each to the memory of its moment.

        Only the attention itself works on a table with a row per moment: linear maps see no padding.
        """
        return self._over_table(nodes, *forest.rows, memory)

    def to_prefixes(self, nodes: torch.Tensor, forest: Forest) -> torch.Tensor:
        """Attention from the nodes of a forest, [nodes, width], each to its prefixes and itself."""
        windows = forest.windows
        keys, values = (
            self._split(_as_table(part(nodes), windows.keys)) for part in (self.key, self.value)
        )
        memory = keys, values, windows.seen[:, None]
        return self._over_table(nodes, windows.queries, windows.place, memory)

    def _over_table(
        self, nodes: torch.Tensor, table: torch.Tensor, place: torch.Tensor, memory: _Memory
    ) -> torch.Tensor:
        """Attention from the nodes in a table, [rows, most], each to the memory of its row."""
        keys, values, mask = memory
        attended = functional.scaled_dot_product_attention(
            self._split(_as_table(self.query(nodes), table)),
            keys,
            values,
            attn_mask=mask,
        )
        return self.out(attended.transpose(1, 2).flatten(2).flatten(0, 1)[place])


def _as_table(nodes: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    """[nodes, width] to [rows, most nodes of a row, width]; padding holds an arbitrary node."""
    return nodes[table.clamp(max=len(nodes) - 1)]


class _FeedForward(nn.Sequential):
    """Vaswani et al. 2017, section 3.3."""

    def __init__(self, size: Size) -> None:
        super().__init__(
            nn.Linear(size.width, size.feed_forward),
            nn.ReLU(inplace=True),
            nn.Dropout(size.dropout),
            nn.Linear(size.feed_forward, size.width),
        )


class TransformerBlock(nn.Module):
    """Self-attention, attention to some memories, a feed-forward network.

    Args:
        size: of the model.
        memories: number of memories that it attends to besides itself.
        norm: creates the normalisation layer of a given width.
    """

    def __init__(self, size: Size, memories: int, norm: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.attentions = nn.ModuleList(_MultiHeadAttention(size) for _ in range(1 + memories))
        self.feed_forward = _FeedForward(size)
        self.norms = nn.ModuleList(norm(size.width) for _ in range(2 + memories))
        self.dropout = nn.Dropout(size.dropout)

    def _attention(self, number: int) -> _MultiHeadAttention:
        return cast(_MultiHeadAttention, self.attentions[number])

    def memories(self, states: Sequence[tuple[torch.Tensor, torch.Tensor | None]]) -> list[_Memory]:
        """Keys and values of this block from the encoders' outputs, computed once for all queries."""
        return [
            self._attention(number).memory(output, mask)
            for number, (output, mask) in enumerate(states, 1)
        ]

    def forward(
        self, rows: torch.Tensor, mask: torch.Tensor | None, memories: Sequence[_Memory] = ()
    ) -> torch.Tensor:
        """Rows [moments, places, width], each attending to all of its moment and to the memories."""
        first = self.norms[0](rows)
        attention = self._attention(0)
        rows = rows + self.dropout(attention(first, attention.memory(first, mask)))
        for number, memory in enumerate(memories, 1):
            attended = self._attention(number)(self.norms[number](rows), memory)
            rows = rows + self.dropout(attended)
        return rows + self.dropout(self.feed_forward(self.norms[-1](rows)))

    def over_forest(
        self, nodes: torch.Tensor, forest: Forest, memories: Sequence[_Memory]
    ) -> torch.Tensor:
        """Nodes [nodes, width], each attending to its prefixes and to the memories of its moment."""
        nodes = nodes + self.dropout(self._attention(0).to_prefixes(self.norms[0](nodes), forest))
        for number, memory in enumerate(memories, 1):
            attention = self._attention(number)
            attended = attention.over_forest(self.norms[number](nodes), forest, memory)
            nodes = nodes + self.dropout(attended)
        return nodes + self.dropout(self.feed_forward(self.norms[-1](nodes)))
