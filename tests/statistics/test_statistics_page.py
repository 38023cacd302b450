"""Figures and page: Chinese characters show, nothing is fetched, nothing of a comment becomes markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from livebench import figures
from livebench.data.dataset import DatasetInfo, Video
from livebench.data.dataset_writer import write_dataset
from livebench.figures import PAGE, chinese_fonts, inline_svg, new_figure, save_figure

pytest.importorskip("matplotlib")

NASTY = ["<script>alert(1)</script>", "$x^", "a & b", "😀", "小猫", "\"'><img src=x>", "ab"]


@pytest.fixture(scope="module")
def nasty(tmp_path_factory):
    return write_dataset(
        tmp_path_factory.mktemp("nasty") / "d",
        DatasetInfo("nasty", source="<img src=http://x/>", licence="</style>"),
        [Video("v", "t", "<b>类别</b> $y", duration=60.0)],
        comment_video=np.zeros(len(NASTY), np.int64),
        comment_time_ms=np.arange(len(NASTY)) * 1000,
        comment_texts=NASTY,
    )


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.ids, self.links = set(), [], []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in ("href", "xlink:href", "src", "srcset", "action", "data"):
                self.links.append(value)


def test_the_page_fetches_nothing(nasty, run, tmp_path):
    assert run("stats", nasty.path, "--html", "page.html").status == 0
    text = (tmp_path / "page.html").read_text("utf-8")
    tags = Tags()
    tags.feed(text)
    assert not tags.tags & {"script", "img", "link", "iframe", "object", "image", "foreignobject"}
    assert all(link.startswith("#") for link in tags.links)
    assert {link[1:] for link in tags.links} <= set(tags.ids)
    assert len(tags.ids) == len(set(tags.ids))
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text


def test_texts_are_escaped(nasty, run, tmp_path):
    assert run("stats", nasty.path, "--html", "page.html").status == 0
    text = (tmp_path / "page.html").read_text("utf-8")
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "&lt;img src=http://x/&gt;" in text
    assert text.count("</style>") == text.count("<style")


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_figures_in_files(nasty, run, tmp_path, kind):
    assert run("stats", nasty.path, "--figures", "out", "--format", kind).status == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    shown = [
        "categories",
        "figure-4-characters",
        "figure-4-words",
        "frequent",
        "playback",
        "table-3",
    ]
    assert names == [f"{name}.{kind}" for name in shown]


def test_a_page_of_a_dataset_without_comments(run, tmp_path):
    empty = write_dataset(
        tmp_path / "d",
        DatasetInfo("empty"),
        [Video("v", "t", "c", duration=60.0)],
        comment_video=np.empty(0, np.int64),
        comment_time_ms=np.empty(0, np.int64),
        comment_texts=[],
    )
    assert run("stats", empty.path, "--html", "page.html", "--figures", "figs").status == 0


def with_text(text):
    figure = new_figure(2, 1)
    figure.text(0.1, 0.4, text, color=PAGE.ink)
    return figure


def test_a_figure_on_a_page_takes_the_colours_of_the_page():
    text = inline_svg(with_text("x"), "one")
    assert text.startswith("<svg")
    assert "currentColor" in text
    assert PAGE.ink not in text
    assert set(re.findall(r'id="([^"]+)"', text)).isdisjoint(
        re.findall(r'id="([^"]+)"', inline_svg(with_text("x"), "two"))
    )


def test_chinese_characters_are_drawn_by_a_font_that_has_them(absent):
    if not chinese_fonts():
        absent("no font with Chinese characters is installed (Debian: fonts-noto-cjk)")
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    found = font_manager.findfont(chinese_fonts()[0], fallback_to_default=False)
    known = FT2Font(str(found)).get_charmap()
    assert all(ord(character) in known for character in "小猫可爱哈哈弹幕")
    # The outline of 猫 is not that of the box which stands for what no font has.
    cat, box = (re.sub(r"[^MLQCZ ]", "", inline_svg(with_text(t), "x")) for t in ("猫", "\ue000"))
    assert cat != box


def test_without_such_a_font_a_figure_says_so_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(figures, "chinese_fonts", list)
    figures.warn_once.cache_clear()
    for name in ("a.png", "b.svg"):
        save_figure(with_text("小猫"), tmp_path / name)
    save_figure(with_text("cat"), tmp_path / "c.png")
    err = capsys.readouterr().err
    assert err.count("no font with Chinese characters is installed (Debian: fonts-noto-cjk)") == 1
    assert err.count("\n") == 1
    assert len(list(tmp_path.iterdir())) == 3
