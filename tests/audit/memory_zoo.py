"""Scorers that remember samples: on a set in which no sample tells of another, they find out nothing.

Each is scored twice: with all samples at hand, and in order, with those before it alone.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter, defaultdict
from collections.abc import Sequence
from math import log

from livebench.scoring.scorer import Sample, Scorer


class Remembering(Scorer):
    """Remembers samples, and asks what it remembers of the others about each candidate."""

    def __init__(self, in_order: bool = False) -> None:
        self._in_order = in_order

    def score(self, video_ctx, comments, candidate):
        raise NotImplementedError  # `score_samples` has all that it needs

    def score_samples(self, samples: Sequence[Sample]) -> list[list[float]]:
        rows = []
        if not self._in_order:
            for number, sample in enumerate(samples):
                self.remember(number, sample)
        for number, sample in enumerate(samples):
            rows.append(self.about(number, sample))
            if self._in_order:
                self.remember(number, sample)
        return rows

    @abstractmethod
    def remember(self, number: int, sample: Sample) -> None:
        """Keep what may be of use."""

    @abstractmethod
    def about(self, number: int, sample: Sample) -> list[float]:
        """A score for each candidate, from other samples than this `number`."""


class Clock(Remembering):
    """Who wrote what when: prefers what another sample's context shows nearest to this second."""

    def __init__(self, in_order: bool = False) -> None:
        super().__init__(in_order)
        self._times = defaultdict(list)

    def remember(self, number, sample):
        for comment in sample.comments:
            when = sample.video_ctx.time + comment.time
            self._times[sample.video_ctx.title, comment.tokens].append((number, when))

    def about(self, number, sample):
        second, title = sample.video_ctx.time, sample.video_ctx.title
        return [
            max(
                (
                    -abs(when - second - 0.5)
                    for other, when in self._times.get((title, candidate.tokens), ())
                    if other != number
                ),
                default=-1e6,
            )
            for candidate in sample.candidates
        ]


class Recurrence(Remembering):
    """How often a candidate returns, as a candidate or in contexts; how seldom, if `sign` is -1."""

    def __init__(self, in_order: bool = False, sign: int = 1, by_title: bool = True) -> None:
        super().__init__(in_order)
        self._sign, self._by_title = sign, by_title
        self._seen = defaultdict(Counter)

    def remember(self, number, sample):
        seen = self._seen[sample.video_ctx.title if self._by_title else ""]
        seen.update(one.tokens for one in (*sample.comments, *sample.candidates))

    def about(self, number, sample):
        seen = self._seen[sample.video_ctx.title if self._by_title else ""]
        own = Counter(one.tokens for one in (*sample.comments, *sample.candidates))
        left = Counter() if self._in_order else own
        tokens = [candidate.tokens for candidate in sample.candidates]
        return [self._sign * log(1 + seen[string] - left[string]) for string in tokens]


class Company(Remembering):
    """Which other samples have a candidate: prefers the one whose company is rarest in its sample."""

    def __init__(self, in_order: bool = False, sign: int = 1) -> None:
        super().__init__(in_order)
        self._sign = sign
        self._where = defaultdict(set)

    def remember(self, number, sample):
        for candidate in sample.candidates:
            self._where[candidate.tokens].add(number)

    def about(self, number, sample):
        company = [
            frozenset(self._where.get(candidate.tokens, ())) - {number}
            for candidate in sample.candidates
        ]
        counts = Counter(company)
        return [-self._sign * float(counts[one]) for one in company]


class Triangulation(Remembering):
    """When do others list it: a comment that is wrong far away is right here, or the other way round."""

    def __init__(self, in_order: bool = False, sign: int = 1) -> None:
        super().__init__(in_order)
        self._sign = sign
        self._when = defaultdict(list)

    def remember(self, number, sample):
        for candidate in sample.candidates:
            key = sample.video_ctx.title, candidate.tokens
            self._when[key].append((number, sample.video_ctx.time))

    def about(self, number, sample):
        scores = []
        for candidate in sample.candidates:
            listed = self._when.get((sample.video_ctx.title, candidate.tokens), ())
            away = [abs(t - sample.video_ctx.time) for other, t in listed if other != number]
            scores.append(self._sign * (sum(away) / len(away) if away else 0.0))
        return scores


class Elimination(Remembering):
    """Believes its guesses: what it took for right in one sample is wrong in the others."""

    def __init__(self, in_order: bool = False) -> None:
        super().__init__(in_order)
        self._guessed = Counter()
        self._lists = Counter()

    def remember(self, number, sample):
        self._lists.update(candidate.tokens for candidate in sample.candidates)
        best = min(sample.candidates, key=lambda one: (self._guessed[one.tokens], one.tokens))
        self._guessed[best.tokens] += 1

    def about(self, number, sample):
        return [
            -self._guessed[candidate.tokens] - 0.1 * self._lists[candidate.tokens]
            for candidate in sample.candidates
        ]


class TitleWords(Remembering):
    """Words of all other contexts under the title: content, not only memory. A copy of the scorer for
    each block of different videos, not the set, keeps this from being of use."""

    def __init__(self, in_order: bool = False) -> None:
        super().__init__(in_order)
        self._words = defaultdict(Counter)
        self._titles = Counter()

    def remember(self, number, sample):
        words = Counter(word for comment in sample.comments for word in comment.words)
        self._titles.update(words.keys() - self._words[sample.video_ctx.title].keys())
        self._words[sample.video_ctx.title].update(words)

    def about(self, number, sample):
        words = self._words[sample.video_ctx.title].copy()
        if not self._in_order:
            words.subtract(word for comment in sample.comments for word in comment.words)
        return [
            sum(words[word] > 0 and 1 / self._titles[word] for word in candidate.words)
            / len(candidate.words)
            for candidate in sample.candidates
        ]


ZOO = {
    "clock": Clock,
    "returns under its title": Recurrence,
    "returns seldom under its title": lambda in_order: Recurrence(in_order, -1),
    "returns": lambda in_order: Recurrence(in_order, 1, by_title=False),
    "returns seldom": lambda in_order: Recurrence(in_order, -1, by_title=False),
    "rare company": Company,
    "common company": lambda in_order: Company(in_order, -1),
    "listed far away": Triangulation,
    "listed near by": lambda in_order: Triangulation(in_order, -1),
    "elimination": Elimination,
}
"""Makers of the scorers that see nothing but what returns, by name; called with `in_order`."""
