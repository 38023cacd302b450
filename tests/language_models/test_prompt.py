"""What a language model is shown of a moment, to the character."""

import re
from pathlib import Path

import numpy as np
import pytest

from livebench.errors import LiveBenchError
from livebench.language_models.prompt import PromptTexts, read_prompt
from livebench.scoring.scorer import Comment, VideoContext

EMPTY = VideoContext(0, np.empty((0, 0), np.float32), np.empty(0, np.int64), "", "")
VIDEO = EMPTY._replace(time=7, title="A cat", category="pets")
COMMENTS = [  # nearest first, as scorers are given them
    Comment("now", "now", 0.2),
    Comment("two\nlines", "two lines", -0.3),
    Comment("later", "later", 2.0),
    Comment("old", "old", -3.9),
    Comment("older", "older", -4.0),
]


@pytest.mark.parametrize(
    ("video", "comments", "dropped", "expected"),
    [
        (
            VIDEO._replace(language="en"),
            COMMENTS,
            0,
            "Title: A cat\nCategory: pets\nComments:\n"
            "[-4s]\nolder\nold\n[-1s]\ntwo lines\n[0s]\nnow\n[2s]\nlater\n[0s]\n",
        ),
        (
            VIDEO._replace(language="zh-TW"),
            COMMENTS,
            3,
            "标题：A cat\n分类：pets\n弹幕：\n[0s]\nnow\n[2s]\nlater\n[0s]\n",
        ),
        (
            VIDEO._replace(language="ja"),
            [],
            0,
            "タイトル：A cat\nカテゴリ：pets\nコメント：\n[0s]\n",
        ),
        (EMPTY._replace(language="fr"), [], 0, "Comments:\n[0s]\n"),
        (EMPTY._replace(language="zh"), [], 0, "弹幕：\n[0s]\n"),
    ],
)
def test_context(video, comments, dropped, expected):
    assert read_prompt().context(video, comments, dropped=dropped) == expected


def test_candidate_is_a_line():
    texts = read_prompt().texts(EMPTY, [], Comment(" so\r\n 好 ", "so 好"))
    assert texts == PromptTexts("Comments:\n[0s]\n", "so 好\n")


def test_a_card_may_hold_a_prompt_of_its_own(tmp_path):
    record = {
        "name": "mine",
        "version": 3,
        "languages": {"en": {"instruction": "", "context": "{{ comments | length }}:\n"}},
    }
    prompt = read_prompt(record)
    assert prompt.context(VIDEO, COMMENTS) == "5:\n"
    file = tmp_path / "mine.toml"
    file.write_text(
        'version = 3\nname = "mine"  # the order of fields does not matter\n[languages.en]\n'
        'context = "{{ comments | length }}:\\n"\ninstruction = ""\n'
    )
    assert read_prompt(file).label == prompt.label
    assert prompt.label == "mine-3@" + prompt.sha256[:8]
    other = read_prompt(record | {"languages": {"en": {"instruction": "x", "context": "\n"}}})
    assert other.label != prompt.label


@pytest.mark.parametrize(
    ("languages", "message"),
    [
        ({}, "has no language"),
        ({"en": {"instruction": "", "context": "Comments:"}}, "does not end with a line end"),
        ({"en": {"instruction": "", "context": "{% if %}\n"}}, "is not a template"),
        ({"en": {"instruction": "", "context": "{{ author }}\n"}}, "'author' is undefined"),
        ({"en": {"instruction": "", "context": "{{ title + 1 }}\n"}}, "is not a template: "),
        (
            {"en": {"instruction": "{{ 1 // (comments | length) }}", "context": "\n"}},
            "is not a template: .* by zero",
        ),
        (
            {
                "en": {
                    "instruction": "",
                    "context": "C:\n{% for c in comments %}{{ c.text }}, {% endfor %}",
                }
            },
            "does not end with a line end",
        ),
        ({"en": {"context": "\n"}}, "missing required field `instruction`"),
    ],
)
def test_what_is_no_prompt_is_refused(languages, message):
    with pytest.raises(LiveBenchError, match=message):
        read_prompt({"name": "mine", "version": 1, "languages": languages})


def test_unknown_prompt_is_refused_with_those_there_are():
    with pytest.raises(
        LiveBenchError, match=r"prompt line: there is no such prompt; choose from .*lines"
    ):
        read_prompt("line")


def test_the_example_of_the_docs(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "language-models.md").read_text("utf-8")
    (example,) = re.findall(r'```toml\n(name = "mine".*?)```', page, re.DOTALL)
    file = tmp_path / "mine.toml"
    file.write_text(example, "utf-8")
    shown = EMPTY._replace(title="猫", language="zh")
    comments = [Comment("好", "好", -3.2), Comment("哈", "哈", 2.0)]
    assert read_prompt(file).context(shown, comments) == "《猫》\n-4秒：好\n2秒：哈\n0秒：\n"
