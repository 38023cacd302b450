"""`livebench reproduce`: the main job, end to end."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livebench.cli.options import PATH, SETS, SUBMISSIONS, verbose_option
from livebench.cli.progress import bar, quiet_option, remark
from livebench.cli.tasks import SkippedTasks
from livebench.errors import LiveBenchError

if TYPE_CHECKING:
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.leaderboard.collect import Section
    from livebench.submissions.load import Submission

BOARD = Path("LEADERBOARD.md")


@click.command("reproduce")
@click.option(
    "--out", type=PATH, default="reproduced", show_default=True, help="Folder to write to."
)
@verbose_option
@quiet_option
def reproduce_command(out, verbose, quiet) -> None:
    """Verify the bundled sets, evaluate the bundled scorers again, and render the leaderboard.

    The results are compared with the scores, LEADERBOARD.md and docs/leaderboard/ of this checkout: exit
    1 if they differ. Sets whose dataset is not available keep the scores of the checkout.
    """
    from livebench.attestation.attestation import NotAttested, read_attestation
    from livebench.candidates.candidate_set import find_board_sets, find_private_sets
    from livebench.cli.candidates import verified
    from livebench.human.analysis.publish import find_reports
    from livebench.leaderboard.collect import collect
    from livebench.leaderboard.pages import differing_pages, write_pages
    from livebench.leaderboard.people import people_by_set
    from livebench.leaderboard.private import collect_private
    from livebench.leaderboard.render import render_pages
    from livebench.submissions.load import STATE, find_submissions

    made_here = {"submissions", "LEADERBOARD.md", "docs"}
    if out.exists() and not {path.name for path in out.iterdir()} <= made_here:
        raise LiveBenchError(out, "holds other files", "remove it or choose another --out")
    (sets, _), originals = find_board_sets(SETS), find_submissions(SUBMISSIONS)
    for candidate_set in sets:
        click.echo(verified(candidate_set.path))
    shutil.rmtree(out / "submissions", ignore_errors=True)
    # Checkpoints and journals are never committed: where some are present, the outcome must be CI's.
    unlisted = shutil.ignore_patterns("checkpoints", STATE)
    shutil.copytree(SUBMISSIONS, out / "submissions", ignore=unlisted)
    copies = find_submissions(out / "submissions")
    made_again = _made_again(copies, sets, verbose=verbose, quiet=quiet)
    changed: list[Path | str] = []
    for original, copy in zip(originals, copies, strict=True):
        changed += _changed_scores(original.path, copy.path)
    click.echo(_table(sets, out, made_again, [path for path in changed if isinstance(path, Path)]))
    here, reports = collect(sets, originals), find_reports(Path("human"))
    private = collect_private(find_private_sets(SETS), here, originals)
    people = people_by_set(here, originals, Path("human"), remark)
    pages = render_pages(here, reports, private, people)
    changed += [path for path, _, _ in differing_pages(BOARD, pages)]
    made = collect(sets, find_submissions(out / "submissions"))
    write_pages(out / BOARD, render_pages(made, reports, private, people))
    changed += [f"{BOARD}, {row}" for row in _other_rows(here, made)]
    total = len(list((out / "submissions").glob("*/scores/**/*.jsonl.gz")))
    count = len(made_again)
    click.echo(
        f"{count} of {total} files of scores made again; the other {total - count} are copied from "
        "this checkout (their datasets or checkpoints are not in it, or they are others' models)"
    )
    click.echo(f"leaderboard: {out / BOARD}, scores and results: {out / 'submissions'}/")
    attested = 0
    for original in originals:
        try:
            attested += read_attestation(original) is not None
        except NotAttested as error:
            changed.append(f"{error.where}: {error.what}")
    click.echo(f"attested by a maintainer: {attested} of {len(originals)} submissions")
    for path in changed:
        click.echo(f"differs from this checkout: {path}")
    if changed:
        sys.exit(1)
    click.echo(
        f"scores made again are the same to the byte as in this checkout, and so are all rows of "
        f"{BOARD}, but for who made them and when"
    )


_THREADS = 4
"""Submissions that are evaluated at a time, at most: each has processes of its own."""


def _made_again(
    copies: Sequence[Submission], sets: Sequence[CandidateSet], *, verbose: bool, quiet: bool
) -> list[Path]:
    """Evaluate all bundled scorers again, several at a time; the files of scores that were made.

    Those that ship with LiveBench score in one process, and not in a fresh copy for each block: it is
    known that they remember nothing, and the bytes are the same.
    """
    from concurrent.futures import ThreadPoolExecutor

    from livebench.candidates.freeze import restore_set
    from livebench.cli.datasets import Datasets
    from livebench.cli.evaluate import Evaluating, each_result
    from livebench.isolation.remote import Isolation
    from livebench.processes import cores
    from livebench.records import SETTINGS
    from livebench.scoring.plan import Planned, plan

    available = Datasets((), quiet)
    todo: list[tuple[Submission, list[CandidateSet], int]] = []
    for copy in copies:
        if not copy.card.entry or copy.card.kind == "model":  # models are not ours to run here
            continue
        scored = [one for one in sets if (copy.path / "scores" / one.name).is_dir()]
        steps = list(plan(copy, scored, SETTINGS, available.source))
        samples = sum(
            step.candidate_set.manifest.files["answers.jsonl.gz"].records
            for step in steps
            if isinstance(step, Planned)
        )
        todo.append((copy, scored, samples))
    for candidate_set in sets:  # before several need them at once
        dataset = available.of(candidate_set)
        if dataset is not None and not candidate_set.has_text:
            restore_set(candidate_set.path, dataset)
    # What takes longest first. The oracle computes more than all others for a sample.
    todo.sort(key=lambda one: (not one[0].is_own_oracle, -one[2]))
    stopped, lock = threading.Event(), threading.Lock()
    made: list[Path] = []
    total = sum(samples for _, _, samples in todo)
    with bar(total, "scoring again", quiet) as shown:

        def progress(done: int, note: str = "") -> None:
            if stopped.is_set():
                raise KeyboardInterrupt
            with lock:
                shown(done)

        def evaluate_again(one: tuple[Submission, list[CandidateSet], int]) -> None:
            copy, scored, _ = one
            isolation = Isolation(trusted=copy.is_bundled)
            how = Evaluating(isolation, quiet=True, progress=progress)
            skipped = SkippedTasks(quiet=quiet or not verbose, verbose=True)
            for task, _ in each_result(copy, scored, SETTINGS, available, how, skipped):
                path = copy.scores_path(task.candidate_set.name, task.run, task.setting)
                with lock:
                    made.append(path)

        pool = ThreadPoolExecutor(min(_THREADS, cores()))
        try:
            for done in [pool.submit(evaluate_again, one) for one in todo]:
                done.result()
        finally:
            stopped.set()
            pool.shutdown(cancel_futures=True)
    return made


def _table(
    sets: Sequence[CandidateSet], out: Path, made: Sequence[Path], changed: Sequence[Path]
) -> str:
    """A row for each set: how many files of scores were made again, and whether they are the same."""
    from livebench.tables import text_table

    rows = []
    for one in sets:
        files = list((out / "submissions").glob(f"*/scores/{one.name}/**/*.jsonl.gz"))
        again = [path for path in made if path in files]
        differ = [path for path in changed if one.name in path.parts]
        verdict = f"{len(differ)} DIFFER" if differ else "yes" if again else "-"
        rows.append([one.name, f"{len(again)} of {len(files)}", verdict])
    return text_table(["set", "made again", "same to the byte"], rows)


def _other_rows(here: Sequence[Section], made: Sequence[Section]) -> Iterator[str]:
    """Names of rows that are not the same, whoever made them and when."""
    for section, section_made in zip(here, made, strict=True):
        for board, board_made in zip(section.boards, section_made.boards, strict=True):
            place = f"{section.candidate_set.name}, setting {board.setting}"
            rows, rows_made = (
                {
                    (row.folder, row.normalisation): row.without_maker()
                    for row in [*each.rows, *each.other_rows]
                }
                for each in (board, board_made)
            )
            for key in sorted(rows.keys() | rows_made.keys()):
                if rows.get(key) != rows_made.get(key):
                    yield f"{place}: {key[0]}"


def _changed_scores(original: Path, copy: Path) -> list[Path]:
    """Files of scores that are not the same bytes."""
    paths = sorted(path.relative_to(copy) for path in copy.glob("scores/**/*.jsonl.gz"))
    return [
        original / path
        for path in paths
        if not (original / path).exists()
        or (original / path).read_bytes() != (copy / path).read_bytes()
    ]
