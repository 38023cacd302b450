"""Probes that see the candidate alone: how far does one get without looking at the moment?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import log

from livebench.data.dataset import DatasetSplit
from livebench.scoring.scorer import Comment, LogLikelihood, Scorer, VideoContext


class Popularity(Scorer):
    """log(1 + how often the comment occurs in training)."""

    def fit(self, training: DatasetSplit) -> None:
        self._counts = dict(zip(training.strings, training.counts.tolist(), strict=True))

    def score(
        self, video_ctx: VideoContext, comments: Sequence[Comment], candidate: Comment
    ) -> float:
        return log(1 + self._counts.get(candidate.tokens, 0))


class TrainingMembership(Scorer):
    """1 if the comment does not occur in training, else 0: the shortcut of the paper's protocol, whose
    wrong candidates all come from training."""

    def fit(self, training: DatasetSplit) -> None:
        self._known = frozenset(training.strings)

    def score(
        self, video_ctx: VideoContext, comments: Sequence[Comment], candidate: Comment
    ) -> float:
        return float(candidate.tokens not in self._known)


class Length(Scorer):
    """The number of words, and of characters where the words are equally many."""

    def score(
        self, video_ctx: VideoContext, comments: Sequence[Comment], candidate: Comment
    ) -> float:
        words = candidate.words
        return len(words) + sum(map(len, words)) / 10_000


class Unigram(Scorer):
    """Log-likelihood of the words, each drawn by its training frequency, and the end of the comment.

    Add-one smoothing over the training words, the end mark, and one unknown word.
    """

    def fit(self, training: DatasetSplit) -> None:
        counts: Counter[str] = Counter()
        for string, count in zip(training.strings, training.counts.tolist(), strict=True):
            for word in string.split(" "):
                counts[word] += count
        ends = int(training.counts.sum())
        total = sum(counts.values()) + ends + len(counts) + 2
        self._log = {word: log((count + 1) / total) for word, count in counts.items()}
        self._unknown = log(1 / total)
        self._end = log((ends + 1) / total)

    def score(
        self, video_ctx: VideoContext, comments: Sequence[Comment], candidate: Comment
    ) -> LogLikelihood:
        log_of, words = self._log, candidate.words
        total = self._end + sum(log_of.get(word, self._unknown) for word in words)
        return LogLikelihood(total, len(words) + 1)
