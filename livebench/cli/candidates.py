"""`livebench build-candidates` and `livebench verify`."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livebench.cli.datasets import Datasets
from livebench.cli.options import (
    DATASET,
    NEW_PATH,
    PATH,
    SET,
    chosen_sets,
    dataset_option,
    protocol_option,
)
from livebench.cli.progress import bar, quiet_option, remark
from livebench.errors import LiveBenchError
from livebench.files import check_absent, new_folder

if TYPE_CHECKING:
    from livebench.candidates.build import Built
    from livebench.candidates.manifest import Manifest
    from livebench.data.dataset import Dataset


@click.command("build-candidates")
@click.argument("dataset", type=DATASET, required=False)
@protocol_option()
@click.option("--out", type=NEW_PATH, help="New folder of the set: candidates/NAME.")
@click.option(
    "--split",
    type=click.Choice(["train", "dev", "test"]),
    default="test",
    show_default=True,
    help="Split that the samples come from.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of every draw.")
@click.option(
    "--private",
    type=PATH,
    help="Folder for the complete set, with a secret seed. Only what may be published goes to --out.",
)
@click.option(
    "--max-samples",
    type=click.IntRange(min=1),
    help="Maximum samples. Default: what the protocol says.",
)
@click.option(
    "--restore",
    type=SET,
    help="Rebuild the samples of this set, whose text is absent; its hash "
    "proves that they are the same.",
)
@dataset_option
@click.option(
    "--allow-overlap",
    is_flag=True,
    help="Build even if splits of the dataset share videos or comments; the signature says so.",
)
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    help="Number of processes. Default: one per core. The set is the same.",
)
@quiet_option
def build_candidates_command(
    dataset,
    protocol,
    out,
    split,
    seed,
    private,
    max_samples,
    restore,
    datasets,
    allow_overlap,
    processes,
    quiet,
) -> None:
    """Build a candidate set from DATASET and freeze it, or restore the text of one.

    \b
    livebench build-candidates mine --protocol paper --out candidates/mine-paper
    livebench build-candidates --restore bilibili-paper --dataset bilibili
    livebench build-candidates unseen --protocol matched --out candidates/unseen --private ~/sets

    The same dataset, protocol and seed give the same records on any machine, whatever --processes. A
    dataset whose splits leak into each other (`livebench audit DATASET`) is refused, unless
    --allow-overlap is given.
    """
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.candidates.freeze import SecretSeed, Work, build_set, restore_set
    from livebench.candidates.manifest import MANIFEST
    from livebench.candidates.protocol import load_protocol
    from livebench.data.dataset import Dataset

    if restore and not (protocol or out):
        given = (dataset, *datasets) if dataset else datasets
        source = Datasets(given, quiet).need(CandidateSet(restore))
        restored = restore_set(restore, source, Work(processes, restoring_bar(quiet)))
        click.echo(f"{restore}: restored, {restored.manifest.signature}")
        return
    if restore or not (dataset and protocol and out):
        raise LiveBenchError(
            "build-candidates",
            "neither builds nor restores a set like this",
            "give DATASET --protocol PROTOCOL --out candidates/NAME, or --restore SET",
        )
    started = time.perf_counter()
    opened = Dataset(dataset)
    if private:
        check_absent(private / out.name, "--private")
        # From its hash nobody shall guess it.
        seed = SecretSeed(secrets.randbits(128))
    built = build_set(
        opened,
        load_protocol(protocol),
        private / out.name if private else out,
        split=split,
        seed=seed,
        max_samples=max_samples,
        overlap=_leaks(opened, allow_overlap),
        work=Work(processes, _bar("building", quiet)),
    )
    if private:
        with new_folder(out) as folder:
            shutil.copyfile(built.path / MANIFEST, folder / MANIFEST)
        click.echo(f"{built.path}: complete; keep it, its seed.txt and its dataset to yourself")
    for video in built.manifest.without_plausible:
        remark(f"video {video}: a sample has no plausible candidate: no word matches", quiet)
    print_built_set(out, built.manifest, f" ({time.perf_counter() - started:.1f} s)")


def print_built_set(path: Path, manifest: Manifest, duration: str = "") -> None:
    """Say what a new set holds."""
    count = manifest.files["samples.jsonl.gz"].records
    click.echo(
        f"{path}: {count} samples of {manifest.videos} videos, {manifest.signature}{duration}"
    )
    types = ", ".join(f"{name} {number / count:.2f}" for name, number in manifest.types.items())
    click.echo(f"candidates a sample: {types}")
    for reason, number in manifest.left_out.items():
        if number:
            click.echo(f"left out: {number} seconds, {reason}")


def _leaks(dataset: Dataset, allow_overlap: bool) -> list[str]:
    """What the splits of a dataset share and should not.

    Raises:
        LiveBenchError: there is something, and it was not allowed.
    """
    from livebench.audit.dataset_audit import audit_dataset

    leaks = [
        f"{leak.kind} in {' and '.join(leak.splits)}: {', '.join(leak.videos[:5])}"
        for leak in audit_dataset(dataset).leaks
    ]
    if leaks and not allow_overlap:
        raise LiveBenchError(
            dataset.path,
            f"its splits leak into each other ({len(leaks)} leaks, the first: {leaks[0]})",
            f"see `livebench audit {dataset.path}` and repair the dataset, or give --allow-overlap",
        )
    return leaks


def restoring_bar(quiet: bool) -> Callable[[Iterable[Built], int], Iterator[Built]]:
    """The progress of a set that is restored."""
    return _bar("restoring", quiet)


def _bar(label: str, quiet: bool) -> Callable[[Iterable[Built], int], Iterator[Built]]:
    """Wrap what is built so that a bar shows how many samples there are."""

    def progress(parts: Iterable[Built], total: int) -> Iterator[Built]:
        with bar(total, label, quiet) as update:
            for built in parts:
                yield built
                update(built.number)

    return progress


@click.command("verify")
@click.argument("sets", metavar="[SET]...", nargs=-1, type=SET)
def verify_command(sets) -> None:
    """Check every hash and count of each candidate SET; by default of all in candidates/."""
    for candidate_set in chosen_sets(sets):
        click.echo(verified(candidate_set.path))


def verified(path: Path) -> str:
    """Check a set and its audit; say in a line what is there.

    Raises:
        LiveBenchError: something differs; the file is named.
    """
    from livebench.audit.set_audit import read_audit
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.candidates.freeze import verify_set

    state, candidate_set = verify_set(path), CandidateSet(path)
    audited = "audited" if read_audit(candidate_set) else "not audited"
    return f"{path}: {state}, {audited}, {candidate_set.manifest.signature}"
