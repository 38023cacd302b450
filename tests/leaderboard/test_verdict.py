"""Where a submission would stand: as the board says, once it is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from livebench.candidates.candidate_set import CandidateSet
from livebench.leaderboard.collect import collect
from livebench.leaderboard.comparison import compare_submissions
from livebench.leaderboard.verdict import Judge
from livebench.site.comparison_pages import _against
from livebench.submissions.load import Submission

ROOT = Path(__file__).parent.parent.parent
SET = ROOT / "candidates" / "simulated-matched"
NAMES = ("cache", "context-similarity", "constant", "oracle", "unigram")


@pytest.fixture(scope="module")
def present():
    return {name: Submission(ROOT / "submissions" / name) for name in NAMES}


@pytest.fixture(scope="module")
def section(present):
    (found,) = collect([CandidateSet(SET)], list(present.values()), ["comments"])
    return found


@pytest.mark.parametrize("name", NAMES)
def test_it_is_what_the_board_says(section, present, name):
    (board,) = section.boards
    others = [one for key, one in present.items() if key != name]
    verdict = Judge(CandidateSet(SET), others).judge(present[name], "comments")
    row = next(row for row in board.submission_rows if row.folder == name)
    assert verdict.value == row.metrics["best"]["MRR"]
    assert verdict.chance == pytest.approx(board.chance.metrics["best"]["MRR"].value)
    assert (verdict.rank, verdict.worst_rank) == (row.rank, row.worst_rank)
    significant = [pair for pair in board.pairs if pair.significant]
    assert set(verdict.beats) == {pair.second for pair in significant if pair.first == name}
    assert set(verdict.behind) == {pair.first for pair in significant if pair.second == name}
    assert bool(verdict.note) == (row.rank == 0)
    assert verdict.shortcut is None  # the audit of this set found none


def test_the_p_of_the_site(section, present):
    (board,) = section.boards
    (compared,) = compare_submissions(
        present["context-similarity"],
        present["cache"],
        [CandidateSet(SET)],
        ["comments"],
        list(present.values()),
    )
    pairs = _against(board, section.answers.videos)
    on_site = next(
        one.pair for key, one in pairs.items() if set(key) == {"context-similarity", "cache"}
    )
    assert compared.rows == len(board.submission_rows)
    assert compared.p_board == on_site.p_adjusted
    assert compared.comparison.metrics["MRR"].p == on_site.p


def test_a_broken_row_of_others_is_left_out(present, tmp_path, submission):
    broken = Submission(submission("broken", code="class Mine: pass\n", settings=["comments"]))
    scores = broken.path / "scores/simulated-matched/default/comments.jsonl.gz"
    scores.parent.mkdir(parents=True)
    scores.write_bytes(b"nonsense")
    judge = Judge(CandidateSet(SET), [broken, present["cache"]])
    assert judge.judge(present["context-similarity"], "comments").of == 2
