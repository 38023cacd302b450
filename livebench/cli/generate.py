"""`livebench generate`."""

from __future__ import annotations

from pathlib import Path

import click

from livebench.cli.datasets import Datasets
from livebench.cli.options import datasets_option, setting_option
from livebench.cli.progress import bar, quiet_option, remark
from livebench.errors import LiveBenchError


@click.command()
@click.argument(
    "folders", metavar="SUBMISSION...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "--candidates",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="Candidate set with the samples; may be given several times.",
)
@datasets_option
@setting_option
@click.option(
    "--strategy",
    type=click.Choice(["greedy", "beam", "top-p"]),
    default="greedy",
    show_default=True,
    help="Likeliest next word, likeliest comment of a beam search, or a word at random.",
)
@click.option(
    "--beam",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Comments that a beam search goes on with.",
)
@click.option(
    "--top-p",
    type=click.FloatRange(min=0, max=1, min_open=True),
    default=0.9,
    show_default=True,
    help="Probability of the words among which one is drawn.",
)
@click.option("--max-words", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@quiet_option
def generate(
    folders, candidates, datasets, setting, strategy, beam, top_p, max_words, seed, quiet
) -> None:
    """Write a comment for each sample of a set.

    The scorer of each SUBMISSION writes, by its method generate(video_ctx, comments). Comments go to
    SUBMISSION/generated/SET/RUN/SETTING.jsonl.gz, for people to rate; what made them is said beside
    them. Runs and settings that cannot be had are named with the reason.
    """
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.records import SETTINGS
    from livebench.scoring.generation import check_generator
    from livebench.scoring.scorer import Decoding
    from livebench.submissions.load import Submission

    decoding = Decoding(strategy, beam, top_p, max_words, seed)
    submissions = [Submission(folder) for folder in folders]
    for submission in submissions:
        check_generator(submission, decoding)
    sets = [CandidateSet(path) for path in candidates]
    at_hand = Datasets(datasets, quiet)
    settings = SETTINGS if setting == "all" else (setting,)
    for submission in submissions:
        _generate(submission, sets, settings, at_hand, decoding, quiet)


def _generate(submission, sets, settings, at_hand, decoding, quiet) -> None:
    from livebench.scoring.generation import generate_comments as write
    from livebench.scoring.plan import Skipped, plan
    from livebench.scoring.preparation import prepare

    done = 0
    for task in prepare(submission, plan(submission, sets, settings, at_hand.source)):
        name = f"{submission.name} on {task.candidate_set.name}"
        if isinstance(task, Skipped):
            # Where nothing comes out at all, the reasons are the answer.
            remark(f"skipped {name}, {task.what}: {task.why}", quiet and bool(done))
            continue
        samples = task.candidate_set.manifest.files["answers.jsonl.gz"].records
        try:
            with bar(samples, f"{name}, {task.setting}", quiet, unit="comment") as progress:
                path, manifest = write(submission, task, decoding, progress=progress)
        except LiveBenchError as error:
            where = (
                f"{submission.name}/{task.run.name} on {task.candidate_set.name}, {task.setting}"
            )
            raise LiveBenchError(f"{where}: {error}") from error.__cause__
        done += 1
        rate = manifest.samples / max(0.001, manifest.wall_seconds)
        click.echo(f"{path}: {manifest.samples} comments, {rate:.1f} a second")
    if not done:
        raise LiveBenchError(f"{submission.path}: nothing could be written, as said above")
