"""`livebench reproduce`: the main job, end to end."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from livebench.cli.progress import quiet_option
from livebench.errors import LiveBenchError


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default="reproduced", show_default=True)
@quiet_option
def reproduce(out, quiet) -> None:
    """Verify the bundled sets, evaluate the bundled scorers again, and render the leaderboard.

    What comes out is compared with the scores and the LEADERBOARD.md of this checkout: exit 1 if it
    differs. Sets whose dataset is not at hand keep the scores that are in the checkout.
    """
    from livebench.candidates.freeze import find_sets
    from livebench.cli.candidates import verified
    from livebench.cli.datasets import Datasets
    from livebench.cli.evaluate import each_result
    from livebench.cli.leaderboard import render_all
    from livebench.files import write_text
    from livebench.records import SETTINGS
    from livebench.scoring.show import number
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
    shutil.copytree("submissions", out / "submissions")
    at_hand, changed = Datasets((), quiet), []
    for original, copy in zip(originals, find_submissions(out / "submissions"), strict=True):
        if copy.card.entry:
            for task, result in each_result(copy, sets, SETTINGS, at_hand, quiet=quiet):
                mrr = number("MRR", result.metrics["best"]["MRR"].value)
                where = f"{task.candidate_set.name}, {task.setting}"
                click.echo(f"{copy.name} on {where}: MRR {mrr}, {result.manifest.wall_seconds} s")
            changed += _changed_scores(original.path, copy.path)
    write_text(out / "LEADERBOARD.md", render_all(out / "submissions", Path("candidates")))
    present = Path("LEADERBOARD.md")
    same = present.is_file() and (out / present).read_bytes() == present.read_bytes()
    click.echo(f"leaderboard: {out / 'LEADERBOARD.md'}, scores and results: {out / 'submissions'}/")
    for path in changed:
        click.echo(f"differs from this checkout: {path}")
    if not same:
        click.echo("differs from this checkout: LEADERBOARD.md")
    if changed or not same:
        sys.exit(1)
    click.echo("the same, to the byte, as the scores and LEADERBOARD.md of this checkout")


def _changed_scores(original: Path, copy: Path) -> list[Path]:
    """Files of scores that are not the same bytes."""
    paths = sorted(path.relative_to(copy) for path in copy.glob("scores/**/*.jsonl.gz"))
    return [
        original / path
        for path in paths
        if not (original / path).exists()
        or (original / path).read_bytes() != (copy / path).read_bytes()
    ]
