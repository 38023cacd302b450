"""Log-probabilities of next words, normalised over the vocabulary a tile at a time.

The logits of all nodes over 30,000 words would dominate memory, and repeated passes over them would take
half as long as computing them. A tile, the logits of some nodes for some words, is processed while it is
in the processor's cache.
"""

from __future__ import annotations

from typing import Any

import torch
from livebench_baselines.neural.forest import Forest
from torch import nn
from torch.autograd.function import once_differentiable

NODES_OF_TILE = 1024
NUMBERS_OF_TILE = 1024 * 512
"""2 MB in float32."""
NUMBERS_AT_ONCE = 16_000_000
"""Logits kept at a time in training, where the gradient needs them again: 64 MB in float32."""


def edge_log_probs(hidden: torch.Tensor, output: nn.Linear, forest: Forest) -> torch.Tensor:
    """log p(word | moment, prefix) of each edge (LiveBot paper, equations 9 and 15), without gradient.

    Args:
        hidden: float [nodes, width], the model's state at each node.
        output: the output layer, to the vocabulary.

    Returns:
        float32 [edges].
    """
    hidden, weight, bias = hidden.detach(), output.weight.detach(), output.bias.detach()
    norms = _norms(hidden, weight, bias)
    return _edge_logits(hidden, weight, bias, forest) - norms[forest.edge_node]


def edge_log_probs_with_gradient(
    hidden: torch.Tensor, output: nn.Linear, forest: Forest
) -> torch.Tensor:
    """The same as `edge_log_probs`, with gradient: for a model in which they are not simply summed."""
    return _EdgeLogProbs.apply(hidden, output.weight, output.bias, forest)


def _norms(hidden: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """The logarithm of the sum of exp(logit) over the vocabulary: float [nodes]."""
    norms = []
    for nodes in _spans(len(hidden), NODES_OF_TILE):
        rows = hidden[nodes]
        spans = _word_spans(len(rows), len(bias))
        tile = rows.new_empty(len(rows) * (spans[0].stop - spans[0].start))
        sums = []
        for words in spans:
            part = tile[: len(rows) * (words.stop - words.start)].view(len(rows), -1)
            torch.addmm(bias[words], rows, weight[words].T, out=part)
            most = part.amax(1)
            sums.append(part.sub_(most[:, None]).exp_().sum(1).log_().add_(most))
        norms.append(torch.logsumexp(torch.stack(sums), 0))
    return torch.cat(norms)


def log_likelihood(hidden: torch.Tensor, output: nn.Linear, forest: Forest) -> torch.Tensor:
    """The sum of the log-likelihoods of all comments of a forest, with gradient: float32 scalar."""
    return _LogLikelihood.apply(hidden, output.weight, output.bias, forest)


def _spans(total: int, most: int) -> list[slice]:
    """range(total) in slices of about equal length, at most `most`."""
    step = -(-total // -(-total // most))
    return [slice(first, min(first + step, total)) for first in range(0, total, step)]


def _word_spans(nodes: int, words: int) -> list[slice]:
    """The word ranges of tiles with this many nodes."""
    return _spans(words, max(1, NUMBERS_OF_TILE // min(nodes, NODES_OF_TILE)))


def _edge_logits(
    hidden: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, forest: Forest
) -> torch.Tensor:
    """The logit of each edge: float [edges]."""
    node, token = forest.edge_node, forest.edge_token
    return (hidden[node] * weight[token]).sum(1) + bias[token]


class _LogLikelihood(torch.autograd.Function):
    """Computes the gradient along with the value, while the logits are in memory.

    If n(i, w) comments continue from node i with the word w, and n(i) pass through it in all, the
    derivative with respect to logit(i, w) is n(i, w) - n(i) p(w | i).
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, forest: Forest
    ) -> torch.Tensor:
        node, token = forest.edge_node, forest.edge_token
        often = torch.bincount(forest.path_edge, minlength=len(node)).to(hidden.dtype)
        through = hidden.new_zeros(len(hidden)).index_add_(0, node, often)
        total = often @ _edge_logits(hidden, weight, bias, forest)
        by_hidden, by_weight, by_bias = (torch.zeros_like(x) for x in (hidden, weight, bias))
        for nodes in _spans(len(hidden), max(1, NUMBERS_AT_ONCE // len(bias))):
            rows, share = hidden[nodes], through[nodes]
            spans = _word_spans(len(rows), len(bias))
            tiles = [torch.addmm(bias[words], rows, weight[words].T) for words in spans]
            norm = torch.logsumexp(torch.stack([torch.logsumexp(tile, 1) for tile in tiles]), 0)
            total -= share @ norm
            for words, tile in zip(spans, tiles, strict=True):
                slope = tile.sub_(norm[:, None]).exp_().mul_(-share[:, None])
                by_hidden[nodes].addmm_(slope, weight[words])
                by_weight[words].addmm_(slope.T, rows)
                by_bias[words] += slope.sum(0)
        by_hidden.index_add_(0, node, often[:, None] * weight[token])
        by_weight.index_add_(0, token, often[:, None] * hidden[node])
        by_bias.index_add_(0, token, often)
        ctx.gradients = by_hidden, by_weight, by_bias
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        gradients = ctx.gradients
        ctx.gradients = None  # changed in place, to avoid a large copy for the weights
        return (*(gradient.mul_(slope) for gradient in gradients), None)


class _EdgeLogProbs(torch.autograd.Function):
    """Computes the logits again for the gradient, so that they are never in memory all at once.

    If the loss has the derivative d(i, w) with respect to the log-probability of the edge (i, w), and
    d(i) is the sum of these at node i, its derivative with respect to logit(i, w) is
    d(i, w) - d(i) p(w | i).
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, forest: Forest
    ) -> torch.Tensor:
        norms = _norms(hidden, weight, bias)
        ctx.save_for_backward(hidden, weight, bias, norms)
        ctx.forest = forest
        return _edge_logits(hidden, weight, bias, forest) - norms[forest.edge_node]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        hidden, weight, bias, norms = ctx.saved_tensors
        node, token = ctx.forest.edge_node, ctx.forest.edge_token
        through = hidden.new_zeros(len(hidden)).index_add_(0, node, slope)
        by_hidden, by_weight, by_bias = (torch.zeros_like(x) for x in (hidden, weight, bias))
        for nodes in _spans(len(hidden), NODES_OF_TILE):
            rows = hidden[nodes]
            for words in _word_spans(len(rows), len(bias)):
                tile = torch.addmm(bias[words], rows, weight[words].T)
                tile.sub_(norms[nodes, None]).exp_().mul_(-through[nodes, None])
                by_hidden[nodes].addmm_(tile, weight[words])
                by_weight[words].addmm_(tile.T, rows)
                by_bias[words] += tile.sum(0)
        by_hidden.index_add_(0, node, slope[:, None] * weight[token])
        by_weight.index_add_(0, token, slope[:, None] * hidden[node])
        by_bias.index_add_(0, token, slope)
        return by_hidden, by_weight, by_bias, None
