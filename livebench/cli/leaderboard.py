"""`livebench leaderboard`."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

import click

from livebench.cli.options import candidates_option, submissions_option


@click.command()
@submissions_option
@candidates_option
@click.option("--human", type=click.Path(path_type=Path), default="human", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default="LEADERBOARD.md", show_default=True)
@click.option(
    "--check", is_flag=True, help="Write nothing; exit 1 and show the difference if stale."
)
def leaderboard(submissions, candidates, human, out, check) -> None:
    """Render the leaderboard from scores and answers; the text of the sets is not needed."""
    from livebench.files import write_text

    text = render_all(submissions, candidates, human)
    if not check:
        write_text(out, text)
        click.echo(f"{out}: written")
        return
    if not compare_with(out, text, show=True):
        sys.exit(1)


def compare_with(out: Path, text: str, show: bool) -> bool:
    """Whether a rendered leaderboard is what the file `out` holds; says so, with the difference if
    `show`."""
    present = out.read_text("utf-8", errors="replace") if out.exists() else ""
    if present == text:
        click.echo(f"{out}: up to date")
        return True
    if show:
        lines = difflib.unified_diff(
            present.splitlines(), text.splitlines(), str(out), f"{out} as it should be", lineterm=""
        )
        click.echo("\n".join(lines))
    click.echo(f"{out}: stale; run `livebench leaderboard` and commit it", err=True)
    return False


def render_all(submissions: Path, candidates: Path, human: Path = Path("human")) -> str:
    """LEADERBOARD.md of these folders."""
    from livebench.candidates.candidate_set import find_sets
    from livebench.human.analysis.publish import find_reports
    from livebench.leaderboard.collect import collect
    from livebench.leaderboard.render import render
    from livebench.submissions.load import find_submissions

    sections = collect(find_sets(candidates), find_submissions(submissions))
    return render(sections, find_reports(human))
