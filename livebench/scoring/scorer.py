"""The interface: what a model must offer to be scored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from livebench.data.context import ContextRule, FrameRule
from livebench.data.images import NO_IMAGES, Images

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
        time: the moment, in whole seconds from the start of the video; 0 in the setting `blind`.
        frames: float32 [m, width], the frame vectors nearest to the moment, nearest first; [0, 0] in
            the settings `comments` and `blind`.
        frame_times: int64 [m], seconds relative to the moment, in the order of `frames`.
        title: of the video; empty in the settings `comments` and `blind`.
        category: of the video; empty in the settings `comments` and `blind`.
        language: of the dataset, as a tag such as zh or ja, in every setting; empty if unknown.
        images: the pictures of the same frames, in the order of `frames`, as PIL images in RGB; each is
            read and decoded when it is asked for. None where the dataset keeps no pictures, or the
            setting shows no frames. Where it keeps pictures alone, `frames` is [m, 0].
    """

    time: int
    frames: np.ndarray
    frame_times: np.ndarray
    title: str
    category: str
    language: str = ""
    images: Images = NO_IMAGES


class Sample(NamedTuple):
    """A moment with its surroundings and its 100 candidates, in an order that carries no information.

    Attributes:
        video_ctx: the video around the moment.
        comments: the comments around the moment, nearest first; none in the settings `video` and
            `blind`.
        candidates: the candidates, without times.
    """

    video_ctx: VideoContext
    comments: Sequence[Comment]
    candidates: Sequence[Comment]


class LogLikelihood(NamedTuple):
    """A score, and what it is a sum over.

    Attributes:
        total: the sum of log-probabilities.
        tokens: how many there are, the end of the comment included.
        dropped: how many of the surrounding comments the model was not shown, since all of them are more
            than it can read. It tends to be the same for all candidates of a sample; what is reported
            of a sample is the largest.
    """

    total: float
    tokens: int
    dropped: int = 0


Score = float | LogLikelihood


Strategy = Literal["greedy", "beam", "top-p"]


class Decoding(NamedTuple):
    """How a scorer that also generates comments is to choose their words.

    Attributes:
        strategy: `greedy`, the most likely next word each time; `beam`, the most likely comment that
            beam search finds; `top-p`, the next word drawn from the most likely ones whose
            probabilities add up to `top_p` (nucleus sampling, Holtzman et al. 2020).
        beam: beam width.
        max_words: maximum length of a comment.
        seed: below 2**32; each sample has its own, derived from the requested one and the sample's id.
    """

    strategy: Strategy = "greedy"
    beam: int = 5
    top_p: float = 0.9
    max_words: int = 20
    seed: int = 0


DEFAULT_DECODING = Decoding()


class Trained(NamedTuple):
    """What a scorer that loads a checkpoint was trained on, so that scoring can check that it fits.

    Attributes:
        context, frames: the rules by which surrounding comments and frames were chosen.
        encoder: of the frame vectors, as its dataset named it; empty if it saw none.
    """

    context: ContextRule
    frames: FrameRule
    encoder: str


class Scorer(ABC):
    """Gives the log-likelihood of a comment at a moment. Only `score` must be implemented.

    A scorer that also generates comments has a method `generate(video_ctx, comments) -> str`, or
    `generate(video_ctx, comments, decoding: Decoding) -> str`, which returns the text of a comment for
    the moment, at least one character.

    An instance is created with the `arguments` of the run in submission.toml, then fitted, then asked
    for scores. It may use only what it is given: the score of a candidate depends on the moment and on
    that candidate, not on the other candidates or their order.

    Attributes:
        trained: what its checkpoint was trained on; None if it has no checkpoint, or if that does not
            say.

    Optional attributes `device` and `dtype`, as torch names them, record what it computed with; without
    them, the parameters of a torch module among its attributes are used.
    """

    trained: Trained | None = None

    def fit(self, training: DatasetSplit) -> None:  # noqa: B027 (optional)
        """Learn from the training split of the dataset that the candidates come from.

        Called once, before any scoring, and only if overridden; a scorer that loads a checkpoint does
        not need it.
        """

    @abstractmethod
    def score(
        self, video_ctx: VideoContext, comments: Sequence[Comment], candidate: Comment
    ) -> Score:
        """The log-likelihood of `candidate` at the moment; higher is better.

        The sum of the log-probabilities of its tokens, including the end of the comment (LiveBot paper,
        equations 6 and 13). Must be finite.
        """

    def score_candidates(
        self,
        video_ctx: VideoContext,
        comments: Sequence[Comment],
        candidates: Sequence[Comment],
    ) -> Sequence[Score]:
        """Scores in the order of `candidates`; override to encode the moment just once."""
        return [self.score(video_ctx, comments, candidate) for candidate in candidates]

    def score_samples(self, samples: Sequence[Sample]) -> Sequence[Sequence[Score]]:
        """Scores for each sample, in the order of its candidates; override to batch samples.

        All three methods must agree to within 1e-4 * max(1, |score|).
        """
        return [self.score_candidates(*sample) for sample in samples]


class BatchScorer(Scorer):
    """A scorer of which only `score_samples` must be implemented: it computes many samples together."""

    def score(
        self, video_ctx: VideoContext, comments: Sequence[Comment], candidate: Comment
    ) -> Score:
        return self.score_samples([Sample(video_ctx, comments, [candidate])])[0][0]

    def score_candidates(
        self,
        video_ctx: VideoContext,
        comments: Sequence[Comment],
        candidates: Sequence[Comment],
    ) -> Sequence[Score]:
        return self.score_samples([Sample(video_ctx, comments, candidates)])[0]

    @abstractmethod
    def score_samples(self, samples: Sequence[Sample]) -> Sequence[Sequence[Score]]:
        """Scores for each sample, in the order of its candidates."""


def is_fitted(scorer: Scorer) -> bool:
    """Whether a scorer has to be fitted before it scores."""
    return type(scorer).fit is not Scorer.fit
