"""`livebench submit check` of code: it is hashed, and never run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

CASE = Path(__file__).parents[3] / "shared" / "cases" / "stale_result"


def test_nothing_of_a_submission_is_run(project, run, tmp_path):
    (project / "submissions" / "mine" / "scorer.py").write_text(
        f"open({str(tmp_path / 'ran')!r}, 'w')\n"
        "class Mine:\n    def score(self, v, c, x):\n        return 0\n"
    )
    done = run("submit", "check", "submissions/mine")
    assert "was made from other files: scorer.py differs" in done.out
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(not CASE.is_dir(), reason="../shared/cases is absent")
def test_a_scorer_that_was_changed_after_it_was_scored(run, tmp_path):
    """`scorer.py` had its sign turned; the result is of an older LiveBench, which kept no hashes."""
    shutil.copytree(CASE, tmp_path / "case")
    folder = tmp_path / "case"
    done = run("submit", "check", folder / "p-run-0", "--sets", folder / "candidates")
    assert done.status == 1
    result = folder / "p-run-0" / "results" / "small" / "seed-0" / "comments.json"
    assert f"{result}: was made from other files: scorer.py differs" in done.out
    assert done.out.endswith("p-run-0: 1 problem\n")
