"""Blocks and escapes of .ass text are read in linear time, whatever stands there."""

from __future__ import annotations

import time

import pytest

from livebench.importers.ass import _draws, _written


@pytest.mark.parametrize(
    ("text", "written", "draws"),
    [
        (r"{\pos(1,1)}好\N看", "好\n看", False),
        (r"{\p1}m 0 0{\p0}", "m 0 0", True),
        (r"\{a\} {b} {c", "{a}  {c", False),
        (r"a } {{b} c\h", "a }  c ", False),
        (r"\p1 {a} {\p1", r"\p1  {\p1", False),
    ],
)
def test_marks(text, written, draws):
    assert (_written(text), _draws(text)) == (written, draws)


@pytest.mark.parametrize(
    "text", ["{" * 1_000_000, r"{\p" * 300_000, r"{\p1" * 200_000, "\\{" * 500_000]
)
def test_a_million_braces(text):
    started = time.perf_counter()
    _written(text)
    _draws(text)
    assert time.perf_counter() - started < 10  # quadratic, it took hours
