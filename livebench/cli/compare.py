"""`livebench compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from livebench.cli.datasets import Datasets
from livebench.cli.options import (
    SUBMISSION,
    candidates_option,
    chosen_sets,
    chosen_settings,
    dataset_option,
    json_option,
    print_json,
    setting_option,
)

if TYPE_CHECKING:
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.leaderboard.comparison import Compared
    from livebench.leaderboard.moments import RankedMoment
    from livebench.submissions.load import Submission


@click.command("compare")
@click.argument("first", metavar="A", type=SUBMISSION)
@click.argument("second", metavar="B", type=SUBMISSION)
@setting_option
@candidates_option
@dataset_option
@click.option(
    "--show",
    "shown",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    help="Moments that differ most, shown with their comments where the text is available.",
)
@json_option
def compare_command(first, second, setting, candidates, datasets, shown, as_json) -> None:
    """Compare submissions A and B wherever both have scores: is the difference real, and where is it?

    The output is Markdown, ready to be pasted into a review. p is that of the site: for this pair
    alone, and adjusted for all pairs of the board, which decides.
    """
    from livebench.cli.verdicts import submissions_beside
    from livebench.leaderboard.comparison import compare_submissions
    from livebench.leaderboard.comparison_text import describe_comparison, summarise_comparisons
    from livebench.submissions.load import Submission

    sets = chosen_sets(candidates)
    pair = Submission(first), Submission(second)
    comparisons = compare_submissions(
        *pair, sets, chosen_settings(setting, blind=False), submissions_beside()
    )
    if as_json:
        for comparison in comparisons:
            print_json(comparison)
        return
    available = Datasets(datasets, make=False)
    by_name = {one.name: one for one in sets}
    parts = [summarise_comparisons(comparisons)] if len(comparisons) > 1 else []
    for comparison in comparisons:
        candidate_set = by_name[comparison.set_name]
        looked_at = _moments(candidate_set, pair, comparison, available, shown)
        parts.append(describe_comparison(comparison, len(comparisons), looked_at))
    click.echo("\n".join(parts), nl=False)


def _moments(
    candidate_set: CandidateSet,
    pair: tuple[Submission, Submission],
    compared: Compared,
    available: Datasets,
    count: int,
) -> list[RankedMoment]:
    """The moments that differ most, where their text is at hand."""
    from livebench.candidates.freeze import restore_set
    from livebench.leaderboard.entries import EntryReader
    from livebench.leaderboard.moments import MomentReader
    from livebench.scoring.answers import Answers

    dataset = available.of(candidate_set)
    if dataset is not None and not candidate_set.has_text:
        restore_set(candidate_set.path, dataset)
    if not candidate_set.has_text:
        return []
    answers = Answers(candidate_set)
    entries = EntryReader(candidate_set, answers, pair).read(compared.setting)
    ids = [sample.sample_id for sample in compared.comparison.largest[:count]]
    return MomentReader(candidate_set, answers, entries, dataset).read(ids)
