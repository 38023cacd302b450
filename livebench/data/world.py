"""The simulated world's comments: what people write at a moment, and with what probability exactly.

A comment is of one of five kinds, with known weights; each kind is a distribution over strings that
both draws and gives exact probabilities (`livebench.data.grammar`). docs/simulated-world.md has the
formulas. Word lists and templates are files in livebench/data/simulated/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from random import Random

import msgspec

from livebench.data.grammar import Grammar, Slots, Words, mixture, read_rules
from livebench.data.lexicon import WordList, read_words

KIND_WEIGHTS = {"filler": 0.1, "scene": 0.075, "reply": 0.64, "title": 0.02, "noise": 0.165}
"""The kinds of comment and how frequent they are, where there is somebody to reply to."""

SCENE_SLOTS = ("subject", "action", "place", "mood")
SCENE_LAG_MS = 2000
"""A comment is about the scene of up to this long ago."""
TONE_FACTOR = 12
"""How much more frequent a filler is in a scene whose mood has its tone."""
REPLY_WITHIN_MS = 5000
REPLY_SCALE_MS = 300
"""A comment of lag d ms is replied to in proportion to 1 / (1 + d / scale)**2."""


class Scene(msgspec.Struct, frozen=True):
    """What is seen from second `start` up to `stop`, each a word of its list."""

    start: int
    stop: int
    subject: str
    action: str
    place: str
    mood: str


Part = tuple[float, str, Slots]
"""Weight, rule of the grammar (or slot), and what the open slots stand for."""

Moment = Mapping[str, Sequence[Part]]
"""All that the probability of a comment depends on: for each kind, parts whose weights sum to 1, or
none if the kind cannot be (a reply to nobody)."""


@dataclass(frozen=True, eq=False)
class World:
    """Word lists and grammar, and the distributions that follow from them.

    Args:
        lists: a list for each of `SCENE_SLOTS`, and "chat".
        rules: the grammar; its rules `filler`, `scene`, `reply`, `title`, `noise` give comments,
            `video_title` a video's title.
        categories: of videos, by how frequent they are.
        fillers: (template, tone), by popularity; the tones are the sections of the list "mood", and
            "" is none of them.
    """

    lists: Mapping[str, WordList]
    rules: Mapping[str, list[tuple[float, str]]]
    categories: Words
    fillers: Sequence[tuple[str, str]]
    _slots: dict[Scene, Slots] = field(default_factory=dict, repr=False)
    _keys: dict[tuple[str, ...], Words] = field(default_factory=dict, repr=False)
    _fixed: dict[tuple[str, str], float] = field(default_factory=dict, repr=False)

    @classmethod
    @cache
    def default(cls) -> World:
        """The world whose words lie in livebench/data/simulated/."""
        folder = files("livebench.data") / "simulated"
        texts = {
            name: (folder / f"{name}.txt").read_text("utf-8")
            for name in ("subjects", "actions", "places", "moods", "chat", "fillers", "grammar")
        }
        lists = {slot: read_words(texts[f"{slot}s"]) for slot in SCENE_SLOTS}
        lists["chat"] = read_words(texts["chat"])
        rules = read_rules(texts["grammar"])
        fillers = [(*line.split(), "")[:2] for line in texts["fillers"].splitlines()]
        rules["video_title"] = read_rules("[h]\n" + (folder / "headlines.txt").read_text("utf-8"))[
            "h"
        ]
        categories = {name: 1 / (rank + 4) for rank, name in enumerate(lists["subject"].sections)}
        return cls(lists, rules, Words(categories), fillers)

    @cached_property
    def grammar(self) -> Grammar:
        chat = mixture([(1.0, self.lists["chat"].named(main)) for main in self.lists["chat"].mains])
        lists = {"chat": chat, "character": self.characters}
        slots = (*SCENE_SLOTS, "key", "named", "category", "subject2", "place2", "number")
        rules = {**self.rules, "fill": self._fill("")}
        for tone in self.tones:
            rules[f"fill_{tone}"] = self._fill(tone)
            rules[f"filler_{tone}"] = [
                (weight, template.replace("{fill}", f"{{fill_{tone}}}"))
                for weight, template in self.rules["filler"]
            ]
        return Grammar(rules, lists, slots)

    def _fill(self, tone: str) -> list[tuple[float, str]]:
        """Zipf's law over the fillers in order of popularity, those of a tone more frequent."""
        return [
            ((TONE_FACTOR if own and own == tone else 1) / (rank + 0.5), filler)
            for rank, (filler, own) in enumerate(self.fillers, 1)
        ]

    @cached_property
    def tones(self) -> dict[str, float]:
        """The tones of moods, and how frequent they are in a world of scenes."""
        sections = self.lists["mood"].sections
        return {
            tone: len(mains) / len(self.lists["mood"].mains) for tone, mains in sections.items()
        }

    @cached_property
    def characters(self) -> Words:
        """A slip of the keyboard: latin letters and digits half of the time, else any character.

        Together with `slip`, which is of any length, it gives every string that the world can emit
        a probability above 0.
        """
        latin = "abcdefghijklmnopqrstuvwxyz0123456789"
        texts = [template for rule in self.rules.values() for _, template in rule]
        texts += [filler for filler, _ in self.fillers]
        texts += [word for words in self.lists.values() for word in words.words]
        other = sorted(set("".join(texts)) - set(latin) - set("{}"))
        weights = {
            **dict.fromkeys(latin, 1 / len(latin)),
            **dict.fromkeys(other, 1 / max(1, len(other))),
        }
        return Words(weights)

    @cached_property
    def _lexicon(self) -> tuple[frozenset[str], dict[str, list[int]]]:
        """All words, and by their first character the lengths they may have, longest first."""
        words = frozenset(word for words in self.lists.values() for word in words.words)
        lengths: dict[str, set[int]] = {}
        for word in words:
            lengths.setdefault(word[0], set()).add(len(word))
        return words, {first: sorted(found, reverse=True) for first, found in lengths.items()}

    def keys(self, text: str) -> list[str]:
        """The words of the lists in a text, from the left, the longest at each place; each once."""
        words, lengths = self._lexicon
        found, place = {}, 0
        while place < len(text):
            step = 1
            for length in lengths.get(text[place], ()):
                word = text[place : place + length]
                if word in words:
                    found[word] = None
                    step = length
                    break
            place += step
        return list(found)

    # What a moment knows, or does not know.

    def scene_slots(self, scene: Scene) -> Slots:
        """How the words of a scene are named."""
        slots = self._slots.get(scene)
        if slots is None:
            slots = {slot: self.lists[slot].named(getattr(scene, slot)) for slot in SCENE_SLOTS}
            self._slots[scene] = slots
        return slots

    @cached_property
    def _prior_slots(self) -> dict[str, Slots]:
        return {
            category: {slot: self._prior_words(slot, category) for slot in SCENE_SLOTS}
            for category in self.categories.strings
        }

    def _prior_words(self, slot: str, category: str) -> Words:
        words = self.lists[slot]
        mains = words.mains_in(category).probabilities
        return mixture((share, words.named(main)) for main, share in mains.items())

    def prior_slots(self, category: str) -> Slots:
        """How the words of an unknown scene of a category are named."""
        return self._prior_slots[category]

    @cached_property
    def unknown_scenes(self) -> list[tuple[float, Slots]]:
        """An unknown scene of an unknown category. Exact, for given the category the four words
        are independent, and none stands twice in a comment."""
        shares = self.categories.probabilities.items()
        return [(share, self.prior_slots(category)) for category, share in shares]

    @cached_property
    def off_topic(self) -> Slots:
        """The words of noise that looks like a comment about a scene."""
        return {
            slot: mixture((share, slots[slot]) for share, slots in self.unknown_scenes)
            for slot in SCENE_SLOTS
        }

    def key_words(self, texts: Iterable[tuple[float, str]]) -> Words | None:
        """Which word is taken up from one of (weight, text); None if no text has any."""
        parts = [(weight, self._key_words(text)) for weight, text in texts]
        known = [(weight, words) for weight, words in parts if words is not None]
        return known[0][1] if len(known) == 1 else mixture(known) if known else None

    def _key_words(self, text: str) -> Words | None:
        keys = tuple(self.keys(text))
        if keys and keys not in self._keys:
            self._keys[keys] = Words(dict.fromkeys(keys, 1.0))
        return self._keys.get(keys)

    def unknown_keys(self, scenes: Sequence[tuple[float, Slots]], named: Words) -> Words:
        """Which word a reply takes up, if any, when the comments before it are unknown.

        A chain of replies passes on the word of the comment that began it: one about the scene,
        about the title, or noise. The weights are those of the kinds, the shares of the slots those
        of `about`; a stationary approximation (docs/simulated-world.md).
        """
        shares = self._slot_shares.items()
        about_scene = mixture(
            (weight * share, slots[slot]) for weight, slots in scenes for slot, share in shares
        )
        off_scene = mixture((share, self.off_topic[slot]) for slot, share in shares)
        chat, off = (self._noise_share(name) for name in ("smalltalk", "about"))
        return mixture(
            [
                (KIND_WEIGHTS["scene"], about_scene),
                (KIND_WEIGHTS["title"], named),
                (KIND_WEIGHTS["noise"] * chat, self.grammar.words("chat")),
                (KIND_WEIGHTS["noise"] * off, off_scene),
            ]
        )

    def _noise_share(self, name: str) -> float:
        """Share of noise whose template has a rule."""
        chosen = [weight for weight, template in self.rules["noise"] if f"{{{name}}}" in template]
        return sum(chosen) / sum(weight for weight, _ in self.rules["noise"])

    @cached_property
    def _slot_shares(self) -> dict[str, float]:
        """How often the word taken up from a comment about a scene is of each slot."""
        shares: dict[str, float] = {}
        for weight, template in self.rules["about"]:
            slots = [slot for slot in SCENE_SLOTS if f"{{{slot}}}" in template]
            for slot in slots:
                shares[slot] = shares.get(slot, 0.0) + weight / len(slots)
        total = sum(shares.values())
        return {slot: share / total for slot, share in shares.items()}

    def moment(
        self,
        scenes: Sequence[tuple[float, Scene]] | None,
        parents: Sequence[tuple[float, str]] | None,
        title: str | None,
    ) -> Moment:
        """What a comment depends on, from what is known of it.

        Args:
            scenes: (weight, scene), weights summing to 1, see `scene_weights`; None if unknown.
            parents: (weight, text), see `reply_weight`; empty if there are none, None if unknown.
            title: None if unknown.
        """
        if scenes is None:
            known, tones = self.unknown_scenes, list(self.tones.items())
        else:
            known = [(weight, self.scene_slots(scene)) for weight, scene in scenes]
            tones = [(self.lists["mood"].section(s.mood), w) for w, s in scenes]
        named = None if title is None else self.key_words([(1.0, title)])
        if named is None:
            named = mixture([(0.5, self.off_topic["subject"]), (0.5, self.off_topic["place"])])
        fillers = [(weight, f"filler_{tone}", {}) for tone, weight in tones]
        if parents is None:
            replies = self.unknown_replies(fillers, self.unknown_keys(known, named))
        else:
            replies = self.replies(parents)
        return {
            "filler": fillers,
            "scene": [(weight, "scene", slots) for weight, slots in known],
            "reply": replies,
            "title": [(1.0, "title", {"named": named})],
            "noise": [(1.0, "noise", self.off_topic)],
        }

    def unknown_replies(self, fillers: Sequence[Part], keys: Words) -> list[Part]:
        """Replies to unknown comments: an echo of a filler, or one that takes up a word."""
        has_words = self._noise_share("smalltalk") + self._noise_share("about")
        keyed = KIND_WEIGHTS["scene"] + KIND_WEIGHTS["title"] + KIND_WEIGHTS["noise"] * has_words
        echo = KIND_WEIGHTS["filler"] / (KIND_WEIGHTS["filler"] + keyed)
        echoes = [(echo * weight, rule, slots) for weight, rule, slots in fillers]
        return [*echoes, (1 - echo, "reply", {"key": keys})]

    def answer(self, text: str) -> tuple[str, Slots] | None:
        """How people reply to a comment: rule and slots; None if nobody does."""
        keys = self.key_words([(1.0, text)])
        if keys is not None:
            return "reply", {"key": keys}
        is_filler = self._part_probability(text, (1.0, "filler", {})) > 0
        return ("echo", {"echo": Words({text: 1.0})}) if is_filler else None

    def replies(self, parents: Sequence[tuple[float, str]]) -> list[Part]:
        """Replies to one of (weight, text); the weights are of those that draw a reply at all."""
        by_rule: dict[str, list[tuple[float, Words]]] = {}
        for weight, text in parents:
            found = self.answer(text)
            if found is not None:
                by_rule.setdefault(found[0], []).extend((weight, w) for w in found[1].values())
        total = sum(weight for parts in by_rule.values() for weight, _ in parts)
        names = {"reply": "key", "echo": "echo"}
        return [
            (sum(weight for weight, _ in parts) / total, rule, {names[rule]: mixture(parts)})
            for rule, parts in by_rule.items()
        ]

    # Drawing, and the probability of what may be drawn.

    def kind_weights(self, can_reply: bool) -> dict[str, float]:
        """Weights of the kinds, summing to 1."""
        if can_reply:
            return dict(KIND_WEIGHTS)
        others = 1 - KIND_WEIGHTS["reply"]
        return {
            kind: 0.0 if kind == "reply" else weight / others
            for kind, weight in KIND_WEIGHTS.items()
        }

    @cached_property
    def _kinds(self) -> dict[bool, Words]:
        weights = {can_reply: self.kind_weights(can_reply) for can_reply in (False, True)}
        return {
            can_reply: Words({kind: weight for kind, weight in by_kind.items() if weight})
            for can_reply, by_kind in weights.items()
        }

    def sample_kind(self, can_reply: bool, random: Random) -> str:
        return self._kinds[can_reply].sample(random)

    def sample(self, kind: str, moment: Moment, random: Random) -> str:
        """Draw a comment of a kind that can be at the moment."""
        drawn, chosen = random.random(), moment[kind][-1]
        for part in moment[kind]:
            drawn -= part[0]
            if drawn < 0:
                chosen = part
                break
        return self.grammar.sample(chosen[1], chosen[2], random)

    def kind_probabilities(self, text: str, moment: Moment) -> dict[str, float]:
        """Exact p(text | kind, moment) for each kind; 0 for a kind that cannot be."""
        return {
            kind: sum((part[0] * self._part_probability(text, part) for part in parts), 0.0)
            for kind, parts in moment.items()
        }

    def _part_probability(self, text: str, part: Part) -> float:
        _, rule, slots = part
        if slots and slots is not self.off_topic:
            return self.grammar.probability(text, rule, slots)
        key = (rule, text)  # the same at every moment
        if key not in self._fixed:
            self._fixed[key] = self.grammar.probability(text, rule, slots)
        return self._fixed[key]

    def probability(self, text: str, moment: Moment) -> float:
        """Exact p(text | moment): over all strings it sums to 1.

        Args:
            text: a comment without white space.
        """
        weights = self.kind_weights(bool(moment["reply"]))
        by_kind = self.kind_probabilities(text, moment)
        return sum(weights[kind] * probability for kind, probability in by_kind.items())


def scene_weights(time_ms: int, scenes: Sequence[Scene]) -> list[tuple[float, int]]:
    """Which scene a comment at a time is about: that of a lag uniform in whole ms below 2 s."""
    first = max(0, time_ms - SCENE_LAG_MS + 1)
    weights = []
    for index, scene in enumerate(scenes):
        stop = scene.stop * 1000 if index + 1 < len(scenes) else time_ms + 1
        overlap = min(time_ms + 1, stop) - max(first, scene.start * 1000)
        # Before the video begins there is only its first scene.
        overlap += SCENE_LAG_MS - (time_ms + 1 - first) if index == 0 else 0
        if overlap > 0:
            weights.append((overlap / SCENE_LAG_MS, index))
    return weights


def reply_weight(lag_ms: int) -> float:
    """How much a comment of this age draws replies, before normalisation; 0 from 5 s on."""
    return _REPLY_WEIGHTS[lag_ms] if lag_ms < REPLY_WITHIN_MS else 0.0


_REPLY_WEIGHTS = [
    1 / ((1 + lag / REPLY_SCALE_MS) * (1 + lag / REPLY_SCALE_MS)) for lag in range(REPLY_WITHIN_MS)
]
