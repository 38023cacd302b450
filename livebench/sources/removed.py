"""What was removed on request from the datasets of known sources: removed/NAME.txt, applied by `get`."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from livebench.data.dataset import Dataset
from livebench.data.removal import REMOVED, read_removals, write_removals
from livebench.files import write_text
from livebench.sources.source import known_sources


def removals_of(source: str) -> dict[str, str]:
    """The ids that were removed from the dataset of a source, with dates, in the order of the list."""
    return read_removals(_folder() / "removed" / f"{source}.txt")


def note_removals(dataset: Dataset, before: str) -> list[Path]:
    """Carry the list of a dataset over to its source, and the new fingerprint, which `get` expects.

    Args:
        before: the fingerprint that it had: of the source only if that is what the source expects.

    Returns:
        The files that were changed; none if the dataset is not of a known source.
    """
    source = next((one for one in known_sources() if one.fingerprint == before), None)
    if source is None:
        return []
    removed, known = (
        _folder() / "removed" / f"{source.name}.txt",
        _folder() / "known" / f"{source.name}.toml",
    )
    removed.parent.mkdir(exist_ok=True)
    write_removals(removed, read_removals(dataset.path / REMOVED))
    line = f'fingerprint = "{dataset.info.fingerprint}"'
    text = known.read_text("utf-8")
    write_text(known, re.sub(r"(?m)^fingerprint = .*$", line, text))
    return [removed, known]


def _folder() -> Path:
    return Path(str(files("livebench.sources")))
