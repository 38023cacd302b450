"""What judges a pull request is its base's: what it changes of that is not used, and said first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from livebench.errors import LiveBenchError, one_line
from livebench.submissions.own_files import is_regular, own_files

JUDGES = (
    ".ci",
    ".github",
    "baselines",
    "candidates",
    "constraints.txt",
    "human",
    "livebench",
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
)
"""Files and folders of a checkout: workflows, code, whose signatures count, sets, human evaluations."""

SHOWN = 20
"""Files that are named."""

# Text that was restored is not committed, and the manifest seals it.
_NOT_COMPARED = ("samples.jsonl.gz",)


def changed_judges(base: Path, head: Path) -> list[str]:
    """Files of `JUDGES` that are not the same bytes in two checkouts, new and removed ones included.

    Raises:
        LiveBenchError: `base` is no checkout.
    """
    if not (Path(base) / "submissions").is_dir():
        what, fix = "is not a checkout (no submissions/ in it)", "give the folder of a checkout"
        raise LiveBenchError(base, what, fix)
    before, after = (dict(_digests(Path(checkout))) for checkout in (base, head))
    return sorted(
        name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    )


def describe_judges(changed: Sequence[str]) -> list[str]:
    """Lines of plain text about files that judge, workflows first."""
    if not changed:
        return []
    names = sorted(changed, key=lambda name: (not name.startswith((".github/", ".ci/")), name))
    lines = ["Also changed, and NOT USED here: what judges a pull request is taken from its base."]
    lines += [f"  {one_line(name, 300)}" for name in names[:SHOWN]]
    if len(names) > SHOWN:
        lines.append(f"  and {len(names) - SHOWN} more")
    return [*lines, "A maintainer reviews these by themselves, before any row.", ""]


def _digests(checkout: Path) -> Iterator[tuple[str, str]]:
    for judge in JUDGES:
        place = checkout / judge
        for path in own_files(place) if place.is_dir() and not place.is_symlink() else [place]:
            name = path.relative_to(checkout)
            if name.name in _NOT_COMPARED or "__pycache__" in name.parts:
                continue
            if is_regular(path):
                with path.open("rb") as file:
                    yield name.as_posix(), hashlib.file_digest(file, "sha256").hexdigest()
            elif path.is_symlink():
                yield name.as_posix(), f"link to {path.readlink()}"
