"""`livebench reproduce`: the main job, end to end."""

from __future__ import annotations

import shutil
import sys
from functools import partial
from pathlib import Path

import click

from livebench.cli.progress import quiet_option, remark
from livebench.errors import LiveBenchError


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default="reproduced", show_default=True)
@quiet_option
def reproduce(out, quiet) -> None:
    """Verify the bundled sets, evaluate the bundled scorers again, and render the leaderboard.

    What comes out is compared with the scores and the LEADERBOARD.md of this checkout: exit 1 if it
    differs. Sets whose dataset is not at hand keep the scores that are in the checkout.
    """
    from livebench.candidates.candidate_set import find_sets
    from livebench.cli.candidates import verified
    from livebench.cli.datasets import Datasets
    from livebench.cli.evaluate import each_result
    from livebench.cli.leaderboard import render_all
    from livebench.files import write_text
    from livebench.isolation.remote import Isolation
    from livebench.records import SETTINGS
    from livebench.scoring.metrics import HEADLINE
    from livebench.submissions.load import find_submissions

    if out.exists() and not {path.name for path in out.iterdir()} <= {
        "submissions",
        "LEADERBOARD.md",
    }:
        raise LiveBenchError(f"{out}: holds other files; remove it or choose another --out")
    sets, originals = find_sets(Path("candidates")), find_submissions(Path("submissions"))
    for found in sets:
        click.echo(verified(found.path))
    shutil.rmtree(out / "submissions", ignore_errors=True)
    # Checkpoints and journals are never committed: where some are at hand nothing else comes out than in
    # CI.
    unlisted = shutil.ignore_patterns("checkpoints", "*.journal*")
    shutil.copytree("submissions", out / "submissions", ignore=unlisted)
    at_hand, changed, done = Datasets((), quiet), [], 0
    for original, copy in zip(originals, find_submissions(out / "submissions"), strict=True):
        ours = [found for found in sets if (original.path / "scores" / found.name).is_dir()]
        if copy.card.entry and copy.card.kind != "model":  # models are not ours to run here
            for task, result in each_result(
                copy,
                ours,
                SETTINGS,
                at_hand,
                isolation=Isolation(),
                quiet=quiet,
                skipped=partial(remark, quiet=quiet),
            ):
                done += 1
                value = HEADLINE.format(result.metrics["best"][HEADLINE.name].value)
                where = f"{task.candidate_set.name}, {task.setting}"
                click.echo(
                    f"{copy.name} on {where}: {HEADLINE.name} {value}, "
                    f"{result.manifest.wall_seconds} s"
                )
            changed += _changed_scores(original.path, copy.path)
    write_text(out / "LEADERBOARD.md", render_all(out / "submissions", Path("candidates")))
    present = Path("LEADERBOARD.md")
    if not present.is_file() or (out / present).read_bytes() != present.read_bytes():
        changed.append(present)
    total = len(list((out / "submissions").glob("*/scores/**/*.jsonl.gz")))
    click.echo(
        f"{done} of {total} files of scores made again; the other {total - done} are taken over from "
        "this checkout (their datasets or checkpoints are not in it, or they are others' models)"
    )
    click.echo(f"leaderboard: {out / 'LEADERBOARD.md'}, scores and results: {out / 'submissions'}/")
    for path in changed:
        click.echo(f"differs from this checkout: {path}")
    if changed:
        sys.exit(1)
    click.echo(
        "what was made again, and LEADERBOARD.md, are the same to the byte as in this checkout"
    )


def _changed_scores(original: Path, copy: Path) -> list[Path]:
    """Files of scores that are not the same bytes."""
    paths = sorted(path.relative_to(copy) for path in copy.glob("scores/**/*.jsonl.gz"))
    return [
        original / path
        for path in paths
        if not (original / path).exists()
        or (original / path).read_bytes() != (copy / path).read_bytes()
    ]
