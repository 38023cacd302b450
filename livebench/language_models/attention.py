"""A causal language model of transformers over a forest of prefixes, each prefix computed once.

transformers lets an attention function be registered by name; everything else of the model runs as its
authors wrote it, over all nodes in one row. The function attends in windows (`Forest.windows`): a node
sees its own prefix, of a layer with a sliding window the last so many tokens of it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from livebench.language_models.forest import Forest

NAME = "livebench_forest"
_TILE_NODES = 1024
_TILE_NUMBERS = 1024 * 1024
"""Logits of a tile, over 16: the head's weights are read once a tile."""
_CACHED_NUMBERS = 1 << 17
"""Logits that a processor sums up at a time, so that its cache holds them; a GPU takes a tile."""
_EVEN = 64
"""On a CPU, rows are multiples of this in half precision: the library keeps a program for each number of
rows for good, some 4 MB a forest (benchmarks/growth.py)."""


class ForestModel:
    """A model that is computed on forests.

    Args:
        model: with a language model's head; changed to attend to prefixes.

    Attributes:
        even: rows of what is multiplied are padded to multiples of this.
    """

    def __init__(self, model: Any) -> None:
        from transformers import AttentionInterface

        AttentionInterface.register(NAME, _attention)
        self.model = model
        self.head: nn.Module = model.get_output_embeddings()
        self.decoder = model.base_model
        text = model.config.get_text_config()
        self.vocabulary = int(text.vocab_size)
        first = next(model.parameters())
        self.even = _EVEN if first.device.type == "cpu" and first.dtype != torch.float32 else 1
        self.cap = getattr(text, "final_logit_softcapping", None)
        self.factor = getattr(text, "logit_scale", None) or 1 / (
            getattr(text, "logits_scaling", None) or 1
        )

    def edge_log_probs(self, forest: Forest) -> torch.Tensor:
        """log p(token | prefix) of each edge: float32 [edges]."""
        more = -len(forest.token) % self.even  # nodes that nobody looks at
        _Attended.windows = _Windowed(forest, more)
        before = self.model.config._attn_implementation
        self.model.set_attn_implementation(NAME)
        try:
            hidden = self.decoder(
                input_ids=functional.pad(forest.token, (0, more))[None],
                position_ids=functional.pad(forest.depth, (0, more))[None],
                use_cache=False,
            ).last_hidden_state[0]
        finally:
            _Attended.windows = None
            self.model.set_attn_implementation(before)
        return self._log_probs(hidden, forest)

    def _log_probs(self, hidden: torch.Tensor, forest: Forest) -> torch.Tensor:
        """The logits of a tile of nodes at a time: over all nodes they would dominate memory."""
        nodes, own = torch.unique_consecutive(forest.edge_node, return_inverse=True)
        rows = max(1, min(_TILE_NODES, _TILE_NUMBERS * 16 // self.vocabulary))
        strip = max(1, _CACHED_NUMBERS // self.vocabulary) if hidden.device.type == "cpu" else rows
        found = []
        for first in range(0, len(nodes), rows):
            states = hidden[nodes[first : first + rows]]
            more = -len(states) % self.even
            tile = self.head(functional.pad(states, (0, 0, 0, more)))[: len(states)]
            norms = torch.cat(
                [torch.logsumexp(self._logits(part), 1) for part in tile.split(strip)]
            )
            edges = slice(
                int(torch.searchsorted(own, first)), int(torch.searchsorted(own, first + rows))
            )
            row = own[edges] - first
            found.append(self._logits(tile[row, forest.edge_token[edges]]) - norms[row])
        return torch.cat(found)

    def _logits(self, raw: torch.Tensor) -> torch.Tensor:
        logits = raw.float()
        if self.factor != 1:
            logits = logits * self.factor
        if self.cap is not None:
            logits = torch.tanh(logits / self.cap) * self.cap
        return logits


class _Windowed:
    """The windows of a forest, ready for each layer: a mask for each sliding window that occurs.

    Args:
        more: rows after those of its nodes.
    """

    def __init__(self, forest: Forest, more: int) -> None:
        queries, self.keys, self.seen, self.place = forest.windows
        self.queries, self.more = queries, more
        self._depth = torch.cat([forest.depth, forest.depth.new_zeros(1)])
        self._masks: dict[int | None, torch.Tensor] = {None: self.seen}

    def mask(self, window: int | None) -> torch.Tensor:
        """bool [windows, WINDOW, keys]: which keys a query sees."""
        if window is not None and window not in self._masks:
            far = self._depth[self.queries][:, :, None] - self._depth[self.keys][:, None]
            self._masks[window] = self.seen & (far < window)
        return self._masks[window]


class _Attended:
    """What the attention function attends to; set around each call of a model."""

    windows: _Windowed | None = None


def _attention(
    _module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    _mask: torch.Tensor | None,
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    s_aux: torch.Tensor | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention as transformers calls it.

    Args:
        query: float [1, heads, nodes, width]; `key` and `value` may have fewer heads.
        s_aux: attention sinks, float [heads].

    Returns:
        float [1, nodes, heads, width], and no weights.
    """
    around = _Attended.windows
    if around is None:
        raise RuntimeError("no forest is being computed")
    windows, size = around.queries.shape
    heads, kept = query.shape[1], key.shape[1]
    # Heads that share a key stand below each other as further queries of it.
    asked = _at(query[0], around.queries).reshape(kept, heads // kept, windows, size, -1)
    asked = asked.permute(2, 0, 1, 3, 4).reshape(windows, kept, heads // kept * size, -1)
    keys, values = (_at(part[0], around.keys).transpose(0, 1) for part in (key, value))
    mask = around.mask(sliding_window).repeat(1, heads // kept, 1)[:, None]
    if softcap is None and s_aux is None:
        found = functional.scaled_dot_product_attention(
            asked, keys, values, attn_mask=mask, scale=scaling
        )
    else:
        scale = query.shape[-1] ** -0.5 if scaling is None else scaling
        scores = (asked @ keys.transpose(-1, -2)).float() * scale
        if softcap is not None:
            scores = torch.tanh(scores / softcap) * softcap
        scores = scores.masked_fill(~mask, float("-inf"))
        if s_aux is not None:
            sinks = s_aux.float().view(1, kept, heads // kept, 1, 1)
            sinks = sinks.expand(windows, -1, -1, size, 1).reshape(windows, kept, -1, 1)
            scores = torch.cat([scores, sinks], -1)
        weights = torch.softmax(scores, -1)[..., : keys.shape[2]].to(values.dtype)
        found = weights @ values
    found = found.view(windows, kept, heads // kept, size, -1).permute(0, 3, 1, 2, 4)
    found = found.reshape(windows * size, heads, -1)[around.place]
    return functional.pad(found, (0, 0, 0, 0, 0, around.more))[None], None


def _at(states: torch.Tensor, nodes: torch.Tensor) -> torch.Tensor:
    """The states of some nodes: [heads, *nodes.shape, width]; zeros where padding stands."""
    padded = functional.pad(states, (0, 0, 0, 1))
    return padded[:, nodes]
