"""Is a server fit to score? Asked before anything is scored: what it answers to prompts of which
something is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from livebench.errors import LiveBenchError
from livebench.language_models.completions import CompletionsServer, RefusedRequest, TokenLogprobs
from livebench.scoring.plausibility import HALF_TOLERANCES

_CONTEXTS = (
    "One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen,\n",
    "弹幕：\n[-3s]\n这只猫好可爱\n[-1s]\n哈哈哈哈\n[0s]\n",
    "Comments:\n[-4s]\nwhat a goal!!!\n[-2s]\nthe referee is blind\n[0s]\n",
)
_COMMENTS = ("fourteen, fifteen, sixteen,\n", "前方高能\n", "猫猫猫\n", "goal!!!\n")
_COUNTING = (
    "1, 2, 3, 4, 5, 6, 7, 8, 9, 10,",
    "a b c d e f g h i j k l m n o",
    "AAAAAAAAAAAA",
    "1, 2, 3, 4, 5, 6, 7, 8, 9, Q",  # a surprise, unlike what follows it
)

_HALF = HALF_TOLERANCES["bfloat16"]
"""From here on, relative to max(1, |sum|), no rounding explains that sums differ."""

_MOVED = 0.25
"""The same of the differences of all tokens, whichever way they go. In bfloat16 they come to .03 for
SmolLM2-135M, while its sums differ by .007. Log-probabilities reused from another prompt differ by about
as much as the sum itself."""

_STEP = 0.5
"""What a log-probability near 0 may move by: logits from 32 to 64 are .25 apart in bfloat16, and two of
them may be rounded otherwise."""


class Fitness(NamedTuple):
    """What was seen of a server that is fit.

    Attributes:
        noise: the largest difference of a sum, relative to max(1, |sum|), between two ways to ask.
        longest: tokens that it takes, at most, if it says so; else 0.
    """

    noise: float
    longest: int


def check_server(server: CompletionsServer) -> Fitness:
    """Ask a server for what is known, in other orders and batches.

    Raises:
        LiveBenchError: it cannot be reached, has no such model, refuses the key, only chats, ignores
            echo, gives other log-probabilities for the same prompt, or the same for other ones.
    """
    prompts = [context + comment for context in _CONTEXTS for comment in _COMMENTS]
    try:
        alone = [server.logprobs(prompts[0], tries=3)]
    except RefusedRequest as error:
        raise _explained(server, error) from None
    alone += [server.logprobs(prompt) for prompt in prompts[1:]]
    together = server.each(server.logprobs, prompts)
    turned = server.each(server.logprobs, prompts[::-1] * 2)
    ways = (alone, together, turned[len(prompts) - 1 :: -1], turned[: len(prompts) - 1 : -1])
    found = [
        _differences(one, other) for way in ways[1:] for one, other in zip(alone, way, strict=True)
    ]
    noise, moved = max(sums for sums, _ in found), max(tokens for _, tokens in found)
    if noise >= _HALF or moved >= _MOVED:
        raise LiveBenchError(
            server.url,
            "gives other log-probabilities for the same prompt in another order and batch (sums differ "
            f"by {noise:.2g}, tokens by {moved:.2g} of the sum): it may reuse those of other prompts",
            "switch its cache of prefixes off (vLLM: --no-enable-prefix-caching), or score by --hf",
        )
    _check_dependence(server, alone)
    _check_alignment(server)
    listed = server.models().get(server.model, {}).get("max_model_len")
    return Fitness(noise, listed if isinstance(listed, int) and listed > 0 else 0)


def _differences(one: TokenLogprobs, other: TokenLogprobs) -> tuple[float, float]:
    """Of the sums, and of all tokens together, relative to max(1, |sum|); infinite if there are other
    tokens."""
    if one.tokens != other.tokens:
        return math.inf, math.inf
    size = max(1.0, abs(math.fsum(one.logprobs[1:])))
    apart = [a - b for a, b in zip(one.logprobs[1:], other.logprobs[1:], strict=True)]
    return abs(math.fsum(apart)) / size, math.fsum(map(abs, apart)) / size


def _check_dependence(server: CompletionsServer, found: Sequence[TokenLogprobs]) -> None:
    """The same comment after other contexts has other log-probabilities, and they are not all alike."""
    step = len(_COMMENTS)
    for comment in range(step):
        ends = [_end(found[comment + step * context]) for context in range(len(_CONTEXTS))]
        if ends[0] == ends[1] == ends[2]:
            raise LiveBenchError(
                server.url,
                "gives the same log-probabilities after any context: it does not read the prompt, or "
                "reuses those of other prompts",
                "switch its cache of prefixes off, or score by --hf",
            )


def _end(found: TokenLogprobs) -> tuple[float, ...]:
    """The log-probabilities of the last three tokens, all of a comment."""
    return found.logprobs[-3:]


def _check_alignment(server: CompletionsServer) -> None:
    """What a server would write next is as likely once it is written: no log-probability stands one
    token too early or too late. Not asked where its next token reads otherwise within a prompt."""
    for prompt in _COUNTING:
        before = server.logprobs(prompt)
        if not before.made:
            continue
        ((token, logprob),) = before.made
        # As text: a server may spell tokens as numbers.
        after = server.logprobs(prompt + (before.written or token))
        if after.tokens != (*before.tokens, token):
            continue
        if abs(after.logprobs[-1] - logprob) > max(_STEP, _HALF * abs(logprob)):
            raise LiveBenchError(
                server.url,
                f"says {logprob:.4g} of a token that it writes, and {after.logprobs[-1]:.4g} of the "
                "same token in a prompt: its log-probabilities stand at the wrong tokens, "
                "or those of what it writes are penalised",
                "serve the model with vLLM or SGLang and their defaults (vLLM: --logprobs-mode "
                "raw_logprobs), or score it by --hf",
            )


def _explained(server: CompletionsServer, error: RefusedRequest) -> LiveBenchError:
    """What the refusal of the first request means."""
    known = server.models()
    if error.status in (401, 403):
        fix = f"export OPENAI_API_KEY, and OPENAI_BASE_URL={server.url}: it is sent nowhere else"
        return LiveBenchError(server.url, f"refuses the key ({error.status}): {error.said}", fix)
    if known and server.model not in known:
        fix = f"choose from {', '.join(sorted(known)[:20])}"
        return LiveBenchError(server.url, f"has no model {server.model}", fix)
    if "chat" in error.said.lower() or (known and error.status in (404, 405, 501)):
        return LiveBenchError(
            server.url,
            f"only chats: it does not take completions ({error.status}: {error.said}), and a chat gives "
            "no log-probabilities of a given text",
            "serve the model with vLLM, SGLang or llama-cpp-python, or score it by --hf",
        )
    return error
