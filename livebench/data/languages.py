"""The words of each language, and whether a text is written in the script of its language.

    Chinese    jieba, on the text with all white space removed (livebench.data.tokens)
    Japanese   MeCab with the dictionary unidic-lite, through fugashi, on the text with all white space
               removed; the extra `japanese`
    others     Unicode's word boundaries (UAX 29), by the package regex: white space parts words, marks
               are words

Two comments are the same if their words joined by spaces are. docs/datasets.md has the measurements.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from typing import NamedTuple

from livebench.data.tokens import remove_space, segment, tokenizer_name, words_of
from livebench.errors import LiveBenchError
from livebench.extras import need

_TAG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_COUNTRIES = {"cn": "zh", "jp": "ja", "kr": "ko", "ua": "uk", "vn": "vi", "gb": "en", "us": "en"}
"""Codes of countries that are given for the language, and that language."""


class Tokenizer(NamedTuple):
    """How the words of a language are found.

    Attributes:
        name: name and version, as dataset.toml records it.
        words_of: the words of one text joined by spaces; empty if it is only white space.
        segment: the words of each text joined by spaces; faster than `words_of` for many.
        bare: texts that are the same after it have the same words.
    """

    name: str
    words_of: Callable[[str], str]
    segment: Callable[[Sequence[str]], list[str]]
    bare: Callable[[str], str]


def check_language(language: str, where: str = "--language") -> str:
    """Return `language` if it is a language tag such as zh, ja or pt-BR.

    Raises:
        LiveBenchError: it is not, or it is a country's code.
    """
    if language in _COUNTRIES:
        what = f"{language} is a country, not a language"
        raise LiveBenchError(where, what, f"give {_COUNTRIES[language]}")
    if not _TAG.fullmatch(language):
        what = f"{language!r} is not a language tag"
        raise LiveBenchError(where, what, "give one such as zh, ja, en or pt-BR")
    return language


@cache
def tokenizer_of(language: str) -> Tokenizer:
    """The tokenizer of a language tag; its subtags after the first do not matter.

    Raises:
        LiveBenchError: its package is not installed; the message names the extra.
    """
    match language.split("-", maxsplit=1)[0]:
        case "zh":
            return Tokenizer(tokenizer_name(), words_of, segment, remove_space)
        case "ja":
            return _japanese()
    regex = f"regex {version('regex')}"
    return Tokenizer(regex, _unicode_words, lambda texts: [*map(_unicode_words, texts)], one_space)


def one_space(text: str) -> str:
    """`text` with each run of white space as one space, and none around it."""
    return " ".join(text.split())


def _unicode_words(text: str) -> str:
    import regex

    parts = regex.split(r"(?w)\b", text, flags=regex.VERSION1)
    return " ".join(" ".join(parts).split())


def _japanese() -> Tokenizer:
    fugashi, unidic = need("fugashi", "japanese"), need("unidic_lite", "japanese")
    folder = unidic.DICDIR
    tagger = fugashi.GenericTagger(f'-Owakati -r "{folder}/mecabrc" -d "{folder}"')

    def japanese_words(text: str) -> str:
        # MeCab's strings end at a NUL: it is cut out, as a word of its own.
        runs = re.split("(\0)", remove_space(text))
        cut = [run if run == "\0" else tagger.parse(run).strip("\n ") for run in runs if run]
        return " ".join(cut)

    name = f"fugashi {version('fugashi')}, unidic-lite {version('unidic-lite')}"
    return Tokenizer(
        name, japanese_words, lambda texts: [*map(japanese_words, texts)], remove_space
    )


_SCRIPTS = {
    "Han": r"\p{Han}",
    "kana": r"[\p{Hiragana}\p{Katakana}]",
    "Hangul": r"\p{Hangul}",
    "Latin": r"\p{Latin}",
    "Cyrillic": r"\p{Cyrillic}",
    "Arabic": r"\p{Arabic}",
    "Thai": r"\p{Thai}",
    "Devanagari": r"\p{Devanagari}",
    "Hebrew": r"\p{Hebrew}",
    "Greek": r"\p{Greek}",
}
_LANGUAGES = {
    "Han": "zh",
    "kana": "ja",
    "Hangul": "ko",
    "Cyrillic": "ru uk bg be mk",
    "Arabic": "ar fa ur",
    "Devanagari": "hi mr ne",
    "Thai": "th",
    "Hebrew": "he",
    "Greek": "el",
    "Latin": "en de fr es pt it nl sv da no fi pl cs ro hu tr id ms vi ca hr sk sl et lv lt tl",
}
_WRITTEN_IN = {tag: script for script, tags in _LANGUAGES.items() for tag in tags.split(" ")}
"""The script that tells a language: kana for Japanese, which has Chinese characters too."""
_LIKELY = {script: tags.split(" ", maxsplit=1)[0] for script, tags in _LANGUAGES.items()}
_LEAST = 20
"""Texts with letters of some script below which nothing is said."""
_KANA = 0.25
"""Share of the texts with Chinese characters or kana that have kana: Japanese from here on. Measured:
bilibili 0.2 %, niconico 96 %."""


class ScriptShares(NamedTuple):
    """A sample of texts by script.

    Attributes:
        texts: those with a letter of a script that is known here.
        by_script: how many of them are written in it: it has most of their letters, and kana counts
            before Chinese characters.
    """

    texts: int
    by_script: Counter[str]


def script_shares(texts: Sequence[str]) -> ScriptShares:
    """Count texts by the script in which they are written."""
    import regex

    patterns = {name: regex.compile(pattern) for name, pattern in _SCRIPTS.items()}
    counts: Counter[str] = Counter()
    for text in texts:
        letters = {name: len(pattern.findall(text)) for name, pattern in patterns.items()}
        if letters["kana"]:
            letters = {**letters, "kana": letters["kana"] + letters["Han"], "Han": 0}
        most = max(letters, key=lambda name: letters[name])
        if letters[most]:
            counts[most] += 1
    return ScriptShares(counts.total(), counts)


def language_remark(language: str, texts: Sequence[str]) -> str:
    """What to say of texts that are not written in the script of their language; empty if they are.

    Args:
        texts: distinct texts, some hundreds of them.
    """
    expected = _WRITTEN_IN.get(language.split("-", maxsplit=1)[0])
    shares = script_shares(texts)
    if expected is None or shares.texts < _LEAST:
        return ""
    found = shares.by_script
    chinese, kana = found["Han"], found["kana"]
    likely, count = found.most_common(1)[0]
    if expected in ("Han", "kana") and likely in ("Han", "kana"):
        likely = "kana" if kana >= _KANA * (chinese + kana) else "Han"
        count = found[likely]
    elif found[expected] * 2 >= shares.texts:
        return ""
    if likely == expected:
        return ""
    share = f"{count:,} of {shares.texts:,} comments looked at ({count / shares.texts:.0%})"
    return (
        f"the language is {language}, but {share} are written in {likely}: if they are in "
        f"another language, give --language (such as {_LIKELY[likely]}), as their words depend on it"
    )
