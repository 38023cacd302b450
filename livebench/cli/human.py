"""`livebench human-eval`: sheets for raters, and analysis of their ratings."""

from __future__ import annotations

import click

from livebench.cli.datasets import Datasets
from livebench.cli.listing import InOrder
from livebench.cli.options import (
    NEW_PATH,
    PATH,
    dataset_option,
    figure_format_option,
    json_option,
    one_set_option,
    print_json,
    submissions_argument,
    submissions_option,
)
from livebench.records import SETTINGS

_ratings_argument = click.argument(
    "ratings", metavar="RATINGS...", nargs=-1, type=PATH, required=True
)


def _key_option(name):
    return click.option(
        "--key", "key_file", type=PATH, required=True, help=f"The key: human/NAME/{name}."
    )


def _drawn_options(moments_help):
    """What every sheet is drawn by."""

    def decorate(command):
        for option in reversed(
            [
                one_set_option,
                dataset_option,
                click.option(
                    "--moments",
                    type=click.IntRange(min=1),
                    default=100,
                    show_default=True,
                    help=moments_help,
                ),
                click.option(
                    "--raters",
                    type=click.IntRange(min=1, max=99),
                    default=3,
                    show_default=True,
                    help="Number of raters.",
                ),
                click.option(
                    "--seed", type=int, default=0, show_default=True, help="Seed of every draw."
                ),
                click.option("--out", type=NEW_PATH, required=True, help="New folder: human/NAME."),
            ]
        ):
            command = option(command)
        return command

    return decorate


def _setting_option(settings, what):
    default = "Default: both, or comments if the set has no frames."
    return click.option("--setting", type=click.Choice(settings), help=f"{what} {default}")


_missing_option = click.option(
    "--missing",
    type=click.Choice(["drop-item", "keep"]),
    help="If ratings are missing: drop the item for all raters, or keep its other ratings. Without this "
    "option, missing ratings are an error.",
)
_markdown_option = click.option("--markdown", is_flag=True, help="Print Markdown.")


@click.group("human-eval", cls=InOrder)
def human_eval_command() -> None:
    """Human evaluation: blind sheets, reports with agreement, correlation with the metrics, and what
    people reach where models rank."""


@human_eval_command.command("sheet")
@submissions_argument
@_drawn_options("Moments to rate.")
@click.option(
    "--repeats",
    type=click.IntRange(min=0),
    help="Moments that each rater sees twice. Default: a tenth of them.",
)
@_setting_option(["video", "comments", "both"], "Setting of the generated comments.")
@click.option(
    "--run", default="", help="Run of each submission. Default: its first that has comments."
)
def sheet_command(
    submissions, candidates, datasets, moments, raters, repeats, setting, run, seed, out
) -> None:
    """Write a blind sheet for each rater, as a page (HTML) and as CSV, and the key.

    \b
    livebench human-eval sheet A B --candidates SET --out human/NAME

    Each SUBMISSION needs comments from `livebench generate`; tables list them in the given order.
    Give OUT/raters to the raters and keep OUT/key.json: it says who wrote each comment.
    """
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.human.sheets.sheet import SheetPlan, make_sheets
    from livebench.submissions.load import Submission

    plan = SheetPlan(moments, raters, repeats, setting, run, seed)
    candidate_set = CandidateSet(candidates)
    dataset = Datasets(datasets).need(candidate_set)
    key = make_sheets(out, candidate_set, dataset, [Submission(path) for path in submissions], plan)
    repeated = sum(row.repeat for row in key.raters[0].rows)
    shared = sum(len(item.systems) > 1 for item in key.items)
    click.echo(
        f"{out}: {len(key.moments)} moments of {len({m.video_id for m in key.moments})} videos, "
        f"{len(key.items)} comments ({shared} written by several systems), {repeated} of them shown "
        "twice"
    )
    _list_pages(out, key.raters)
    click.echo(f"{out / 'key.json'}: who wrote each comment; no rater may see it")


def _list_pages(out, raters):
    for rater in raters:
        page = out / "raters" / f"{rater.rater}.html"
        click.echo(f"{page}, .csv: {len(rater.rows)} rows, {page.stat().st_size / 1e6:.1f} MB")


@human_eval_command.command("report")
@_ratings_argument
@_key_option("key.json")
@_missing_option
@json_option
@_markdown_option
@click.option(
    "--out", type=PATH, help="Folder for report.txt, .md, .json and the ratings without text."
)
@click.option("--figures", type=PATH, help="Folder for figures.")
@figure_format_option()
def report_command(
    ratings, key_file, missing, as_json, markdown, out, figures, figure_format
) -> None:
    """Report on RATINGS, the raters' CSV files: means, tests, agreement, careless raters."""
    from livebench.human.analysis.publish import write_report
    from livebench.human.analysis.report import report_files
    from livebench.human.analysis.report_text import as_markdown, as_text
    from livebench.human.sheets.key import read_key

    key = read_key(key_file)
    report = report_files(ratings, key, missing)
    if out:
        write_report(out, report, ratings, key)
    if figures:
        from livebench.human.analysis.scatter import write_figures

        write_figures(figures, report, figure_format)
    if as_json:
        print_json(report)
    else:
        click.echo(as_markdown(report) if markdown else as_text(report), nl=False)


@human_eval_command.command("correlate")
@_ratings_argument
@_key_option("key.json")
@one_set_option
@submissions_option
@_missing_option
@json_option
@_markdown_option
def correlate_command(
    ratings, key_file, candidates, submissions_folder, missing, as_json, markdown
) -> None:
    """Do the ranking metrics order the systems as people do in RATINGS, the raters' CSV files?"""
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.human.analysis.correlation import correlate_ratings
    from livebench.human.analysis.ratings import read_rater_files
    from livebench.human.analysis.report import report_signature
    from livebench.human.analysis.report_text import correlations_as
    from livebench.human.sheets.key import read_key
    from livebench.submissions.load import find_submissions

    key = read_key(key_file)
    rated = read_rater_files(ratings, key, missing)
    correlations = correlate_ratings(
        rated,
        CandidateSet(candidates),
        find_submissions(submissions_folder),
        signature=report_signature(key, missing, len(rated.raters)),
    )
    if as_json:
        print_json(correlations)
    else:
        click.echo(correlations_as(correlations, markdown=markdown), nl=False)


@human_eval_command.group("ranking", cls=InOrder)
def ranking_command() -> None:
    """What do people reach? They pick the real one of ten candidates; models are ranked on the same."""


@ranking_command.command("sheet")
@_drawn_options("Moments shown.")
@_setting_option(SETTINGS, "What raters are shown of a moment.")
def ranking_sheet_command(candidates, datasets, moments, raters, setting, seed, out) -> None:
    """Write a sheet for each rater, as a page (HTML) and as CSV, and the key.

    \b
    livebench human-eval ranking sheet --candidates SET --out human/NAME

    Give OUT/raters to the raters and keep OUT/ranking.json: it names moments and candidates.
    """
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.human.sheets.ranking_sheet import RankingPlan, make_ranking_sheets

    candidate_set = CandidateSet(candidates)
    dataset = Datasets(datasets).need(candidate_set)
    plan = RankingPlan(moments, raters, setting, seed)
    key = make_ranking_sheets(out, candidate_set, dataset, plan)
    pictured = sum(moment.pictures > 0 for moment in key.moments)
    click.echo(
        f"{out}: {len(key.moments)} moments of {len({m.video_id for m in key.moments})} videos, setting "
        f"{key.setting}, {pictured} with pictures"
    )
    _list_pages(out, key.raters)
    click.echo(f"{out / 'ranking.json'}: the key; no rater may see it")


@ranking_command.command("report")
@_ratings_argument
@_key_option("ranking.json")
@one_set_option
@submissions_option
@click.option(
    "--drop-missing",
    is_flag=True,
    help="Leave a moment out for all raters where one picked nothing; otherwise that is an error.",
)
@json_option
@_markdown_option
@click.option(
    "--out", type=PATH, help="Folder for people.txt, .md, .json and the choices without text."
)
def ranking_report_command(
    ratings, key_file, candidates, submissions_folder, drop_missing, as_json, markdown, out
) -> None:
    """Report on RATINGS, the raters' CSV files: how often people pick the real one, and models."""
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.human.analysis.choices import read_choices
    from livebench.human.analysis.people import compare_people
    from livebench.human.analysis.people_text import people_as, write_people
    from livebench.human.sheets.ranking_key import read_ranking_key
    from livebench.leaderboard.people import scored_models
    from livebench.scoring.answers import Answers
    from livebench.submissions.load import find_submissions

    key = read_ranking_key(key_file)
    choices = read_choices(ratings, key, drop_missing=drop_missing)
    candidate_set = CandidateSet(candidates)
    answers, submissions = Answers(candidate_set), find_submissions(submissions_folder)
    models = scored_models(candidate_set, answers, submissions, key.setting)
    people = compare_people(choices, candidate_set, answers, models)
    if out:
        write_people(out, people, ratings, key)
    if as_json:
        print_json(people)
    else:
        click.echo(people_as(people, markdown=markdown), nl=False)
