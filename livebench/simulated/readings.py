"""Parsed comments of the simulated world: the terms of their probability at any moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from livebench.simulated.grammar import Known, Words
from livebench.simulated.world import KIND_WEIGHTS, SCENE_SLOTS, World

Named = tuple[tuple[str, str], ...]
"""The slots that a derivation has filled, with their words: ((slot, word), ...)."""


class _Sum(dict[Named, float]):
    """The coefficients of a polynomial in the probabilities of words.

    `Grammar.probability` only adds and multiplies: if slots are unknowns, it returns this instead of a
    number. So a comment is parsed only once, however many moments it is scored at.
    """

    def __mul__(self, other: _Sum | float) -> _Sum:
        terms = other if isinstance(other, _Sum) else {(): other}
        product = _Sum()
        for left, a in self.items():
            for right, b in terms.items():
                product[left + right] = product.get(left + right, 0.0) + a * b
        return product

    def __add__(self, other: _Sum | float) -> _Sum:
        total = _Sum(self)
        terms = other if isinstance(other, _Sum) else {(): other}
        for named, value in terms.items():
            total[named] = total.get(named, 0.0) + value
        return total

    __rmul__, __radd__ = __mul__, __add__


class _Unknown(Words):
    """A slot whose words have unknown probabilities."""

    def __init__(self, slot: str, words: Iterable[str]) -> None:
        super().__init__(dict.fromkeys(words, 1.0))
        self._slot = slot

    # A polynomial takes the place of a number: the grammar only adds and multiplies.
    def ends(self, text: str, start: int) -> dict[int, _Sum]:  # type: ignore[override]
        ends = super().ends(text, start)
        return {end: _Sum({((self._slot, text[start:end]),): 1.0}) for end in ends}


class Reading(NamedTuple):
    """A parsed comment: p(text | kind) times the weight of the kind.

    Attributes:
        fillers: by tone; empty if it is not a filler.
        scene: by the slots that are filled.
        talk: by the topic word.
        noise: the same at any moment.
    """

    fillers: Mapping[str, float]
    scene: Mapping[Named, float]
    talk: Mapping[str, float]
    noise: float


class Reader:
    """Parses comments, each once."""

    def __init__(self, world: World) -> None:
        self._world = world
        words = {slot: world.lists[slot].words for slot in (*SCENE_SLOTS, "topic")}
        self._unknown = {slot: _Unknown(slot, words[slot]) for slot in words}
        self._words = {
            "scene": [word for slot in SCENE_SLOTS for word in words[slot]],
            "talk": words["topic"],
        }
        self._readings: dict[str, Reading] = {}

    def read(self, text: str) -> Reading:
        """Parse a comment (without white space), once.

        Raises:
            ValueError: it names both a scene and a topic, so that the evidence about the two does not
                factorise. No comment of `World.default()` does.
        """
        reading = self._readings.get(text)
        if reading is None:
            reading = self._readings[text] = self._read(text)
        return reading

    def _read(self, text: str) -> Reading:
        probability = self._world.grammar.probability
        bare: Known = {}
        unknown: Known = {}
        is_filler = probability(text, "filler", {}, bare) > 0
        tones = self._world.lists["mood"].sections if is_filler else ()
        fillers = {tone: probability(text, f"filler_{tone}", {}, bare) for tone in tones}
        # Checking first whether a comment has any of the words avoids most of the parsing.
        scene, talk = (
            _terms(probability(text, kind, self._unknown, unknown))
            if any(word in text for word in self._words[kind])
            else {}
            for kind in ("scene", "talk")
        )
        noise = probability(text, "noise", self._world.off_topic)
        if talk and (scene or is_filler):
            raise ValueError(f"{text!r} can be read as about the topic and about the scene")
        return Reading(
            {tone: KIND_WEIGHTS["filler"] * p for tone, p in fillers.items()},
            {named: KIND_WEIGHTS["scene"] * p for named, p in scene.items()},
            {named[0][1]: KIND_WEIGHTS["talk"] * p for named, p in talk.items()},
            KIND_WEIGHTS["noise"] * noise,
        )


def _terms(probability: _Sum | float) -> dict[Named, float]:
    terms = probability if isinstance(probability, _Sum) else {(): probability}
    return {named: value for named, value in terms.items() if value}
