"""`livebench build-candidates` and `livebench verify`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from livebench.cli.progress import bar, quiet_option, remark
from livebench.errors import LiveBenchError


@click.command("build-candidates")
@click.argument("dataset", type=click.Path(path_type=Path), required=False)
@click.option("--protocol", help="A bundled protocol, or the path of a .toml.")
@click.option("--out", type=click.Path(path_type=Path), help="The new set: candidates/NAME.")
@click.option(
    "--split", type=click.Choice(["train", "dev", "test"]), default="test", show_default=True
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of every draw.")
@click.option("--max-samples", type=click.IntRange(min=1), help="Default: what the protocol says.")
@click.option(
    "--restore",
    type=click.Path(path_type=Path),
    help="Rebuild the samples of this set, whose text is absent; its hash proves them.",
)
@click.option("--dataset", "restore_from", type=click.Path(path_type=Path), help="For --restore.")
@click.option(
    "--allow-overlap",
    is_flag=True,
    help="Build although splits of the dataset share videos or comments; the signature says so.",
)
@click.option(
    "--processes", type=click.IntRange(min=1), help="Default: one a core. The set is the same."
)
@quiet_option
def build_candidates(
    dataset,
    protocol,
    out,
    split,
    seed,
    max_samples,
    restore,
    restore_from,
    allow_overlap,
    processes,
    quiet,
) -> None:
    """Build a candidate set from DATASET and freeze it.

    \b
    livebench build-candidates datasets/mine --protocol paper --out candidates/mine-paper
    livebench build-candidates --restore candidates/bilibili-paper --dataset datasets/bilibili

    The same dataset, protocol and seed give the same records on any machine, whatever --processes. A
    dataset whose splits leak into each other (`livebench audit DATASET`) is refused, unless
    --allow-overlap is given.
    """
    from livebench.candidates.freeze import Work, build_set, restore_set
    from livebench.candidates.protocol import load_protocol
    from livebench.data.dataset import Dataset

    source = dataset or restore_from
    if restore and source and not (protocol or out):
        found = restore_set(restore, Dataset(source), Work(processes, _bar("restoring", quiet)))
        click.echo(f"{restore}: restored, {found.manifest.signature}")
        return
    if restore or not (dataset and protocol and out):
        raise LiveBenchError(
            "build-candidates takes DATASET --protocol P --out candidates/NAME, or "
            "--restore candidates/NAME --dataset DIR"
        )
    if out.exists():
        raise LiveBenchError(f"{out}: exists already; remove it or choose another --out")
    started = time.perf_counter()
    opened = Dataset(dataset)
    found = build_set(
        opened,
        load_protocol(protocol),
        out,
        split=split,
        seed=seed,
        max_samples=max_samples,
        overlap=_leaks(opened, allow_overlap),
        work=Work(processes, _bar("building", quiet)),
    )
    manifest = found.manifest
    for video in manifest.without_plausible:
        remark(f"video {video}: a sample has no plausible candidate: no word matches", quiet)
    count = manifest.files["samples.jsonl.gz"].records
    click.echo(
        f"{out}: {count} samples of {manifest.videos} videos, {manifest.signature} "
        f"({time.perf_counter() - started:.1f} s)"
    )
    types = ", ".join(f"{kind} {number / count:.2f}" for kind, number in manifest.types.items())
    click.echo(f"candidates a sample: {types}")
    for why, number in manifest.left_out.items():
        if number:
            click.echo(f"left out: {number} seconds, {why}")


def _leaks(dataset, allow_overlap: bool) -> list[str]:
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
            f"{dataset.path}: its splits leak into each other ({len(leaks)} found, the first: "
            f"{leaks[0]}); see `livebench audit {dataset.path}`, mend the dataset, or give "
            "--allow-overlap"
        )
    return leaks


def _bar(label: str, quiet: bool):
    """Wrap what is built so that a bar shows how many samples there are."""

    def progress(parts, total):
        with bar(total, label, quiet) as done:
            for built in parts:
                yield built
                done(built.count)

    return progress


@click.command()
@click.argument("sets", nargs=-1, type=click.Path(path_type=Path))
def verify(sets) -> None:
    """Check every hash and count of candidate SETS; by default of all in candidates/."""
    from livebench.candidates.candidate_set import find_sets

    for path in sets or [found.path for found in find_sets(Path("candidates"))]:
        click.echo(verified(path))


def verified(path: Path) -> str:
    """Check a set and its audit; say in a line what is there.

    Raises:
        LiveBenchError: something differs; the file is named.
    """
    from livebench.audit.set_audit import read_audit
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.candidates.freeze import verify_set

    state, found = verify_set(path), CandidateSet(path)
    audited = "audited" if read_audit(found) else "not audited"
    return f"{path}: {state}, {audited}, {found.manifest.signature}"
