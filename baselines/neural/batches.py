"""Training comments in batches of similar length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from livebench_baselines.neural.config import Config
from livebench_baselines.neural.forest import Forest, grow
from livebench_baselines.neural.inputs import Inputs, make_inputs
from livebench_baselines.neural.model import Input
from livebench_baselines.neural.vocabulary import Vocabulary

from livebench.training.examples import Examples

_TOGETHER = 8
"""Maximum comments of one moment in a training step, so that a busy second does not fill a batch."""
_POOL = 64
"""Batches' worth of moments that are sorted by length together."""


class Piece(NamedTuple):
    """A moment, and those of its comments that are learned together."""

    moment: int
    first: int
    last: int


class Batches:
    """The comments of a split, encoded, as batches.

    Args:
        examples: the training examples.
        vocabulary: words and their numbers.
        config: of the training.
        uses: the inputs that the model uses.
        frame_width: of the frame vectors.
        device: where the tensors go.
    """

    def __init__(
        self,
        examples: Examples,
        vocabulary: Vocabulary,
        config: Config,
        uses: frozenset[Input],
        frame_width: int,
        device: torch.device,
    ) -> None:
        self._examples, self._config, self._uses = examples, config, uses
        self._device = device
        self._frame_width = frame_width
        self._ids: dict[int, list[int]] = {}
        self._vocabulary = vocabulary
        self.pieces = [
            Piece(moment, first, min(first + _TOGETHER, total))
            for moment in range(len(examples))
            for total in [len(examples.targets(moment))]
            for first in range(0, total, _TOGETHER)
        ]
        self.comments = sum(piece.last - piece.first for piece in self.pieces)

    def words(self, string: int) -> list[int]:
        """The numbers of the words of a comment, not truncated."""
        numbers = self._ids.get(string)
        if numbers is None:
            numbers = self._vocabulary.encode(self._examples.strings[string])
            self._ids[string] = numbers
        return numbers

    def epoch(self, seed: int, epoch: int) -> list[list[Piece]]:
        """All pieces as batches of about `config.batch` comments, shuffled differently in each epoch.

        Pieces of similar length are batched together, so that there is little padding.
        """
        random = np.random.default_rng([seed, epoch])
        order = random.permutation(len(self.pieces))
        drawn = [self.pieces[i] for i in order]
        batches: list[list[Piece]] = []
        for pool in _by_size(drawn, _POOL * self._config.batch):
            pool.sort(key=self._length)
            batches += _by_size(pool, self._config.batch)
        return [batches[i] for i in random.permutation(len(batches))]

    def in_order(self, at_most: int) -> list[list[Piece]]:
        """Batches of pieces spread evenly over the split, up to `at_most` comments; always the same."""
        step = max(1, -(-self.comments // at_most))
        return list(_by_size(sorted(self.pieces[::step], key=self._length), self._config.batch))

    def _length(self, piece: Piece) -> tuple[int, int, int]:
        targets = self._examples.targets(piece.moment)[piece.first : piece.last]
        context = self._examples.context(piece.moment) if "comments" in self._uses else ()
        return (
            max(min(len(self.words(s)), self._config.max_words) for s in targets.tolist()),
            sum(min(len(self.words(s)), self._config.max_context_words) for s in context),
            piece.moment,
        )

    def tensors(
        self, batch: Sequence[Piece], drop: np.random.Generator | None = None
    ) -> tuple[Inputs, Forest]:
        """The inputs of a batch, and the comments to be learned.

        Args:
            drop: chooses the moments whose frames or comments are dropped; None drops nothing.
        """
        config = self._config
        drawn = np.ones((len(batch), 2)) if drop is None else drop.random((len(batch), 2))
        frames, context, targets, ends = [], [], [], []
        for piece, (draw_frames, draw_comments) in zip(batch, drawn, strict=True):
            with_frames = "frames" in self._uses and draw_frames >= config.drop_frames
            frames.append(self._examples.frames(piece.moment) if with_frames else ())
            with_comments = "comments" in self._uses and draw_comments >= config.drop_comments
            around = self._examples.context(piece.moment).tolist() if with_comments else []
            context.append([self.words(s)[: config.max_context_words] for s in around])
            learned = self._examples.targets(piece.moment)[piece.first : piece.last].tolist()
            targets.append([self.words(s)[: config.max_words] for s in learned])
            ends += [len(self.words(s)) <= config.max_words for s in learned]
        inputs = make_inputs(frames, context, self._frame_width, self._device)
        return inputs, grow(targets, ends).to(self._device)


def _by_size(pieces: Sequence[Piece], comments: int) -> Iterator[list[Piece]]:
    """Groups of consecutive pieces with about this many comments each."""
    part: list[Piece] = []
    held = 0
    for piece in pieces:
        part.append(piece)
        held += piece.last - piece.first
        if held >= comments:
            yield part
            part, held = [], 0
    if part:
        yield part
