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


# Size of the whole; of each report the seconds before it, samples and part (of 1,000); the last line.
PARTS = {
    "a slower part: 1,000 in 40 s, a minute of loading, then 880 at 1 s": (
        2000,
        [(4, 100, "blind")] * 10 + [(60, 20, "comments"), (100, 100, "comments")],
        "mine, comments: 1,120 of 2,000 samples, about 15 min left",
    ),
    "400 more of this part at 0.5 s, 1,000 of others at 400 s / 1,600": (
        3000,
        [(0, 0, "a"), (100, 1000, "a"), (0, 0, "b"), (300, 600, "b")],
        "mine, b: 1,600 of 3,000 samples, about 8 min left",
    ),
    "800 kept from before, told after 57 s of loading, then 1 s each": (
        1000,
        [(57, 800, "comments"), (100, 100, "comments")],
        "mine, comments: 900 of 1,000 samples, about 2 min left",
    ),
}


@pytest.mark.parametrize("case", PARTS)
def test_the_time_left_follows_the_part_under_way(clock, capsys, case):
    total, reports, expected = PARTS[case]
    with bar(total, "mine") as update:
        for seconds, count, part in reports:
            clock[0] += seconds
            update(count, part, of=1000)
    assert capsys.readouterr().err.splitlines()[-1] == expected


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
