"""`livebench plot`."""

from __future__ import annotations

import click

from livebench.cli.options import (
    NEW_PATH,
    candidates_option,
    chosen_sets,
    chosen_settings,
    figure_format_option,
    sets_option,
    setting_option,
    submission_option,
    submissions_option,
)


@click.command("plot")
@submission_option()
@candidates_option
@setting_option
@submissions_option
@sets_option
@click.option("--out", type=NEW_PATH, required=True, help="New folder for the figures.")
@figure_format_option(default="svg")
def plot_command(
    submission, candidates, setting, submissions_folder, sets_folder, out, figure_format
) -> None:
    """Write the figures of boards: recall curves, anatomy, intervals.

    \b
    recall-SET-SETTING     recall over k = 1 .. 100, with 95% intervals, beside chance
    anatomy-SET-SETTING    which type takes rank 1, and mean ranks by type
    intervals-SET-SETTING  MRR with 95% intervals, chance and shortcuts as lines
    """
    from livebench.leaderboard.collect import collect
    from livebench.site.plots import save_board_plots
    from livebench.submissions.load import Submission, find_submissions

    submissions = [Submission(path) for path in sorted(set(submission))]
    submissions = submissions or find_submissions(submissions_folder)
    sets = chosen_sets(candidates, sets_folder)
    sections = collect(sets, submissions, chosen_settings(setting))
    count = save_board_plots(sections, out, figure_format)
    click.echo(f"{out}: {count} figures")
