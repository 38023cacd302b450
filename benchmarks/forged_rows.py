"""What a forged row gets: each in a pull request against a local clone.

    python benchmarks/forged_rows.py [--only NAME ...]

A base repository is made, with a small set and an attested submission. Each forgery of
tests/review/forgeries.py is committed on a branch of a clone; there the command of
.github/workflows/submission.yml is run, its report made into a comment as in comment.yml, and the board
computed as if it had been merged. Printed: the table of docs/trust.md. Exit status 1 if one has a rank.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from livebench.candidates.candidate_set import find_sets
from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.leaderboard.collect import BoardRow, collect
from livebench.simulated.simulation import simulate_dataset
from livebench.submissions.load import find_submissions
from livebench.tables import markdown_cell

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "review"))
from forgeries import FORGERIES, SIGNERS, Attacker  # noqa: E402 (of the tests)

COMMENT = ROOT / ".github" / "report_comment.py"
WORKFLOW = ROOT / ".github" / "workflows" / "submission.yml"
LIVEBENCH = [sys.executable, "-P", "-m", "livebench"]
CARD = """name = "Mine"
authors = ["A. Author"]
date = 2026-01-02
description = "For a test."
entry = "scorer:Mine"
settings = ["comments"]
runs = [{ name = "default" }]
"""
CODE = """class Mine:
    def score(self, video_ctx, comments, candidate):
        return -len(candidate.text)
"""


def call(*line: object, cwd: Path, check: bool = True) -> str:
    """Run a command; give what it printed."""
    done = subprocess.run(
        [str(part) for part in line],
        cwd=cwd,
        check=check,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull},
    )
    return done.stdout


def commit(folder: Path, message: str) -> None:
    """Commit all that is there."""
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    call("git", "add", "-A", "-f", cwd=folder)
    call("git", *who, "commit", "-q", "-m", message, cwd=folder)


def make_base(folder: Path) -> tuple[Path, Path]:
    """A repository with a set and an attested submission; and the key of its maintainer."""
    base, key = folder / "base", folder / "maintainer"
    dataset = simulate_dataset(folder / "world", seed=0, videos=30)
    out = base / "candidates" / "small"
    out.parent.mkdir(parents=True)
    build_set(dataset, load_protocol("paper"), out, max_samples=40)
    mine = base / "submissions" / "mine"
    mine.mkdir(parents=True)
    (mine / "submission.toml").write_text(CARD, "utf-8")
    (mine / "scorer.py").write_text(CODE, "utf-8")
    line = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "maintainer", "-f", key)
    call(*line, cwd=folder)
    (base / SIGNERS).parent.mkdir(parents=True)
    public = key.with_suffix(".pub").read_text()
    (base / SIGNERS).write_text(f'maintainer@livebench namespaces="livebench" {public}')
    shutil.copytree(ROOT / ".github", base / ".github")
    options = ("--dataset", dataset.path, "--quiet")
    call(*LIVEBENCH, "evaluate", mine, *options, "--setting", "comments", cwd=base)
    signed = ("--sign-with", key, "--signers", SIGNERS)
    call(*LIVEBENCH, "submit", "attest", "mine", *signed, cwd=base)
    call(*LIVEBENCH, "leaderboard", "--signers", SIGNERS, cwd=base)
    call("git", "init", "-q", "-b", "main", cwd=base)
    commit(base, "Base")
    return base, key


def review(base: Path, head: Path) -> str:
    """The report of a pull request, by the command of the workflow."""
    (command,) = re.findall(r"^ *(livebench submit review .*?) 2>&1", WORKFLOW.read_text(), re.M)
    words = command.replace("../base", str(base)).split()[1:]
    # In a workflow the base is what is installed; here it is told whose signatures count there.
    return call(*LIVEBENCH, *words, "--signers", base / SIGNERS, cwd=head, check=False)


def printed(report: str) -> str:
    """The line of a report that says what came of it: what is said first, a problem, or the row."""
    lines = report.splitlines()
    first = lines[1:2] if lines[0].startswith("Also changed") else []
    problems = [line for line in lines if line.startswith("submissions/") and ": " in line[12:]]
    problems = [line for line in problems if not line.endswith((": in order", " problem"))]
    rows = [line for line in lines if line.startswith(("  + ", "  ~ ", "  ! "))]
    found = [f"{lines[0]}{line}" for line in first] + (problems or rows)[:1]
    return "; ".join(re.sub(r", R@1 .*", "", line.strip()) for line in found)


def rows_if_merged(base: Path, head: Path) -> list[BoardRow]:
    """The rows of submissions, by the sets and the signers of the base."""
    submissions = find_submissions(head / "submissions")
    sections = collect(find_sets(base / "candidates"), submissions, signers=base / SIGNERS)
    boards = [board for section in sections for board in section.boards]
    return [row for board in boards for row in [*board.rows, *board.outdated] if row.folder]


def shown(rows: list[BoardRow]) -> str:
    """What the board says of the forged submission."""
    (row,) = [row for row in rows if row.folder == ("forged" if len(rows) > 1 else "mine")]
    return f"{row.evaluated}, {f'rank {row.ranks}' if row.rank else 'no rank'}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=list(FORGERIES), default=list(FORGERIES))
    options = parser.parse_args()
    ranked = []
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        base, key = make_base(Path(name))
        print("| the pull request | CI printed | the board, were it merged |")
        print("| --- | --- | --- |")
        for number, forgery in enumerate(options.only):
            head, own = Path(name, f"head-{number}"), Path(name, f"own-{number}")
            call("git", "clone", "-q", base, head, cwd=Path(name))
            call("git", "checkout", "-q", "-b", forgery, cwd=head)
            own.mkdir()
            FORGERIES[forgery](Attacker(head, own, key))
            commit(head, forgery)
            changed = own / "changed.txt"
            changed.write_text(call("git", "diff", "--name-only", "main", cwd=head))
            report = own / "report.txt"
            report.write_text(review(base, head))
            line = (sys.executable, COMMENT, report, "--run", "RUN", "--changed", changed)
            comment = call(*line, cwd=base)
            rows = rows_if_merged(base, head)
            said = printed(report.read_text())
            if comment.startswith("**"):
                said = f"(comment) {comment.split(':')[0].strip('*')}; {said}"
            told = (FORGERIES[forgery].__doc__ or "", said, shown(rows))
            print(f"| {' | '.join(markdown_cell(cell, 300) for cell in told)} |", flush=True)
            if any(row.rank for row in rows if row.folder == "forged" or len(rows) == 1):
                ranked.append(forgery)
    print(f"\n{len(options.only)} forgeries, ranked: {', '.join(ranked) or 'none'}")
    if ranked:
        sys.exit(1)


if __name__ == "__main__":
    main()
