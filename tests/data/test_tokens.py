"""Words of comments."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from livebench.data.tokens import remove_space, segment, tokenizer_name, words_of

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
