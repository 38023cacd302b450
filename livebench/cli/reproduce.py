"""`livebench reproduce`: the main job, end to end."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livebench.cli.options import PATH, SETS, SUBMISSIONS
from livebench.cli.progress import quiet_option, remark
from livebench.errors import LiveBenchError

if TYPE_CHECKING:
    from livebench.leaderboard.collect import Section

BOARD = Path("LEADERBOARD.md")


@click.command("reproduce")
@click.option(
    "--out", type=PATH, default="reproduced", show_default=True, help="Folder to write to."
)
@quiet_option
def reproduce_command(out, quiet) -> None:
    """Verify the bundled sets, evaluate the bundled scorers again, and render the leaderboard.

    The results are compared with the scores, LEADERBOARD.md and docs/leaderboard/ of this checkout: exit
    1 if they differ. Sets whose dataset is not available keep the scores of the checkout.
    """
    from livebench.attestation.attestation import NotAttested, read_attestation
    from livebench.candidates.candidate_set import find_private_sets, find_sets
    from livebench.cli.candidates import verified
    from livebench.cli.datasets import Datasets
    from livebench.cli.evaluate import each_result
    from livebench.human.analysis.publish import find_reports
    from livebench.isolation.remote import Isolation
    from livebench.leaderboard.collect import collect
    from livebench.leaderboard.pages import differing_pages, write_pages
    from livebench.leaderboard.people import people_by_set
    from livebench.leaderboard.private import collect_private
    from livebench.leaderboard.render import render_pages
    from livebench.records import SETTINGS
    from livebench.scoring.metrics import HEADLINE
    from livebench.submissions.load import STATE, find_submissions

    made_here = {"submissions", "LEADERBOARD.md", "docs"}
    if out.exists() and not {path.name for path in out.iterdir()} <= made_here:
        raise LiveBenchError(out, "holds other files", "remove it or choose another --out")
    sets, originals = find_sets(SETS), find_submissions(SUBMISSIONS)
    for candidate_set in sets:
        click.echo(verified(candidate_set.path))
    shutil.rmtree(out / "submissions", ignore_errors=True)
    # Checkpoints and journals are never committed: where some are present, the outcome must be CI's.
    unlisted = shutil.ignore_patterns("checkpoints", STATE)
    shutil.copytree(SUBMISSIONS, out / "submissions", ignore=unlisted)
    available, count = Datasets((), quiet), 0
    changed: list[Path | str] = []
    for original, copy in zip(originals, find_submissions(out / "submissions"), strict=True):
        scored = [s for s in sets if (original.path / "scores" / s.name).is_dir()]
        if copy.card.entry and copy.card.kind != "model":  # models are not ours to run here
            for task, result in each_result(
                copy,
                scored,
                SETTINGS,
                available,
                isolation=Isolation(),
                quiet=quiet,
                skipped=partial(remark, quiet=quiet),
            ):
                count += 1
                value = HEADLINE.format(result.metrics["best"][HEADLINE.name].value)
                where = f"{task.candidate_set.name}, {task.setting}"
                seconds = result.manifest.wall_seconds
                click.echo(f"{copy.name} on {where}: {HEADLINE.name} {value}, {seconds} s")
            changed += _changed_scores(original.path, copy.path)
    here, reports = collect(sets, originals), find_reports(Path("human"))
    private = collect_private(find_private_sets(SETS), here, originals)
    people = people_by_set(here, originals, Path("human"))
    pages = render_pages(here, reports, private, people)
    changed += [path for path, _, _ in differing_pages(BOARD, pages)]
    made = collect(sets, find_submissions(out / "submissions"))
    write_pages(out / BOARD, render_pages(made, reports, private, people))
    changed += [f"{BOARD}, {row}" for row in _other_rows(here, made)]
    total = len(list((out / "submissions").glob("*/scores/**/*.jsonl.gz")))
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
