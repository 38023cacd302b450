"""`livebench human-eval`: sheets for raters, and what their ratings say."""

from __future__ import annotations

from pathlib import Path

import click

from livebench.errors import LiveBenchError

_PATH = click.Path(path_type=Path)

_ratings = click.argument("ratings", nargs=-1, type=_PATH, required=True)
_key = click.option("--key", "key_file", type=_PATH, required=True, help="human/NAME/key.json.")
_missing = click.option(
    "--missing",
    type=click.Choice(["drop-item", "keep"]),
    help="Where ratings are missing: leave the item out for all raters, or keep those that there are. "
    "Without it missing ratings are refused.",
)
_format = click.option(
    "--format",
    "layout",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
)


@click.group("human-eval")
def human_eval() -> None:
    """Human evaluation: blind sheets, reports with agreement, metrics against people."""


@human_eval.command()
@click.option("--candidates", type=_PATH, required=True, help="Candidate set that moments are of.")
@click.option("--dataset", type=_PATH, required=True, help="The dataset that it was built from.")
@click.option(
    "--submission",
    "folders",
    type=_PATH,
    multiple=True,
    required=True,
    help="Folder with generated comments; may be given several times, in the order of the tables.",
)
@click.option("--moments", type=click.IntRange(min=1), default=100, show_default=True)
@click.option("--raters", type=click.IntRange(min=1, max=99), default=3, show_default=True)
@click.option(
    "--repeats",
    type=click.IntRange(min=0),
    help="Moments that each rater sees twice. Default: a tenth of them.",
)
@click.option(
    "--setting",
    type=click.Choice(["video", "comments", "both"]),
    help="Of the generated comments. Default: both, or comments where the set has no frames.",
)
@click.option("--run", default="", help="Run of the submissions. Default: the first of each.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of every draw.")
@click.option("--out", type=_PATH, required=True, help="The new folder: human/NAME.")
def sheet(candidates, dataset, folders, moments, raters, repeats, setting, run, seed, out) -> None:
    """Write a blind sheet for each rater, as a page (HTML) and as CSV, and the key.

    \b
    livebench human-eval sheet --candidates candidates/S --dataset datasets/D \\
        --submission submissions/A --submission submissions/B --out human/NAME

    Give OUT/raters to the raters and keep OUT/key.json: it says whose each comment is.
    """
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.data.dataset import Dataset
    from livebench.human.sheets.sheet import Plan, make_sheets
    from livebench.submissions.load import Submission

    plan = Plan(moments, raters, repeats, setting, run, seed)
    submissions = [Submission(folder) for folder in folders]
    key = make_sheets(out, CandidateSet(candidates), Dataset(dataset), submissions, plan)
    again = sum(row.repeat for row in key.raters[0].rows)
    shared = sum(len(item.systems) > 1 for item in key.items)
    click.echo(
        f"{out}: {len(key.moments)} moments of {len({m.video_id for m in key.moments})} videos, "
        f"{len(key.items)} comments ({shared} written by several systems), {again} of them shown twice"
    )
    for rater in key.raters:
        page = out / "raters" / f"{rater.rater}.html"
        click.echo(f"{page}, .csv: {len(rater.rows)} rows, {page.stat().st_size / 1e6:.1f} MB")
    click.echo(f"{out / 'key.json'}: whose each comment is; no rater may see it")


@human_eval.command()
@_ratings
@_key
@_missing
@_format
@click.option(
    "--out", type=_PATH, help="Write report.txt, .md, .json and the ratings without text here."
)
@click.option(
    "--figures", type=click.Choice(["png", "svg", "pdf"]), help="Write figures, too, into --out."
)
def report(ratings, key_file, missing, layout, out, figures) -> None:
    """Report on RATINGS, the CSV files of the raters: means, tests, agreement, careless raters."""
    from livebench.human.analysis.publish import write_report
    from livebench.human.analysis.report import report_files
    from livebench.human.sheets.key import read_key

    if figures and not out:
        raise LiveBenchError("--figures: give the folder for them with --out")
    key = read_key(key_file)
    found = report_files(ratings, key, missing)
    if out:
        write_report(out, found, ratings, key)
        if figures:
            from livebench.human.analysis.scatter import write_figures

            write_figures(out, found, figures)
    click.echo(_report_as(found, layout), nl=False)


def _report_as(found, layout: str) -> str:
    from livebench.human.analysis.report_text import as_markdown, as_text

    if layout == "json":
        return _json(found)
    return as_markdown(found) if layout == "markdown" else as_text(found)


def _json(found) -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n"


@human_eval.command()
@_ratings
@_key
@click.option("--candidates", type=_PATH, required=True, help="The candidate set that was rated.")
@click.option("--submissions", type=_PATH, default="submissions", show_default=True)
@_missing
@_format
def correlate(ratings, key_file, candidates, submissions, missing, layout) -> None:
    """Do the ranking metrics order the systems as RATINGS, the CSV files of the raters, do?"""
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.human.analysis.correlation import correlate as correlate_ratings
    from livebench.human.analysis.ratings import read_ratings
    from livebench.human.analysis.report import report_signature
    from livebench.human.analysis.report_text import correlations_as, markdown_table, text_table
    from livebench.human.sheets.key import read_key
    from livebench.submissions.load import find_submissions

    key = read_key(key_file)
    rated = read_ratings(ratings, key, missing)
    found = correlate_ratings(
        rated,
        CandidateSet(candidates),
        find_submissions(submissions),
        signature=report_signature(key, missing, len(rated.raters)),
    )
    if layout == "json":
        click.echo(_json(found), nl=False)
    else:
        how = markdown_table if layout == "markdown" else text_table
        click.echo(correlations_as(found, how), nl=False)
