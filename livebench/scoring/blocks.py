"""Which samples are scored together, and when: an order that tells nothing, and neighbours that are
strangers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from livebench.candidates.candidate_set import CandidateSet
from livebench.data.dataset import Dataset
from livebench.draws import draw
from livebench.records import Setting
from livebench.scoring.runner import Elsewhere, Named, Samples, read_samples, score_blocks
from livebench.scoring.scorer import Scorer


def deal(
    sample_ids: Sequence[str], videos: Sequence[str], secret: str, size: int
) -> list[list[str]]:
    """Deal samples into blocks, as cards are dealt: those of a video come into different blocks.

    Which block a sample is in, and its place there, are drawn by hash. A video that has more samples
    than there are blocks comes as rarely into each as it can. The blocks are of the same size but for
    one sample.

    Args:
        videos: of each sample, in the order of `sample_ids`.
        secret: what the draws depend on beside the samples, such as the hash of a set.
        size: samples a block, at most.
    """
    if not sample_ids:
        return []
    number = -(-len(sample_ids) // size)
    counts = Counter(videos)
    drawn = {name: draw(0, name, f"order {secret}") for name in {*sample_ids, *videos}}
    pack = sorted(
        zip(sample_ids, videos, strict=True),
        key=lambda card: (-counts[card[1]], drawn[card[1]], card[1], drawn[card[0]], card[0]),
    )
    blocks = [pack[first::number] for first in range(number)]
    return [
        [name for name, _ in sorted(block, key=lambda card: (drawn[card[0]], card[0]))]
        for block in blocks
    ]


def read_blocks(
    dealt: Sequence[Sequence[str]],
    candidate_set: CandidateSet,
    dataset: Dataset | None,
    setting: Setting,
) -> Iterator[Samples]:
    """Yield the samples of each block, as `read_samples`."""
    samples = read_samples(candidate_set, dataset, setting, list(chain.from_iterable(dealt)))
    for names in dealt:
        yield list(islice(samples, len(names)))


def score_dealt(
    scorer: Scorer,
    dealt: Sequence[Sequence[str]],
    candidate_set: CandidateSet,
    dataset: Dataset | None,
    setting: Setting,
) -> Iterator[Named]:
    """Yield the ids of each block with the numbers of its samples; raises as `score_blocks`."""
    if isinstance(scorer, Elsewhere):
        yield from scorer.score_named(dealt, candidate_set, dataset, setting)
        return
    for block, numbers in score_blocks(scorer, read_blocks(dealt, candidate_set, dataset, setting)):
        yield [name for name, _ in block], numbers
