"""Comments of many moments as a forest of prefixes, so that each distinct prefix is computed once.

A node is a moment and a prefix of what is read there: a stem that is given (the begin mark; of a
language model the context), then words of one or more comments. The model computes the distribution of
the next word at each node. An edge is a node and a word that follows there; the log-likelihood of a
comment is the sum over the edges from the end of its stem to its own end. The 100 candidates of a sample
form a tree, so do the training comments of a second, and a single comment is a tree without branches:
training and all ways of scoring run the same code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch

WINDOW = 64
"""Nodes that attend to each other in one block; most of these pairs are masked."""


class Windows(NamedTuple):
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
        token: int64 [nodes], the last word of the prefix; of a root the first of its stem.
        parent: int64 [nodes], the prefix one word shorter; a root is its own parent.
        moment: int64 [nodes]; the root of moment i is node i, unless stems are shared.
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
        """int64 [nodes], the number of words in the prefix, without the first of the stem."""
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
    def windows(self) -> Windows:
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
        return Windows(queries, keys, seen, begin[:-1])

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


class _Nodes:
    """Nodes as they are added; a root is its own parent."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.parents: list[int] = []
        self.owners: list[int] = []
        self.depths: list[int] = []
        self.edges: dict[tuple[int, int], int] = {}
        self.children: dict[int, int] = {}  # from edge to the node it leads to

    def add(self, token: int, parent: int, owner: int, depth: int) -> int:
        self.tokens.append(token)
        self.parents.append(parent)
        self.owners.append(owner)
        self.depths.append(depth)
        return len(self.tokens) - 1

    def grow(self, edge: int, node: int, word: int) -> int:
        """Add the node that an edge from `node` leads to."""
        child = self.children[edge] = self.add(word, node, self.owners[node], self.depths[node] + 1)
        return child


def grow(
    stems: Sequence[Sequence[int]],
    moments: Sequence[Sequence[Sequence[int]]],
    *,
    end: int | None = None,
    ends: Sequence[bool] | None = None,
    share: bool = False,
) -> Forest:
    """The forest of the comments of some moments.

    Args:
        stems: for each moment what stands before its comments, at least one word; it is given, and not
            scored.
        moments: for each moment its comments, each a list of word numbers without marks.
        end: the word that ends a comment; None if its last word does.
        ends: for each comment, whether `end` follows; by default it does. It does not follow a
            truncated comment, whose continuation is unknown.
        share: whether stems that begin alike share nodes, and those that are the same are one: where
            these words are all that the model is shown of a moment.
    """
    nodes, roots = _Nodes(), dict[int, int]()
    edges, children = nodes.edges, nodes.children
    path_edge: list[int] = []
    lengths: list[int] = []
    first = []
    for moment, stem in enumerate(stems):
        node = roots.get(stem[0]) if share else None
        if node is None:
            node = nodes.add(stem[0], len(nodes.tokens), len(roots) if share else moment, 0)
            roots[stem[0]] = node
        first.append(node)
    for moment, (stem, comments) in enumerate(zip(stems, moments, strict=True)):
        start = first[moment]
        for word in stem[1:]:
            edge = edges.setdefault((start, word), len(edges))
            start = children.get(edge) or nodes.grow(edge, start, word)
        for words in comments:
            node = start
            path = list(words)
            if end is not None and (ends is None or ends[len(lengths)]):
                path.append(end)
            for word in path[:-1]:
                edge = edges.setdefault((node, word), len(edges))
                path_edge.append(edge)
                node = children.get(edge) or nodes.grow(edge, node, word)  # no child is node 0
            if path:
                path_edge.append(edges.setdefault((node, path[-1]), len(edges)))
            lengths.append(len(path))
    return _forest(nodes, np.array(path_edge, np.int64), lengths)


def _forest(nodes: _Nodes, path_edge: np.ndarray, lengths: Sequence[int]) -> Forest:
    """The nodes in the order of their depth; only edges that are scored."""
    depth = np.array(nodes.depths)
    order = np.argsort(depth, kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    scored = np.unique(path_edge)  # edges within stems are not
    path_edge = np.searchsorted(scored, path_edge)
    edge_keys = np.array(list(nodes.edges), np.int64).reshape(-1, 2)[scored]
    edge_node = rank[edge_keys[:, 0]]
    edge_order = np.argsort(edge_node, kind="stable")
    edge_rank = np.empty(len(edge_order), np.int64)
    edge_rank[edge_order] = np.arange(len(edge_order))
    levels = np.searchsorted(depth[order], np.arange(depth.max(initial=0) + 2)).tolist()
    tensor = torch.from_numpy
    return Forest(
        token=tensor(np.array(nodes.tokens)[order]),
        parent=tensor(rank[np.array(nodes.parents)[order]]),
        moment=tensor(np.array(nodes.owners)[order]),
        levels=levels,
        edge_node=tensor(edge_node[edge_order]),
        edge_token=tensor(edge_keys[edge_order, 1]),
        path_edge=tensor(edge_rank[path_edge]),
        path_comment=tensor(np.repeat(np.arange(len(lengths)), lengths)),
        comments=len(lengths),
    )
