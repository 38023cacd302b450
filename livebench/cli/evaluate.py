"""`livebench evaluate`."""

from __future__ import annotations

from pathlib import Path

import click

from livebench.cli.datasets import Datasets
from livebench.cli.options import datasets_option, isolation_of, isolation_options, setting_option
from livebench.cli.progress import bar, quiet_option, remark
from livebench.errors import LiveBenchError

# Where answers and other submissions are by default; a sandbox shows none of them.
HIDDEN = tuple(map(Path, ("candidates", "datasets", "submissions")))


@click.command()
@click.option(
    "--submission",
    "folders",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="Folder with a submission.toml; may be given several times.",
)
@click.option(
    "--candidates",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Candidate set; may be given several times. Default: all in candidates/.",
)
@datasets_option
@setting_option
@click.option(
    "--score",
    "normalisation",
    type=click.Choice(["sum", "mean", "words+2"]),
    default="sum",
    show_default=True,
    help="Normalisation of the metrics that are printed; files always hold the sums.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the results as JSON Lines, nothing else."
)
@isolation_options
@click.option(
    "--restart",
    is_flag=True,
    help="Begin anew where an evaluation was stopped; what it had scored is kept under another name.",
)
@quiet_option
def evaluate(
    folders, candidates, datasets, setting, normalisation, as_json, restart, quiet, **isolated
) -> None:
    """Score submissions on candidate sets.

    Scores go to SUBMISSION/scores/, results to SUBMISSION/results/; what cannot be evaluated is named
    with the reason. What was scored is on disk at once: after a stop, the same command goes on there.
    """
    from livebench.candidates.candidate_set import CandidateSet, find_sets
    from livebench.records import SETTINGS
    from livebench.submissions.load import Submission

    sets = [CandidateSet(path) for path in candidates] or find_sets(Path("candidates"))
    at_hand = Datasets(datasets, quiet)
    settings = SETTINGS if setting == "all" else (setting,)
    hidden = (*(one.path for one in sets), *(Path(one) for one in datasets), *HIDDEN)
    isolation = isolation_of(**isolated, hidden=hidden)
    for submission in [Submission(folder) for folder in folders]:
        done, reasons = 0, []
        results = each_result(
            submission,
            sets,
            settings,
            at_hand,
            isolation=isolation,
            normalisation=normalisation,
            restart=restart,
            quiet=quiet,
            skipped=reasons.append if quiet else remark,
        )
        for task, result in results:
            done += 1
            click.echo(_json(result) if as_json else _text(submission, task, result))
        if not done:
            for reason in reasons:  # where nothing comes out, they are the answer
                remark(reason)
            raise LiveBenchError(f"{submission.path}: nothing could be evaluated, as said above")


def each_result(
    submission,
    sets,
    settings,
    at_hand,
    *,
    isolation,
    normalisation="sum",
    restart=False,
    quiet=False,
    skipped=remark,
):
    """Evaluate a submission on what is at hand; yield task and result.

    `skipped` is called with a line for each thing that is not evaluated: what, and why.
    """
    from livebench.scoring.evaluation import evaluate as evaluate_task
    from livebench.scoring.plan import Skipped, plan
    from livebench.scoring.preparation import prepare

    planned = plan(submission, sets, settings, at_hand.source)
    for task in prepare(submission, planned, isolation.open):
        name = f"{submission.name} on {task.candidate_set.name}"
        if isinstance(task, Skipped):
            skipped(f"skipped {name}, {task.what}: {task.why}")
            continue
        if task.remark:
            remark(f"{name}, run {task.run.name}: {task.remark}", quiet)
        samples = task.candidate_set.manifest.files["answers.jsonl.gz"].records
        try:
            with bar(samples, f"{name}, {task.setting}", quiet) as progress:
                result = evaluate_task(
                    submission,
                    task,
                    normalisation=normalisation,
                    isolation=isolation.kind,
                    restart=restart,
                    progress=progress,
                )
        except LiveBenchError as error:
            if task.scorer is None:  # the error names the file of scores
                raise
            where = (
                f"{submission.name}/{task.run.name} on {task.candidate_set.name}, {task.setting}"
            )
            raise LiveBenchError(f"{where}: {error}") from error.__cause__
        yield task, result


def _json(result) -> str:
    import msgspec

    return msgspec.json.encode(result).decode()


def _text(submission, task, result) -> str:
    from livebench.scoring.answers import Answers
    from livebench.scoring.metrics import METRICS, chance_metrics, summarise
    from livebench.tables import text_table

    heading = (
        f"{submission.name}/{task.run.name} on {task.candidate_set.name}, setting {task.setting} "
        f"({result.manifest.evaluated}, {result.manifest.wall_seconds:.1f} s)"
    )
    answers = Answers(task.candidate_set)
    chance = summarise(chance_metrics(answers.correct.sum(axis=1)), answers.videos)["best"]
    rows = {**result.metrics, "chance": chance}
    kept = f"scores and results: {submission.path}/scores/, {submission.path}/results/"
    table = text_table(
        ["", *(metric.name for metric in METRICS)],
        [
            [name, *(metric.format_with_interval(values[metric.name]) for metric in METRICS)]
            for name, values in rows.items()
        ],
    )
    return f"{heading}\n{table}\n{result.signature}\n{kept}\n"
