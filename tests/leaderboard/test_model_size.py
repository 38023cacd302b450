"""How large a model is: counted where it runs, declared where it does not, shown on its row."""

from __future__ import annotations

import pytest

from livebench.candidates.candidate_set import CandidateSet
from livebench.leaderboard.collect import BoardRow, collect
from livebench.submissions.load import Submission

TORCH = """
import torch

class Mine:
    def __init__(self):
        self.first = torch.nn.Linear(99, 10)  # 990 weights, 10 biases
        self.second = torch.nn.Sequential(self.first, torch.nn.Linear(10, 20))  # 220 more

    def score(self, video_ctx, comments, candidate):
        return float(len(candidate.text))
"""


@pytest.mark.slow
@pytest.mark.parametrize("where", [(), ("--in-process",)])
def test_parameters_are_counted(frozen, copy_set, submission, run, tmp_path, where):
    copied = copy_set(frozen)
    path = submission(code=TORCH, settings=["comments"], parameters=7)
    done = run("evaluate", path, "--setting", "comments", "--quiet", *where)
    assert done.status == 0, done
    (section,) = collect([CandidateSet(copied.path)], [Submission(path)])
    rows = [row for board in section.boards for row in board.rows if row.folder]
    assert [(row.parameters, row.size) for row in rows] == [((1220, 1220), "1.22 k")]
    assert run("leaderboard").status == 0
    text = (tmp_path / "docs/leaderboard/tiny-paper.md").read_text()
    assert (
        "(../../submissions/mine)<br><sub>model, 1.22&nbsp;k&nbsp;parameters, sum, claimed</sub> |"
        in text
    )


SIZES = [
    ((0, 0), ""),
    ((7, 7), "7"),
    ((999, 999), "999"),
    ((13_249_999, 13_249_999), "13.2 M"),
    ((999_600, 1_100_000), "1 M to 1.1 M"),
    ((134_515_008, 134_515_008), "135 M"),
    ((7_000_000_000, 7_000_000_000), "7 G"),
]


@pytest.mark.parametrize(("parameters", "size"), SIZES)
def test_size(parameters, size):
    assert BoardRow("a", "a", "model", {}, parameters=parameters).size == size
