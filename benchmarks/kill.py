"""Kills `livebench evaluate` again and again, and looks at what comes of it.

    python benchmarks/kill.py [--kills 50] [--samples 600] [--only parent child disk]

    parent   SIGKILL to LiveBench at random times, until the evaluation has been killed so often; then it
             is left alone
    child    the same with SIGKILL to the process of the submission
    disk     the submission lies on a small tmpfs, which is full at first, has room for a few blocks, and
             is emptied then (needs root, on Linux)

In each, the file of scores must be the same bytes as that of an undisturbed evaluation, and hold every
sample once; nothing but it and the result may be left. How often each sample was scored is told by the
submission itself, in a log: those of a block that was not yet on disk are scored again. Exit status 1
if anything differs.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.scoring.runner import BATCH
from livebench.simulated.simulation import simulate_dataset

# Slow enough to be killed at work: a block takes a tenth of a second.
SCORER = """
import time
from pathlib import Path
LOG = Path(LOG_PATH)
class Mine:
    def score_samples(self, samples):
        time.sleep(SLEEP * len(samples))
        with LOG.open("a") as log:
            log.write("".join(f"{hash_of(one)}\\n" for one in samples))
        return [[-1.37 * len(c.text) - len(one.comments) for c in one.candidates] for one in samples]
    def score(self, video_ctx, comments, candidate):
        return -1.37 * len(candidate.text) - len(comments)
def hash_of(sample):
    import hashlib
    return hashlib.sha256(repr(sample[1:]).encode()).hexdigest()
"""
CARD = """name = "Slow"
authors = ["S."]
date = 2026-01-01
description = "Slow."
settings = ["comments"]
entry = "scorer:Mine"
[[runs]]
name = "default"
"""
SCORES, RESULT = "scores/set/default/comments.jsonl.gz", "results/set/default/comments.json"


class Bench:
    """A candidate set, and slow submissions on it.

    Args:
        folder: to work in; `set` in it is the candidate set.
        samples: how many it has.
        sleep: seconds that scoring a sample takes.
    """

    def __init__(self, folder: Path, samples: int, sleep: float, seed: int) -> None:
        self.folder, self.samples, self.sleep = folder, samples, sleep
        self.random = random.Random(seed)

    def submission(self, name: str, within: Path | None = None) -> Path:
        """The folder of a new submission; all have the same code, and each has a log of its own."""
        path = (within or self.folder) / name
        path.mkdir(parents=True)
        log = repr(str(self.folder / f"{name}.log"))
        code = SCORER.replace("LOG_PATH", log).replace("SLEEP", str(self.sleep))
        (path / "scorer.py").write_text(code, "utf-8")
        (path / "submission.toml").write_text(CARD, "utf-8")
        return path

    def start(self, path: Path) -> subprocess.Popen:
        """Begin, or go on, to evaluate."""
        command = [sys.executable, "-m", "livebench", "evaluate", "--quiet", "--submission", path]
        return subprocess.Popen(
            [*command, "--candidates", self.folder / "set", "--setting", "comments"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            cwd=self.folder,
        )

    def finish(self, path: Path) -> tuple[int, str]:
        """Evaluate to the end; the exit status, and what was printed."""
        process = self.start(path)
        out, _ = process.communicate()
        return process.returncode, out

    def killed(self, path: Path, kills: int, victim: Callable[[int], int | None]) -> list[int]:
        """Kill at random times until it was done so often, or all is scored; then finish.

        Args:
            victim: gives the process to kill, from that of LiveBench; None if there is none now.

        Returns:
            How many samples were on disk at each kill.
        """
        on_disk: list[int] = []
        window = 1.0
        while len(on_disk) < kills:
            process = self.start(path)
            _wait_for(lambda p=process: victim(p.pid) is not None or p.poll() is not None)
            time.sleep(self.random.uniform(0, window))
            target = victim(process.pid)
            if target is not None and process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(target, signal.SIGKILL)
                    on_disk.append(_in_journal(path))
                    # The kills are to be spread over the evaluation, on a machine of any speed.
                    ahead = on_disk[-1] / self.samples > len(on_disk) / (kills + 5)
                    window = min(20.0, window * (0.7 if ahead else 1.3))
            process.communicate()
            if (path / RESULT).exists():
                break
        status, out = self.finish(path)
        assert status == 0, out
        return on_disk


def _in_journal(path: Path) -> int:
    journal = (path / SCORES).with_name("comments.journal")
    return journal.read_bytes().count(b'"sample_id"') if journal.exists() else 0


def _wait_for(true: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.01)


def itself(pid: int) -> int | None:
    """LiveBench, once it has started the process of the submission."""
    return pid if child_of(pid) is not None else None


def child_of(pid: int) -> int | None:
    """The process of the submission."""
    with contextlib.suppress(OSError):
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(found[0]) if found else None
    return None


def check(bench: Bench, path: Path, whole: Path, what: str) -> bool:
    """Print and return whether all is as in the undisturbed evaluation."""
    same = (path / SCORES).read_bytes() == (whole / SCORES).read_bytes()
    lines = gzip.decompress((path / SCORES).read_bytes()).splitlines()
    ids = [json.loads(line)["sample_id"] for line in lines]
    left = sorted(str(one.relative_to(path)) for one in path.rglob("*") if one.is_file())
    left = [one for one in left if "__pycache__" not in one]
    clean = left == sorted([SCORES, RESULT, "scorer.py", "submission.toml"])
    scored = (bench.folder / f"{path.name}.log").read_text().split()
    plain = (bench.folder / f"{whole.name}.log").read_text().split()
    print(
        f"{what}: bytes {'identical' if same else 'DIFFER'}; {len(set(ids))} samples, each "
        f"{'once' if len(ids) == len(set(ids)) else 'NOT ONCE'}; left: "
        f"{'nothing else' if clean else left}; scored {len(scored)} times (undisturbed {len(plain)})"
    )
    return same and clean and len(ids) == len(set(ids))


@contextlib.contextmanager
def tmpfs(folder: Path, megabytes: int) -> Iterator[Path]:
    """A small disk in memory."""
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True
    )
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def fill_disk(bench: Bench, whole: Path) -> bool:
    """Evaluate on a disk that is full, has a little room, and has enough."""
    kept = True
    with tmpfs(bench.folder / "disk", 4) as disk:
        path = bench.submission("full", disk)
        filler = disk / "filler"
        # Room for no more than that, in bytes: the page of a new file, a few blocks, nearly all.
        for room in (0, 40_000, 200_000):
            filler.unlink(missing_ok=True)
            free = os.statvfs(disk)
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                file.write(bytes(max(0, free.f_bavail * free.f_frsize - room)))
            status, out = bench.finish(path)
            last = out.strip().splitlines()[-1]
            half = [one.name for one in path.rglob("*") if one.name.startswith(".comments")]
            final = (path / SCORES).exists() or (path / RESULT).exists()
            print(
                f"disk, room for {room} bytes: status {status}, {_in_journal(path)} on disk; {last}"
            )
            kept &= status == 2 and not half and not final and "No space left" in last
        filler.unlink()
        status, out = bench.finish(path)
        assert status == 0, out
        kept &= check(bench, path, whole, "disk, then emptied")
    return kept


def main() -> None:
    """Print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--samples", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", default=["parent", "child", "disk"])
    options = parser.parse_args()
    kept = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dataset = simulate_dataset(folder / "world", seed=0, videos=100)
        found = build_set(
            dataset, load_protocol("paper"), folder / "set", max_samples=options.samples
        )
        samples = found.manifest.files["answers.jsonl.gz"].records
        print(f"{samples} samples, {BATCH} a block")
        bench = Bench(folder, samples, 0.003, options.seed)
        whole = bench.submission("undisturbed")
        assert bench.finish(whole)[0] == 0
        for who, victim in (("parent", itself), ("child", child_of)):
            if who in options.only:
                path = bench.submission(who)
                on_disk = bench.killed(path, options.kills, victim)
                places = f"with {', '.join(map(str, sorted(set(on_disk))))} samples on disk"
                kept &= check(bench, path, whole, f"{who}, {len(on_disk)} kills {places}")
                kept &= len(on_disk) >= options.kills
        if "disk" in options.only:
            kept &= fill_disk(bench, whole)
    sys.exit(not kept)


if __name__ == "__main__":
    main()
