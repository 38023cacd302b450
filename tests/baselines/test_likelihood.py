"""Log-likelihoods over a forest, against torch.log_softmax over all words at once, and its gradient."""

from __future__ import annotations

import random

import pytest
import torch
from livebench_baselines.neural import likelihood
from livebench_baselines.neural.forest import Forest, grow
from livebench_baselines.neural.likelihood import edge_log_probs, log_likelihood
from torch import nn

WORDS, WIDTH = 29, 12
SIZES = [1, 2 * WORDS, 7 * WORDS + 3, 4_000_000]


@pytest.fixture(params=SIZES)
def numbers_at_once(request, monkeypatch) -> int:
    monkeypatch.setattr(likelihood, "NUMBERS_AT_ONCE", request.param)
    monkeypatch.setattr(likelihood, "NUMBERS_OF_TILE", request.param // 2 + 1)
    monkeypatch.setattr(likelihood, "NODES_OF_TILE", request.param % 50 + 1)
    return request.param


@pytest.fixture
def forest() -> Forest:
    draw = random.Random(0)
    moments = [
        [[draw.randrange(5, 12) for _ in range(draw.randint(0, 6))] for _ in range(25)]
        for _ in range(3)
    ]
    return grow([*moments, [[5, 6], [5, 6]]], [draw.random() < 0.9 for _ in range(77)])


def layer(scale: float = 1.0) -> tuple[torch.Tensor, nn.Linear]:
    """States of 200 nodes, and an output layer; both large if the scale is."""
    torch.manual_seed(0)
    output = nn.Linear(WIDTH, WORDS)
    return torch.randn(200, WIDTH) * scale, output


def all_log_probs(hidden: torch.Tensor, output: nn.Linear) -> torch.Tensor:
    return torch.log_softmax(hidden.double() @ output.weight.double().T + output.bias.double(), 1)


@pytest.mark.parametrize("scale", [1.0, 300.0])  # exp overflows in float32 from 89 on
def test_edges_are_log_softmax(numbers_at_once, forest, scale):
    hidden, output = layer(scale)
    hidden = hidden[: len(forest.token)]
    assert len(hidden) == len(forest.token)
    found = edge_log_probs(hidden, output, forest)
    assert found.dtype == torch.float32
    assert not found.requires_grad
    expected = all_log_probs(hidden, output)[forest.edge_node, forest.edge_token]
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-5 * scale)


@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_sum_and_gradients_are_those_of_autograd(numbers_at_once, forest, scale):
    hidden, output = layer(scale)
    hidden = hidden[: len(forest.token)].requires_grad_()
    parameters = [hidden, output.weight, output.bias]
    found = log_likelihood(hidden, output, forest)
    gradients = torch.autograd.grad(found * -0.5, parameters)
    log_probs = all_log_probs(hidden, output)[forest.edge_node, forest.edge_token]
    expected = log_probs[forest.path_edge].sum()
    expected_gradients = torch.autograd.grad(expected * -0.5, parameters)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-4)
    for ours, theirs in zip(gradients, expected_gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5 * scale)


def test_a_comment_that_cannot_be_is_worth_minus_infinity():
    forest = grow([[[5]]])
    hidden, output = layer()
    with torch.no_grad():
        output.bias[5] = -torch.inf
    found = forest.comment_log_likelihoods(edge_log_probs(hidden[:2], output, forest))
    assert found.tolist() == [-torch.inf]
