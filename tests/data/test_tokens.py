"""Words of comments."""

from __future__ import annotations

import csv
import gzip
import os
import random
import zlib

import jieba
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from livebench.data.tokens import needs_jieba, remove_space, segment, tokenizer_name, words_of
from livebench.simulated.simulation import simulate_dataset

COMMENT = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("哈哈好看不了的 \t\n　233abcＡ。！"),
    max_size=30,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b", "ab"),
        (" 好\t看\n", "好看"),
        ("全　角", "全角"),  # U+3000
        ("no\u00a0break", "nobreak"),
        ("line\u2028sep\x1c", "linesep"),
        ("zero\u200bwidth", "zero\u200bwidth"),  # a format mark, no white space
        ("", ""),
    ],
)
def test_white_space_is_removed(text, expected):
    assert remove_space(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # worked out with jieba 0.42.1's dictionary: the words are the dictionary's
        ("今天天气很好", "今天天气 很 好"),
        ("awsl", "awsl"),
        ("hello world", "helloworld"),  # segmented without white space
        ("2333", "2333"),
        ("哈哈！", "哈哈 ！"),
        ("", ""),
        (" \n　", ""),
    ],
)
def test_words(text, expected):
    assert words_of(text) == expected


@given(COMMENT)
@example("a\x1cb")
@example("\x85x")
@example("𠮷野家 👨‍👩‍👧")
@example("\x00")
def test_words_without_spaces_are_the_text_without_white_space(text):
    words = words_of(text)
    assert words.replace(" ", "") == remove_space(text)
    assert words == "" or all(words.split(" "))  # no empty word
    assert words.split() == words.split(" ") if words else True  # no other white space


@given(COMMENT, st.lists(st.sampled_from([" ", "\t", "　", "\n"]), max_size=4))
def test_white_space_changes_no_word(text, spaces):
    middle = len(text) // 2
    assert words_of(text[:middle] + "".join(spaces) + text[middle:]) == words_of(text)


def test_two_processes_give_the_same():
    texts = [f"第{n}个视频真好看{'哈' * (n % 5)} {n * n}" for n in range(300)] + ["", "  "]
    alone = segment(texts, processes=1)
    assert segment(texts, processes=2) == alone
    assert segment(texts) == alone == [words_of(text) for text in texts]


def test_nothing_to_segment():
    assert segment([]) == []


def test_the_tokenizer_is_named():
    name, version = tokenizer_name().split(" ")
    assert name == "jieba"
    assert version[0].isdigit()


# Two libraries cut, and jieba alone says what is right.

MIXED = "哈啊好看的了我不一是个人帅危轴經 233awsl666,。！？…（）❤①ａ"


def by_jieba(text):
    return " ".join(jieba.cut(remove_space(text)))


@pytest.mark.parametrize(
    ("text", "left_to_jieba"),
    [
        ("今天天气很好", False),
        ("怕" * 57, True),  # 怕怕 is a word: where is the single one?
        ("哈哈哈哈哈哈", False),  # words of the dictionary
        ("2333！！！！awsl", False),
        ("帅帅帅帅帅", True),  # unknown as a word: where is the single one?
        ("骗柏嫉柏嫉辑", True),
        ("4.5分", True),
        ("a_b", True),
        ("A-B", True),
        ("C++", True),
        ("No#1", True),
        ("R&B", True),
        ("50%", True),
        ("䬊㢶", True),  # ideographs that only one of the two knows as such
        ("\u9fd6", True),
        ("\uf900", True),
        ("𠮷野家", True),
        ("好👍", True),
        ("", False),
    ],
)
def test_what_is_left_to_jieba(text, left_to_jieba):
    assert needs_jieba(text) is left_to_jieba
    assert words_of(text) == by_jieba(text)


@given(COMMENT)
@example("䬊㢶")
@example("康康康康辉啊阿啊我爱了")
@example("危" * 19)
@example("中國國國國")
@example("轴經经經瓣淘淘淘经瓣經經轴经轴淘轴瓣經瓣")
@example("1.5.6-7+8#9&10%")
def test_the_words_are_those_of_jieba(text):
    assert words_of(text) == by_jieba(text)


def test_the_words_are_those_of_jieba_in_strings_that_repeat_themselves():
    """Where ways to cut are equally probable, rounding decided: strings of few characters."""
    draw = random.Random(1)
    ideographs = [chr(code) for code in range(0x4E00, 0x9FD6)]
    texts = []
    for _ in range(6_000):
        few = draw.sample(ideographs, draw.randint(1, 4)) + draw.sample(MIXED, 1)
        texts.append("".join(draw.choices(few, k=draw.randint(2, 14))))
    assert segment(texts) == [by_jieba(text) for text in texts]


def test_the_words_are_those_of_jieba_for_every_character():
    codes = [code for code in range(1, 0x10000) if not 0xD800 <= code < 0xE000]
    blocks = [codes[start : start + 16] for start in range(0, len(codes), 16)]
    texts = ["中".join(chr(code) + "国1" for code in block) for block in blocks]
    assert segment(texts) == [by_jieba(text) for text in texts]


def test_the_words_are_those_of_jieba_in_the_simulated_world(tmp_path):
    made = simulate_dataset(tmp_path / "d", seed=3, videos=20)
    texts = made.comments.texts
    assert len(texts) > 1_000
    assert segment(texts) == [by_jieba(text) for text in texts]


@pytest.mark.slow
def test_the_words_are_those_of_jieba_in_real_comments(shared):
    """An eighth of them; all where LIVEBENCH_EXAMPLES is set."""
    with gzip.open(
        shared / "bilibili" / "comments.csv.gz", "rt", encoding="utf-8", newline=""
    ) as file:
        texts = sorted({row["text"] for row in csv.DictReader(file)})
    assert len(texts) > 200_000
    if "LIVEBENCH_EXAMPLES" not in os.environ:
        texts = [text for text in texts if zlib.crc32(text.encode()) % 8 == 0]
        assert len(texts) > 25_000
    cut = segment(texts)
    assert [i for i, text in enumerate(texts) if by_jieba(text) != cut[i]] == []
