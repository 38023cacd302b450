"""A trained model as a scorer: candidates of several samples at once, each distinct prefix once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log
from pathlib import Path
from typing import ClassVar, Literal, get_args

import numpy as np
import torch
from livebench_baselines.neural.checkpoint import read_checkpoint
from livebench_baselines.neural.forest import grow
from livebench_baselines.neural.generate import next_words_of, text_of, write_comment
from livebench_baselines.neural.inputs import Inputs, make_inputs
from livebench_baselines.neural.model import CommentModel, Size
from livebench_baselines.neural.vocabulary import UNKNOWN, Vocabulary

from livebench.errors import LiveBenchError
from livebench.scoring.scorer import (
    DEFAULT_DECODING,
    BatchScorer,
    Comment,
    Decoding,
    LogLikelihood,
    Sample,
    VideoContext,
)
from livebench.training.job import TrainingJob

WORDS_AT_ONCE = 8_192
"""Candidate words scored together (shared prefixes counted repeatedly); bounds the memory."""


Unknown = Literal["spread", "one"]
"""How a word outside the vocabulary is scored: by an even share of p(<unknown>), or by all of it."""


_SMALL = 64_000_000
"""Parameters that are made before it is known whether the file holds them."""


def _claimed(size: Size, words: int, frame_width: int) -> int:
    """Parameters of a model of this size, roughly, and rather more: a few bytes may claim any number."""
    block = 4 * size.width**2 + 2 * size.width * size.feed_forward
    return size.width * (2 * words + frame_width) + 3 * size.blocks * block


class NeuralScorer(BatchScorer):
    """Scores with a model of `baselines` and its checkpoint.

    Args:
        checkpoint: its checkpoint.json.
        device: as torch names it.
        unknown: `spread`: a word outside the vocabulary has the log-probability
            log p(<unknown>) - log n; n is the number of such words in the training comments, among which
            p(<unknown>) is spread evenly. `one`: log p(<unknown>), as if they all were one word, which
            makes a rare word cheaper than a common one.

    Raises:
        LiveBenchError: the checkpoint cannot be read, is of another model, or does not say n.
    """

    model: ClassVar[type[CommentModel]]

    def __init__(self, checkpoint: Path, device: str = "cpu", unknown: Unknown = "spread") -> None:
        about, weights, self.vocabulary = read_checkpoint(Path(checkpoint))
        self.numbers = self.vocabulary
        self.unknown_cost = _unknown_cost(Path(checkpoint), unknown, self.vocabulary)
        self.device = torch.device(device)
        self.max_context_words = about.max_context_words
        if about.training is not None:
            self.trained = about.training.trained
        parts = about.size, len(self.vocabulary), about.frame_width
        try:
            if _claimed(*parts) > max(_SMALL, 8 * sum(value.numel() for value in weights.values())):
                raise ValueError("other parameters")
            self.net = self.model(*parts)
            self.net.load_state_dict(weights)
        except (RuntimeError, ValueError, AssertionError, TypeError, OverflowError):
            name = type(self).__name__
            if about.entry.endswith(f":{name}"):
                what, fix = f"its parameters are those of another version of {name}", "train again"
            else:
                what, fix = f"is a checkpoint of {about.entry}, not of {name}", ""
            raise LiveBenchError(checkpoint, what, fix) from None
        self.net.to(self.device).eval()
        self._begin()
        if self.net.copies:
            self.net.share_unknown(self.unknown_cost)
            self.unknown_cost = 0.0  # it is in the model's own numbers

    @classmethod
    def train(cls, job: TrainingJob) -> Path:
        """Train the model, and write its checkpoint."""
        from livebench_baselines.neural.train import train_model

        return train_model(cls.model, job)

    def score_samples(self, samples: Sequence[Sample]) -> list[list[LogLikelihood]]:
        self._begin()
        words = [[self.words(candidate) for candidate in s.candidates] for s in samples]
        scores: list[list[LogLikelihood]] = [[] for _ in samples]
        for group in _groups([sum(map(len, candidates)) for candidates in words]):
            inputs = self.inputs([samples[i] for i in group])
            forest = grow([words[i] for i in group]).to(self.device)
            values = iter(self.net.log_likelihoods(inputs, forest).tolist())
            for i in group:
                scores[i] = [
                    LogLikelihood(
                        next(values) - self.unknown_cost * own.count(UNKNOWN), len(own) + 1
                    )
                    for own in words[i]
                ]
        return scores

    def generate(
        self,
        video_ctx: VideoContext,
        comments: Sequence[Comment],
        decoding: Decoding = DEFAULT_DECODING,
    ) -> str:
        """Write a comment for the moment."""
        self._begin()
        inputs = self.inputs([Sample(video_ctx, comments, [])])
        written = write_comment(next_words_of(self.net, inputs, self.numbers), decoding)
        return text_of(self.numbers.decode(written.words))

    def _begin(self) -> None:
        """Forget the words outside the vocabulary that were met before."""
        if self.net.copies:
            self.numbers = self.vocabulary.open()

    def inputs(self, samples: Sequence[Sample]) -> Inputs:
        """The model's inputs for some samples."""
        uses = self.model.uses
        frames = [self.frames(s.video_ctx) if "frames" in uses else () for s in samples]
        comments = [self.surrounding(s.comments) if "comments" in uses else [] for s in samples]
        return make_inputs(frames, comments, self.net.frame_width, self.device)

    def words(self, candidate: Comment) -> list[int]:
        """The numbers of the words of a candidate that are scored: all of them here."""
        return self.numbers.encode(candidate.tokens)

    def surrounding(self, comments: Sequence[Comment]) -> list[list[int]]:
        """The numbers of the words of the surrounding comments, in the order of time."""
        return [
            self.numbers.encode(comment.tokens)[: self.max_context_words]
            for comment in sorted(comments, key=lambda comment: comment.time)
        ]

    def frames(self, video_ctx: VideoContext) -> np.ndarray:
        """The frame vectors, in the order of time."""
        frames = self.checked(video_ctx.frames)
        return frames[np.argsort(video_ctx.frame_times, kind="stable")] if len(frames) else frames

    def checked(self, frames: np.ndarray) -> np.ndarray:
        """The frame vectors unchanged; an error if their width is not the model's."""
        if len(frames) and frames.shape[1] != self.net.frame_width:
            raise LiveBenchError(
                "frames",
                f"the vectors are {frames.shape[1]} wide, but the checkpoint was trained on vectors "
                f"that are {self.net.frame_width} wide",
                "train on the dataset of this set",
            )
        return frames


def _unknown_cost(checkpoint: Path, unknown: str, vocabulary: Vocabulary) -> float:
    """What is subtracted from log p(<unknown>)."""
    if unknown not in get_args(Unknown):
        what = f"unknown = {unknown!r} is not one of {', '.join(get_args(Unknown))}"
        raise LiveBenchError(checkpoint, what, "correct the run's arguments")
    if unknown == "one":
        return 0.0
    if vocabulary.unseen_types is None:
        raise LiveBenchError(
            checkpoint,
            "does not say how many words <unknown> stands for (unseen_types)",
            'train again, or write arguments = { unknown = "one" } into the run',
        )
    return log(max(1, vocabulary.unseen_types))


def _groups(sizes: Sequence[int]) -> Iterator[list[int]]:
    """Groups of samples to be scored together: of similar size, with not too many words."""
    group: list[int] = []
    held = 0
    for i in sorted(range(len(sizes)), key=lambda i: sizes[i]):
        if group and held + sizes[i] > WORDS_AT_ONCE:
            yield group
            group, held = [], 0
        group.append(i)
        held += sizes[i]
    if group:
        yield group
