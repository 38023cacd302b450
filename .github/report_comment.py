"""Makes a comment of a report that nobody vouches for: all in one block of code, cut where it is long.

python3 .github/report_comment.py report.txt --workflow .github/workflows/submission.yml --run URL \
    --changed changed.txt > comment.md

`--workflow` and `--run`: what made the report. `--changed`: the files of the pull request, one a line;
if they include a workflow, that is what made the report, and the comment says so first.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

LENGTH = 60_000
"""Characters: GitHub takes comments of at most 65,536."""

OURS = ".github/workflows/submission.yml"
FENCE = 20
"""Backticks in a row that are shown, at most."""

LISTED = 3_000
"""Files of a pull request that GitHub lists, at most."""

WORKFLOWS = (".github/", ".ci/")


def comment(report: str, workflow: str = OURS, run: str = "", changed: Sequence[str] = ()) -> str:
    """Markdown that shows a report as it is, whatever stands in it.

    Args:
        workflow: the file of the workflow that made it, as GitHub says.
        run: the address of that run.
        changed: files that the pull request changes.
    """
    own = sorted(name for name in changed if name.startswith(WORKFLOWS))
    if len(changed) >= LISTED:
        own.append(f"{LISTED:,} files or more: GitHub does not list them all")
    head = ""
    if own or workflow != OURS:
        files = "\n".join(own or [workflow])
        head = (
            "**This pull request brings its own workflows: they made the report below, and it proves "
            f"nothing.** A maintainer runs the review by hand.\n\n{_block(files, 2_000)}\n"
        )
    made_by = f", run by {OURS} ({run})" if run else f", run by {OURS}"
    if workflow != OURS:
        made_by = f", not made by {OURS}"
    head += (
        "What this pull request does to the leaderboard, by `livebench submit review` "
        f"(CONTRIBUTING.md){made_by}:"
    )
    return f"{head}\n\n{_block(report)}"


def _block(text: str, length: int = LENGTH) -> str:
    """A block of code that nothing in it ends."""
    shown = "".join(mark for mark in text if mark.isprintable() or mark == "\n")
    shown = re.sub(f"`{{{FENCE},}}", "`" * FENCE, shown)
    if len(shown) > length:
        shown = shown[:length] + "\n... cut here\n"
    # A fence ends at a line of at least as many backticks.
    longest = max((len(fence) for fence in re.findall(r"`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{shown.rstrip()}\n{fence}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("--workflow", default=OURS)
    parser.add_argument("--run", default="")
    parser.add_argument("--changed", type=Path)
    given = parser.parse_args()
    changed = given.changed.read_text("utf-8", "replace").splitlines() if given.changed else []
    report = given.report.read_text("utf-8", "replace")
    sys.stdout.write(comment(report, given.workflow, given.run, changed))


if __name__ == "__main__":
    main()
