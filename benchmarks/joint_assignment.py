"""What does a scorer gain that assigns the comments of a list to several of its samples at once?

    python benchmarks/joint_assignment.py candidates/bilibili-matched ...

In version 3 of `matched` (and in `live`), each of a list's 100 comments is correct in one of its 100
samples. Candidates are compared with the surrounding comments (TF-IDF of words and characters, fitted on
the list); then the similarities of 1, 2, 4, 8 or all samples of a list are balanced, so that no
candidate is given to two samples (Sinkhorn and Knopp 1967).

Prints MRR in Markdown; needs the text of the sets (`livebench get`).
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from tabulate import tabulate

from livebench.candidates.candidate_set import CandidateSet

AT_ONCE = (1, 2, 4, 8, 100)
SHARPNESS = 20.0
"""Similarities are multiplied by it before they are exponentiated."""


def similarities(path: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each list: [samples, candidates], and the place of the correct candidate of each sample."""
    candidate_set = CandidateSet(path)
    lists = defaultdict(list)
    for sample, answer in zip(candidate_set.samples(), candidate_set.answers(), strict=True):
        correct = sample.candidate_tokens[answer.types.index("correct")]
        context = " ".join(comment.tokens for comment in sample.context)
        lists[tuple(sorted(sample.candidate_tokens))].append((context, correct))
    found = []
    for candidates, samples in lists.items():
        vectors = TfidfVectorizer(analyzer=lambda text: [*text.split(" "), *text.replace(" ", "")])
        comments = vectors.fit_transform(candidates)
        contexts = vectors.transform([context for context, _ in samples])
        places = np.array([candidates.index(correct) for _, correct in samples])
        found.append(((contexts @ comments.T).toarray(), places))
    return found


def balanced(similarity: np.ndarray) -> np.ndarray:
    """How far each sample may have each candidate, if none is given out more than once in all."""
    shares = np.exp(SHARPNESS * similarity)
    for _ in range(20):
        shares /= shares.sum(axis=1, keepdims=True)
        shares /= np.maximum(shares.sum(axis=0, keepdims=True), 1)
    return shares


def reciprocal_ranks(scores: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """Of each sample; the mean over all orders of ties."""
    own = scores[np.arange(len(scores)), correct][:, None]
    better, tied = (scores > own).sum(axis=1), (scores == own).sum(axis=1)
    pairs = zip(better, tied, strict=True)
    return np.array([np.mean(1 / (first + 1 + np.arange(ties))) for first, ties in pairs])


def mrr(lists: list[tuple[np.ndarray, np.ndarray]], at_once: int) -> float:
    """Mean reciprocal rank if so many samples of a list, drawn at random, are assigned together."""
    draw, ranks = np.random.default_rng(0), []
    for similarity, correct in lists:
        order = draw.permutation(len(similarity))
        for start in range(0, len(order), at_once):
            chosen = order[start : start + at_once]
            ranks.append(reciprocal_ranks(balanced(similarity[chosen]), correct[chosen]))
    return float(np.concatenate(ranks).mean())


def main() -> None:
    """Print the table."""
    rows = []
    for path in map(Path, sys.argv[1:]):
        lists = similarities(path)
        rows.append([path.name, *(mrr(lists, count) for count in AT_ONCE)])
    print(
        tabulate(
            rows,
            ["set", *(f"{count} at once" for count in AT_ONCE)],
            tablefmt="github",
            floatfmt=".4f",
        )
    )


if __name__ == "__main__":
    main()
