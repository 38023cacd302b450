"""Forged rows: none has a rank, in the review of a pull request or where it is merged all the same."""

from __future__ import annotations

import shutil

import pytest
from forgeries import FORGERIES, SIGNERS, Attacker

from livebench.candidates.candidate_set import find_sets
from livebench.leaderboard.collect import collect
from livebench.submissions.load import find_submissions

NOT_SIGNED = "attestation.json: is not signed by a maintainer, or has changed since"
NOT_USED = "Also changed, and NOT USED here"
PRINTED = {
    "hand_written": "+ Mine (forged): no rank (model, claimed), R@1 100.00",
    "own_key": NOT_SIGNED,
    "key_brought_along": f"  {SIGNERS}",
    "borrowed": "attestation.json: is that of mine, of kind model",
    "doubled": "attestation.json: is that of mine, of kind model",
    "swapped_scores": "~ Mine (mine): rank 1 to none",
    "swapped_code": "attestation.json: is of other files: scorer.py differs",
    "edited": NOT_SIGNED,
    "signed_for_git": NOT_SIGNED,
    "another_kind": "submission.toml: kind: 'oracle' is for what ships with LiveBench",
    "swapped_answers": "  candidates/silent-paper/answers.jsonl.gz",
    "own_workflow": "  .github/workflows/submission.yml",
}


@pytest.fixture
def base(made_once, evaluated, attest, maintainer, tmp_path):
    """The checkout of a base, in which `mine` is attested."""

    def make():
        shutil.copytree(evaluated, tmp_path / "base")
        attest("submissions/mine", cwd=tmp_path / "base")
        (tmp_path / "base" / SIGNERS).parent.mkdir(parents=True)
        shutil.copy(maintainer.signers, tmp_path / "base" / SIGNERS)

    return made_once(make) / "base"


def test_each_has_an_expectation():
    assert list(PRINTED) == list(FORGERIES)


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_row_has_no_rank(base, tmp_path, run, maintainer, name):
    head = tmp_path / "head"
    shutil.copytree(base, head)
    (tmp_path / "own").mkdir()
    FORGERIES[name](Attacker(head, tmp_path / "own", maintainer.key))
    signers = base / SIGNERS
    done = run("submit", "review", "--base", base, "--signers", signers, cwd=head)
    assert done.status == 1
    assert PRINTED[name] in done.out
    if name in ("key_brought_along", "swapped_answers", "own_workflow"):
        assert done.out.startswith(NOT_USED)
    # and if it is merged all the same
    (section,) = collect(
        find_sets(base / "candidates"), find_submissions(head / "submissions"), signers=signers
    )
    ranks = {row.folder: row.rank for board in section.boards for row in board.rows}
    ranks |= {row.folder: row.rank for board in section.boards for row in board.outdated}
    forged = "forged" if "forged" in ranks else "mine"
    assert ranks[forged] == 0
    # what is honest keeps its rank
    assert ranks["mine"] == (1 if forged == "forged" else 0)
