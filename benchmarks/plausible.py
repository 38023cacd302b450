"""Plausible candidates of 5,000 samples: an inverted index against a dense row and a full sort.

    python benchmarks/plausible.py datasets/bilibili

livebench   `TfIdfIndex.nearest`, as `build-candidates` uses it: products of sparse matrices, and a
            partial sort of the comments that share a word with the query. A title is a query once.
released    as the released code of the paper: for every sample the tf-idf of its query, a dense row of
            cosines with all distinct training comments (`cosine_similarity`), and a full argsort.
tuned       the same, with what does not depend on the sample moved out of the loop: one product with
            a matrix that is transposed and normalised once, then the dense row and the full argsort.

Each way starts from the distinct training comments, so that the time of fitting tf-idf is in all of
them. The two slow ways run on some samples and are extrapolated: fit + seconds a sample * samples.
Two kinds of query: the titles (protocol `paper`), where livebench also gains from samples that share
one, and the five comments before the moment joined, where every sample has a query of its own.

Exit status 1 if candidates differ other than by ties, or if titles are not 20 times faster than the
released way.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity
from timing import in_turn, ratio, spread, within

from livebench.candidates.retrieval import TfIdfIndex
from livebench.data.dataset import Dataset
from livebench.data.tokens import words_of

POOL = 50


def queries(dataset: Dataset, samples: int) -> tuple[list[str], list[str]]:
    """Title, and the five comments before joined, of seconds with at least 5 comments."""
    comments, titles, contexts = dataset.comments, [], []
    for number in dataset.split("test", "dev").indices:
        rows = comments.of(number)
        title = words_of(dataset.videos[number].title)
        _, first, counts = np.unique(
            comments.time_ms[rows] // 1000, return_index=True, return_counts=True
        )
        for start in rows.start + first[counts >= 5]:
            before = comments.string[max(rows.start, start - 5) : start]
            titles.append(title)
            contexts.append(" ".join(comments.strings[string] for string in before))
    return titles[:samples], contexts[:samples]


class Dense:
    """A dense row of similarities and a full argsort for every sample, one after the other."""

    def __init__(self, strings: list[str], *, tuned: bool) -> None:
        self._vectorizer = TfidfVectorizer(analyzer=lambda string: string.split(" "))
        self._matrix = self._vectorizer.fit_transform(strings)
        self._transposed = self._matrix.T.tocsr() if tuned else None

    def similarities(self, query: str) -> np.ndarray:
        """float64 [comments]."""
        vector = self._vectorizer.transform([query])
        if self._transposed is None:
            return cosine_similarity(vector, self._matrix)[0]
        return (vector @ self._transposed).toarray()[0]

    def nearest(self, query: str) -> np.ndarray:
        return np.argsort(-self.similarities(query))[:POOL]


def livebench(strings: list[str], texts: list[str]) -> list[np.ndarray]:
    """The nearest comments of each query; equal queries are asked once."""
    distinct = list(dict.fromkeys(texts))
    index = TfIdfIndex([strings], words="all", lowercase=False)
    found = dict(zip(distinct, index.nearest(distinct, POOL), strict=True))
    return [found[text] for text in texts]


def same_but_for_ties(dense: Dense, text: str, ours: np.ndarray) -> bool:
    """Whether `ours` are the nearest: the similarities, which ties share, are those of the sort."""
    row = np.round(dense.similarities(text), 9)
    best = row[dense.nearest(text)]
    return len(set(ours)) == len(ours) and np.allclose(row[ours], best[best > 0], rtol=0, atol=2e-9)


def compare(strings: list[str], texts: list[str], *, sampled: int, rounds: int) -> dict[str, list]:
    """Seconds of each way for all of `texts`, round by round; None if candidates differ."""
    generator = np.random.default_rng(0)
    total, found = {}, []

    def slow(tuned: bool) -> None:
        started = time.perf_counter()
        dense = Dense(strings, tuned=tuned)
        fitted = time.perf_counter()
        for number in generator.choice(len(texts), sampled, replace=False):
            dense.nearest(texts[number])
        each = (time.perf_counter() - fitted) / sampled
        total.setdefault(tuned, []).append(fitted - started + each * len(texts))

    ways = {
        "livebench": lambda: found.append(livebench(strings, texts)),
        "released": lambda: slow(False),
        "tuned": lambda: slow(True),
    }
    seconds = in_turn(ways, rounds)
    dense = Dense(strings, tuned=True)
    checked = generator.choice(len(texts), min(200, len(texts)), replace=False)
    differ = [i for i in checked if not same_but_for_ties(dense, texts[i], found[0][i])]
    if differ:
        sys.exit(f"{len(differ)} of {len(checked)} samples have other candidates")
    print(f"  same candidates but for ties in {len(checked)} samples compared")
    return {"livebench": seconds["livebench"], "released": total[False], "tuned": total[True]}


def main() -> None:
    """Print the comparison for both kinds of query."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--samples", type=int, default=5_000)
    parser.add_argument("--sampled", type=int, default=100, help="Run the slow ways on so many.")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    dataset = Dataset(options.dataset)
    strings = dataset.split("train").strings
    titles, contexts = queries(dataset, options.samples)
    print(f"{len(titles)} samples, {len(strings)} distinct training comments")
    print(f"released and tuned: extrapolated from {options.sampled} samples a round")
    kept = True
    for name, texts in (("titles", titles), ("comments before", contexts)):
        print(f"{name}: {len(set(texts))} distinct queries")
        seconds = compare(strings, texts, sampled=options.sampled, rounds=options.rounds)
        for way, values in seconds.items():
            print(f"  {way}: {spread(values)} s")
        released = ratio(seconds["released"], seconds["livebench"])
        if name == "titles":
            kept = within("  times faster than released", released, least=20)
        else:
            print(f"  times faster than released: {spread(released)}")
        print(f"  times faster than tuned: {spread(ratio(seconds['tuned'], seconds['livebench']))}")
    sys.exit(not kept)


if __name__ == "__main__":
    main()
