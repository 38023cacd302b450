"""Exact inference in the simulated world: p(comment | what is shown).

Comments are independent given scene and talk, which are independent Markov chains. So everything shown
informs about a moment by Bayes' rule alone, and a `Belief` is the world's own p(comment | scene, talk),
averaged over the posterior of scene and talk. Formulas: docs/simulated-world.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from livebench.simulated.readings import Named, Reader, Reading
from livebench.simulated.world import CHANGE, SCENE_SLOTS, Scene, World


class Shown(NamedTuple):
    """A comment that is shown; `second`: of the video, relative to that of the moment."""

    text: str
    second: int


class Observer:
    """Reads comments and computes beliefs; can be reused for many moments."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.reader = Reader(world)
        self.topics = {
            word: (index, p)
            for index, main in enumerate(world.lists["topic"].mains)
            for word, p in world.lists["topic"].named(main).probabilities.items()
        }

    def belief(
        self, scene: Scene | None, shown: Sequence[Shown], category: str | None = None
    ) -> Belief:
        """The distribution over the comments of a second.

        Of nothing at all it is p(comment), the share of a comment among all that the world writes: at
        any second, scene and topic are distributed as they are when they begin.

        Args:
            scene: of that second; None if unknown.
            shown: comments of other seconds; empty if unknown.
            category: of the video; None if unknown, or told by the scene.
        """
        readings = [(comment.second, self.reader.read(comment.text)) for comment in shown]
        scenes = _Scenes(self.world, scene, [reading for _, reading in readings], category)
        if scene is None:
            scenes.learn([(second, reading) for second, reading in readings if not reading.talk])
        count = len(self.world.lists["topic"].mains)
        prior = np.full((1, count), 1 / count)
        said = [(s, self._topic_likelihood(r)) for s, r in readings if r.talk]
        topics = _posterior(prior, np.ones(1), said)[0]
        return Belief(self, scenes, topics)

    def _topic_likelihood(self, reading: Reading) -> np.ndarray:
        """p(text | topic), float64 [1, topics]."""
        likelihood = np.full((1, len(self.world.lists["topic"].mains)), reading.noise)
        for word, value in reading.talk.items():
            index, p = self.topics[word]
            likelihood[0, index] += value * p
        return likelihood


def _posterior(
    prior: np.ndarray, categories: np.ndarray, evidence: Sequence[tuple[int, np.ndarray]]
) -> np.ndarray:
    """The posterior at second 0 of a state that changes with probability `CHANGE` per second.

    By message passing in a hidden Markov model, from the farthest comment to the moment on either side.
    A new state does not depend on the previous one, so the chain is reversible.

    Args:
        prior: float64 [categories, ...states], each category's states summing to 1.
        categories: float64 [categories], their probabilities.
        evidence: (second, likelihood), the latter with the shape of `prior`.

    Returns:
        p(category, state | evidence), with the shape of `prior`, summing to 1.
    """
    states = tuple(range(1, prior.ndim))
    belief = prior * categories.reshape(-1, *(1 for _ in states))
    for side in (-1, 1):
        on_side = [
            (abs(second), likelihood) for second, likelihood in evidence if second * side > 0
        ]
        message, at = np.ones_like(prior), 0
        for distance, likelihood in [*sorted(on_side, key=lambda pair: -pair[0]), (0, np.ones(1))]:
            stay = (1 - CHANGE) ** abs(distance - at)
            fresh = (prior * message).sum(axis=states, keepdims=True)
            message = (stay * message + (1 - stay) * fresh) * likelihood
            at = distance
        belief = belief * message
    normalised: np.ndarray = belief / belief.sum()
    return normalised


class _Scenes:
    """The distribution over scenes: p(category, subject, action, place, mood).

    Things that nobody names are lumped together: in each slot, every thing named in the shown comments
    is a state, and all others (for moods: the others of each tone) are one state.
    """

    def __init__(
        self,
        world: World,
        scene: Scene | None,
        readings: Sequence[Reading],
        category: str | None = None,
    ) -> None:
        self._lists = {slot: world.lists[slot] for slot in SCENE_SLOTS}
        shares = {category: 1.0} if category else world.categories.probabilities
        self._categories = np.array([1.0] if scene else list(shares.values()))
        words = {word for reading in readings for named in reading.scene for _, word in named}
        self._mains: dict[str, list[dict[str, float]]] = {}  # by slot, in each category
        self._state: dict[str, dict[str, int]] = {}  # by slot, of each main word
        self._share: dict[str, np.ndarray] = {}  # by slot, float64 [categories, states]
        for slot in SCENE_SLOTS:
            if scene:
                mains = [{getattr(scene, slot): 1.0}]
            else:
                mains = [world.scene_words(slot, category).probabilities for category in shares]
            lumps: dict[tuple[str, str], int] = {}
            self._mains[slot] = mains
            self._state[slot] = {
                main: lumps.setdefault(self._lump(slot, main, words), len(lumps))
                for main in dict.fromkeys(main for own in mains for main in own)
            }
            self._share[slot] = np.zeros((len(mains), len(lumps)))
            for row, own in enumerate(mains):
                for main, p in own.items():
                    self._share[slot][row, self._state[slot][main]] += p
        tones = {self._state["mood"][main]: world.tone(main) for main in self._state["mood"]}
        self._tones = [tones[index] for index in range(len(tones))]
        self._prior = np.einsum("zs,za,zp,zm->zsapm", *self._share.values())
        self.probabilities = self._prior * self._categories.reshape(-1, 1, 1, 1, 1)

    def _lump(self, slot: str, main: str, words: Iterable[str]) -> tuple[str, str]:
        if any(word in words for word in self._lists[slot].named(main).strings):
            return main, ""
        return "", self._lists[slot].section(main) if slot == "mood" else ""

    def _place(self, named: Named) -> tuple[tuple[int | slice, ...], np.ndarray] | None:
        """The states in which these words may be named, and p(they are | state) by category."""
        places: dict[str, int | slice] = dict.fromkeys(SCENE_SLOTS, slice(None))
        ratio = np.ones(len(self._categories))
        for slot, word in named:
            main = self._lists[slot].main(word)
            state = self._state[slot].get(main)
            if state is None:
                return None
            places[slot] = state
            own = np.array([mains.get(main, 0.0) for mains in self._mains[slot]])
            lump = self._share[slot][:, state]
            ratio *= np.divide(own, lump, out=np.zeros_like(own), where=lump > 0)
            ratio *= self._lists[slot].named(main).probabilities[word]
        return (slice(None), *places.values()), ratio

    def learn(self, shown: Sequence[tuple[int, Reading]]) -> None:
        """Update on comments of other seconds: (second, comment)."""
        evidence = [(second, self._likelihood(reading)) for second, reading in shown]
        self.probabilities = _posterior(self._prior, self._categories, evidence)

    def _likelihood(self, reading: Reading) -> np.ndarray:
        """p(text | scene), with the shape of the states."""
        likelihood = np.full(self._prior.shape, reading.noise)
        if reading.fillers:
            likelihood += [reading.fillers[tone] for tone in self._tones]
        for named, value in reading.scene.items():
            place = self._place(named)
            if place is not None:
                where, ratio = place
                target = likelihood[where]
                target += value * ratio.reshape(-1, *(1 for _ in target.shape[1:]))
        return likelihood

    def tones(self) -> dict[str, float]:
        """The probability of each tone."""
        by_tone: dict[str, float] = {}
        for tone, p in zip(self._tones, self.probabilities.sum(axis=(0, 1, 2, 3)), strict=True):
            by_tone[tone] = by_tone.get(tone, 0.0) + float(p)
        return by_tone

    def probability(self, named: Named) -> float:
        """The probability that a comment about the scene names these words."""
        place = self._place(named)
        if place is None:
            return 0.0
        where, ratio = place
        chosen = self.probabilities[where]
        return float(ratio @ chosen.sum(axis=tuple(range(1, chosen.ndim))))


class Belief:
    """A distribution over comments at a moment, given what is shown of it."""

    def __init__(self, observer: Observer, scenes: _Scenes, topics: np.ndarray) -> None:
        self._observer, self._scenes, self._topics = observer, scenes, topics
        self._tones = scenes.tones()
        self._named: dict[Named, float] = {}

    def probability(self, text: str) -> float:
        """p(text | what is shown); over all strings it sums to 1."""
        reading = self._observer.reader.read(text)
        total = reading.noise
        for tone, value in reading.fillers.items():
            total += value * self._tones.get(tone, 0.0)
        for named, value in reading.scene.items():
            if named not in self._named:
                self._named[named] = self._scenes.probability(named)
            total += value * self._named[named]
        for word, value in reading.talk.items():
            index, p = self._observer.topics[word]
            total += value * p * float(self._topics[index])
        return total
