"""Which samples are scored together: strangers, in an order that tells nothing."""

from __future__ import annotations

from collections import Counter
from math import ceil

import pytest

from livebench.scoring.blocks import deal, read_blocks
from livebench.scoring.runner import read_samples

# Samples of each video, samples a block, blocks, and the most samples of a video in a block.
CASES = [
    ([1] * 64, 32, 2, 1),
    ([2] * 33, 32, 3, 1),
    ([3, 3, 3, 1], 4, 3, 1),
    ([10], 4, 3, 4),
    ([7, 2, 1], 5, 2, 4),
    ([], 32, 0, 0),
    ([1], 32, 1, 1),
]


@pytest.mark.parametrize(("counts", "size", "number", "most"), CASES)
def test_the_samples_of_a_video_come_into_different_blocks(counts, size, number, most):
    samples = [(f"v{n}@{k}", f"v{n}") for n, count in enumerate(counts) for k in range(count)]
    names, videos = [name for name, _ in samples], [video for _, video in samples]
    blocks = deal(names, videos, "hash", size)
    assert len(blocks) == number
    assert sorted(name for block in blocks for name in block) == sorted(names)
    sizes = [len(block) for block in blocks]
    assert max(sizes, default=0) <= size
    assert max(sizes, default=0) - min(sizes, default=0) <= 1
    for block in blocks:
        together = Counter(name.partition("@")[0] for name in block)
        assert all(n <= ceil(counts[int(v[1:])] / number) <= most for v, n in together.items())


def test_the_order_depends_on_the_set_and_not_on_the_order_of_samples():
    names = [f"v{n}@{k}" for n in range(30) for k in range(1 + n % 4)]
    videos = [name.partition("@")[0] for name in names]
    first = deal(names, videos, "one", 8)
    assert deal(names[::-1], videos[::-1], "one", 8) == first
    assert deal(names, videos, "another", 8) != first
    assert all(block != sorted(block, key=names.index) for block in first)


def test_what_is_read_for_the_blocks(frozen, dataset):
    samples = dict(read_samples(frozen, dataset, "both"))
    names = list(samples)
    dealt = [names[40:43], names[3:1:-1]]
    blocks = list(read_blocks(dealt, frozen, dataset, "both"))
    assert [[name for name, _ in block] for block in blocks] == dealt
    for name, sample in (one for block in blocks for one in block):
        assert repr(sample) == repr(samples[name])
