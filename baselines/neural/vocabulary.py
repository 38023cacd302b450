"""Maps words to numbers and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

PAD, BEGIN, END, UNKNOWN, SEPARATOR = range(5)
SPECIAL_WORDS = ("<pad>", "<begin>", "<end>", "<unknown>", "<separator>")
"""In the order of their numbers, which are the same in the released vocabulary."""


class Vocabulary:
    """The most common words of the training comments (LiveBot paper: 30,000).

    Args:
        words: most common first, without the special ones.
        unseen_types: how many other words the training comments have, which `<unknown>` stands for; None
            if nobody counted.
    """

    def __init__(self, words: Sequence[str], unseen_types: int | None = None) -> None:
        self.words = list(words)
        self.unseen_types = unseen_types
        self._ids = {word: number for number, word in enumerate(self.words, len(SPECIAL_WORDS))}
        if len(self._ids) != len(self.words):
            raise ValueError("a word stands twice in the vocabulary")

    @classmethod
    def of(cls, comments: Iterable[tuple[str, int]], size: int) -> Vocabulary:
        """The `size` most common words of (comment, number of occurrences); ties by code point."""
        counts: Counter[str] = Counter()
        for comment, times in comments:
            for word in comment.split(" "):
                counts[word] += times
        ordered = sorted(counts, key=lambda word: (-counts[word], word))
        return cls(ordered[:size], len(ordered[size:]))

    def __len__(self) -> int:
        """The number of words, special ones included."""
        return len(SPECIAL_WORDS) + len(self.words)

    def encode(self, tokens: str) -> list[int]:
        """The numbers of the words of a comment (joined by spaces), without begin and end mark."""
        ids = self._ids
        return [ids.get(word, UNKNOWN) for word in tokens.split(" ")]

    def open(self) -> OpenVocabulary:
        """The same numbers, and more for other words as they are met."""
        return OpenVocabulary(self)

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """The words of some numbers; special ones by name."""
        special = len(SPECIAL_WORDS)
        return [SPECIAL_WORDS[n] if n < special else self.words[n - special] for n in numbers]

    def log_frequencies(self, comments: Iterable[tuple[str, int]]) -> np.ndarray:
        """Unigram log-probabilities of the words: float32 [words].

        Relative frequencies of words and end marks in (comment, number of occurrences), with add-one
        smoothing so that none is 0.
        """
        counts = np.ones(len(self))
        for comment, times in comments:
            for number in self.encode(comment):
                counts[number] += times
            counts[END] += times
        return np.log(counts / counts.sum()).astype(np.float32)


class OpenVocabulary(Vocabulary):
    """A vocabulary that grows: a word that it lacks gets the next free number when it is met.

    For a model that can copy words it has no parameters for: to it, such a number says only which words
    are the same.
    """

    def __init__(self, known: Vocabulary) -> None:
        super().__init__(known.words, known.unseen_types)

    def encode(self, tokens: str) -> list[int]:
        """The numbers of the words of a comment, new ones included."""
        for word in tokens.split(" "):
            if word not in self._ids:
                self._ids[word] = len(self)
                self.words.append(word)
        return super().encode(tokens)
