"""Cache: unigrams mixed with the words and characters that stand around the moment.

A cache language model (Kuhn and De Mori 1990; Grave, Joulin and Usunier 2017) without anything else. A
comment is words, each drawn from

    p(w) = (1 - a - b - ...) p_unigram(w) + a p_words(w) + b p_characters(w) + ...

and an end, as often as comments end in training. There are two pairs of caches: the surrounding
comments, and the title of the video. What a setting does not show leaves its weight to the unigrams, so
in `blind` they are all there is. Each p is a distribution over all strings of Unicode characters, words
never seen included:

- p_unigram: the words by their frequency in training; the share of words that occur once (Good 1953)
  goes to new words, spelled by the characters of training.
- p_words: the words of the cache by their frequency there.
- p_characters: words spelled by characters, each drawn from the cache or from training with even odds,
  of a length that is geometrically distributed, with the mean of training.

All is computed by logarithms: a word may be hundreds of characters long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import exp, inf, log

from livebench.data.dataset import DatasetSplit
from livebench.data.languages import tokenizer_of
from livebench.errors import LiveBenchError
from livebench.scoring.scorer import Comment, LogLikelihood, Scorer, VideoContext

CHARACTERS = 0x110000 - 0x800
"""Unicode's characters (scalar values)."""
KINDS = ("words", "characters", "title_words", "title_characters")


class Cache(Scorer):
    """log p(candidate | surrounding comments, title), by unigrams and caches.

    The weights of the caches are those that make the comments of dev most likely
    (`python benchmarks/cache.py DATASET`); the defaults are those of `bilibili`.

    Raises:
        LiveBenchError: a weight is negative, or they leave nothing to the unigrams.
    """

    def __init__(
        self,
        words: float = 0.1379,
        characters: float = 0.0398,
        title_words: float = 0.0132,
        title_characters: float = 0.0133,
    ) -> None:
        self._weights = (words, characters, title_words, title_characters)
        if min(self._weights) < 0 or sum(self._weights) >= 1:
            shown = ", ".join(f"{k} = {w}" for k, w in zip(KINDS, self._weights, strict=True))
            what = "the weights must not be negative, and their sum must be below 1"
            raise LiveBenchError(f"cache: {shown}", what, "correct the run's arguments")

    def fit(self, training: DatasetSplit) -> None:
        words: Counter[str] = Counter()
        characters: Counter[str] = Counter()
        for string, count in zip(training.strings, training.counts.tolist(), strict=True):
            for word in string.split(" "):
                words[word] += count
        for word, count in words.items():
            for character in word:
                characters[character] += count
        total, letters = sum(words.values()), sum(characters.values())
        comments = int(training.counts.sum())
        self._words_of = tokenizer_of(training.dataset.info.language).words_of
        self._new = (1 + sum(count == 1 for count in words.values())) / (1 + total)
        self._word = {word: log((1 - self._new) * count / total) for word, count in words.items()}
        # One more character than was seen, shared by all there are.
        self._letter = {
            letter: (count + 1 / CHARACTERS) / (letters + 1) for letter, count in characters.items()
        }
        self._new_letter = 1 / CHARACTERS / (letters + 1)
        # Of the characters, that many are the last of their word; never all of them.
        self._ends = total / (letters + 1)
        self._end = comments / (comments + total)

    def score(
        self, video_ctx: VideoContext, comments: Sequence[Comment], candidate: Comment
    ) -> LogLikelihood:
        return self.score_candidates(video_ctx, comments, [candidate])[0]

    def score_candidates(
        self,
        video_ctx: VideoContext,
        comments: Sequence[Comment],
        candidates: Sequence[Comment],
    ) -> list[LogLikelihood]:
        caches = self.caches(video_ctx.title, [comment.tokens for comment in comments])
        goes_on = log(1 - self._end)
        known: dict[str, float] = {}
        scores = []
        for candidate in candidates:
            words, total = candidate.words, log(self._end)
            for word in words:
                if word not in known:
                    known[word] = self.mixed(*self.components(word, caches)) + goes_on
                total += known[word]
            scores.append(LogLikelihood(total, len(words) + 1))
        return scores

    def caches(self, title: str, comments: Sequence[str]) -> list[Counter[str] | None]:
        """What the setting shows, by kind: counts of words or characters; None if it shows nothing."""
        around = Counter(word for tokens in comments for word in tokens.split(" "))
        titled = self._words_of(title)
        named = Counter(titled.split(" ")) if titled else Counter()
        counts = [around, _letters(around), named, _letters(named)]
        return [count or None for count in counts]

    def components(
        self, word: str, caches: Sequence[Counter[str] | None]
    ) -> tuple[float, list[float | None]]:
        """log p(word) by the unigrams and by each cache, None where there is none."""
        unigram = _log_sum([self._word.get(word, -inf), log(self._new) + self._spelled(word, None)])
        found: list[float | None] = []
        for kind, cache in zip(KINDS, caches, strict=True):
            if cache is None:
                found.append(None)
            elif kind.endswith("words"):
                found.append(log(cache[word] / cache.total()) if word in cache else -inf)
            else:
                found.append(self._spelled(word, cache))
        return unigram, found

    def mixed(self, unigram: float, found: Sequence[float | None]) -> float:
        """log p(word) of the mixture of `components`."""
        pairs = zip(self._weights, found, strict=True)
        present = [(weight, value) for weight, value in pairs if weight and value is not None]
        left = 1 - sum(weight for weight, _ in present)
        return _log_sum([log(weight) + value for weight, value in [*present, (left, unigram)]])

    def _spelled(self, word: str, cache: Counter[str] | None) -> float:
        """log p(word) as characters of training, or of training and cache."""
        size = cache.total() if cache else 0
        spelled = log(self._ends)
        if len(word) > 1:
            spelled += (len(word) - 1) * log(1 - self._ends)
        for letter in word:
            p = self._letter.get(letter, self._new_letter)
            spelled += log((p + cache[letter] / size) / 2 if cache else p)
        return spelled


def _log_sum(values: Sequence[float]) -> float:
    """The logarithm of a sum, of which not all are 0, from the logarithms of its terms."""
    most = max(values)
    return most + log(sum(exp(value - most) for value in values))


def _letters(words: Counter[str]) -> Counter[str]:
    letters: Counter[str] = Counter()
    for word, count in words.items():
        for letter in word:
            letters[letter] += count
    return letters
