"""`livebench submit rerun` and `livebench submit attest`: from a claimed row to one with a rank."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livebench.cli.datasets import Datasets
from livebench.cli.options import (
    DATASETS,
    PATH,
    SANDBOX_MEMORY,
    SETS,
    SIGN_HELP,
    SUBMISSION,
    SUBMISSIONS,
    candidates_option,
    chosen_isolation,
    chosen_sets,
    chosen_settings,
    dataset_option,
    memory_option,
    setting_option,
    signers_option,
    time_limit_option,
)
from livebench.cli.progress import quiet_option, remark

if TYPE_CHECKING:
    from livebench.attestation.attestation import Attestation

_SUBMISSIONS = click.argument(
    "submissions", metavar="SUBMISSION...", type=SUBMISSION, nargs=-1, required=True
)


@click.command("rerun")
@_SUBMISSIONS
@candidates_option
@dataset_option
@setting_option
@click.option("--sign-with", "key", type=PATH, help=SIGN_HELP)
@signers_option
@click.option(
    "--no-sandbox",
    is_flag=True,
    help="Run it in a process of its own instead, for code that you have read: a GPU is not in the "
    "sandbox.",
)
@memory_option
@time_limit_option
@quiet_option
def rerun_command(
    submissions, candidates, datasets, setting, key, signers, no_sandbox, memory, time_limit, quiet
) -> None:
    """Re-run each SUBMISSION in the sandbox, compare with the scores it claims, and attest its rows.

    It runs in a copy without its scores. If all agree, the scores and results of the re-run replace the
    claimed ones, and with --sign-with their hashes are signed: attested rows have a rank. If any differ,
    nothing is written; exit 1. On a private set, given as --candidates, only its results are kept.
    """
    from livebench.attestation.attestation import attest
    from livebench.cli.evaluate import Evaluating, each_result
    from livebench.cli.tasks import SkippedTasks, task_name
    from livebench.review.attesting import (
        check_attestation,
        compare_scores,
        copy_to_run,
        keep_rerun,
        other_rows,
    )
    from livebench.scoring.result import Result
    from livebench.submissions.load import Submission

    sets, available = chosen_sets(candidates), Datasets(datasets, quiet)
    hidden = [*(one.path for one in sets), *datasets, SETS, DATASETS, SUBMISSIONS]
    isolation = chosen_isolation(
        sandbox=not no_sandbox,
        in_process=False,
        memory=memory or (None if no_sandbox else SANDBOX_MEMORY),
        time_limit=time_limit,
        hidden=hidden,
    )
    differing = False
    for submission in map(Submission, submissions):
        for wrong in check_attestation(submission, signers):
            if wrong.place == "kind":
                raise wrong
        skipped = SkippedTasks(quiet=quiet)
        done = []
        with tempfile.TemporaryDirectory(prefix="livebench-rerun-") as folder:
            copy = copy_to_run(submission, Path(folder))
            for task, result in each_result(
                copy,
                sets,
                chosen_settings(setting),
                available,
                Evaluating(isolation, quiet=quiet),
                skipped,
            ):
                place = (task.candidate_set.name, task.run, task.setting)
                agreement = compare_scores(
                    submission, copy, task.candidate_set, task.run, task.setting
                )
                click.echo(f"{task_name(copy, task)}: {agreement}")
                is_private = task.candidate_set.manifest.is_private
                private = result if is_private and isinstance(result, Result) else None
                done.append((place, agreement, private))
            if not done:
                raise skipped.nothing_done(copy, "re-run")
            if any(agreement.verdict == "different" for _, agreement, _ in done):
                differing = True
                click.echo(f"{submission.path}: not attested, and nothing was written")
                continue
            rows = [keep_rerun(submission, copy, *place, private) for place, _, private in done]
        if key is None:
            click.echo(f"{submission.path}: re-run; its rows stay claimed without --sign-with")
            continue
        rows += other_rows(submission, rows, signers)
        signed = attest(submission, rows, key, signers)
        click.echo(_attested(submission.path, signed))
    if differing:
        sys.exit(1)


@click.command("attest")
@_SUBMISSIONS
@candidates_option
@click.option("--sign-with", "key", type=PATH, required=True, help=SIGN_HELP)
@signers_option
def attest_command(submissions, candidates, key, signers) -> None:
    """Sign the rows of each SUBMISSION as they are: only scores that you made yourself, with `evaluate`.

    Nothing is run. Scores, results and files of the submission must belong together. For what others
    submit there is `livebench submit rerun`.
    """
    from livebench.attestation.attestation import attest
    from livebench.candidates.candidate_set import find_private_sets
    from livebench.review.attesting import private_rows, rows_made_here
    from livebench.submissions.load import Submission

    sets = chosen_sets(candidates)
    for submission in map(Submission, submissions):
        rows = [*rows_made_here(submission, sets)]
        rows += private_rows(submission, find_private_sets(SETS), signers)
        left = len(list(submission.path.glob("results/*/*/*.json"))) - len(rows)
        if left:
            remark(f"{submission.path}: {left} results left out: of other sets, or other versions")
        signed = attest(submission, rows, key, signers)
        click.echo(_attested(submission.path, signed))


def _attested(path: Path, signed: Attestation) -> str:
    count = len(signed.rows)
    return f"{path}: attested by {signed.signer}, {count} result{'s' * (count != 1)}"
