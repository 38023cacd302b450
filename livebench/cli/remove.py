"""`livebench remove`: a person's comment, from the list to the sets."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livebench.cli.options import DATASET, sets_option
from livebench.cli.progress import quiet_option, remark

if TYPE_CHECKING:
    from livebench.data.dataset import Dataset


@click.command("remove")
@click.argument("dataset", type=DATASET)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--text", multiple=True, help="Remove every comment with this text; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Print the ids, and change nothing.")
@sets_option
@quiet_option
def remove_command(dataset, ids, text, dry_run, sets_folder, quiet) -> None:
    """Remove people's comments from DATASET, and build the sets made from it again.

    \b
    livebench remove bilibili BV1xx411c7mD@93.21          what was written there at that time
    livebench remove bilibili BV1xx411c7mD                a video and all its comments
    livebench remove bilibili --text "..." --dry-run      where a text stands

    The ids go onto the list DATASET/removed.txt, without text. Dataset and sets get new versions; rows
    of the leaderboard on older ones stand apart until they are evaluated again. docs/removal.md has the
    policy.
    """
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.candidates.renew import replace_folder
    from livebench.data.dataset import Dataset
    from livebench.data.removal import find_comments, remove_comments, today
    from livebench.sources.removed import note_removals

    opened = Dataset(dataset)
    found = [name for one in text for name in find_comments(opened, one)]
    wanted = dict.fromkeys([*ids, *found], today())
    if not wanted:
        raise click.UsageError("Missing argument 'ID...' or --text.")
    if dry_run:
        for name in wanted:
            click.echo(name)
        return
    place = opened.path.resolve()
    out = place.parent / f".{place.name}.removed"
    opened.check_fingerprint()
    old = opened.info.fingerprint
    try:
        shutil.rmtree(out, ignore_errors=True)
        removed = remove_comments(opened, wanted, out)
        renewed = _renew_sets(sets_folder, old, removed.dataset, quiet)
        replace_folder(place, out)
    finally:
        shutil.rmtree(out, ignore_errors=True)
    made = Dataset(dataset)
    videos = f" and {removed.videos} videos" if removed.videos else ""
    click.echo(
        f"{dataset}: {removed.comments} comments{videos} removed, version {made.info.version}, "
        f"fingerprint {made.info.fingerprint[:12]}"
    )
    for path in renewed:
        click.echo(
            f"{path}: {CandidateSet(path).manifest.signature}; evaluate again what was scored on it"
        )
    for path in note_removals(made, old):
        click.echo(f"{path}: renewed; commit it")


def _renew_sets(folder: Path, fingerprint: str, dataset: Dataset, quiet: bool) -> list[Path]:
    """Build the sets of a dataset again, all or none, and audit those that were audited."""
    from livebench.audit.set_audit import audit_set, read_audit, write_audit
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.candidates.freeze import Work
    from livebench.candidates.manifest import MANIFEST
    from livebench.candidates.renew import renewed_set, why_not_renewed
    from livebench.cli.candidates import restoring_bar

    paths = []
    with ExitStack() as swaps:
        for manifest in sorted(folder.glob(f"*/{MANIFEST}")):
            candidate_set = CandidateSet(manifest.parent)
            if candidate_set.manifest.dataset.fingerprint != fingerprint:
                continue
            reason = why_not_renewed(candidate_set)
            if reason:
                remark(f"{candidate_set.path}: {reason}")
                continue
            work = Work(progress=restoring_bar(quiet))
            built = swaps.enter_context(renewed_set(candidate_set, dataset, work))
            if read_audit(candidate_set) is not None:
                remark(f"auditing {built.name}", quiet)
                write_audit(built, audit_set(built, dataset))
            paths.append(candidate_set.path)
    return paths
