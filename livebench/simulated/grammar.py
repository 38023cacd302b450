"""Distributions over strings that can be sampled and that give the exact probability of a string.

A `Grammar` is a probabilistic context-free grammar. Sampling and scoring read the same rules, so they
cannot drift apart. `Grammar.probability` sums over *all* derivations of a string (the inside
algorithm), so ambiguity does no harm: the probabilities of all strings sum to 1.

Everything here uses only comparisons, +, -, * and /, in a fixed order, so that samples are the same on
any machine. (`sum` is avoided where it would matter: since Python 3.12 it adds floats differently.)
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterable, Mapping
from random import Random

PART = re.compile(r"\{(\w+)\}")


class Words:
    """A finite distribution over strings.

    Args:
        weights: weight of each string, above 0; they need not sum to 1.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        self.strings = list(weights)
        self._cumulative = list(itertools.accumulate(weights.values()))
        if not self.strings or min(weights.values()) <= 0:
            raise ValueError("a distribution needs strings, each with a weight above 0")
        total = self._cumulative[-1]
        self.probabilities = {string: weight / total for string, weight in weights.items()}
        self._lengths = sorted({len(string) for string in self.strings})

    def sample(self, random: Random) -> str:
        drawn = random.random() * self._cumulative[-1]
        return self.strings[min(bisect.bisect(self._cumulative, drawn), len(self.strings) - 1)]

    def ends(self, text: str, start: int) -> dict[int, float]:
        """Where a string that starts at `start` in `text` may end, with its probability."""
        ends = {}
        for length in self._lengths:
            end = start + length
            if end > len(text):
                break
            probability = self.probabilities.get(text[start:end])
            if probability is not None:
                ends[end] = probability
        return ends


def mixture(parts: Iterable[tuple[float, Words]]) -> Words:
    """The mixture of `parts` by weight."""
    parts = list(parts)
    weights: dict[str, float] = {}
    for weight, words in parts:
        for string, probability in words.probabilities.items():
            weights[string] = weights.get(string, 0.0) + weight * probability
    return Words({string: weight for string, weight in weights.items() if weight > 0})


Slots = Mapping[str, Words]
"""The distributions that fill the open slots of a grammar, by name."""


_Part = str | tuple[str]
"""A part of a template: a literal, or a name in a 1-tuple."""
_Parts = tuple[_Part, ...]
_Ends = dict[int, float]
"""Positions in a text where something may end, with probabilities."""


Known = dict[tuple[str, int], _Ends]
"""Where each name may end that begins at a position of a text."""


class _Rule:
    """The alternatives of a name."""

    def __init__(self, alternatives: list[tuple[float, _Parts]]) -> None:
        self.cumulative = list(itertools.accumulate(weight for weight, _ in alternatives))
        total = self.cumulative[-1]
        self.alternatives = [(weight / total, parts) for weight, parts in alternatives]
        # Which alternatives can start with a character, so that most of a big rule need not be tried.
        self.by_first: dict[str, list[tuple[float, _Parts]]] = {}
        self.any_first = []
        for alternative in self.alternatives:
            parts = alternative[1]
            if parts and isinstance(parts[0], str):
                self.by_first.setdefault(parts[0][0], []).append(alternative)
            else:
                self.any_first.append(alternative)

    def sample(self, random: Random) -> _Parts:
        drawn = random.random() * self.cumulative[-1]
        index = min(bisect.bisect(self.cumulative, drawn), len(self.alternatives) - 1)
        return self.alternatives[index][1]


def _parts(template: str) -> _Parts:
    pieces = PART.split(template)
    parts: list[_Part] = []
    for index, piece in enumerate(pieces):
        if index % 2:
            parts.append((piece,))
        elif piece:
            parts.append(piece)
    return tuple(parts)


class Grammar:
    """Rules, lists of words, and open slots.

    Args:
        rules: by name, alternatives (weight above 0, template); `{name}` in a template stands for a
            rule, a list or a slot. No rule may be left-recursive, and recursion must end with
            probability 1, or probabilities do not sum to 1.
        lists: words by name.
        slots: names that are filled at each call.

    Raises:
        ValueError: a template uses an unknown name.
    """

    def __init__(
        self,
        rules: Mapping[str, list[tuple[float, str]]],
        lists: Slots,
        slots: Iterable[str] = (),
    ) -> None:
        self.slots = tuple(slots)
        self._names: dict[str, _Rule | Words] = dict(lists)
        for name, alternatives in rules.items():
            if any(PART.search(template) for _, template in alternatives):
                self._names[name] = _Rule([(w, _parts(template)) for w, template in alternatives])
            else:
                self._names[name] = Words({template: weight for weight, template in alternatives})
        for name, alternatives in rules.items():
            for _, template in alternatives:
                for used in PART.findall(template):
                    if used not in self._names and used not in self.slots:
                        raise ValueError(f"rule {name}: {{{used}}} is not known in {template!r}")

    def sample(self, start: str, slots: Slots, random: Random) -> str:
        """Sample a string from the rule `start`."""
        pieces: list[str] = []
        stack: list[_Part] = [(start,)]
        while stack:
            part = stack.pop()
            if isinstance(part, str):
                pieces.append(part)
                continue
            meaning = slots.get(part[0]) or self._names[part[0]]
            if isinstance(meaning, Words):
                pieces.append(meaning.sample(random))
            else:
                stack.extend(reversed(meaning.sample(random)))
        return "".join(pieces)

    def probability(self, text: str, start: str, slots: Slots, known: Known | None = None) -> float:
        """The exact probability that `sample(start, slots)` returns `text`.

        Args:
            known: what calls with the same text and slots know from each other; empty at first.
        """
        known = {} if known is None else known
        return self._ends(start, text, 0, slots, known).get(len(text), 0.0)

    def _ends(self, name: str, text: str, start: int, slots: Slots, known: Known) -> _Ends:
        ends = known.get((name, start))
        if ends is not None:
            return ends
        meaning = slots.get(name) or self._names[name]
        if isinstance(meaning, Words):
            ends = meaning.ends(text, start)
        else:
            ends = {}
            literal = meaning.by_first.get(text[start], []) if start < len(text) else []
            for probability, parts in itertools.chain(literal, meaning.any_first):
                reached = {start: probability}
                for part in parts:
                    reached = self._advance(part, text, reached, slots, known)
                    if not reached:
                        break
                for end, value in reached.items():
                    ends[end] = ends.get(end, 0.0) + value
        known[name, start] = ends
        return ends

    def _advance(
        self,
        part: _Part,
        text: str,
        reached: _Ends,
        slots: Slots,
        known: Known,
    ) -> _Ends:
        """The ends after one more part, from each of the current ends."""
        if isinstance(part, str):
            return {
                start + len(part): probability
                for start, probability in reached.items()
                if text.startswith(part, start)
            }
        after: _Ends = {}
        for start, probability in reached.items():
            for end, more in self._ends(part[0], text, start, slots, known).items():
                after[end] = after.get(end, 0.0) + probability * more
        return after

    def words(self, name: str) -> Words:
        """A list of words of the grammar."""
        meaning = self._names[name]
        if not isinstance(meaning, Words):
            raise TypeError(f"{name} is a rule, not a list of words")
        return meaning


def read_rules(text: str) -> dict[str, list[tuple[float, str]]]:
    """Read rules: `[name]` opens one, each line of it is a weight, a space, and a template.

    Lines that start with `#` are comments.

    Raises:
        ValueError: a line is neither; it is named.
    """
    rules: dict[str, list[tuple[float, str]]] = {}
    current = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("["):
            current = rules.setdefault(line.strip("[] "), [])
            continue
        weight, _, template = line.partition(" ")
        if current is None or not weight.isdigit():
            raise ValueError(f"line {number}: not a weight and a template: {line!r}")
        current.append((float(weight), template.strip()))
    return rules
