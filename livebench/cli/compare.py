"""`livebench compare`."""

from __future__ import annotations

import click

from livebench.cli.options import (
    SUBMISSION,
    candidates_option,
    chosen_sets,
    chosen_settings,
    json_option,
    print_json,
    setting_option,
)


@click.command("compare")
@click.argument("first", metavar="A", type=SUBMISSION)
@click.argument("second", metavar="B", type=SUBMISSION)
@setting_option
@candidates_option
@json_option
def compare_command(first, second, setting, candidates, as_json) -> None:
    """Compare submissions A and B wherever both have scores: is the difference real, and where is it?

    The output is Markdown, ready to be pasted into a review.
    """
    from livebench.leaderboard.comparison import compare_submissions
    from livebench.leaderboard.comparison_text import describe_comparison
    from livebench.submissions.load import Submission

    comparisons = compare_submissions(
        Submission(first),
        Submission(second),
        chosen_sets(candidates),
        chosen_settings(setting, blind=False),
    )
    if as_json:
        for comparison in comparisons:
            print_json(comparison)
    else:
        parts = (describe_comparison(comparison, len(comparisons)) for comparison in comparisons)
        click.echo("\n".join(parts), nl=False)
