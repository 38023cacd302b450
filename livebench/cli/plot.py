"""`livebench plot`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from livebench.cli.options import candidates_option, setting_option, submissions_option
from livebench.errors import LiveBenchError


@click.command()
@submissions_option
@candidates_option
@click.option("--set", "sets", multiple=True, metavar="NAME", help="Only this set. Default: all.")
@setting_option
@click.option(
    "--only", multiple=True, metavar="NAME", help="Only this submission, by folder. Default: all."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["svg", "pdf", "png"]),
    default="svg",
    show_default=True,
)
def plot(submissions, candidates, sets, setting, only, out, kind) -> None:
    """Write the figures of boards: recall curves, anatomy, intervals.

    \b
    recall-SET-SETTING     recall over k = 1 .. 100, with 95% intervals, beside chance
    anatomy-SET-SETTING    which type takes rank 1, and mean ranks by type
    intervals-SET-SETTING  MRR with 95% intervals, chance and shortcuts as lines
    """
    from livebench.candidates.candidate_set import find_sets
    from livebench.leaderboard.collect import collect
    from livebench.site.plots import save_plots
    from livebench.submissions.load import find_submissions

    if out.exists():
        raise LiveBenchError(f"{out}: exists already; remove it or choose another --out")
    chosen_sets = _named("--set", sets, find_sets(candidates))
    chosen = _named("--only", only, find_submissions(submissions))
    sections = collect(chosen_sets, chosen)
    if setting != "all":
        sections = [
            replace(one, boards=[board for board in one.boards if board.setting == setting])
            for one in sections
        ]
    count = save_plots(sections, chosen, out, kind)
    click.echo(f"{out}: {count} figures")


def _named(option: str, names: tuple[str, ...], found: list) -> list:
    """Those of these names, all where none is given."""
    missing = sorted(set(names) - {one.name for one in found})
    if missing:
        there = ", ".join(one.name for one in found)
        raise LiveBenchError(
            f"{option} {missing[0]}: there is none of this name; there are {there}"
        )
    return [one for one in found if not names or one.name in names]
