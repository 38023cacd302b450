"""`livebench submit`: from an empty folder to a row."""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livebench.cli.by_name import model_options, named_submission
from livebench.cli.listing import InOrder
from livebench.cli.options import (
    NEW_PATH,
    PATH,
    SUBMISSION,
    SUBMISSIONS,
    human_option,
    json_option,
    sets_option,
    signers_option,
    submissions_option,
)
from livebench.cli.progress import bar, remark
from livebench.errors import LiveBenchError, one_line

if TYPE_CHECKING:
    from livebench.records import DeclaredSetting
    from livebench.submissions.load import Submission


@click.group("submit", cls=InOrder)
def submit_command() -> None:
    """Write, check and review submissions; CONTRIBUTING.md says how a folder becomes a row."""


@submit_command.command("init")
@click.argument("folder", type=NEW_PATH, required=False)
@click.option("--name", help="Name, as the leaderboard will show it.")
@click.option("--author", "authors", multiple=True, help="An author; may be repeated.")
@click.option("--description", help="What it does, in one sentence.")
@click.option("--settings", help="Some of video,comments,both, or all. Default: comments,both.")
@click.option("--url", default="", help="URL of a paper or of code.")
@click.option("--scores-only", is_flag=True, help="No scorer: scores come from elsewhere.")
@model_options
def init_command(
    folder, name, authors, description, settings, url, scores_only, **model_values
) -> None:
    """Write the folder of a new submission, with a scorer of a few lines that works.

    FOLDER defaults to submissions/NAME. Anything not given as an option is asked for. With --hf,
    --openai or --lm-eval the folder has a card and no code, and nothing is asked: correct in the card
    what it cannot know.
    """
    if scores_only and any(model_values[one] for one in ("hf", "openai", "lm_eval")):
        raise click.UsageError("--scores-only belongs to scores made elsewhere, not to a model")
    said = {"name": name, "description": description, "authors": list(authors), "url": url}
    if settings:
        said["settings"] = _parse_settings(settings)
    path = named_submission(folder, model_values, {key: one for key, one in said.items() if one})
    if path is not None:
        click.echo(f"{path}: written")
        click.echo(
            f"next: see that {path}/submission.toml names the right authors and licence, then"
        )
        _say_next(path)
        return
    from livebench.review.scaffold import NewSubmission, folder_name, write_submission

    name = name or _ask("--name", "Name, as the leaderboard will show it")
    description = description or _ask("--description", "What it does, in one sentence")
    chosen = _parse_settings(settings) if settings else _ask_settings()
    authors = authors or tuple(_items(_ask("--author", "Authors, separated by commas")))
    new = NewSubmission(name, authors, description, chosen, url, not scores_only)
    path = folder or SUBMISSIONS / folder_name(name)
    write_submission(path, new, datetime.datetime.now(datetime.UTC).date())
    click.echo(f"{path}: written")
    if scores_only:
        click.echo(f"next: put scores into {path}/scores/SET/seed-0/SETTING.jsonl(.gz), then")
    else:
        click.echo(f"next: write your model into {path / 'scorer.py'} (it works as it is), then")
    _say_next(path)


def _say_next(path: Path) -> None:
    click.echo(f"  livebench evaluate {path}")
    click.echo("  livebench leaderboard")
    click.echo(f"  livebench submit review {path}")


def _ask(option: str, question: str, default: str | None = None) -> str:
    """Ask for what the options leave out; if nobody answers, take the default.

    Raises:
        LiveBenchError: nobody answers, and there is no default.
    """
    if sys.stdin.isatty():
        asked: str = click.prompt(question, default=default)
        return asked
    answer = (
        sys.stdin.readline().strip() or default
    )  # of a script: a line for each question, or none
    if answer is None:
        raise LiveBenchError(option, "is missing", f"give {option}")
    return answer


def _ask_settings() -> list[DeclaredSetting]:
    """Ask until the answer is one: who has answered other questions need not begin again."""
    question = (
        "Settings to take part in (video: frames and title; comments: surrounding comments; both)"
    )
    while True:
        try:
            return _parse_settings(_ask("--settings", question, "comments,both"))
        except LiveBenchError as error:
            if not sys.stdin.isatty():
                raise
            click.echo(error, err=True)


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _parse_settings(text: str) -> list[DeclaredSetting]:
    from typing import get_args

    from livebench.records import DeclaredSetting

    possible: tuple[DeclaredSetting, ...] = get_args(DeclaredSetting)
    if _items(text) == ["all"]:
        return list(possible)
    # Every submission takes part in `blind`, so it need not be named, and may be.
    wrong = [item for item in _items(text) if item not in ("blind", *possible)]
    if wrong or not set(_items(text)) & set(possible):
        raise LiveBenchError(
            f"--settings {text}",
            f"not a setting: {', '.join(wrong) or text or 'nothing'}",
            f"choose from {', '.join(possible)}, or all",
        )
    return [setting for setting in possible if setting in _items(text)]


@submit_command.command("check")
@click.argument("submissions", metavar="SUBMISSION...", type=SUBMISSION, nargs=-1, required=True)
@sets_option
@signers_option
@json_option
def check_command(submissions, sets_folder, signers, as_json) -> None:
    """Check each SUBMISSION, and report all problems at once; exit 1 if there are any.

    Nothing of a submission is run. With --json a problem is a line: where, place, what, fix, stale.
    """
    from livebench.candidates.candidate_set import find_private_sets, find_sets
    from livebench.review.check import Checker
    from livebench.review.problems import problem_record

    checker = Checker([*find_sets(sets_folder), *find_private_sets(sets_folder)], signers)
    problems = {path: checker.check(path) for path in submissions}
    for path, of_path in problems.items():
        if not as_json:
            _print_problems(path, of_path)
        for problem in of_path if as_json else ():
            click.echo(json.dumps(problem_record(problem), ensure_ascii=False))
    if any(problems.values()):
        sys.exit(1)


def _print_problems(
    path: Path, problems: Sequence[LiveBenchError], *, tolerate_stale: bool = False
) -> int:
    """Print the problems; return how many must be fixed."""
    from livebench.review.check import has_scores
    from livebench.review.problems import StaleResult, problem_text

    shown = [
        problem for problem in problems if not (tolerate_stale and isinstance(problem, StaleResult))
    ]
    for problem in shown:
        click.echo(problem_text(problem))
    stale = len(problems) - len(shown)
    name = one_line(str(path), 300)
    if shown:
        verdict = f"{len(shown)} problem{'s' * (len(shown) > 1)}"
    elif has_scores(path):
        verdict = "in order"
    else:
        verdict = (
            f"in order; it has no scores and no row yet: `livebench evaluate {name}` makes them"
        )
    if stale:
        verdict += f"; out of date, and shown separately: {stale} of its results"
    click.echo(f"{name}: {verdict}")
    return len(shown)


def _in_order(folder: Path, broken: Sequence[str]) -> list[Submission]:
    """The submissions of a folder, but those that are broken: one does not stop the review of others."""
    from livebench.submissions.load import open_submissions

    names = {Path(path).resolve().name for path in broken}
    opened, errors = open_submissions(folder, leave_out=names)
    for error in errors:
        click.echo(f"left out: {error}")
    return opened


@submit_command.command("review")
@click.argument("submissions", metavar="[SUBMISSION]...", type=SUBMISSION, nargs=-1)
@click.option(
    "--base",
    type=PATH,
    help="Checkout of what a pull request is based on: its sets and human evaluations judge, and all "
    "submissions that differ from its own are reviewed, unless SUBMISSION is given.",
)
@submissions_option
@sets_option
@human_option
@signers_option
@click.option(
    "--board",
    type=PATH,
    default="LEADERBOARD.md",
    show_default=True,
    help="Leaderboard to compare with.",
)
def review_command(
    submissions, base, submissions_folder, sets_folder, human_folder, signers, board
) -> None:
    """Review like a pull request: check, compute rows, render, and show the difference.

    Without SUBMISSION and --base all submissions are reviewed, and results that are no longer current
    are tolerated. Exit 1 if there is a problem to fix.
    """
    from livebench.candidates.candidate_set import find_board_sets, find_private_sets, find_sets
    from livebench.cli.leaderboard import compare_with
    from livebench.human.analysis.publish import find_reports
    from livebench.leaderboard.collect import collect
    from livebench.leaderboard.people import people_by_set
    from livebench.leaderboard.private import collect_private
    from livebench.leaderboard.render import render_pages
    from livebench.review.check import Checker
    from livebench.review.difference import changed_folders, describe_changes, row_changes
    from livebench.review.judges import changed_judges, describe_judges
    from livebench.review.problems import StaleResult
    from livebench.submissions.load import submission_folders

    changed: list[str] = []
    if base is not None:
        changed = changed_judges(base, Path())
        click.echo("\n".join(describe_judges(changed)), nl=bool(changed))
        sets_folder, human_folder = base / "candidates", base / "human"
    sets, private_sets = find_sets(sets_folder), find_private_sets(sets_folder)
    board_sets, _ = find_board_sets(sets_folder)
    everything = not submissions and base is None
    paths: Sequence[Path] = submissions
    if base is not None and not submissions:
        paths = changed_folders(base / "submissions", submissions_folder)
    if everything:
        paths = submission_folders(submissions_folder)
    checker = Checker([*sets, *private_sets], signers)
    problems = {path: checker.check(path) for path in paths}
    to_fix = len(changed) + sum(
        [_print_problems(path, problems[path], tolerate_stale=everything) for path in paths]
    )
    # What is merely stale can be rendered; with anything else wrong there is no row to show.
    broken = [
        one_line(str(path), 300)
        for path in paths
        if not all(isinstance(problem, StaleResult) for problem in problems[path])
    ]
    if broken:
        click.echo(f"\nNo row is computed before these are in order: {', '.join(broken)}")
    present = _in_order(submissions_folder, broken)
    with bar(len(board_sets), "leaderboard", unit="set") as progress:
        sections = collect(board_sets, present, signers=signers, progress=progress)
    if not everything:
        reviewed = {path.resolve().name for path in paths}
        before = (
            _in_order(base / "submissions", [])
            if base
            else [submission for submission in present if submission.name not in reviewed]
        )
        left_out = {Path(path).resolve().name for path in broken}
        before = [submission for submission in before if submission.name not in left_out]
        changes = row_changes(collect(board_sets, before, signers=signers), sections)
        click.echo("\n".join(describe_changes(changes)) if changes else "\nNo row changes.")
        click.echo()
    if broken:
        click.echo(f"{board}: not compared before all is in order")
        sys.exit(1)
    private = collect_private(private_sets, sections, present, signers)
    people = people_by_set(sections, present, human_folder, remark)
    pages = render_pages(sections, find_reports(human_folder), private, people)
    to_fix += not compare_with(board, pages, everything)
    if to_fix:
        sys.exit(1)
