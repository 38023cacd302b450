"""The comments of the simulated world: what people write at a moment, with exact probabilities.

At each second a video shows a scene, and its viewers talk about an unrelated topic. Given these two,
comments are independent, and each is of one of four kinds with known weights; each kind is a
distribution over strings that can be sampled and gives exact probabilities
(`livebench.simulated.grammar`). docs/simulated-world.md has the formulas. Word lists and templates are
files in livebench/simulated/words/.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from random import Random

import msgspec

from livebench.simulated.grammar import Grammar, Slots, Words, mixture, read_rules
from livebench.simulated.lexicon import WordList, read_words

KIND_WEIGHTS = {"filler": 0.08, "scene": 0.34, "talk": 0.46, "noise": 0.12}
"""The kinds of comments and their frequencies."""

SCENE_SLOTS = ("subject", "action", "place", "mood")
CHANGE = 0.1
"""The probability, at each second, that the scene, the talk or the liveliness changes."""
_TONE_FACTOR = 12
"""How many times more frequent a filler is in a scene whose mood has its tone."""


class Scene(msgspec.Struct, frozen=True):
    """What is shown from second `start` up to `stop`, each a main word of its list."""

    start: int
    stop: int
    subject: str
    action: str
    place: str
    mood: str


class Talk(msgspec.Struct, frozen=True):
    """What viewers talk about from second `start` up to `stop`, a main word of the list "topic"."""

    start: int
    stop: int
    topic: str


@dataclass(frozen=True, eq=False)
class World:
    """Word lists and grammar, and the resulting distributions.

    Args:
        lists: a list for each of `SCENE_SLOTS`, and "topic".
        rules: the grammar; its rules `filler`, `scene`, `talk`, `noise` give comments, `video_title` a
            video's title.
        categories: of videos, most frequent first.
        fillers: (template, tone), most popular first; tones are the sections of the list "mood", or ""
            for none.
    """

    lists: Mapping[str, WordList]
    rules: Mapping[str, list[tuple[float, str]]]
    categories: Words
    fillers: list[tuple[str, str]]
    _slots: dict[Scene, Slots] = field(default_factory=dict, repr=False)

    @classmethod
    @cache
    def default(cls) -> World:
        """The world defined by the files in livebench/simulated/words/."""
        folder = files("livebench.simulated") / "words"
        texts = {
            name: (folder / f"{name}.txt").read_text("utf-8")
            for name in (*(f"{slot}s" for slot in (*SCENE_SLOTS, "topic")), "fillers", "grammar")
        }
        lists = {slot: read_words(texts[f"{slot}s"]) for slot in (*SCENE_SLOTS, "topic")}
        lines = (line.split() for line in texts["fillers"].splitlines())
        fillers = [(line[0], line[1] if len(line) > 1 else "") for line in lines]
        rules = read_rules(texts["grammar"])
        headlines = (folder / "headlines.txt").read_text("utf-8")
        rules |= read_rules(f"[video_title]\n{headlines}")
        categories = {name: 1 / (rank + 4) for rank, name in enumerate(lists["subject"].sections)}
        return cls(lists, rules, Words(categories), fillers)

    @cached_property
    def grammar(self) -> Grammar:
        slots = (*SCENE_SLOTS, "topic", "category", "subject2", "place2", "number")
        rules = {**self.rules, "fill": self._fill("")}
        for tone in self.lists["mood"].sections:
            rules[f"fill_{tone}"] = self._fill(tone)
            rules[f"filler_{tone}"] = [
                (weight, template.replace("{fill}", f"{{fill_{tone}}}"))
                for weight, template in self.rules["filler"]
            ]
        return Grammar(rules, {}, slots)

    def _fill(self, tone: str) -> list[tuple[float, str]]:
        """The fillers with their weights, those of this tone more frequent."""
        return [
            ((_TONE_FACTOR if own and own == tone else 1) / (rank + 30), filler)
            for rank, (filler, own) in enumerate(self.fillers, 1)
        ]

    def tone(self, mood: str) -> str:
        """The tone of a mood: its section in the list."""
        return self.lists["mood"].section(mood)

    def scene_words(self, slot: str, category: str) -> Words:
        """The distribution of main words in a slot of scenes, for videos of a category."""
        return self.lists[slot].mains_in(category)

    @cached_property
    def off_topic(self) -> Slots:
        """The words of noise: unrelated to scene and talk, each drawn independently."""
        mains = {
            slot: mixture(
                (share, self.scene_words(slot, category))
                for category, share in self.categories.probabilities.items()
            )
            for slot in SCENE_SLOTS
        }
        mains["topic"] = self.lists["topic"].mains_in("")
        return {
            slot: mixture((p, self.lists[slot].named(w)) for w, p in words.probabilities.items())
            for slot, words in mains.items()
        }

    def _scene_slots(self, scene: Scene) -> Slots:
        """How people name the words of a scene."""
        slots = self._slots.get(scene)
        if slots is None:
            slots = {slot: self.lists[slot].named(getattr(scene, slot)) for slot in SCENE_SLOTS}
            self._slots[scene] = slots
        return slots

    def _rule(self, kind: str, scene: Scene, topic: str) -> tuple[str, Slots]:
        """The rule that generates comments of a kind, and the words for its open slots."""
        if kind == "filler":
            return f"filler_{self.tone(scene.mood)}", {}
        if kind == "scene":
            return kind, self._scene_slots(scene)
        return kind, self.off_topic if kind == "noise" else self._topic_slots[topic]

    @cached_property
    def _topic_slots(self) -> dict[str, Slots]:
        topics = self.lists["topic"]
        return {topic: {"topic": topics.named(topic)} for topic in topics.mains}

    @cached_property
    def _kinds(self) -> Words:
        return Words(KIND_WEIGHTS)

    def sample(self, scene: Scene, topic: str, random: Random) -> tuple[str, str]:
        """Sample a comment: its kind and its text."""
        kind = self._kinds.sample(random)
        rule, slots = self._rule(kind, scene, topic)
        return kind, self.grammar.sample(rule, slots, random)

    def kind_probabilities(self, text: str, scene: Scene, topic: str) -> dict[str, float]:
        """Exact p(text | kind, scene, topic) for each kind; each sums to 1 over all texts."""
        rules = {kind: self._rule(kind, scene, topic) for kind in KIND_WEIGHTS}
        return {kind: self.grammar.probability(text, *rule) for kind, rule in rules.items()}

    def probability(self, text: str, scene: Scene, topic: str) -> float:
        """Exact p(text | scene, topic), which sums to 1 over all texts."""
        by_kind = self.kind_probabilities(text, scene, topic)
        return sum(KIND_WEIGHTS[kind] * probability for kind, probability in by_kind.items())
