"""What a board needs is read once, however many pages, figures and comparisons it is for."""

from __future__ import annotations

from collections import Counter

import pytest

from livebench.candidates.candidate_set import CandidateSet
from livebench.leaderboard import entries

CODE = "class Mine:\n    def score(self, v, c, x):\n        return SIGN * len(x.text)\n"


@pytest.fixture
def reads(tmp_path, frozen, copy_set, submission, run, monkeypatch):
    """Two submissions with two runs, evaluated; counts reads of each file of scores and answers."""
    copy_set(frozen)
    runs = [{"name": "a"}, {"name": "b"}]
    for name, sign in (("first", "1"), ("second", "-1")):
        submission(name, code=CODE.replace("SIGN", sign), settings=["comments"], runs=runs)
        assert run("evaluate", name, "--quiet", "--json").status == 0
    counts: Counter[str] = Counter()

    def counting(function, name_of):
        def call(argument, *others):
            counts[name_of(argument)] += 1
            return function(argument, *others)

        return call

    monkeypatch.setattr(entries, "read_scores", counting(entries.read_scores, str))
    monkeypatch.setattr(
        CandidateSet, "answers", counting(CandidateSet.answers, lambda one: one.name)
    )
    return counts


COMMANDS = {
    "leaderboard": ("leaderboard",),
    "site": ("site", "--quiet"),
    "plot": ("plot", "--out", "figures"),
    "compare": ("compare", "first", "second"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", COMMANDS)
def test_each_file_is_read_once(reads, run, case):
    assert run(*COMMANDS[case]).status == 0
    # A comparison reads the board for its p, and the two for the moments that differ.
    assert max(reads.values()) <= (2 if case == "compare" else 1)
    assert len(reads) == 8 + 1  # of each run the setting and `blind`
