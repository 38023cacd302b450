"""Forests of prefixes, against an enumeration of all prefixes written down as tuples."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from livebench_baselines.neural.forest import Forest, grow
from livebench_baselines.neural.vocabulary import BEGIN, END

from livebench.language_models import forest as forest_module

A, B, C = 5, 6, 7
Comment = tuple[list[int], bool]
"""Words, and whether the end mark follows."""

comment = st.tuples(st.lists(st.sampled_from([A, B, C]), max_size=4), st.booleans())
forests = st.lists(st.lists(comment, max_size=6), min_size=1, max_size=4)


def build(moments: list[list[Comment]]) -> Forest:
    words = [[words for words, _ in comments] for comments in moments]
    return grow(words, [ended for comments in moments for _, ended in comments])


def sequences(moments: list[list[Comment]]) -> list[tuple[int, list[int]]]:
    """Each comment's moment, and what is to be predicted of it."""
    return [
        (moment, [*words, END] if ended else words)
        for moment, comments in enumerate(moments)
        for words, ended in comments
    ]


def prefixes(forest: Forest) -> list[tuple]:
    """(moment, words ...) of each node, read by going up from it."""
    found = []
    for start in range(len(forest.token)):
        node, words = start, []
        while node != forest.parent[node]:
            words.append(int(forest.token[node]))
            node = int(forest.parent[node])
        assert forest.token[node] == BEGIN
        assert forest.moment[start] == node  # the root of moment i is node i
        found.append((node, *reversed(words)))
    return found


@settings(max_examples=200, deadline=None)
@given(forests)
def test_nodes_and_edges_are_the_distinct_prefixes(moments):
    forest = build(moments)
    nodes = {(moment,) for moment in range(len(moments))}
    edges = set()
    for moment, words in sequences(moments):
        for place, word in enumerate(words):
            nodes.add((moment, *words[:place]))
            edges.add(((moment, *words[:place]), word))
    found = prefixes(forest)
    assert len(found) == len(nodes)
    assert set(found) == nodes
    assert forest.moments == len(moments)
    found_edges = [
        (found[node], word)
        for node, word in zip(forest.edge_node.tolist(), forest.edge_token.tolist(), strict=True)
    ]
    assert len(found_edges) == len(edges)
    assert set(found_edges) == edges
    assert forest.edge_node.tolist() == sorted(forest.edge_node.tolist())
    paths = [[] for _ in range(forest.comments)]
    for number, edge in zip(forest.path_comment.tolist(), forest.path_edge.tolist(), strict=True):
        paths[number].append(found_edges[edge])
    assert paths == [
        [((moment, *words[:place]), word) for place, word in enumerate(words)]
        for moment, words in sequences(moments)
    ]


@settings(max_examples=100, deadline=None)
@given(forests)
def test_levels_and_rows(moments):
    forest = build(moments)
    found = prefixes(forest)
    lengths = [len(prefix) - 1 for prefix in found]
    assert forest.depth.tolist() == lengths
    assert lengths == sorted(lengths)
    spans = zip(forest.levels, forest.levels[1:], strict=False)
    assert [lengths[a:b] for a, b in spans] == [
        [depth] * lengths.count(depth) for depth in range(max(lengths) + 1)
    ]

    table, place = forest.rows
    assert table.shape == (
        len(moments),
        max(sum(prefix[0] == moment for prefix in found) for moment in range(len(moments))),
    )
    for moment, row in enumerate(table.tolist()):
        own = [node for node, prefix in enumerate(found) if prefix[0] == moment]
        assert row == own + [len(found)] * (table.shape[1] - len(own))
    assert table.flatten()[place].tolist() == list(range(len(found)))


@settings(max_examples=100, deadline=None)
@given(forests, st.sampled_from([1, 2, 5, 64]))
def test_windows_hold_each_node_and_all_its_prefixes(moments, window):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forest_module, "WINDOW", window)
        forest = build(moments)
        queries, keys, seen, place = forest.windows
    found = prefixes(forest)
    nodes = len(found)
    assert queries.shape == (-(-nodes // window), window)
    assert queries.flatten()[place].tolist() == list(range(nodes))
    assert sorted(queries.flatten().tolist())[:nodes] == list(range(nodes))
    assert seen.shape == (*queries.shape, keys.shape[1])
    for row, row_keys, row_seen in zip(queries.tolist(), keys.tolist(), seen.tolist(), strict=True):
        for node, marks in zip(row, row_seen, strict=True):
            looks_at = [key for key, mark in zip(row_keys, marks, strict=True) if mark]
            if node == nodes:
                assert len(looks_at) == 1
            else:
                expected = [
                    other
                    for other, prefix in enumerate(found)
                    if found[node][: len(prefix)] == prefix
                ]
                assert sorted(looks_at) == expected


@settings(max_examples=50, deadline=None)
@given(forests)
def test_the_sum_over_a_comment(moments):
    forest = build(moments)
    values = torch.arange(1.0, len(forest.edge_node) + 1, dtype=torch.float64)
    sums = [0.0] * forest.comments
    for number, edge in zip(forest.path_comment.tolist(), forest.path_edge.tolist(), strict=True):
        sums[number] += values[edge].item()
    assert forest.comment_log_likelihoods(values).tolist() == sums


def test_a_forest_written_out():
    forest = grow([[[A, B], [A, C], [A, B]], [[]]])
    assert forest.token.tolist() == [BEGIN, BEGIN, A, B, C]
    assert forest.parent.tolist() == [0, 1, 0, 2, 2]
    assert forest.moment.tolist() == [0, 1, 0, 0, 0]
    assert forest.levels == [0, 2, 3, 5]
    assert forest.edge_node.tolist() == [0, 1, 2, 2, 3, 4]
    assert forest.edge_token.tolist() == [A, END, B, C, END, END]
    assert forest.path_edge.tolist() == [0, 2, 4, 0, 3, 5, 0, 2, 4, 1]
    assert forest.path_comment.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3]
    table, place = forest.rows
    assert table.tolist() == [[0, 2, 3, 4], [1, 5, 5, 5]]
    assert place.tolist() == [0, 4, 1, 2, 3]


@pytest.mark.parametrize(
    ("words", "nodes", "edges"),
    [([A, B], [BEGIN, A], [A, B]), ([A], [BEGIN], [A]), ([], [BEGIN], [])],
)
def test_after_a_cut_comment_nothing_is_predicted(words, nodes, edges):
    forest = grow([[words]], [False])
    assert forest.token.tolist() == nodes
    assert forest.edge_token.tolist() == edges
    assert forest.comments == 1
