"""README's numbers are those of the leaderboard, and its scorer works."""

import re
from pathlib import Path

from livebench.leaderboard.readme import BEGIN, END

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
ROW_LINK = re.compile(r"\((?:\.\./\.\./)?submissions/([\w-]+)\)")
VALUE = re.compile(r"\b0\.\d{4}\b")


def test_readme_has_the_numbers_of_the_leaderboard():
    leaderboard: dict[str, set[str]] = {}
    pages = [ROOT / "LEADERBOARD.md", *(ROOT / "docs" / "leaderboard").glob("*.md")]
    for line in "\n".join(path.read_text("utf-8") for path in pages).splitlines():
        for name in ROW_LINK.findall(line):
            leaderboard.setdefault(name, set()).update(VALUE.findall(line))
    table = README.split(BEGIN)[1].split(END)[0]
    rows = [line for line in README.splitlines() if ROW_LINK.search(line) and VALUE.search(line)]
    assert set(rows) <= set(table.splitlines())  # rendered, all of them
    for row in rows:
        (name,) = ROW_LINK.findall(row)
        assert set(VALUE.findall(row)) <= leaderboard[name], row


def test_the_scorer_of_readme_works(tmp_path, frozen, dataset, run):
    folder = tmp_path / "submissions" / "mine"
    folder.mkdir(parents=True)
    (folder / "scorer.py").write_text(re.search(r"```python\n(.*?)```", README, re.S)[1], "utf-8")
    card = re.search(r"```toml\n(.*?)```", README, re.S)[1]
    (folder / "submission.toml").write_text(card, "utf-8")
    done = run(
        "evaluate", "--submission", folder, "--candidates", frozen.path, "--dataset", dataset.path
    )
    assert done.status == 0
    rows = re.findall(r"^tiny-paper +(\w+) +0\.\d{4} ", done.out, re.M)
    assert rows == ["blind", "comments", "both"]
