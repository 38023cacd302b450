"""Fetches what a source reads over git: its commits without history, and of their files only those.

Files come a few at a time, each batch as a pack that git checks and keeps: a fetch that was stopped
goes on where it was, and what is there is not fetched again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from livebench.errors import LiveBenchError
from livebench.sources.source import Source
from livebench.sources.tree import GitTree, git, last_line, run_git

BATCH = 16
"""Files of a request: what a stop loses, at most."""

SECONDS = 60
"""Without a byte, after which a server is given up."""

_REMOTE = "origin"
# Packs stay packs, and nothing is tidied up behind our back.
_AS_PACKS = ("-c", "fetch.unpackLimit=1", "-c", "gc.auto=0", "-c", "maintenance.auto=false")
_FETCH = (
    *_AS_PACKS,
    *("-c", "fetch.negotiationAlgorithm=noop"),
    *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no"),
    *("--filter=blob:none", "--stdin", _REMOTE),
)


def fetch_with_git(
    source: Source,
    folder: Path,
    progress: Callable[[int, int], Callable[[int], object]] = lambda done, total: (
        lambda count: None
    ),
) -> GitTree:
    """Fetch a source into the bare repository `folder`, which may hold a part of it.

    Args:
        progress: given how many files are there and how many there will be, gives what is called with
            how many came.

    Raises:
        LiveBenchError: git is not installed, or cannot fetch; how to do it by hand is said.
    """
    _prepare(source, folder)
    lacking = [
        part.commit
        for part in source.parts
        if run_git(folder, "cat-file", "-e", f"{part.commit}^{{tree}}").returncode
    ]
    if lacking:
        _fetch(source, folder, lacking, "--depth=1")
    tree = GitTree(folder, source)
    missing = tree.missing()
    total = len(set(tree.objects.values()))
    came = progress(total - len(missing), total)
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        _fetch(source, folder, batch)
        came(len(batch))
    return tree


def fetched_bytes(folder: Path) -> int:
    """Bytes of the packs in a repository: what git fetched into it."""
    return sum(pack.stat().st_size for pack in (folder / "objects" / "pack").glob("pack-*.pack"))


def _prepare(source: Source, folder: Path) -> None:
    """Make the repository, or clear away what a stopped git left in it."""
    if not (folder / "HEAD").exists():
        folder.mkdir(parents=True, exist_ok=True)
        git(folder, "init", "--quiet", "--bare")
    settings = {
        f"remote.{_REMOTE}.url": source.repository,
        f"remote.{_REMOTE}.promisor": "true",
        f"remote.{_REMOTE}.partialclonefilter": "blob:none",
        "core.repositoryformatversion": "1",
        "extensions.partialClone": _REMOTE,
    }
    # A stopped git leaves its locks: nobody else uses this repository.
    for left in (*folder.glob("*.lock"), *(folder / "objects" / "pack").glob("tmp_*")):
        left.unlink()
    for name, value in settings.items():
        git(folder, "config", name, value)


def _fetch(source: Source, folder: Path, objects: list[str], *options: str) -> None:
    wanted = "".join(f"{name}\n" for name in objects)
    patience = ("-c", "http.lowSpeedLimit=1", "-c", f"http.lowSpeedTime={SECONDS}")
    done = run_git(folder, *patience, *_FETCH[:-2], *options, *_FETCH[-2:], text=wanted)
    if done.returncode:
        raise by_hand(source, last_line(done.stderr))


def by_hand(source: Source, reason: str) -> LiveBenchError:
    """The error where a source cannot be fetched: what to do on a machine that can."""
    commits = " ".join(
        part.commit[:12] if len(source.parts) > 4 else part.commit for part in source.parts[:4]
    )
    more = f" and {len(source.parts) - 4} more (see its TOML)" if len(source.parts) > 4 else ""
    clone = f"`git clone --no-checkout {source.repository} PATH`"
    return LiveBenchError(
        source.repository,
        f"cannot be fetched: {reason}",
        f"run the same again to go on, or elsewhere {clone} (it has {commits}{more}), bring PATH here, "
        f"and give --from PATH",
    )
