"""From a public source to a dataset: prepared, split, and compared with what is expected."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from livebench.data.dataset import Dataset, DatasetInfo
from livebench.data.removal import remove_comments
from livebench.errors import LiveBenchError
from livebench.files import check_absent
from livebench.importers.collection import Collection, Options
from livebench.importers.importing import SourceFacts, import_dataset
from livebench.sources.prepare import PREPARATIONS
from livebench.sources.removed import removals_of
from livebench.sources.source import Source
from livebench.sources.tree import Tree


def make_dataset(
    source: Source, tree: Tree, out: Path, report: Callable[[str], object] = lambda text: None
) -> Dataset:
    """Make the dataset of a source; it gets its name only if it is the one that is expected.

    Raises:
        LiveBenchError: something is missing or damaged, or the fingerprint is another.
    """
    check_absent(out)
    split = source.split
    options = Options(dev=split.dev, test=split.test, seed=split.seed, split_by=split.by)
    info = DatasetInfo(
        name=source.name,
        language=source.language,
        source=f"{source.repository} at {', '.join(part.commit[:12] for part in source.parts)}",
        licence=source.licence,
        citation=source.citation,
    )
    unchecked = out.parent / f".{out.name}.unchecked"
    shutil.rmtree(unchecked, ignore_errors=True)
    read = partial(_read, PREPARATIONS[source.prepare], tree)
    made = import_dataset(read, Path(source.name), unchecked, info, options, report)
    removals = removals_of(source.name)
    if removals:
        report(f"leaving out what was removed on request: {len(removals)} ids")
        made = _without(made, removals)
    found = made.info.fingerprint
    try:
        if source.fingerprint and found != source.fingerprint:
            raise LiveBenchError(
                source.name,
                f"came out with the fingerprint {found[:12]}, expected is {source.fingerprint[:12]}: "
                f"other files, or other words (here by {made.info.tokenizer})",
                "take the commits that `livebench get` names, and the packages of constraints.txt",
            )
        unchecked.rename(out)
    finally:
        shutil.rmtree(unchecked, ignore_errors=True)
    return Dataset(out)


def _without(dataset: Dataset, removals: dict[str, str]) -> Dataset:
    """The dataset without what was removed, in the same place."""
    out = dataset.path.parent / f"{dataset.path.name}.removed"
    shutil.rmtree(out, ignore_errors=True)
    remove_comments(dataset, removals, out)
    shutil.rmtree(dataset.path)
    out.rename(dataset.path)
    return Dataset(dataset.path)


def _read(
    prepare: Callable[[Tree, Collection], SourceFacts],
    tree: Tree,
    path: Path,
    collection: Collection,
) -> SourceFacts:
    return prepare(tree, collection)
