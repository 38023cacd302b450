"""`livebench compare` and the ranks of the board rest on the same tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from livebench.candidates.candidate_set import CandidateSet
from livebench.leaderboard.collect import collect
from livebench.leaderboard.comparison import compare_submissions
from livebench.submissions.load import find_submissions

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_p_that_decides_is_that_of_the_ranks():
    submissions = [
        one for one in find_submissions(ROOT / "submissions") if one.card.kind != "oracle"
    ]
    board_set = CandidateSet(ROOT / "candidates" / "bilibili-matched")
    (section,) = collect([board_set], submissions)
    board = next(one for one in section.boards if one.setting == "comments")
    assert len(board.pairs) > 2
    by_name = {one.path.name: one for one in submissions}
    for pair in board.pairs[:2]:
        two = by_name[pair.first], by_name[pair.second]
        (found,) = compare_submissions(*two, [board_set], ["comments"], submissions)
        assert found.p_board == pytest.approx(pair.p_adjusted)
        assert found.rows * (found.rows - 1) // 2 == len(board.pairs)
