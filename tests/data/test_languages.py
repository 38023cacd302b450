"""The words of each language, and the script that tells that the language is another."""

from __future__ import annotations

import builtins
from importlib.metadata import version

import pytest

from livebench.data.languages import (
    check_language,
    language_remark,
    script_shares,
    tokenizer_of,
)
from livebench.data.tokens import words_of
from livebench.errors import LiveBenchError


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("zh", "今天天气很好", "今天天气 很 好"),  # as jieba's dictionary has it
        ("zh-Hant", "今天天气很好", "今天天气 很 好"),
        # The example of MeCab's own documentation, cut as UniDic does.
        ("ja", "すもももももももものうち", "すもも も もも も もも の うち"),
        ("ja", "これは ペンです。", "これ は ペン です 。"),
        ("ja", "\0あ\0", "\0 あ \0"),
        ("ja", " \n　", ""),
        # From the examples of UAX 29, table 3: marks are words, white space is none.
        ("en", 'The quick ("brown") fox can\'t jump 32.3 feet', None),
        ("en", "so  cute!\n", "so cute !"),
        ("ru", "как мило", "как мило"),
        ("ko", "정말 귀여워", "정말 귀여워"),
        ("sw", "", ""),
    ],
)
def test_words(language, text, expected):
    if expected is None:
        expected = 'The quick ( " brown " ) fox can\'t jump 32.3 feet'
    tokenizer = tokenizer_of(language)
    assert tokenizer.words_of(text) == expected
    assert tokenizer.segment([text, text]) == [expected, expected]
    assert tokenizer.words_of(tokenizer.bare(text)) == expected


SENTENCES = {
    "zh": "今天的天气真的非常好我们出去玩吧",
    "ja": "今日は天気がとても良いので散歩に行きましょう",
    "ko": "오늘은 날씨가 정말 좋아서 산책을 가고 싶어요",
    "en": "the weather is very nice today so let us go out",
    "th": "วันนี้อากาศดีมาก",  # no spaces, and no dictionary: letter by letter
    "km": "ថ្ងៃនេះអាកាសធាតុល្អ",
}


@pytest.mark.parametrize("language", sorted(SENTENCES))
def test_no_sentence_is_one_word(language):
    sentence = SENTENCES[language]
    words = tokenizer_of(language).words_of(sentence).split(" ")
    assert len(words) >= 5
    assert "".join(words) == sentence.replace(" ", "")


def test_names_say_whose_words_and_which_version():
    assert tokenizer_of("zh").name == f"jieba {version('jieba')}"
    assert tokenizer_of("en").name == f"regex {version('regex')}"
    fugashi, unidic = version("fugashi"), version("unidic-lite")
    assert tokenizer_of("ja").name == f"fugashi {fugashi}, unidic-lite {unidic}"


def test_japanese_needs_its_extra(monkeypatch):
    found = builtins.__import__

    def without(name, *arguments, **others):
        if name.startswith("fugashi"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return found(name, *arguments, **others)

    monkeypatch.setattr("livebench.extras.import_module", without)
    with pytest.raises(LiveBenchError) as raised:
        tokenizer_of.__wrapped__("ja")
    assert str(raised.value) == (
        "package fugashi: not installed; install the extra `japanese`: "
        "pip install -c constraints.txt -e '.[japanese]'"
    )


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("jp", "--language: jp is a country, not a language; give ja"),
        ("cn", "--language: cn is a country, not a language; give zh"),
        (
            "Japanese",
            "--language: 'Japanese' is not a language tag; give one such as zh, ja, en or pt-BR",
        ),
        ("", "--language: '' is not a language tag; give one such as zh, ja, en or pt-BR"),
    ],
)
def test_a_language_is_a_tag(language, message):
    with pytest.raises(LiveBenchError) as raised:
        check_language(language)
    assert str(raised.value) == message
    assert check_language("pt-BR") == "pt-BR"


CHINESE = [f"第{number}次看还是好看" for number in range(60)]
JAPANESE = [f"{number}回目だけど面白い" for number in range(60)]
ENGLISH = [f"take {number} is still so cute" for number in range(60)]


def test_scripts_are_counted():
    shares = script_shares(["好看", "面白い", "so cute 好", "2333", "！", "정말"])
    assert shares.texts == 4
    assert shares.by_script == {"Han": 1, "kana": 1, "Latin": 1, "Hangul": 1}


@pytest.mark.parametrize(
    ("language", "texts", "likely"),
    [
        ("zh", CHINESE, ""),
        ("ja", JAPANESE, ""),
        ("en", ENGLISH, ""),
        ("zh", JAPANESE, "60 of 60 comments looked at (100%) are written in kana|ja"),
        (
            "zh",
            CHINESE[:40] + JAPANESE[:20],
            "20 of 60 comments looked at (33%) are written in kana|ja",
        ),
        ("zh", CHINESE[:50] + JAPANESE[:10], ""),
        ("ja", CHINESE, "60 of 60 comments looked at (100%) are written in Han|zh"),
        ("ja", JAPANESE[:40] + CHINESE[:20], ""),
        ("zh", ENGLISH, "60 of 60 comments looked at (100%) are written in Latin|en"),
        ("zh", CHINESE[:30] + ENGLISH[:30], ""),
        ("en", CHINESE, "60 of 60 comments looked at (100%) are written in Han|zh"),
        ("sw", CHINESE, ""),  # nothing is known of its script
        ("zh", JAPANESE[:19], ""),  # too few to say
        ("zh", ["2333", "！！！"] * 30, ""),
    ],
)
def test_a_script_that_does_not_fit_is_told(language, texts, likely):
    remark = language_remark(language, texts)
    if not likely:
        assert remark == ""
        return
    figures, other = likely.split("|")
    assert remark == (
        f"the language is {language}, but {figures}: if they are in another language, give --language "
        f"(such as {other}), as their words depend on it"
    )


def test_chinese_words_are_what_they_were():
    texts = ["好可爱", "awsl", "so cute", "哈哈哈哈哈哈哈哈", ""]
    assert tokenizer_of("zh").segment(texts) == [words_of(text) for text in texts]
