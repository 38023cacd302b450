"""Scorers that know nothing: what any other must beat."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from livebench.scoring.scorer import Comment, Scorer, VideoContext


class Constant(Scorer):
    """Gives every candidate the same score: all tie, and the expectation over ties is chance."""

    def score(
        self, video_ctx: VideoContext, comments: Sequence[Comment], candidate: Comment
    ) -> float:
        return 0.0


class Random(Scorer):
    """A number in [0, 1) from the sha256 of the seed, the second, and the candidate."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    def score(
        self, video_ctx: VideoContext, comments: Sequence[Comment], candidate: Comment
    ) -> float:
        key = f"{self._seed}\0{video_ctx.time}\0{candidate.tokens}"
        digest = hashlib.sha256(key.encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64
