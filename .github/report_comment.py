"""Makes a comment of a report that nobody vouches for: all in one block of code, cut where it is long.

python3 .github/report_comment.py report.txt > comment.md
"""

import re
import sys
from pathlib import Path

LENGTH = 60_000
"""Characters: GitHub takes comments of at most 65,536."""


def comment(report: str) -> str:
    """Markdown that shows a report as it is, whatever stands in it."""
    text = "".join(mark for mark in report if mark.isprintable() or mark == "\n")
    if len(text) > LENGTH:
        text = text[:LENGTH] + "\n... cut here\n"
    # A fence ends at a line of at least as many backticks.
    longest = max((len(fence) for fence in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return (
        "What this pull request does to the leaderboard, by `livebench submit review` "
        f"(CONTRIBUTING.md):\n\n{fence}text\n{text.rstrip()}\n{fence}\n"
    )


if __name__ == "__main__":
    sys.stdout.write(comment(Path(sys.argv[1]).read_text("utf-8", errors="replace")))
