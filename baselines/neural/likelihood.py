"""Log-probabilities of next words, normalised over the vocabulary a part of the nodes at a time.

Logits of all nodes over 30,000 words would be the largest thing in memory by far; here at most
`NUMBERS_AT_ONCE` of them exist at any time, in scoring as in training.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional

from baselines.neural.forest import Forest

NUMBERS_AT_ONCE = 4_000_000
"""16 MB in float32."""


def edge_log_probs(hidden: torch.Tensor, output: nn.Linear, forest: Forest) -> torch.Tensor:
    """log p(word | moment, prefix) of each edge (LiveBot paper, equations 9 and 15), without gradient.

    Args:
        hidden: float [nodes, width], what the model knows at each node.
        output: to the vocabulary.

    Returns:
        float32 [edges].
    """
    found = torch.empty(len(forest.edge_node), device=hidden.device)
    with torch.no_grad():
        for nodes, edges in _parts(forest, output.out_features):
            logits = functional.linear(hidden[nodes], output.weight, output.bias).float()
            node = forest.edge_node[edges] - nodes.start
            chosen = logits[node, forest.edge_token[edges]]
            found[edges] = chosen - torch.logsumexp(logits, dim=1)[node]
    return found


def log_likelihood(hidden: torch.Tensor, output: nn.Linear, forest: Forest) -> torch.Tensor:
    """The sum of the log-likelihoods of all comments of a forest, with gradient: float32 scalar."""
    weight = torch.bincount(forest.path_edge, minlength=len(forest.edge_node))
    return _LogLikelihood.apply(hidden, output.weight, output.bias, forest, weight)


def _parts(forest: Forest, vocabulary: int) -> Iterator[tuple[slice, slice]]:
    """Nodes whose logits are made together, and their edges."""
    step = max(1, NUMBERS_AT_ONCE // vocabulary)
    nodes = len(forest.token)
    stops = torch.arange(step, nodes + step, step, device=forest.edge_node.device)
    first = 0
    for stop, last in zip(
        stops.tolist(), torch.searchsorted(forest.edge_node, stops).tolist(), strict=True
    ):
        yield slice(stop - step, min(stop, nodes)), slice(first, last)
        first = last


class _LogLikelihood(torch.autograd.Function):
    """Computes the gradient along with the value, while the logits are there.

    With n(i, w) comments that go on from node i with the word w, and n(i) through it in all, the
    derivative by logit(i, w) is n(i, w) - n(i) p(w | i).
    """

    @staticmethod
    def forward(ctx, hidden, weight, bias, forest, counts):
        total = hidden.new_zeros((), dtype=torch.float32)
        grads = [torch.zeros_like(value) for value in (hidden, weight, bias)]
        for nodes, edges in _parts(forest, len(weight)):
            rows = hidden[nodes]
            logits = functional.linear(rows, weight, bias).float()
            node, token = forest.edge_node[edges] - nodes.start, forest.edge_token[edges]
            often = counts[edges].to(logits.dtype)
            norm = torch.logsumexp(logits, dim=1)
            total += (often * (logits[node, token] - norm[node])).sum()
            share = logits.new_zeros(len(rows)).index_add_(0, node, often)
            slope = logits.sub_(norm[:, None]).exp_().mul_(-share[:, None])
            slope[node, token] += often  # edges are distinct
            slope = slope.to(rows.dtype)
            torch.mm(slope, weight, out=grads[0][nodes])
            grads[1].addmm_(slope.T, rows)
            grads[2] += slope.sum(0)
        ctx.save_for_backward(*grads)
        return total

    @staticmethod
    def backward(ctx, slope):
        return (*(slope * grad for grad in ctx.saved_tensors), None, None)
