"""Figures: written whole, the same bytes twice, and a missing package is named with its extra."""

from __future__ import annotations

import sys

import pytest

from livebench.errors import LiveBenchError
from livebench.extras import need
from livebench.figures import new_figure, save_figure


def drawn():
    figure = new_figure()
    figure.add_subplot().plot([0, 1], [1, 3])
    return figure


@pytest.mark.parametrize(
    ("ending", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
def test_the_same_bytes_twice(tmp_path, ending, begins):
    pytest.importorskip("matplotlib")
    for name in ("a", "b"):
        save_figure(drawn(), tmp_path / f"{name}.{ending}")
    first, second = ((tmp_path / f"{name}.{ending}").read_bytes() for name in ("a", "b"))
    assert first.startswith(begins)
    assert first == second


def test_another_ending_is_refused(tmp_path):
    pytest.importorskip("matplotlib")
    with pytest.raises(LiveBenchError, match="is not a format of figures; end it in png, svg, pdf"):
        save_figure(drawn(), tmp_path / "a.bmp")
    assert not list(tmp_path.iterdir())


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(LiveBenchError, match=r"package matplotlib: not installed; .*`figures`"):
        new_figure()


def test_a_package_that_is_there_but_broken_keeps_its_error(tmp_path, monkeypatch):
    (tmp_path / "whole_but_broken.py").write_text("import something_else_entirely")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="something_else_entirely"):
        need("whole_but_broken", "figures")
