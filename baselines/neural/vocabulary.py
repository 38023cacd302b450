"""Words to numbers, and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

PAD, BEGIN, END, UNKNOWN, SEPARATOR = range(5)
SPECIAL_WORDS = ("<pad>", "<begin>", "<end>", "<unknown>", "<separator>")
"""In the order of their numbers, which are those of the released vocabulary, too."""


class Vocabulary:
    """The most common words of the training comments (LiveBot paper: 30,000).

    Args:
        words: from the most common on, without the special ones.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self._ids = {word: number for number, word in enumerate(self.words, len(SPECIAL_WORDS))}
        if len(self._ids) != len(self.words):
            raise ValueError("a word stands twice in the vocabulary")

    @classmethod
    def of(cls, comments: Iterable[tuple[str, int]], size: int) -> Vocabulary:
        """The `size` most common words of (comment, how often it occurs); ties by code point."""
        counts: Counter[str] = Counter()
        for comment, times in comments:
            for word in comment.split(" "):
                counts[word] += times
        ordered = sorted(counts, key=lambda word: (-counts[word], word))
        return cls(ordered[:size])

    def __len__(self) -> int:
        """With the special ones."""
        return len(SPECIAL_WORDS) + len(self.words)

    def encode(self, tokens: str) -> list[int]:
        """The numbers of the words of a comment (joined by spaces); neither begin nor end."""
        ids = self._ids
        return [ids.get(word, UNKNOWN) for word in tokens.split(" ")]

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """The words; special ones are shown by name."""
        special = len(SPECIAL_WORDS)
        return [SPECIAL_WORDS[n] if n < special else self.words[n - special] for n in numbers]

    def log_frequencies(self, comments: Iterable[tuple[str, int]]) -> np.ndarray:
        """How probable each word is when nothing is known: float32 [words], logarithms.

        Of (comment, how often it occurs): relative frequencies of words and end marks, each count one
        too large, so that none is 0.
        """
        counts = np.ones(len(self))
        for comment, times in comments:
            for number in self.encode(comment):
                counts[number] += times
            counts[END] += times
        return np.log(counts / counts.sum()).astype(np.float32)
