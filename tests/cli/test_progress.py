"""Progress where there is no terminal: a line now and then, with the time left."""

from __future__ import annotations

import pytest

from livebench.cli import progress
from livebench.cli.progress import bar, duration

DURATIONS = {
    0.2: "1 s",
    40: "40 s",
    89: "89 s",
    600: "10 min",
    5399: "1 h 30 min",
    12_000: "3 h 20 min",
}


@pytest.mark.parametrize("seconds", DURATIONS)
def test_durations(seconds):
    assert duration(seconds) == DURATIONS[seconds]


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_lines_say_what_is_left(clock, capsys):
    with bar(1000, "mine") as update:
        clock[0] += 10
        update(50, "set, both")  # too early for a line
        clock[0] += 15
        update(50, "set, both")  # 100 in 25 s: 900 more take 225 s
        clock[0] += 15
        update(50, "set, both")
        clock[0] += 60
        update(850, "set, both")
    assert capsys.readouterr().err.splitlines() == [
        "mine, set, both: 100 of 1,000 samples, about 4 min left",
        "mine, set, both: 1,000 of 1,000 samples",
    ]


def test_what_an_earlier_session_did_says_nothing_of_the_speed(clock, capsys):
    with bar(1000, "mine") as update:
        update(800)
        clock[0] += 100
        update(100)  # 100 in 100 s: 100 more take as long
    assert capsys.readouterr().err == "mine: 900 of 1,000 samples, about 2 min left\n"


def test_a_part_that_is_slower_than_the_one_before(clock, capsys):
    """1,000 in 40 s, then one a second after a minute of loading: 880 more take 880 s, not 2 min."""
    with bar(2000, "mine") as update:
        for _ in range(10):
            clock[0] += 4
            update(100, "set, blind", of=1000)
        clock[0] += 60
        update(20, "set, comments", of=1000)
        clock[0] += 100
        update(100, "set, comments", of=1000)
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "mine, set, comments: 1,120 of 2,000 samples, about 15 min left"


def test_what_comes_after_a_part_goes_as_on_average(clock, capsys):
    with bar(3000, "mine") as update:
        update(0, "a", of=1000)
        clock[0] += 100
        update(1000, "a", of=1000)
        update(0, "b", of=1000)
        clock[0] += 300
        update(600, "b", of=1000)  # 400 more of it at 0.5 s, and 1,000 at 400 s / 1,600
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "mine, b: 1,600 of 3,000 samples, about 8 min left"  # 200 s + 250 s


def test_what_was_kept_is_told_after_the_model_was_loaded(clock, capsys):
    with bar(1000, "mine") as update:
        clock[0] += 57
        update(800, "set, comments", of=1000)
        clock[0] += 100
        update(100, "set, comments", of=1000)
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "mine, set, comments: 900 of 1,000 samples, about 2 min left"


def test_no_guess_from_almost_nothing(clock, capsys):
    with bar(1000, "mine") as update:
        clock[0] += 30
        update(10)
    assert capsys.readouterr().err == "mine: 10 of 1,000 samples\n"


def test_quiet(clock, capsys):
    with bar(10, "mine", quiet=True) as update:
        clock[0] += 100
        update(5)
    assert not capsys.readouterr().err
