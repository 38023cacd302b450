"""`livebench leaderboard`."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

import click

from livebench.cli.options import (
    PATH,
    human_option,
    sets_option,
    signers_option,
    submissions_option,
)


@click.command("leaderboard")
@submissions_option
@sets_option
@human_option
@signers_option
@click.option(
    "--out", type=PATH, default="LEADERBOARD.md", show_default=True, help="File to write."
)
@click.option(
    "--check", is_flag=True, help="Write nothing; exit 1 and show the difference if it is stale."
)
def leaderboard_command(submissions_folder, sets_folder, human_folder, signers, out, check) -> None:
    """Render the leaderboard from scores and answers; the text of the sets is not needed."""
    from livebench.files import write_text

    text = render_all(submissions_folder, sets_folder, human_folder, signers)
    if not check:
        write_text(out, text)
        click.echo(f"{out}: written")
        return
    if not compare_with(out, text, show=True):
        sys.exit(1)


def compare_with(path: Path, text: str, show: bool) -> bool:
    """Whether a file holds this leaderboard; prints that, and the difference if `show`."""
    present = path.read_text("utf-8", errors="replace") if path.exists() else ""
    if present == text:
        click.echo(f"{path}: up to date")
        return True
    if show:
        names = str(path), f"{path} as it should be"
        lines = difflib.unified_diff(present.splitlines(), text.splitlines(), *names, lineterm="")
        click.echo("\n".join(lines))
    click.echo(f"{path}: stale; run `livebench leaderboard` and commit it", err=True)
    return False


def render_all(
    submissions: Path, sets: Path, human: Path = Path("human"), signers: Path | None = None
) -> str:
    """LEADERBOARD.md of these folders; by default the maintainers' signatures count."""
    from livebench.attestation.signing import MAINTAINERS
    from livebench.candidates.candidate_set import find_private_sets, find_sets
    from livebench.human.analysis.publish import find_reports
    from livebench.leaderboard.collect import collect
    from livebench.leaderboard.private import collect_private
    from livebench.leaderboard.render import render
    from livebench.submissions.load import find_submissions

    found, present = find_sets(sets), find_submissions(submissions)
    signers = signers or MAINTAINERS
    sections = collect(found, present, signers=signers)
    private = collect_private(find_private_sets(sets), sections, present, signers)
    return render(sections, find_reports(human), private)
