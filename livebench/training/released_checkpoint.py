"""Checkpoints of models that were trained elsewhere: who reads them, and what is asked of it."""

from __future__ import annotations

from pathlib import Path

from livebench.errors import LiveBenchError
from livebench.submissions.entry import installed_class


def import_checkpoint(entry: str, file: Path, *, vocabulary: Path, out: Path, heads: int) -> Path:
    """Write a checkpoint of a model that was trained elsewhere.

    The class of the scorer that will load it does so, by the class method `import_checkpoint(file, *,
    entry, vocabulary, out, heads)`.

    Args:
        entry: "module:Class" of that scorer.
        file: as it was saved elsewhere.
        vocabulary: its words, as they were saved there.
        out: the new folder of the checkpoint.
        heads: of its attention, which the file does not tell.

    Returns:
        The file of the checkpoint, to be named in submission.toml.

    Raises:
        LiveBenchError: the class does not import, or cannot read the files.
    """
    importer = getattr(installed_class(entry), "import_checkpoint", None)
    if not callable(importer):
        raise LiveBenchError(
            f"entry {entry}",
            "does not import checkpoints",
            "add a class method import_checkpoint(file, *, entry, vocabulary, out, heads)",
        )
    checkpoint: Path = importer(file, entry=entry, vocabulary=vocabulary, out=out, heads=heads)
    return checkpoint
