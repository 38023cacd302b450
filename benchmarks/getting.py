"""`livebench get` from a git server on 127.0.0.1: time, bytes, memory; killed at random and continued.

    python -m benchmarks.getting bilibili PATH/TO/A/BARE/REPOSITORY
    python -m benchmarks.getting bilibili PATH/TO/A/BARE/REPOSITORY --kills 10

The repository is served by `git daemon`, and git is told to look there for the source's address. Run in
a checkout: its sets are restored in a copy. After kills, each file that was fetched must be in one pack
only, and the dataset must have the expected fingerprint (`get` refuses another).
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from livebench.sources.source import find_source
from livebench.sources.tree import GitTree, git

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    PORT = free.getsockname()[1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("name")
    parser.add_argument("repository", type=Path)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--longest", type=float, default=3.0, help="seconds before a kill, at most")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        served = serve(given.repository.resolve(), folder)
        try:
            measure(given, folder)
        finally:
            served.terminate()


def serve(repository: Path, folder: Path) -> subprocess.Popen[bytes]:
    """A git server that gives what GitHub's gives: parts of repositories, and any object by its id."""
    (folder / "served").mkdir()
    (folder / "served" / "it").symlink_to(repository)
    allowed = {"uploadpack.allowFilter": "true", "uploadpack.allowAnySHA1InWant": "true"}
    served = subprocess.Popen(
        [
            *("git", "daemon", "--export-all", f"--base-path={folder / 'served'}"),
            *("--listen=127.0.0.1", f"--port={PORT}", "--reuseaddr"),
        ],
        env=os.environ | configured({**allowed, "safe.directory": "*"}),
    )
    time.sleep(1)
    return served


def configured(settings: dict[str, str]) -> dict[str, str]:
    """Settings of git, as environment."""
    named = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):
        named |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return named


def measure(given: argparse.Namespace, folder: Path) -> None:
    source = find_source(given.name)
    here = folder / "checkout"
    here.mkdir()
    if Path("candidates").is_dir():
        shutil.copytree(
            "candidates", here / "candidates", ignore=shutil.ignore_patterns("samples.jsonl.gz")
        )
    environment = os.environ | configured(
        {f"url.git://127.0.0.1:{PORT}/it.insteadOf": source.repository}
    )
    command = [sys.executable, "-m", "livebench", "get", source.name, "--keep"]
    draw, begun = random.Random(given.seed), time.perf_counter()
    killed = 0
    while killed < given.kills:
        process = subprocess.Popen(
            command, cwd=here, env=environment, start_new_session=True, stderr=subprocess.DEVNULL
        )
        moment = draw.uniform(0.2, given.longest)
        time.sleep(moment)
        if process.poll() is not None:
            sys.exit("it ended before it was killed: take a smaller --longest")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        killed += 1
        packs = list((here / "datasets").glob(".*.fetched/git/objects/pack/pack-*.pack"))
        size = sum(pack.stat().st_size for pack in packs)
        print(f"killed after {moment:.2f} s: {len(packs)} packs, {size:,} bytes", flush=True)
    subprocess.run(command, cwd=here, env=environment, check=True)
    seconds = time.perf_counter() - begun
    fetched = here / "datasets" / f".{source.name}.fetched" / "git"
    packs = sorted((fetched / "objects" / "pack").glob("pack-*.idx"))
    listed = [
        line.split()[0]
        for pack in packs
        for line in git(fetched, "verify-pack", "-v", str(pack)).splitlines()
        if " blob " in line
    ]
    wanted = set(GitTree(fetched, source).objects.values())
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    size = sum(pack.with_suffix(".pack").stat().st_size for pack in packs)
    kept = sum(file.stat().st_size for file in (here / "datasets" / source.name).rglob("*"))
    print(
        f"{source.name}: {seconds / 60:.2f} min, {len(wanted)} files, {size:,} bytes of packs kept, "
        f"{len(listed) - len(set(listed))} files fetched twice, {len(wanted - set(listed))} missing, "
        f"dataset {kept:,} bytes, peak memory {peak:.0f} MB"
    )


if __name__ == "__main__":
    main()
