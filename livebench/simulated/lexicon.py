"""The word lists of the simulated world: words, their near-synonyms, and their sections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from livebench.simulated.grammar import Words, mixture

_CATEGORY_WORDS = 0.75
"""Share of a video's words that come from its category's section; the rest from the whole list."""


class WordList:
    """Groups of synonyms, the main word first, in sections (the video categories).

    Args:
        sections: groups by section; a list without sections has the single section "".
    """

    def __init__(self, sections: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self.sections = {name: [group[0] for group in groups] for name, groups in sections.items()}
        self.mains = [main for mains in self.sections.values() for main in mains]
        self._section = {main: name for name, mains in self.sections.items() for main in mains}
        self._groups = {group[0]: group for groups in sections.values() for group in groups}
        self._main = {word: main for main, group in self._groups.items() for word in group}
        self._named = {
            main: Words(dict.fromkeys(group, 1.0)) for main, group in self._groups.items()
        }

    @property
    def words(self) -> list[str]:
        return [word for group in self._groups.values() for word in group]

    def section(self, main: str) -> str:
        """The section of a main word."""
        return self._section[main]

    def main(self, word: str) -> str:
        """The main word of a word's group."""
        return self._main[word]

    def named(self, main: str) -> Words:
        """How people name the thing with this main word: each of its words is equally likely."""
        return self._named[main]

    def mains_in(self, category: str) -> Words:
        """The distribution of things in videos of a category."""
        everywhere = Words(dict.fromkeys(self.mains, 1.0))
        if category not in self.sections:
            return everywhere
        own = Words(dict.fromkeys(self.sections[category], 1.0))
        return mixture([(_CATEGORY_WORDS, own), (1 - _CATEGORY_WORDS, everywhere)])


def read_words(text: str) -> WordList:
    """Read a list: a line is a word and its near-synonyms; `# name` opens a section."""
    sections: dict[str, list[list[str]]] = {}
    current = ""
    for line in text.splitlines():
        if line.startswith("#"):
            current = line.removeprefix("#").strip()
        elif line.strip():
            sections.setdefault(current, []).append(line.split())
    return WordList(sections)
