"""The words of comments beside a list of words: what share of them stands in it.

    python -m benchmarks.word_list chat.csv /usr/share/dict/american-english --column text

The comments are a column of a CSV table, distinct ones drawn with a seed; the list has a word a line (as
Debian's packages wamerican and wamerican-huge have it). They are cut as a dataset in this language is,
and, to compare, at white space alone. A word is looked up as it is, then in lower case. A type is a
distinct word in lower case; marks, numbers and pictures are counted apart.
"""

from __future__ import annotations

import argparse
import csv
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from livebench.data.languages import tokenizer_of


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("table", type=Path)
    parser.add_argument("words", type=Path)
    parser.add_argument("--column", default="text")
    parser.add_argument("--comments", type=int, default=1000)
    parser.add_argument("--language", default="en")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with given.table.open(encoding="utf-8-sig", newline="") as file:
        texts = sorted({row[given.column] for row in csv.DictReader(file)} - {"", None})
    sample = random.Random(given.seed).sample(texts, min(given.comments, len(texts)))
    known = {word.strip() for word in given.words.read_text("utf-8").splitlines()}
    print(f"{len(sample)} of {len(texts):,} distinct comments, {len(known):,} words known")
    tokenizer = tokenizer_of(given.language)
    ways: dict[str, Callable[[str], list[str]]] = {
        f"cut by {tokenizer.name}": lambda text: tokenizer.words_of(text).split(" "),
        "cut at white space": str.split,
    }
    for name, cut in ways.items():
        print(f"{name}: {shares([word for text in sample for word in cut(text)], known)}")


def shares(words: list[str], known: set[str]) -> str:
    """What share of types and of words is in the list, of those that have letters."""
    counts = Counter(word.lower() for word in words if any(map(str.isalpha, word)))
    stand = {word.lower() for word in words if word in known or word.lower() in known}
    of_types = sum(word in stand for word in counts) / len(counts)
    of_words = sum(count for word, count in counts.items() if word in stand) / counts.total()
    others = [word for word in dict.fromkeys(words) if word.lower() in counts.keys() - stand]
    names = sum(bool(_NAME.search(word)) for word in others)
    drawn = sum(bool(_DRAWN_OUT.search(word)) for word in others if not _NAME.search(word))
    return (
        f"{counts.total():,} words with letters, {len(counts):,} types, {of_types:.1%} of the types and "
        f"{of_words:.1%} of the words in the list; {len(words) - counts.total():,} without letters\n"
        f"    not in it: {names} with a capital inside, a digit or _ (emotes, people), {drawn} with a "
        f"letter three times, {len(others) - names - drawn} others"
    )


_NAME = re.compile(r"[a-z0-9_][A-Z]|[A-Z]{2,}[a-z]|[0-9_]")
_DRAWN_OUT = re.compile(r"(.)\1\1", re.IGNORECASE)


if __name__ == "__main__":
    main()
