"""What others wrote becomes text in Markdown, and nothing else: a list of injections."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from livebench.leaderboard.render import BOARD, render_pages
from livebench.tables import (
    Markdown,
    escaped,
    markdown_cell,
    markdown_cells,
    markdown_code,
    markdown_table,
)

INJECTIONS = [
    "a | b | c",
    "a \\| b",
    "\\",
    "`code` and ``more``",
    "**bold** _it_ ~~gone~~",
    "# heading",
    "#",
    "- item",
    "+ item",
    "1. item",
    "12) item",
    "---",
    "===",
    "> quote",
    "[text](https://evil.example)",
    "[text](javascript:alert(1))",
    "![image](https://evil.example/x.png)",
    "[ref]: https://evil.example",
    "[^1]",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "</details></td></table>",
    "<!-- hidden",
    "<https://evil.example>",
    "&lt;b&gt; &#x3c;b&#62; &amp;",
    "$x$ and $$y$$",
    "line\n\n# heading\n\n| a | b |\n| --- | --- |\n| 1 | 2 |",
    "line\r\n```\ncode\n```",
    "\u2028# heading\u2029- item",
    "\x00\x1b[31mred\x1b[0m\x07",
    "\u202eevil\u2066x\u2069",
    "\ufeff\u200bzero",
    "    indented",
    "\t- tab",
    "~~~\ncode",
    "{{ 7 * 7 }} {% raw %}",
    "x" * 5000,
    "|" * 500,
    "[" * 300 + "]" * 300,
]


class Parts(HTMLParser):
    """The tags and the text of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


def parts(markdown):
    found = Parts()
    found.feed(
        MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown)
    )
    return found


def bare(text):
    """What a reader sees of a text: its marks that are neither white space nor of control."""
    return "".join(text.split())


@pytest.mark.parametrize("text", INJECTIONS)
@pytest.mark.parametrize("around", ["{}", "- {}", "before {} after", "# {}"])
def test_text_is_text_wherever_it_stands(text, around):
    cell = markdown_cell(text, 1000)
    plain = parts(around.format("word"))
    shown = parts(around.format(cell))
    assert shown.tags == plain.tags
    assert "\n" not in cell
    assert len(bare(shown.text)) <= 1000 + len("beforeafter")
    clean = "".join(mark for mark in text if mark.isprintable() or mark.isspace())
    if len(clean) < 1000:
        assert bare(clean) in bare(shown.text)


@pytest.mark.parametrize("text", INJECTIONS)
def test_a_cell_is_one_cell(text):
    table = markdown_table(["a", "b"], [[text, "x"], ["y", text]])
    assert parts(table).tags == [
        "table",
        "thead",
        "tr",
        "th",
        "th",
        "tbody",
        *["tr", "td", "td"] * 2,
    ]
    row = f"| a | b |\n| --- | --- |\n| {markdown_cells([text, text])} |"
    assert parts(row).tags == ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"]


@pytest.mark.parametrize("text", INJECTIONS)
def test_code_is_code(text):
    assert parts(f"before {markdown_code(text)} after").tags in (["p", "code"], ["p"])
    row = f"| a |\n| --- |\n| {markdown_code(text, table=True)} |"
    tags = parts(row).tags
    assert [tag for tag in tags if tag != "code"] == [
        "table",
        "thead",
        "tr",
        "th",
        "tbody",
        "tr",
        "td",
    ]
    assert len(markdown_code(text)) <= 202


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://a.example", "see https&#58;//a.example"),
        ("WWW.a.example", "WWW&#46;a.example"),
        ("1. x", "1\\. x"),
        ("1.5", "1.5"),
        ("-0.5", "-0.5"),
        ("- x", "\\- x"),
        ("#1", "#1"),
        ("# 1", "\\# 1"),
        ("S2S-I", "S2S-I"),
    ],
)
def test_what_github_makes_of_it(text, expected):
    assert markdown_cell(text) == expected


def test_what_is_markdown_is_left_and_nothing_else_is():
    assert escaped(Markdown("*a*")) == "*a*"
    assert escaped("*a*") == "\\*a\\*"
    assert escaped(3) == 3
    assert markdown_cells(["*a*", Markdown("*b*"), 1.5]) == "\\*a\\* | *b* | 1.5"


def test_every_expression_of_the_leaderboard_goes_through_it(monkeypatch):
    seen = []
    monkeypatch.setattr(
        "livebench.leaderboard.render.escaped", lambda value: seen.append(value) or escaped(value)
    )
    assert "# Leaderboard" in render_pages([])[BOARD]
    assert "MRR" in seen
