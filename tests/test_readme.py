"""The numbers in README are those of LEADERBOARD.md."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = {
    "a string lookup": "training-membership",
    "tf-idf similarity": "context-similarity",
    "the candidate's training frequency": "popularity",
    "the paper's Fusional RNN": "fusional-rnn",
    "the paper's Unified Transformer": "unified-transformer",
    "the paper's S2S-C": "s2s-c",
}


def _boards():
    text = (ROOT / "LEADERBOARD.md").read_text("utf-8")
    parts = re.split(r"^### ", text, flags=re.MULTILINE)
    return {part.splitlines()[0]: part for part in parts[1:]}


@pytest.mark.parametrize(
    ("column", "board"),
    [(1, "bilibili-paper, setting `comments`"), (2, "bilibili-matched, setting `comments`")],
)
def test_the_table_of_results(column, board):
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    rows = [line.strip("|").split("|") for line in lines if re.match(r"\| .*0\.\d{4}", line)]
    assert len(rows) == 7
    found = _boards()[board].split("<details>")[0].splitlines()
    for row in rows:
        name, value = row[0].strip(), row[column].strip()
        folder = next((f for start, f in FOLDERS.items() if name.startswith(start)), None)
        marks = "*chance*" if folder is None else f"(submissions/{folder}) |"
        line = next(line for line in found if marks in line)
        mrr = line.split("|")[8].strip()  # rank, submission, kind, R@1, R@5, R@10, MR, MRR
        assert mrr.split("<br>")[0] == value


def test_the_scorer_of_readme_works(tmp_path, frozen, dataset, run):
    text = (ROOT / "README.md").read_text("utf-8")
    folder = tmp_path / "submissions" / "mine"
    folder.mkdir(parents=True)
    (folder / "scorer.py").write_text(re.search(r"```python\n(.*?)```", text, re.S)[1], "utf-8")
    card = re.search(r"```toml\n(.*?)```", text, re.S)[1]
    (folder / "submission.toml").write_text(card, "utf-8")
    done = run(
        "evaluate", "--submission", folder, "--candidates", frozen.path, "--dataset", dataset.path
    )
    assert done.status == 0
    assert done.out.count("mine/seed-0 on tiny-paper") == 2
