"""Comments of many moments as a forest of prefixes, so that each distinct prefix is computed once.

A node is a moment and a prefix of one or more of its comments; the model computes the distribution of
the next word at each node. An edge is a node and a word that follows there; the log-likelihood of a
comment is the sum over the edges from its moment's root (the prefix of only the begin mark) to the end
mark. The 100 candidates of a sample form a tree, so do the training comments of a second, and a single
comment is a tree without branches: training and all ways of scoring run the same code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from livebench_baselines.neural.vocabulary import BEGIN, END

WINDOW = 64
"""Nodes that attend to each other in one block; most of these pairs are masked."""


class _Windows(NamedTuple):
    """Nodes in windows for attention to prefixes; padding is the index len(nodes).

    Attributes:
        queries: int64 [windows, WINDOW], nodes, each exactly once.
        keys: int64 [windows, most above + WINDOW], nodes that may be prefixes of the queries.
        seen: bool [windows, WINDOW, keys], which keys a query sees: its own prefix and all shorter ones.
        place: int64 [nodes], the place of each node in the flattened `queries`.
    """

    queries: torch.Tensor
    keys: torch.Tensor
    seen: torch.Tensor
    place: torch.Tensor


@dataclass(frozen=True)
class Forest:
    """Nodes ordered by depth, so that the nodes of a level are contiguous and come after their parents.

    Attributes:
        token: int64 [nodes], the last word of the prefix; BEGIN for a root.
        parent: int64 [nodes], the prefix one word shorter; a root is its own parent.
        moment: int64 [nodes]; the root of moment i is node i.
        levels: [depth of the deepest node + 2], level d is the nodes levels[d] to levels[d + 1] - 1.
        edge_node, edge_token: int64 [edges], by node.
        path_edge: int64 [total of edges over comments], the edges of each comment, comment by comment.
        path_comment: int64 [as path_edge], the comment of each entry.
        comments: the number of comments, in the order given.
    """

    token: torch.Tensor
    parent: torch.Tensor
    moment: torch.Tensor
    levels: list[int]
    edge_node: torch.Tensor
    edge_token: torch.Tensor
    path_edge: torch.Tensor
    path_comment: torch.Tensor
    comments: int

    @property
    def moments(self) -> int:
        return self.levels[1]

    @cached_property
    def depth(self) -> torch.Tensor:
        """int64 [nodes], the number of words in the prefix, without the begin mark."""
        sizes = np.diff(self.levels)
        return torch.from_numpy(np.repeat(np.arange(len(sizes)), sizes)).to(self.token.device)

    @cached_property
    def rows(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The nodes in a table with one row per moment.

        Returns:
            `table`: int64 [moments, most nodes of a moment], nodes; padded with `len(token)`.
            `place`: int64 [nodes], the place of each node in the flattened table.
        """
        order = torch.argsort(self.moment, stable=True)
        sizes = torch.bincount(self.moment, minlength=self.moments)
        width = int(sizes.max())
        first = torch.cumsum(sizes, 0) - sizes
        moment = self.moment[order]
        column = torch.arange(len(order), device=order.device) - first[moment]
        place = torch.empty_like(order)
        place[order] = moment * width + column
        table = torch.full((self.moments * width,), len(order), device=order.device)
        table[place] = torch.arange(len(order), device=order.device)
        return table.view(self.moments, width), place

    @cached_property
    def windows(self) -> _Windows:
        """Windows over the nodes in preorder, so that the prefixes of each node are in its own window or
        are ancestors of the window's first node."""
        device = self.token.device
        parent = self.parent.tolist()
        size = [1] * len(parent)  # of each subtree, its root included
        for node in range(len(parent) - 1, self.moments - 1, -1):
            size[parent[node]] += size[node]
        start = np.zeros(len(parent), np.int64)  # where each subtree begins in preorder
        start[: self.moments] = np.cumsum([0, *size[: self.moments]])[:-1]
        free = (start + 1).tolist()
        for node in range(self.moments, len(parent)):
            start[node] = free[parent[node]]
            free[parent[node]] += size[node]
            free[node] = int(start[node]) + 1
        # One extra node stands for padding: it is nobody's prefix.
        begin = torch.tensor([*start.tolist(), len(parent)], device=device)
        end = begin + torch.tensor([*size, 0], device=device)
        order = torch.full((-(-len(parent) // WINDOW) * WINDOW,), len(parent), device=device)
        order[begin[:-1]] = torch.arange(len(parent), device=device)
        queries = order.view(-1, WINDOW)
        above, nodes = [], queries[:, 0]
        for _ in range(int(self.depth[nodes].max())):
            higher = self.parent[nodes]
            above.append(torch.where(higher == nodes, len(parent), higher))
            nodes = higher
        keys = torch.cat([torch.stack(above, 1), queries], 1) if above else queries
        here = begin[queries][:, :, None]
        seen = (begin[keys][:, None] <= here) & (here < end[keys][:, None])
        seen[..., -WINDOW] |= queries == len(parent)  # padding has to see something
        return _Windows(queries, keys, seen, begin[:-1])

    def to(self, device: torch.device) -> Forest:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        tensors: dict[str, Any] = {
            name: value.to(device)
            for name, value in values.items()
            if isinstance(value, torch.Tensor)
        }
        return replace(self, **tensors)

    def comment_log_likelihoods(self, edge_log_probs: torch.Tensor) -> torch.Tensor:
        """The sum over each comment's edges: [comments], with the dtype of `edge_log_probs` [edges]."""
        total = edge_log_probs.new_zeros(self.comments)
        return total.index_add_(0, self.path_comment, edge_log_probs[self.path_edge])


def grow(moments: Sequence[Sequence[Sequence[int]]], ends: Sequence[bool] | None = None) -> Forest:
    """The forest of the comments of some moments.

    Args:
        moments: for each moment its comments, each a list of word numbers without marks.
        ends: for each comment, whether the end mark follows; by default it does. It does not follow a
            truncated comment, whose continuation is unknown.
    """
    tokens, parents, owners, depths = [BEGIN] * len(moments), list(range(len(moments))), [], []
    owners, depths = list(range(len(moments))), [0] * len(moments)
    edges: dict[tuple[int, int], int] = {}
    children: dict[int, int] = {}  # from edge to the node it leads to
    path_edge: list[int] = []
    lengths: list[int] = []
    for moment, comments in enumerate(moments):
        for words in comments:
            node = moment
            ended = ends is None or ends[len(lengths)]
            last = len(words) if ended else len(words) - 1
            for place in range(last + 1):
                word = words[place] if place < len(words) else END
                edge = edges.setdefault((node, word), len(edges))
                path_edge.append(edge)
                if place < last:
                    child = children.get(edge)
                    if child is None:
                        child = children[edge] = len(tokens)
                        tokens.append(word)
                        parents.append(node)
                        owners.append(moment)
                        depths.append(place + 1)
                    node = child
            lengths.append(last + 1)
    depth = np.array(depths)
    order = np.argsort(depth, kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    edge_keys = np.array(list(edges), np.int64).reshape(-1, 2)
    edge_node = rank[edge_keys[:, 0]]
    edge_order = np.argsort(edge_node, kind="stable")
    edge_rank = np.empty(len(edge_order), np.int64)
    edge_rank[edge_order] = np.arange(len(edge_order))
    levels = np.searchsorted(depth[order], np.arange(depth.max(initial=0) + 2)).tolist()
    tensor = torch.from_numpy
    return Forest(
        token=tensor(np.array(tokens)[order]),
        parent=tensor(rank[np.array(parents)[order]]),
        moment=tensor(np.array(owners)[order]),
        levels=levels,
        edge_node=tensor(edge_node[edge_order]),
        edge_token=tensor(edge_keys[edge_order, 1]),
        path_edge=tensor(edge_rank[np.array(path_edge, np.int64)]),
        path_comment=tensor(np.repeat(np.arange(len(lengths)), lengths)),
        comments=len(lengths),
    )
