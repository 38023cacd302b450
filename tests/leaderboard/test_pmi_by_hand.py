"""The board's numbers by pmi, against a computation of its own from the committed files, by the standard
library alone."""

from __future__ import annotations

import gzip
import json
from math import comb
from pathlib import Path

import pytest

from livebench.candidates.candidate_set import CandidateSet
from livebench.leaderboard.entries import read_entries
from livebench.scoring.answers import Answers
from livebench.submissions.load import Submission

ROOT = Path(__file__).parent.parent.parent


def lines(path: Path) -> dict[str, dict]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return {record["sample_id"]: record for record in map(json.loads, file)}


def mrr_by_pmi(scores: Path, answers: Path, setting: str) -> float:
    shown, blind = lines(scores / f"{setting}.jsonl.gz"), lines(scores / "blind.jsonl.gz")
    total = 0.0
    for name, answer in lines(answers).items():
        gained = [
            round(a - b, 9)
            for a, b in zip(shown[name]["scores"], blind[name]["scores"], strict=True)
        ]
        best = max(g for g, kind in zip(gained, answer["types"], strict=True) if kind == "correct")
        above, tied = sum(g > best for g in gained), [k for k in range(100) if gained[k] == best]
        n, c = len(tied), sum(answer["types"][k] == "correct" for k in tied)
        # Among n tied, of which c are correct, the first correct one is the x-th as often as that.
        for x in range(1, n - c + 2):
            total += comb(n - x, c - 1) / comb(n, c) / (above + x)
    return total / len(shown)


@pytest.mark.parametrize(
    ("submission", "set_name", "setting"),
    [
        ("cache", "bilibili-matched", "comments"),
        ("fusional-rnn", "bilibili-paper", "comments"),
        ("oracle", "simulated-paper", "both"),
    ],
)
def test_pmi_is_what_the_files_say(submission, set_name, setting):
    candidate_set = CandidateSet(ROOT / "candidates" / set_name)
    present = Submission(ROOT / "submissions" / submission)
    [entry] = read_entries(candidate_set, Answers(candidate_set), setting, [present])
    if entry.outdated:
        pytest.skip(entry.outdated)
    assert entry.score == "pmi"
    by_hand = [
        mrr_by_pmi(
            present.path / "scores" / set_name / run.name,
            candidate_set.path / "answers.jsonl.gz",
            setting,
        )
        for run in entry.runs
    ]
    assert entry.headline.mean(axis=1) == pytest.approx(by_hand, abs=1e-9)
