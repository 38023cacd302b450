"""`livebench submit`: from an empty folder to a row."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

import click

from livebench.errors import LiveBenchError

SUBMISSIONS = Path("submissions")


@click.group()
def submit() -> None:
    """Write, check and review submissions; CONTRIBUTING.md tells how a folder becomes a row."""


@submit.command()
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--name", prompt="Name, as the leaderboard shall show it")
@click.option("--author", "authors", multiple=True, help="May be given several times.")
@click.option("--description", prompt="What it does, in one sentence")
@click.option(
    "--settings",
    default="comments,both",
    prompt="Settings it takes part in (video: frames and title; comments: comments around; both)",
    help="Some of video,comments,both.",
)
@click.option("--url", default="", help="Of a paper or of code.")
@click.option("--scores-only", is_flag=True, help="No scorer: scores are made elsewhere.")
def init(folder, name, authors, description, settings, url, scores_only) -> None:
    """Write the folder of a new submission, with a scorer of a few lines that works.

    FOLDER is submissions/ and the name, if it is not given. What no option answers is asked.
    """
    from livebench.records import SETTINGS
    from livebench.review.scaffold import Plan, folder_name, write_submission

    chosen = [one.strip() for one in settings.split(",") if one.strip()]
    wrong = [one for one in chosen if one not in SETTINGS]
    if wrong or not chosen:
        raise LiveBenchError(
            f"--settings {settings}: {', '.join(wrong) or 'nothing'} is no setting; choose of "
            f"{', '.join(SETTINGS)}"
        )
    authors = list(authors) or [
        one.strip() for one in click.prompt("Authors, with commas between").split(",")
    ]
    plan = Plan(name, authors, description, chosen, url, not scores_only)
    path = folder or SUBMISSIONS / folder_name(name)
    write_submission(path, plan, datetime.datetime.now(datetime.UTC).date())
    click.echo(f"{path}: written")
    if scores_only:
        click.echo(f"next: put scores into {path}/scores/SET/seed-0/SETTING.jsonl.gz, then")
    else:
        click.echo(f"next: write your model into {path / 'scorer.py'} (it works as it is), then")
    click.echo(f"  livebench evaluate --submission {path}")
    click.echo("  livebench leaderboard")
    click.echo(f"  livebench submit review {path}")


candidates_option = click.option(
    "--candidates", type=click.Path(path_type=Path), default="candidates", show_default=True
)


@submit.command()
@click.argument("folders", type=click.Path(path_type=Path), nargs=-1, required=True)
@candidates_option
def check(folders, candidates) -> None:
    """Check submissions, and report everything that is wrong at once; exit 1 if anything is.

    Nothing of a submission is run.
    """
    from livebench.candidates.candidate_set import find_sets
    from livebench.review.check import Checker

    checker = Checker(find_sets(candidates))
    if sum([_say(folder, checker.check(folder)) for folder in folders]):
        sys.exit(1)


def _say(folder: Path, findings, *, tolerate_stale: bool = False) -> int:
    """Print what is wrong; return how much of it must be mended."""
    from livebench.errors import one_line
    from livebench.review.check import has_scores

    wrong = [one for one in findings if not (tolerate_stale and one.stale)]
    for one in wrong:
        click.echo(str(one))
    stale = len(findings) - len(wrong)
    verdict = "in order"
    if wrong:
        verdict = f"{len(wrong)} {'thing is' if len(wrong) == 1 else 'things are'} wrong"
    elif not has_scores(folder):
        makes = f"`livebench evaluate --submission {one_line(str(folder), 300)}` makes them"
        verdict += f"; it has no scores and no row yet: {makes}"
    if stale:
        verdict += f"; {stale} of its results are no longer current, and stand apart"
    click.echo(f"{one_line(str(folder), 300)}: {verdict}")
    return len(wrong)


@submit.command()
@click.argument("folders", type=click.Path(path_type=Path), nargs=-1)
@click.option(
    "--base",
    type=click.Path(path_type=Path),
    help="submissions/ of the checkout to compare with; without FOLDERS, what differs is reviewed.",
)
@click.option(
    "--submissions", type=click.Path(path_type=Path), default=SUBMISSIONS, show_default=True
)
@candidates_option
@click.option("--human", type=click.Path(path_type=Path), default="human", show_default=True)
@click.option(
    "--board", type=click.Path(path_type=Path), default="LEADERBOARD.md", show_default=True
)
def review(folders, base, submissions, candidates, human, board) -> None:
    """What a pull request goes through: check, compute the rows, render, and show the difference.

    Without FOLDERS and --base all submissions are reviewed, and results that are no longer current are
    no fault. Exit 1 if something must be mended.
    """
    from livebench.candidates.candidate_set import find_sets
    from livebench.cli.leaderboard import compare_with, render_all
    from livebench.errors import one_line
    from livebench.leaderboard.collect import collect
    from livebench.review.check import Checker
    from livebench.review.difference import changed_folders, changes, describe_changes
    from livebench.submissions.load import find_submissions

    sets = find_sets(candidates)
    everything = not folders and base is None
    if base is not None and not folders:
        folders = changed_folders(base, submissions)
    if everything:
        folders = sorted(path for path in submissions.iterdir() if path.is_dir())
    checker = Checker(sets)
    findings = {folder: checker.check(folder) for folder in folders}
    wrong = sum(
        [_say(folder, found, tolerate_stale=everything) for folder, found in findings.items()]
    )
    # What only stands apart can be rendered; with anything else wrong there is no row to show.
    broken = [
        one_line(str(folder), 300)
        for folder, found in findings.items()
        if not all(one.stale for one in found)
    ]
    if broken:
        click.echo(f"\nNo row is computed before these are in order: {', '.join(broken)}")
        sys.exit(1)
    present = find_submissions(submissions)
    if not everything:
        reviewed = {folder.resolve().name for folder in folders}
        before = (
            find_submissions(base) if base else [one for one in present if one.name not in reviewed]
        )
        found = changes(collect(sets, before), collect(sets, present))
        click.echo("\n".join(describe_changes(found)) if found else "\nNo row changes.")
        click.echo()
    wrong += not compare_with(board, render_all(submissions, candidates, human), everything)
    if wrong:
        sys.exit(1)
