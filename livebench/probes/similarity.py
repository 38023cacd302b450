"""Baselines without a network: how much does a candidate resemble what surrounds it?"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from math import log, sqrt

from livebench.data.dataset import DatasetSplit
from livebench.data.languages import tokenizer_of
from livebench.scoring.scorer import Comment, Scorer, VideoContext


class _TfIdf(Scorer):
    """Cosine of tf-idf; idf = log((1 + n) / (1 + df)) + 1 over the n distinct training comments, as
    scikit-learn smooths it."""

    def fit(self, training: DatasetSplit) -> None:
        self._words_of = tokenizer_of(training.dataset.info.language).words_of
        frequency: Counter[str] = Counter()
        for string in training.strings:
            frequency.update(set(string.split(" ")))
        n = 1 + len(training.strings)
        self._idf = {word: log(n / (1 + df)) + 1 for word, df in frequency.items()}
        self._unknown = log(n) + 1

    def _vector(self, words: Sequence[str]) -> dict[str, float]:
        """Weights of the words, of length 1."""
        counts = Counter(words)
        weights = {word: n * self._idf.get(word, self._unknown) for word, n in counts.items()}
        length = sqrt(sum(weight * weight for weight in weights.values()))
        return {word: weight / length for word, weight in weights.items()}

    @abstractmethod
    def _query(self, video_ctx: VideoContext, comments: Sequence[Comment]) -> Sequence[str]:
        """The words that candidates are compared with."""

    def score(
        self, video_ctx: VideoContext, comments: Sequence[Comment], candidate: Comment
    ) -> float:
        return self.score_candidates(video_ctx, comments, [candidate])[0]

    def score_candidates(
        self,
        video_ctx: VideoContext,
        comments: Sequence[Comment],
        candidates: Sequence[Comment],
    ) -> list[float]:
        query = self._vector(self._query(video_ctx, comments))
        if not query:
            return [0.0] * len(candidates)
        vectors = (self._vector(candidate.words) for candidate in candidates)
        return [sum(query.get(word, 0.0) * w for word, w in vector.items()) for vector in vectors]


class ContextSimilarity(_TfIdf):
    """Cosine of tf-idf between the candidate and the surrounding comments, joined."""

    def _query(self, video_ctx: VideoContext, comments: Sequence[Comment]) -> Sequence[str]:
        return [word for comment in comments for word in comment.words]


class TitleSimilarity(_TfIdf):
    """Cosine of tf-idf between the candidate and the title of the video."""

    def _query(self, video_ctx: VideoContext, comments: Sequence[Comment]) -> Sequence[str]:
        title = self._words_of(video_ctx.title)
        return title.split(" ") if title else []
