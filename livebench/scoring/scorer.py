"""The interface: what a model must offer to be scored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from livebench.data.context import ContextRule, FrameRule

if TYPE_CHECKING:
    from livebench.data.dataset import DatasetSplit


class Comment(NamedTuple):
    """A comment, as a scorer sees it.

    Attributes:
        text: as it was written.
        tokens: its words (jieba) joined by spaces.
        time: seconds relative to the moment, negative before it; 0 for a candidate, which has none.
    """

    text: str
    tokens: str
    time: float = 0.0

    @property
    def words(self) -> list[str]:
        """The words of the comment, at least one."""
        return self.tokens.split(" ")


class VideoContext(NamedTuple):
    """The video around a moment, as far as the setting shows it.

    Attributes:
        time: the moment, in whole seconds from the start of the video.
        frames: float32 [m, width], the frame vectors nearest to the moment, nearest first; [0, 0] in
            the setting `comments`.
        frame_times: int64 [m], seconds relative to the moment, in the order of `frames`.
        title: of the video; empty in the setting `comments`.
        category: of the video; empty in the setting `comments`.
    """

    time: int
    frames: np.ndarray
    frame_times: np.ndarray
    title: str
    category: str


class Sample(NamedTuple):
    """A moment with what surrounds it and its 100 candidates, in an order that tells nothing.

    Attributes:
        video_ctx: the video around the moment.
        comments: the comments around the moment, nearest first; none in the setting `video`.
        candidates: the candidates, without times.
    """

    video_ctx: VideoContext
    comments: Sequence[Comment]
    candidates: Sequence[Comment]


class LogLikelihood(NamedTuple):
    """A score that says how many tokens it is a sum over, the end of the comment included."""

    total: float
    tokens: int


Score = float | LogLikelihood


Strategy = Literal["greedy", "beam", "top-p"]


class Decoding(NamedTuple):
    """How a scorer that also writes is asked to choose the words of a comment.

    Attributes:
        strategy: `greedy`, the likeliest next word each time; `beam`, the likeliest comment that beam
            search finds; `top-p`, the next word at random among the likeliest ones whose probabilities
            add up to `top_p` (Holtzman et al. 2020).
        beam: unfinished comments that beam search goes on with.
        max_words: a comment ends there at the latest.
        seed: below 2**32; each sample has its own, made from the one asked for and from its id.
    """

    strategy: Strategy = "greedy"
    beam: int = 5
    top_p: float = 0.9
    max_words: int = 20
    seed: int = 0


DEFAULT_DECODING = Decoding()


class Trained(NamedTuple):
    """What a scorer that loads a checkpoint was trained on: scoring checks whether it fits.

    Attributes:
        context, frames: rules that chose the surrounding comments and the frames.
        encoder: of the frame vectors, as its dataset named it; empty if it saw none.
    """

    context: ContextRule
    frames: FrameRule
    encoder: str


class Scorer(ABC):
    """Gives the log-likelihood of a comment at a moment. Only `score` must be written.

    A scorer that also writes comments has a method `generate(video_ctx, comments) -> str`, or
    `generate(video_ctx, comments, decoding: Decoding) -> str`: the text of a comment for the moment, at
    least one mark.

    An instance is made with the `arguments` of the run in submission.toml, is then fitted, and then
    scores. What it may look at is what it is given: the score of a candidate depends on the moment and
    on that candidate, not on the other candidates nor on their order.

    Attributes:
        trained: what its checkpoint was trained on; None if it has none, or one that does not say.

    It may have attributes `device` and `dtype`, as torch names them, for the record of what it computed
    with; without them the parameters of a torch module among its attributes tell.
    """

    trained: Trained | None = None

    def fit(self, training: DatasetSplit) -> None:  # noqa: B027 (need not be written)
        """Learn from the training split of the dataset that the candidates come from.

        Called once, before any score, and only if it is overridden; a scorer that loads a checkpoint
        has no need of it.
        """

    @abstractmethod
    def score(
        self, video_ctx: VideoContext, comments: Sequence[Comment], candidate: Comment
    ) -> Score:
        """The log-likelihood of `candidate` at the moment; higher is better.

        A sum of the log-probabilities of its tokens, the end of the comment included (LiveBot paper,
        equations 6 and 13). It must be finite.
        """

    def score_candidates(
        self,
        video_ctx: VideoContext,
        comments: Sequence[Comment],
        candidates: Sequence[Comment],
    ) -> Sequence[Score]:
        """Scores in the order of `candidates`; override to encode the moment only once."""
        return [self.score(video_ctx, comments, candidate) for candidate in candidates]

    def score_samples(self, samples: Sequence[Sample]) -> Sequence[Sequence[Score]]:
        """Scores for each sample, in the order of its candidates; override to batch samples.

        The three ways to score must agree to 1e-4 * max(1, |score|).
        """
        return [self.score_candidates(*sample) for sample in samples]


def is_fitted(scorer: Scorer) -> bool:
    """Whether a scorer wants to be fitted before it scores."""
    return type(scorer).fit is not Scorer.fit
