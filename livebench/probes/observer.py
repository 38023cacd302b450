"""What an observer of the simulated world may believe of a comment, from the part that is shown.

A `Belief` is a distribution over all strings: a mixture of the world's own distributions
(`livebench.data.world`) with weights that do not depend on the comment, so it sums to 1. Formulas, and
where the few numbers come from that are not the world's own: docs/simulated-world.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from math import prod
from typing import NamedTuple

from livebench.data.grammar import Slots, Words, mixture
from livebench.data.world import KIND_WEIGHTS, SCENE_SLOTS, Scene, World

NAMED_SCENE = 0.5
"""In the setting `comments`: how probable it is that a word of the scene is one that is named."""


class Weights(NamedTuple):
    """How much of the replies each shown comment draws, beside 1 for all that are not shown.

    Attributes:
        before: of a comment of the time before the second, at distance 0 from it.
        after_reply, after_other: of a comment after the second, itself a reply or not: it takes up
            the word of a chain to which the candidate may belong as well.
        decay: at a distance of d seconds they are divided by (1 + d)**decay.
        asked: of the comments that begin a chain, how many to one carry the word of a reply after
            the second, because it is they that it replies to.
    """

    before: float = 0.5
    after_reply: float = 0.6
    after_other: float = 0.2
    decay: float = 0.7
    asked: float = 0.15


Named = tuple[tuple[str, str], ...]
"""Which slots a derivation has filled, and with which words: ((slot, word), ...)."""


class _Sum(dict[Named, float]):
    """A polynomial in the probabilities of words: its coefficients.

    `Grammar.probability` only adds and multiplies: with slots that stand for unknowns it gives this
    instead of a number. A comment is parsed once, whatever the moments it is scored at.
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
    """A slot whose words have probabilities that are left open."""

    def __init__(self, slot: str, words: Iterable[str]) -> None:
        super().__init__(dict.fromkeys(words, 1.0))
        self._slot = slot

    def ends(self, text: str, start: int) -> dict[int, _Sum]:
        found = super().ends(text, start)
        return {end: _Sum({((self._slot, text[start:end]),): 1.0}) for end in found}


class Reading(NamedTuple):
    """A comment, parsed: p(text | kind) as a polynomial in what the moment fills in.

    Attributes:
        fillers: by tone; empty if it is no filler.
        scene, noise: by the slots that are filled.
        reply, title: by the word that is taken up.
    """

    fillers: Mapping[str, float]
    scene: Mapping[Named, float]
    noise: Mapping[Named, float]
    reply: Mapping[str, float]
    title: Mapping[str, float]


class Shown(NamedTuple):
    """A comment that is shown; `distance`: seconds from the candidate's second, negative before."""

    text: str
    distance: float


class Observer:
    """What the world's formulas say of a comment where only a part of the moment is known."""

    def __init__(self, world: World, weights: Weights | None = None) -> None:
        self.world = world
        self.weights = weights or Weights()
        words = {slot: world.lists[slot].words for slot in (*SCENE_SLOTS, "chat")}
        every = [word for each in words.values() for word in each]
        self._scene_slots = {slot: _Unknown(slot, words[slot]) for slot in SCENE_SLOTS}
        self._noise_slots = {**self._scene_slots, "chat": _Unknown("chat", words["chat"])}
        self._any_word = {slot: _Unknown(slot, every) for slot in ("key", "named")}
        self._slots_of: dict[str, list[str]] = {}
        for slot, each in words.items():
            for word in each:
                self._slots_of.setdefault(word, []).append(slot)
        self._readings: dict[str, Reading] = {}
        noise = {slot: found.probabilities for slot, found in world.off_topic.items()}
        self.noise_words = {**noise, "chat": world.grammar.words("chat").probabilities}
        about = self._share("about", [*SCENE_SLOTS])
        self.taken = {
            "scene": about,
            "noise": {
                **{slot: share * self._noise_share("about") for slot, share in about.items()},
                "chat": self._noise_share("smalltalk"),
            },
        }

    def _share(self, rule: str, slots: Sequence[str]) -> dict[str, float]:
        """How often the word taken up from a comment of this rule is of each slot."""
        total = sum(weight for weight, _ in self.world.rules[rule])
        shares = dict.fromkeys(slots, 0.0)
        for weight, template in self.world.rules[rule]:
            used = [slot for slot in slots if f"{{{slot}}}" in template]
            for slot in used:
                shares[slot] += weight / total / len(used)
        return shares

    def _noise_share(self, part: str) -> float:
        rules = self.world.rules["noise"]
        return sum(w for w, t in rules if f"{{{part}}}" in t) / sum(w for w, _ in rules)

    def read(self, text: str) -> Reading:
        """Parse a comment (without white space), once."""
        reading = self._readings.get(text)
        if reading is None:
            reading = self._readings[text] = self._read(text)
        return reading

    def _read(self, text: str) -> Reading:
        probability = self.world.grammar.probability
        fillers = {}
        if probability(text, "filler", {}) > 0:
            fillers = {tone: probability(text, f"filler_{tone}", {}) for tone in self.world.tones}
        noise = _terms(probability(text, "noise", self._noise_slots))
        if not any(word in text for word in self._slots_of):
            return Reading(fillers, {}, noise, {}, {})
        reply, title = (
            {named[0][1]: p for named, p in _terms(found).items()}
            for found in (
                probability(text, "reply", self._any_word),
                probability(text, "title", self._any_word),
            )
        )
        scene = _terms(probability(text, "scene", self._scene_slots))
        return Reading(fillers, scene, noise, reply, title)

    # What is believed of a moment.

    def belief(
        self,
        scenes: Sequence[tuple[float, Scene]] | None,
        older: Sequence[tuple[float, Scene]] | None,
        title: str | None,
        shown: Sequence[Shown],
    ) -> Belief:
        """What is known of a comment before it is read.

        Args:
            scenes: (weight, scene), weights summing to 1: what it may be about; None if unknown.
            older: the same for a chain of replies that is not shown.
            title: of the video; None if unknown.
            shown: comments around it, none if they are unknown.
        """
        world = self.world
        if scenes is None or older is None:
            seen, tones = self._guess(shown)
            before = seen
        else:
            seen = [(weight, world.scene_slots(scene)) for weight, scene in scenes]
            before = [(weight, world.scene_slots(scene)) for weight, scene in older]
            tones = [(weight, world.lists["mood"].section(scene.mood)) for weight, scene in scenes]
        named = None if title is None else world.key_words([(1.0, title)])
        if named is None:
            slots = ("subject", "place")
            named = mixture((weight / 2, found[slot]) for weight, found in seen for slot in slots)
        return Belief(self, seen, tones, named, self._replies(before, named, tones, shown), shown)

    def _guess(
        self, shown: Sequence[Shown]
    ) -> tuple[list[tuple[float, Slots]], list[tuple[float, str]]]:
        """The unknown scene and its tone, from the words that the comments around it name.

        The category by Bayes: a word names what the scene shows, or is noise; each counts once.
        Then each slot: one of the things named, or else the category's own distribution.
        """
        world = self.world
        words = list(dict.fromkeys(word for one in shown for word in world.keys(one.text)))
        about = {slot: [w for w in words if slot in self._slots_of[w]] for slot in SCENE_SLOTS}
        true = KIND_WEIGHTS["scene"] + KIND_WEIGHTS["title"]
        true /= true + KIND_WEIGHTS["noise"] * self._noise_share("about")
        posterior = []
        for share, slots in world.unknown_scenes:
            likelihood = prod(
                true * slots[slot].probabilities.get(word, 0.0)
                + (1 - true) * self.noise_words[slot][word]
                for slot in SCENE_SLOTS
                for word in about[slot]
            )
            posterior.append((share * likelihood, slots))
        total = sum(weight for weight, _ in posterior)
        things = {slot: self._things(slot, found) for slot, found in about.items() if found}
        seen = [
            (
                weight / total,
                {
                    slot: mixture([(1 - NAMED_SCENE, prior), (NAMED_SCENE, things[slot])])
                    if slot in things
                    else prior
                    for slot, prior in slots.items()
                },
            )
            for weight, slots in posterior
        ]
        tones = dict(world.tones)
        moods = [self._mains["mood", word] for word in about["mood"]]
        if moods:
            sections = [world.lists["mood"].section(main) for main in moods]
            tones = {
                tone: (1 - NAMED_SCENE) * p + NAMED_SCENE * sections.count(tone) / len(moods)
                for tone, p in tones.items()
            }
        return seen, [(weight, tone) for tone, weight in tones.items()]

    def _things(self, slot: str, words: Sequence[str]) -> Words:
        """How the things that words name are named."""
        return mixture((1.0, self.world.lists[slot].named(self._mains[slot, w])) for w in words)

    @cached_property
    def _mains(self) -> dict[tuple[str, str], str]:
        """The thing that a word of a slot names."""
        lists = self.world.lists
        return {
            (slot, word): main
            for slot in SCENE_SLOTS
            for main in lists[slot].mains
            for word in lists[slot].named(main).strings
        }

    def _replies(
        self,
        before: Sequence[tuple[float, Slots]],
        named: Words,
        tones: Sequence[tuple[float, str]],
        shown: Sequence[Shown],
    ) -> Replies:
        fillers = [(weight, tone, {}) for weight, tone in tones]
        hidden = self.world.unknown_replies(fillers, self.world.unknown_keys(before, named))
        (weight, _, slots) = hidden[-1]
        keys = {word: weight * p for word, p in slots["key"].probabilities.items()}
        echoes: dict[str, float] = {}
        total, hidden_echo = 1.0, 1.0 - weight
        for one in shown:
            answer = self.world.answer(one.text)
            if answer is None:
                continue
            weight = self._weight(one)
            total += weight
            target = keys if answer[0] == "reply" else echoes
            for words in answer[1].values():
                for word, p in words.probabilities.items():
                    target[word] = target.get(word, 0.0) + weight * p
        return Replies(total, keys, echoes, hidden_echo)

    def _weight(self, one: Shown) -> float:
        weights = self.weights
        if one.distance < 0:
            weight = weights.before
        else:
            weight = weights.after_reply if self.is_reply(one.text) else weights.after_other
        return weight / (1 + abs(one.distance)) ** weights.decay

    @cached_property
    def _nothing(self) -> Belief:
        return self.belief(None, None, None, [])

    def is_reply(self, text: str) -> bool:
        """Whether a comment is more probably a reply than not, where nothing is known."""
        reading = self.read(text)
        replied = KIND_WEIGHTS["reply"] * self._nothing.reply(text, reading)
        return bool(reading.reply) and replied > 0.5 * self._nothing.probability(text)

    def prior(self, text: str) -> float:
        """p(text) where nothing is known."""
        return self._nothing.probability(text)


class Replies(NamedTuple):
    """Replies: weights, not normalised, of each word and each text that is taken up.

    Attributes:
        total: of all weights.
        keys: by word, `echoes`: by text.
        fillers: weight of an echo of a filler that is not shown.
    """

    total: float
    keys: Mapping[str, float]
    echoes: Mapping[str, float]
    fillers: float


class Belief:
    """A distribution over comments, for one moment as far as it is shown."""

    def __init__(
        self,
        observer: Observer,
        scenes: Sequence[tuple[float, Slots]],
        tones: Sequence[tuple[float, str]],
        named: Words,
        replies: Replies,
        shown: Sequence[Shown],
    ) -> None:
        self._observer = observer
        self._scenes = [
            (weight, {slot: words.probabilities for slot, words in slots.items()})
            for weight, slots in scenes
        ]
        self._tones = tones
        self._named = named.probabilities
        self._replies = replies
        self._asked = self._asked_for(shown)

    def _asked_for(self, shown: Sequence[Shown]) -> list[tuple[float, str, float]]:
        """Weight, word and `_carried` of the replies after the moment: they may be to a candidate."""
        observer, found = self._observer, []
        for one in shown:
            keys = observer.world.keys(one.text)
            if one.distance >= 0 and keys and observer.is_reply(one.text):
                found += [(observer.weights.asked / len(keys), word) for word in keys]
        return [(weight, word, self._carried(word)) for weight, word in found]

    def _carried(self, word: str) -> float:
        """How probable it is that a comment that begins a chain has this word, and it is taken up."""
        taken, noise = self._observer.taken, self._observer.noise_words
        scene = sum(
            weight * share * slots[slot].get(word, 0.0)
            for weight, slots in self._scenes
            for slot, share in taken["scene"].items()
        )
        off = sum(share * noise[slot].get(word, 0.0) for slot, share in taken["noise"].items())
        title = self._named.get(word, 0.0)
        return sum(
            KIND_WEIGHTS[kind] * p
            for kind, p in {"scene": scene, "noise": off, "title": title}.items()
        )

    def probability(self, text: str) -> float:
        """p(text | what is shown); over all strings it sums to 1."""
        reading = self._observer.read(text)
        begun = self._begun(reading)
        if self._asked:
            weight = sum(weight for weight, _, _ in self._asked)
            others = sum(w * self._begun_with(reading, *of) for w, *of in self._asked)
            begun = (begun + (1 - KIND_WEIGHTS["reply"]) * others) / (1 + weight)
        return begun + KIND_WEIGHTS["reply"] * self.reply(text, reading)

    def _begun(self, reading: Reading) -> float:
        """p(text, it is no reply)."""
        scene = sum(w * _value(reading.scene, slots) for w, slots in self._scenes)
        title = sum(p * self._named.get(word, 0.0) for word, p in reading.title.items())
        noise = _value(reading.noise, self._observer.noise_words)
        return (
            KIND_WEIGHTS["filler"] * self._filler(reading)
            + KIND_WEIGHTS["scene"] * scene
            + KIND_WEIGHTS["title"] * title
            + KIND_WEIGHTS["noise"] * noise
        )

    def _begun_with(self, reading: Reading, word: str, carried: float) -> float:
        """p(text | it is no reply, and this word of it is taken up)."""
        scene = sum(w * _value(reading.scene, slots, word) for w, slots in self._scenes)
        title = reading.title.get(word, 0.0) * self._named.get(word, 0.0)
        noise = _value(reading.noise, self._observer.noise_words, word)
        return (
            KIND_WEIGHTS["scene"] * scene
            + KIND_WEIGHTS["title"] * title
            + KIND_WEIGHTS["noise"] * noise
        ) / carried

    def _filler(self, reading: Reading) -> float:
        if not reading.fillers:
            return 0.0
        return sum(weight * reading.fillers[tone] for weight, tone in self._tones)

    def reply(self, text: str, reading: Reading) -> float:
        """p(text | it is a reply)."""
        total, keys, echoes, fillers = self._replies
        taken_up = sum(p * keys.get(word, 0.0) for word, p in reading.reply.items())
        return (taken_up + echoes.get(text, 0.0) + fillers * self._filler(reading)) / total


def _terms(found: _Sum | float) -> dict[Named, float]:
    terms = found if isinstance(found, _Sum) else {(): found}
    return {named: value for named, value in terms.items() if value}


def _value(
    terms: Mapping[Named, float], slots: Mapping[str, Mapping[str, float]], taken: str = ""
) -> float:
    """The value of a polynomial; with `taken`, times the share of its words that are this one."""
    value = 0.0
    for named, coefficient in terms.items():
        share = sum(word == taken for _, word in named) / max(1, len(named)) if taken else 1.0
        if share:
            present = prod(slots[slot].get(word, 0.0) for slot, word in named)
            value += share * coefficient * present
    return value
