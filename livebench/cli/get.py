"""`livebench get`: from a public source to a dataset and restored sets."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livebench.cli.options import DATASETS, PATH, SETS
from livebench.cli.progress import bar, quiet_option, remark
from livebench.errors import LiveBenchError

if TYPE_CHECKING:
    from livebench.data.dataset import Dataset
    from livebench.sources.source import Source
    from livebench.sources.tree import Tree


@click.command("get")
@click.argument("name", required=False)
@click.option(
    "--from",
    "origin",
    type=PATH,
    help="Take it from here instead: a clone, a bare repository, a zip or a folder.",
)
@click.option("--out", type=PATH, help="New folder of the dataset. Default: datasets/NAME.")
@click.option("--keep", is_flag=True, help="Keep what was fetched.")
@quiet_option
def get_command(name, origin, out, keep, quiet) -> None:
    """Get the public source NAME: its dataset in datasets/NAME, and the samples of its sets.

    \b
    livebench get                                        the sources
    livebench get bilibili
    livebench get bilibili --from bilibili-barrage-analysis-main.zip

    Only the files that are read are fetched, at a fixed commit: with git, or as a zip where git is not
    installed. A stopped `get` goes on where it was. The dataset must have the expected fingerprint, and
    the samples the hashes of the sets. Nothing is asked.
    """
    from livebench.data.dataset import Dataset
    from livebench.sources.get import make_dataset
    from livebench.sources.source import find_source, known_sources

    if name is None:
        for source in known_sources():
            click.echo(f"{source.name}: {source.summary}")
            click.echo(f"    {source.repository}; {_size(source)}")
            click.echo(f"    licence: {source.licence}")
            click.echo(f"    use: {source.terms}")
        return
    source = find_source(name)
    out = out or DATASETS / source.name
    if out.exists():
        dataset = Dataset(out)
        if dataset.info.fingerprint != source.fingerprint:
            raise LiveBenchError(
                out,
                f"exists already, with the fingerprint {dataset.info.fingerprint[:12]}, not "
                f"{source.fingerprint[:12]}",
                "remove it or choose another --out",
            )
        dataset.check_fingerprint()
        click.echo(f"{out}: is there already, fingerprint {source.fingerprint[:12]}")
    else:
        fetched = out.parent / f".{out.name}.fetched"
        remark(f"licence: {source.licence}; use: {source.terms}", quiet)
        tree = _opened(source, origin) if origin else _fetched(source, fetched, quiet)
        dataset = make_dataset(source, tree, out, lambda text: remark(text, quiet))
        comments, shown = len(dataset.comments.string), dataset.info.fingerprint[:12]
        click.echo(f"{out}: {len(dataset.videos)} videos, {comments} comments, fingerprint {shown}")
        if not keep:
            shutil.rmtree(fetched, ignore_errors=True)
    _restore(dataset, quiet)


def _size(source: Source) -> str:
    megabytes = source.download_mb if shutil.which("git") else source.zips_mb
    return f"{megabytes} MB to download, {source.store_mb} MB to store"


def _opened(source: Source, origin: Path) -> Tree:
    from livebench.sources.tree import open_tree

    return open_tree(origin, source)


def _fetched(source: Source, folder: Path, quiet: bool) -> Tree:
    from livebench.sources.fetch_archive import fetch_archives
    from livebench.sources.fetch_git import fetch_with_git, fetched_bytes

    commits = ", ".join(part.commit[:7] for part in source.parts[:3])
    more = f" and {len(source.parts) - 3} more" if len(source.parts) > 3 else ""
    remark(f"fetching {source.repository} at {commits}{more}: {_size(source)}", quiet)
    if shutil.which("git") is None:
        zips = folder / "zips"
        with bar(source.zips_mb * 10**6, "fetching", quiet, "B") as update:
            update(sum(file.stat().st_size for file in zips.glob("*")))
            return fetch_archives(source, zips, update)
    with _files_bar(quiet) as progress:
        tree = fetch_with_git(source, folder / "git", progress)
    remark(f"fetched: {fetched_bytes(folder / 'git') / 10**6:.1f} MB", quiet)
    return tree


@contextmanager
def _files_bar(quiet: bool) -> Iterator[Callable[[int, int], Callable[[int], object]]]:
    """A bar whose length is known once the list of files has come."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def progress(done: int, total: int) -> Callable[[int], object]:
            update = stack.enter_context(bar(total, "fetching", quiet, "file"))
            update(done)
            return update

        yield progress


def _restore(dataset: Dataset, quiet: bool) -> None:
    """Restore the samples of every set of a dataset that has no text."""
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.candidates.freeze import Work, restore_set, verify_set
    from livebench.cli.candidates import restoring_bar

    found = 0
    for manifest in sorted(SETS.glob("*/manifest.json")):
        candidate_set = CandidateSet(manifest.parent)
        if candidate_set.manifest.dataset.fingerprint != dataset.info.fingerprint:
            continue
        found += 1
        if not candidate_set.has_text:
            restore_set(candidate_set.path, dataset, Work(progress=restoring_bar(quiet)))
            click.echo(f"{candidate_set.path}: restored, {candidate_set.manifest.signature}")
        else:
            state = verify_set(candidate_set.path)
            click.echo(f"{candidate_set.path}: {state}, {candidate_set.manifest.signature}")
    if not found:
        remark(
            f"no set of {dataset.info.name} in {SETS}/: run in a checkout of LiveBench to restore them",
            quiet,
        )
