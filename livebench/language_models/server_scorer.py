"""A language model on a server, as a scorer: `evaluate --openai URL --model NAME`.

The code here is LiveBench's and runs in its process; the model runs elsewhere, and what is there, or
what it remembers, LiveBench cannot see. The row says so.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from livebench.errors import LiveBenchError
from livebench.language_models.completions import (
    CONCURRENCY,
    FIRST_WAIT,
    TIMEOUT,
    CompletionsServer,
    RefusedRequest,
    base_url,
)
from livebench.language_models.prompt import DEFAULT_PROMPT, line_of, read_prompt
from livebench.language_models.server_check import check_server
from livebench.scoring.scorer import BatchScorer, LogLikelihood, Sample

_ROOM = 128
"""Tokens that a context leaves for the comment."""

_TOO_LONG = (400, 413, 422)
"""With what a server refuses a prompt that is longer than it takes."""

_NOISE = 1e-4
"""A relative difference above this is told."""


class ServerScorer(BatchScorer):
    """Scores by a server of completions.

    Args:
        url: of the server, up to /v1.
        model: as the server names it.
        prompt: name of a prompt, or its record.
        concurrency: requests at a time.
        max_length: tokens of context and comment, at most; 0: as the server says, if it does.
        dtype: what the server computes in, as far as you know; for the record.

    Attributes:
        remark: what was noticed before the start, if anything.

    Raises:
        LiveBenchError: the server is not fit to score.
    """

    runs_on = "server"
    device = "server"

    def __init__(
        self,
        url: str,
        model: str,
        *,
        prompt: str | Mapping[str, Any] = DEFAULT_PROMPT,
        concurrency: int = CONCURRENCY,
        timeout: float = TIMEOUT,
        max_length: int = 0,
        dtype: str = "",
    ) -> None:
        self.prompt = read_prompt(prompt)
        self.server = CompletionsServer(
            url,
            model,
            key=key_for(url),
            concurrency=concurrency,
            timeout=timeout,
            first_wait=FIRST_WAIT,
        )
        fitness = check_server(self.server)
        self.max_length = max_length or fitness.longest
        self.dtype = dtype
        self.about = {"model": model, "server": self.server.url, "prompt": self.prompt.label}
        self.remark = ""
        if fitness.noise > _NOISE:
            self.remark = (
                f"the server's sums of log-probabilities differ by up to {fitness.noise:.2g} with what "
                "it computes together, as in half precision"
            )
            if not dtype:
                self.remark += "; name what it computes in (--dtype), and its tolerance holds"

    def score_samples(self, samples: Sequence[Sample]) -> list[list[LogLikelihood]]:
        shown = [
            (self.prompt.context(video_ctx, comments), tuple(comments))
            for video_ctx, comments, _ in samples
        ]
        distinct = dict(zip(shown, samples, strict=True))  # one alone where nothing is shown
        contexts = dict(
            zip(distinct, self.server.each(self._fitted, distinct.values()), strict=True)
        )
        pairs = [
            [(contexts[own], line_of(candidate)) for candidate in sample.candidates]
            for own, sample in zip(shown, samples, strict=True)
        ]
        asked = list(dict.fromkeys(pair for row in pairs for pair in row))
        scores = self.server.each(lambda pair: self._scored(*pair), asked)
        found = dict(zip(asked, scores, strict=True))
        return [[found[pair] for pair in row] for row in pairs]

    def _fitted(self, sample: Sample, dropped: int = 0) -> _Context:
        """The context of a sample, without its oldest comments where it is too long; of these, at least
        so many."""
        video_ctx, comments, _ = sample
        most = self.max_length - _ROOM if self.max_length else 0
        while True:
            text = self.prompt.context(video_ctx, comments, dropped=dropped)
            left, size = len(comments) - dropped, 0
            try:
                tokens = self.server.logprobs(text).tokens
                if len(tokens) <= most or not most or not left:
                    return _Context(text, tokens, dropped, sample)
                size = len(tokens)
            except RefusedRequest as error:
                if error.status not in _TOO_LONG or not left:
                    raise
            # The share by which it is too long, where that is known, else a quarter.
            share = 1 - most / size if size else 0.25
            dropped += min(left, max(1, int(left * share)))

    def _scored(self, context: _Context, line: str) -> LogLikelihood:
        """The log-likelihood of a line, its end included, after a context: after less of it if the two
        are too long."""
        while True:
            try:
                found = self.server.logprobs(context.text + line)
                break
            except RefusedRequest as error:
                if error.status not in _TOO_LONG or context.dropped == len(context.sample.comments):
                    raise
                context = self._fitted(context.sample, context.dropped + 1)
        size = len(context.tokens)
        if found.tokens[:size] != context.tokens or len(found.tokens) == size:
            raise LiveBenchError(
                self.server.url,
                "its tokenizer joins the end of the context and the beginning of the comment to a token",
                "score it by --hf",
            )
        logprobs = found.logprobs[size:]
        return LogLikelihood(math.fsum(logprobs), len(logprobs), context.dropped)


@dataclass(frozen=True, eq=False)
class _Context:
    """What stands before a comment of a sample, its tokens as the server spells them, and how many
    comments it is short of."""

    text: str
    tokens: tuple[str, ...]
    dropped: int
    sample: Sample


def key_for(url: str) -> str:
    """The key for a server: that of OPENAI_API_KEY, if OPENAI_BASE_URL names this very server. No card
    of a submission can have it sent elsewhere.

    Raises:
        LiveBenchError: it cannot be sent. Whoever sent it all the same would be told so with the key.
    """
    named = os.environ.get("OPENAI_BASE_URL", "").strip()
    if not named or base_url(named, "OPENAI_BASE_URL") != base_url(url):
        return ""
    key = os.environ.get("OPENAI_API_KEY", "").strip()
    if not (key.isascii() and key.isprintable()):
        what = "has a character in it that no key has: a line end, or one beyond ASCII"
        raise LiveBenchError("OPENAI_API_KEY", what, "copy the key again")
    return key
