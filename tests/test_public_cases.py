"""Cases of ../shared/cases that are no files of comments: each with the value that is right.

Those of comments are in importers/test_cases.py, a changed scorer in review/test_check.py, a byte order
mark in export/test_export.py.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

CASES = Path(__file__).parents[2] / "shared" / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is absent")


def test_ids_of_which_a_spreadsheet_made_numbers(tmp_path, refused):
    """Old sheets had such ids, new ones cannot (human/test_blind.py): it is said what they became."""
    shutil.copytree(CASES / "he_excel_ids", tmp_path / "case", copy_function=shutil.copyfile)
    files = [f"case/R{number}.csv" for number in (1, 2, 3)]
    assert refused("human-eval", "report", *files, "--key", "case/key.json") == (
        "case/R1.csv, row 29, id 6.98816E+82: is not in the key; a spreadsheet has made a number of it: "
        "write the id again as it is in the sheet"
    )


@pytest.mark.slow
def test_scores_that_differ_less_than_their_digits(tmp_path, run):
    """The same scores, and -1e6 added: only what float32 cannot tell apart ties, and that is said."""
    shutil.copytree(CASES / "precision_ties", tmp_path / "case", copy_function=shutil.copyfile)
    done = run(
        *(
            "evaluate",
            "--submission",
            "case/p-run-0",
            "--submission",
            "case/p-run-1e6",
            "--restart",
        ),
        *("--candidates", "case/candidates/small", "--setting", "comments"),
    )
    assert done.status == 0, done
    found = {}
    for name in ("p-run-0", "p-run-1e6"):
        result = f"case/{name}/results/small/seed-0/comments.json"
        metrics = json.loads((tmp_path / result).read_bytes())["metrics"]
        found[name] = round(metrics["best"]["MRR"]["value"], 4)
    assert found["p-run-0"] == 0.1233
    assert abs(found["p-run-1e6"] - 0.1233) < 0.001  # at six digits 0.1286
    warned = [line for line in done.err.splitlines() if "of candidates tie with another" in line]
    assert [line.split(",")[0] for line in warned] == ["WARNING: p-run-1e6/seed-0 on small"]
    assert "they differ by less than float32 can tell" in warned[0]
