"""Tokenizers side by side on comments of a dataset: words a second, memory, agreement.

    python -m benchmarks.words datasets/niconico --comments 50000

Each in a process of its own, on the same distinct comments without white space, drawn with a seed.
"mecab" is what LiveBench takes for Japanese, "regex" what it takes for other languages; the others are
there to compare. Agreement: F1 of word boundaries, comments with the same words, and the share of the
first one's distinct words that are among the second one's.
"""

from __future__ import annotations

import argparse
import itertools
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from livebench.data.dataset import Dataset
from livebench.data.languages import tokenizer_of


def mecab() -> Callable[[str], list[str]]:
    words_of = tokenizer_of("ja").words_of
    return lambda text: words_of(text).split(" ")


def regex() -> Callable[[str], list[str]]:
    words_of = tokenizer_of("en").words_of
    return lambda text: words_of(text).split(" ")


def uniseg() -> Callable[[str], list[str]]:
    from uniseg.wordbreak import words

    return lambda text: list(words(text))


def sudachi_small() -> Callable[[str], list[str]]:
    return _sudachi("small")


def sudachi_core() -> Callable[[str], list[str]]:
    return _sudachi("core")


def _sudachi(dictionary: str) -> Callable[[str], list[str]]:
    from sudachipy import Dictionary, SplitMode

    tokenizer = Dictionary(dict=dictionary).tokenizer(SplitMode.C)
    return lambda text: [morpheme.surface() for morpheme in tokenizer.tokenize(text)]


TOKENIZERS = {one.__name__: one for one in (mecab, sudachi_small, sudachi_core, regex, uniseg)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--comments", type=int, default=50_000)
    parser.add_argument("--only", choices=TOKENIZERS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        measure(given.only, sys.stdin.read().splitlines())
        return
    texts = sorted({"".join(text.split()) for text in Dataset(given.dataset).comments.texts})
    sample = random.Random(1).sample(texts, min(given.comments, len(texts)))
    sample = [text for text in sample if len(text.splitlines()) == 1 and "\0" not in text]
    found = {}
    for name in TOKENIZERS:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.words", str(given.dataset), "--only", name],
            input="\n".join(sample),
            capture_output=True,
            text=True,
            check=True,
        )
        head, *lines = done.stdout.splitlines()
        print(f"{name}: {head}", flush=True)
        found[name] = [line.split(" ") for line in lines]
    for first, second in itertools.combinations(TOKENIZERS, 2):
        print(f"{first}, {second}: {agreement(found[first], found[second])}")


def measure(name: str, texts: list[str]) -> None:
    before = resident()
    words_of = TOKENIZERS[name]()
    words_of("最初")
    start = time.process_time()
    found = [words_of(text) for text in texts]
    seconds = time.process_time() - start
    grown = resident() - before
    count = sum(map(len, found))
    types = len({word for words in found for word in words})
    print(
        f"{len(texts) / seconds:,.0f} comments and {count / seconds:,.0f} words a second of processor, "
        f"{count:,} words, {types:,} distinct, {grown:.0f} MB more memory"
    )
    for words in found:
        print(" ".join(words))


def resident() -> float:
    """Resident memory of this process, MB (Linux): the peak would be the parent's."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 / 1e6


def agreement(first: list[list[str]], second: list[list[str]]) -> str:
    common = one = other = same = 0
    for a, b in zip(first, second, strict=True):
        ends_a, ends_b = (set(itertools.accumulate(map(len, words))) for words in (a, b))
        whole = max(ends_a)
        common += len(ends_a & ends_b - {whole})
        one, other, same = one + len(ends_a) - 1, other + len(ends_b) - 1, same + (a == b)
    types_a, types_b = ({word for words in found for word in words} for found in (first, second))
    return (
        f"boundaries F1 {2 * common / (one + other):.3f}, same words in {same / len(first):.1%} of "
        f"comments, {len(types_a & types_b) / len(types_a):.1%} of the first one's distinct words are "
        f"the second one's"
    )


if __name__ == "__main__":
    main()
