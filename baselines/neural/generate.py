"""Decoding a comment: greedy search, beam search, or nucleus sampling.

All three only ask for next-word distributions and know nothing about models. A comment has at least one
word and at most `max_words`, then the end mark; its log-likelihood includes that mark, as a candidate's
does. Special words and words of white space only are never generated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from livebench_baselines.neural.forest import grow
from livebench_baselines.neural.inputs import Inputs
from livebench_baselines.neural.model import CommentModel
from livebench_baselines.neural.vocabulary import END, SPECIAL_WORDS, Vocabulary

from livebench.scoring.scorer import Decoding

_NextWords = Callable[[Sequence[Sequence[int]]], np.ndarray]
"""Given distinct prefixes of one length (the numbers of their words), float64 [prefixes, vocabulary]:
the log-probability of each next word, minus infinity for words that must not be generated."""


class _Written(NamedTuple):
    """The numbers of the words of a comment, and its log-likelihood, the end mark included."""

    words: list[int]
    log_likelihood: float


def write_comment(next_words: _NextWords, decoding: Decoding) -> _Written:
    """Generate a comment with the given decoding."""
    next_words = _within(next_words, decoding.max_words)
    match decoding.strategy:
        case "greedy":
            return _word_by_word(next_words, lambda log_probs: int(log_probs.argmax()))
        case "beam":
            return _beam(next_words, decoding.beam)
        case "top-p":
            random = np.random.default_rng(decoding.seed)
            return _word_by_word(next_words, lambda row: _draw(row, decoding.top_p, random))
    raise ValueError(f"not a strategy: {decoding.strategy!r}")


def next_words_of(model: CommentModel, inputs: Inputs, vocabulary: Vocabulary) -> _NextWords:
    """The next-word distributions of a model at a moment, which is encoded only once.

    Args:
        inputs: of one moment.
    """
    never = [n for n in range(len(SPECIAL_WORDS)) if n != END]
    never += [n for n, word in enumerate(vocabulary.words, len(SPECIAL_WORDS)) if not word.strip()]
    with torch.no_grad():
        memory = model.encode(inputs)

    def next_words(prefixes: Sequence[Sequence[int]]) -> np.ndarray:
        forest = grow([prefixes]).to(inputs.device)
        # The last edge of each comment, to the end mark, starts at the node of the whole prefix.
        last = torch.tensor([len(prefix) + 1 for prefix in prefixes]).cumsum(0) - 1
        nodes = forest.edge_node[forest.path_edge[last.to(inputs.device)]]
        with torch.no_grad():
            log_probs = model.next_word_log_probs(memory, forest, nodes).double().cpu().numpy()
        log_probs[:, [n for n in never if n < log_probs.shape[1]]] = -np.inf
        return log_probs

    return next_words


def _within(next_words: _NextWords, max_words: int) -> _NextWords:
    """The same, restricted to at least one and at most `max_words` words before the end mark."""

    def bounded(prefixes: Sequence[Sequence[int]]) -> np.ndarray:
        log_probs = next_words(prefixes).copy()
        length = len(prefixes[0])
        if length == 0:
            log_probs[:, END] = -np.inf
        if length == max_words:
            end = log_probs[:, END].copy()
            log_probs[:] = -np.inf
            log_probs[:, END] = end
        return log_probs

    return bounded


def _word_by_word(next_words: _NextWords, choose: Callable[[np.ndarray], int]) -> _Written:
    words: list[int] = []
    total = 0.0
    while True:
        log_probs = next_words([words])[0]
        word = choose(log_probs)
        total += float(log_probs[word])
        if word == END:
            return _Written(words, total)
        words.append(word)


class _Hypothesis(NamedTuple):
    log_likelihood: float
    words: list[int]
    ended: bool


def _beam(next_words: _NextWords, width: int) -> _Written:
    """Beam search: the `width` most likely of all continuations and finished hypotheses are kept. The
    search ends when the most likely one is finished: the others can only become less likely.
    """
    beam = [_Hypothesis(0.0, [], False)]
    while not beam[0].ended:
        live = [hypothesis for hypothesis in beam if not hypothesis.ended]
        log_probs = next_words([hypothesis.words for hypothesis in live])
        log_probs += np.array([hypothesis.log_likelihood for hypothesis in live])[:, None]
        flat = log_probs.ravel()
        best = np.argpartition(-flat, min(width, flat.size) - 1)[:width]
        best = best[np.isfinite(flat[best])]
        grown = [
            _Hypothesis(
                float(flat[place]),
                live[row].words + ([] if word == END else [word]),
                word == END,
            )
            for place in np.sort(best).tolist()
            for row, word in [divmod(place, log_probs.shape[1])]
        ]
        beam = [hypothesis for hypothesis in beam if hypothesis.ended] + grown
        beam = sorted(beam, key=lambda hypothesis: -hypothesis.log_likelihood)[:width]
    return _Written(beam[0].words, beam[0].log_likelihood)


def _draw(log_probs: np.ndarray, top_p: float, random: np.random.Generator) -> int:
    """Sample from the nucleus: the smallest set of most likely words that has at least `top_p` of the
    probability of all allowed words (Holtzman et al. 2020, section 3.1)."""
    order = np.argsort(-log_probs, kind="stable")
    order = order[np.isfinite(log_probs[order])]
    weights = np.exp(log_probs[order] - log_probs[order[0]])
    sums = np.cumsum(weights)
    size = min(1 + int(np.searchsorted(sums, top_p * sums[-1])), len(sums))
    drawn = np.searchsorted(sums[:size], random.random() * sums[size - 1], side="right")
    return int(order[min(int(drawn), size - 1)])


def text_of(words: Sequence[str]) -> str:
    """The text of a comment: its words joined without spaces, as Chinese is written, but with a space
    wherever two Latin letters or digits would meet and merge two words into one."""
    if not words:
        return ""
    joints = (" " if _latin(a[-1]) and _latin(b[0]) else "" for a, b in pairwise(words))
    return words[0] + "".join(joint + word for joint, word in zip(joints, words[1:], strict=True))


def _latin(character: str) -> bool:
    """Whether a character is a letter or digit of Unicode's Latin blocks (up to U+024F)."""
    return character.isalnum() and character < "\u0250"
