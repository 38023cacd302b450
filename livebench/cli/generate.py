"""`livebench generate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from livebench.cli.datasets import Datasets
from livebench.cli.options import (
    candidates_option,
    chosen_sets,
    chosen_settings,
    dataset_option,
    setting_option,
    submissions_argument,
)
from livebench.cli.progress import quiet_option
from livebench.cli.tasks import SkippedTasks, each_task, task_progress

if TYPE_CHECKING:
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.records import Setting
    from livebench.scoring.scorer import Decoding
    from livebench.submissions.load import Submission


@click.command("generate")
@submissions_argument
@candidates_option
@dataset_option
@setting_option
@click.option(
    "--strategy",
    type=click.Choice(["greedy", "beam", "top-p"]),
    default="greedy",
    show_default=True,
    help="Greedy search, beam search, or nucleus (top-p) sampling.",
)
@click.option(
    "--beam",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Beam width.",
)
@click.option(
    "--top-p",
    type=click.FloatRange(min=0, max=1, min_open=True),
    default=0.9,
    show_default=True,
    help="Probability mass of the words that are sampled from.",
)
@click.option(
    "--max-words",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Maximum words in a comment.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of every draw."
)
@click.option(
    "--overwrite", is_flag=True, help="Replace comments that were generated before in another way."
)
@quiet_option
def generate_command(
    submissions,
    candidates,
    datasets,
    setting,
    strategy,
    beam,
    top_p,
    max_words,
    seed,
    overwrite,
    quiet,
) -> None:
    """Have each SUBMISSION generate a comment for every sample of a set.

    This calls the scorer's method generate(video_ctx, comments). Comments go to
    SUBMISSION/generated/SET/RUN/SETTING.jsonl.gz, for people to rate; SETTING.json says how they were
    made. Whatever cannot be generated is named with the reason.
    """
    from livebench.scoring.generation import check_generator
    from livebench.scoring.scorer import Decoding
    from livebench.submissions.load import Submission

    decoding = Decoding(strategy, beam, top_p, max_words, seed)
    opened = [Submission(path) for path in submissions]
    for submission in opened:
        check_generator(submission, decoding)
    sets, available = chosen_sets(candidates), Datasets(datasets, quiet)
    for submission in opened:
        _generate(
            submission,
            sets,
            chosen_settings(setting, blind=False),
            available,
            decoding,
            overwrite=overwrite,
            quiet=quiet,
        )


def _generate(
    submission: Submission,
    sets: Sequence[CandidateSet],
    settings: Sequence[Setting],
    available: Datasets,
    decoding: Decoding,
    *,
    overwrite: bool,
    quiet: bool,
) -> None:
    from livebench.scoring.generation import check_overwriting, generate_comments
    from livebench.scoring.plan import Planned, plan
    from livebench.scoring.preparation import prepare

    skipped = SkippedTasks(quiet=quiet)
    count = 0
    planned = list(plan(submission, sets, settings, available.source))
    if not overwrite:  # before hours of work
        for step in planned:
            if isinstance(step, Planned):
                place = (submission, step.run, step.candidate_set, step.setting)
                check_overwriting(*place, decoding)
    tasks = prepare(submission, planned)
    for task in each_task(submission, tasks, skipped):
        with task_progress(submission, task, quiet, unit="comment") as progress:
            path, manifest = generate_comments(submission, task, decoding, progress=progress)
        count += 1
        rate = manifest.samples / max(0.001, manifest.wall_seconds)
        click.echo(f"{path}: {manifest.samples} comments, {rate:.1f} a second")
    if not count:
        raise skipped.nothing_done(submission, "written")
