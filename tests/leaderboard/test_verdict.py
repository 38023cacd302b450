"""Where a submission would stand: as the board says, once it is there; and the p of the site."""

from __future__ import annotations

import shutil

import pytest

from livebench.leaderboard.collect import collect
from livebench.leaderboard.comparison import compare_submissions
from livebench.leaderboard.verdict import Judge
from livebench.site.comparison_pages import _against
from livebench.submissions.load import Submission

KNOWS = "class Mine:\n    def score(self, v, c, x):\n        return float(x.text in SAID)\n"
LENGTH = "class Mine:\n    def score(self, v, c, x):\n        return SIGN * len(x.text)\n"
NAMES = ("knows", "short", "long", "probe")


@pytest.fixture
def present(made_once, submission, frozen, run, attest, maintainer, tmp_path):
    """Three attested baselines and a probe, by name, and the file of signers."""
    said = {
        text
        for sample, answer in zip(frozen.samples(), frozen.answers(), strict=True)
        for text, kind in zip(sample.candidates, answer.types, strict=True)
        if kind == "correct"
    }
    codes = {
        "knows": f"SAID = {said!r}\n{KNOWS}",
        "short": LENGTH.replace("SIGN", "-1"),
        "long": LENGTH.replace("SIGN", "1"),
        "probe": LENGTH.replace("SIGN", "0.5"),
    }

    def make():
        for name, code in codes.items():
            kind = "probe" if name == "probe" else "baseline"
            path = submission(name, code=code, kind=kind, settings=["comments"])
            options = ("--setting", "comments", "--quiet", "--json")
            assert run("evaluate", path, "--candidates", frozen.path, *options).status == 0
            shutil.rmtree(path / "__pycache__", ignore_errors=True)
            run_attest(path)

    def run_attest(path):
        shutil.copytree(frozen.path, tmp_path / "candidates" / frozen.name, dirs_exist_ok=True)
        attest(path)

    made_once(make)
    return {name: Submission(tmp_path / "submissions" / name) for name in codes}


@pytest.fixture
def section(present, frozen, maintainer):
    everything = list(present.values())
    (found,) = collect([frozen], everything, ["comments"], maintainer.signers)
    return found


def test_it_is_what_the_board_says(section, present, frozen, maintainer):
    (board,) = section.boards
    significant = [pair for pair in board.pairs if pair.significant]
    assert significant  # or the rest says nothing
    for name in NAMES:
        others = [one for key, one in present.items() if key != name]
        judge = Judge(frozen, others, maintainer.signers)
        verdict = judge.judge(present[name], "comments")
        row = next(row for row in board.submission_rows if row.folder == name)
        assert verdict.value == row.metrics["best"]["MRR"]
        assert verdict.chance == pytest.approx(board.chance.metrics["best"]["MRR"].value)
        assert (verdict.rank, verdict.worst_rank) == (row.rank, row.worst_rank)
        assert set(verdict.beats) == {pair.second for pair in significant if pair.first == name}
        assert set(verdict.behind) == {pair.first for pair in significant if pair.second == name}
        assert verdict.note == ("a probe has no rank" if name == "probe" else "")
        assert verdict.of == (0 if name == "probe" else 3)
        assert verdict.shortcut is None  # the set has no audit


def test_the_p_of_the_site(section, present, frozen):
    (board,) = section.boards
    compared_with = (present["short"], present["long"], [frozen], ["comments"])
    (compared,) = compare_submissions(*compared_with, list(present.values()))
    pairs = _against(board, section.answers.videos)
    on_site = next(one.pair for key, one in pairs.items() if set(key) == {"short", "long"})
    assert compared.rows == len(board.submission_rows) == 4
    assert compared.p_board == on_site.p_adjusted
    assert compared.comparison.metrics["MRR"].p == on_site.p
    (alone,) = compare_submissions(*compared_with)
    assert (alone.rows, alone.p_board) == (2, alone.comparison.metrics["MRR"].p)


def test_a_broken_row_of_others_is_left_out(present, frozen, maintainer):
    broken = next((present["long"].path / "scores").rglob("*.jsonl.gz"))
    broken.write_bytes(b"nonsense")
    judge = Judge(frozen, list(present.values()), maintainer.signers)
    assert judge.judge(present["short"], "comments").of == 2
