"""Chooses the weights of `livebench_baselines.cache` that make the comments of dev most likely.

By expectation maximisation (Jelinek and Mercer 1980). Prints the arguments for submission.toml, and the
log-likelihood of a word of dev without caches and with them.

    python benchmarks/cache.py DATASET [--protocol paper] [--comments 20000]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from livebench_baselines.cache import KINDS, Cache

from livebench.candidates.protocol import load_protocol
from livebench.data.dataset import Dataset
from livebench.training.examples import Examples


def probabilities(dataset: Dataset, protocol: str, comments: int) -> np.ndarray:
    """float64 [words, 1 + kinds]: of each word of some dev comments, by unigrams and each cache."""
    scorer = Cache()
    scorer.fit(dataset.split("train"))
    examples = Examples(dataset, load_protocol(protocol), "dev")
    moments = np.random.default_rng(0).permutation(len(examples)).tolist()
    rows = []
    seen = 0
    for moment in moments:
        around = [examples.strings[s] for s in examples.context(moment).tolist()]
        title = dataset.videos[examples.video(moment)].title
        caches = scorer.caches(title, around)
        if None in caches:
            continue
        for target in examples.targets(moment).tolist():
            for word in examples.strings[target].split(" "):
                unigram, found = scorer.components(word, caches)
                rows.append([unigram, *(value for value in found if value is not None)])
            seen += 1
        if seen >= comments:
            break
    return np.exp(rows)


def expectation_maximisation(table: np.ndarray, steps: int = 300) -> np.ndarray:
    """The weights of the columns that make the rows most likely."""
    weights = np.full(table.shape[1], 1 / table.shape[1])
    for _ in range(steps):
        shares = table * weights
        weights = (shares / shares.sum(1, keepdims=True)).mean(0)
    return weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--protocol", default="paper")
    parser.add_argument("--comments", type=int, default=20_000)
    asked = parser.parse_args()
    table = probabilities(Dataset(asked.dataset), asked.protocol, asked.comments)
    weights = expectation_maximisation(table)
    arguments = ", ".join(f"{k} = {w:.4f}" for k, w in zip(KINDS, weights[1:], strict=True))
    print(f"arguments = {{ {arguments} }}")
    print(f"{len(table)} words of dev, log-likelihood of one: ", end="")
    print(
        f"unigrams {np.log(table[:, 0]).mean():.4f}, with caches {np.log(table @ weights).mean():.4f}"
    )


if __name__ == "__main__":
    main()
