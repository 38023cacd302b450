"""`livebench get` from a server on 127.0.0.1: time, bytes, memory; killed at random and continued.

    python -m benchmarks.getting niconico PATH/TO/A/BARE/REPOSITORY
    python -m benchmarks.getting niconico PATH/TO/A/BARE/REPOSITORY --kills 10 --longest 8
    python -m benchmarks.getting niconico PATH/TO/A/BARE/REPOSITORY --kills 10 --longest 8 --zips

The repository is served by `git daemon`, and git is told to look there for the source's address; with
--zips git is not to be found, and the zip of each commit comes over HTTPS (see hosts.py). Run in a
checkout: its sets are restored in a copy. After kills each file must have been kept once, each zip must
be the one that was served, and the dataset must have the expected fingerprint (`get` refuses another).
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from livebench.sources.source import Source, find_source
from livebench.sources.tree import GitTree, git

from .hosts import GitHost, Line, ZipHost


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("name")
    parser.add_argument("repository", type=Path)
    parser.add_argument("--zips", action="store_true", help="zips over HTTPS instead of git")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--longest", type=float, default=3.0, help="seconds before a kill, at most")
    parser.add_argument("--rate", type=float, default=5.0, help="MB a second that the server gives")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    source, line = find_source(given.name), Line(given.rate)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kind = ZipHost if given.zips else GitHost
        host = kind(source, given.repository.resolve(), folder, line)
        try:
            measure(given, source, host, line, folder)
        finally:
            host.close()


def measure(
    given: argparse.Namespace, source: Source, host: GitHost | ZipHost, line: Line, folder: Path
) -> None:
    here = folder / "checkout"
    here.mkdir()
    if Path("candidates").is_dir():
        shutil.copytree(
            "candidates", here / "candidates", ignore=shutil.ignore_patterns("samples.jsonl.gz")
        )
    fetched = here / "datasets" / f".{source.name}.fetched"
    environment = os.environ | host.environment
    command = [sys.executable, "-m", "livebench", "get", source.name, "--keep"]
    draw, begun = random.Random(given.seed), time.perf_counter()
    for _ in range(given.kills):
        process = subprocess.Popen(
            command, cwd=here, env=environment, start_new_session=True, stderr=subprocess.DEVNULL
        )
        moment = draw.uniform(0.2, given.longest)
        time.sleep(moment)
        if process.poll() is not None:
            sys.exit("it ended before it was killed: take a smaller --longest")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        kept = kept_bytes(fetched)
        print(f"killed after {moment:.2f} s: {kept:,} bytes kept, {line.sent:,} sent", flush=True)
    subprocess.run(command, cwd=here, env=environment, check=True)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    dataset = sum(file.stat().st_size for file in (here / "datasets" / source.name).rglob("*"))
    if isinstance(host, ZipHost):
        print(of_zips(host, fetched / "zips"))
    else:
        print(of_packs(source, fetched / "git"))
    print(
        f"{source.name}: {seconds / 60:.2f} min, {line.sent:,} bytes sent, {kept_bytes(fetched):,} "
        f"kept, dataset {dataset:,} bytes, peak memory {peak:.0f} MB"
    )


def kept_bytes(fetched: Path) -> int:
    """Bytes that the next `get` goes on from: whole packs, zips and pieces of one."""
    packs = fetched.glob("git/objects/pack/pack-*.pack")
    return sum(file.stat().st_size for file in (*packs, *fetched.glob("zips/*")))


def of_packs(source: Source, repository: Path) -> str:
    """Whether each file that is read lies in one pack alone, and all are there."""
    packs = sorted((repository / "objects" / "pack").glob("pack-*.idx"))
    listed = [
        line.split()[0]
        for pack in packs
        for line in git(repository, "verify-pack", "-v", str(pack)).splitlines()
        if " blob " in line
    ]
    wanted = set(GitTree(repository, source).objects.values())
    twice, missing = len(listed) - len(set(listed)), len(wanted - set(listed))
    return f"{len(wanted)} files, {twice} of them fetched twice, {missing} missing"


def of_zips(host: ZipHost, folder: Path) -> str:
    """Whether the zips are those that were served."""
    same = sum(
        (folder / served.name).read_bytes() == served.read_bytes() for served in host.zips.values()
    )
    size = sum(served.stat().st_size for served in host.zips.values())
    went_on = sum(start > 0 for start in host.asked)
    return (
        f"{len(host.zips)} zips of {size:,} bytes, {same} as they were served; {len(host.asked)} "
        f"requests, {went_on} of them for the rest of one"
    )


if __name__ == "__main__":
    main()
