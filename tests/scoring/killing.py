"""Evaluations that are killed: slow submissions, whom to kill, and whether all is well in the end."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from livebench.candidates.candidate_set import CandidateSet

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


def simulated_set(folder: Path, most: int) -> int:
    """Build the set of a `Bench` in its folder, of `most` samples at most; how many they are."""
    from livebench.candidates.freeze import build_set
    from livebench.candidates.protocol import load_protocol
    from livebench.simulated.simulation import simulate_dataset

    dataset = simulate_dataset(folder / "world", seed=0, videos=100)
    built = build_set(dataset, load_protocol("paper"), folder / "set", max_samples=most)
    return built.manifest.files["answers.jsonl.gz"].records


class Bench:
    """A candidate set, and slow submissions on it.

    Args:
        folder: to work in; `set` in it is the candidate set.
        samples: how many it has.
        sleep: seconds that scoring a sample takes.

    Attributes:
        more: options of `evaluate`.
    """

    def __init__(self, folder: Path, samples: int, sleep: float, seed: int) -> None:
        self.folder, self.samples, self.sleep = folder, samples, sleep
        self.random = random.Random(seed)
        self.more: list[str] = []
        name = CandidateSet(folder / "set").name
        self.scores = f"scores/{name}/default/comments.jsonl.gz"
        self.result = f"results/{name}/default/comments.json"

    def in_journal(self, path: Path) -> int:
        """How many samples of a submission are on disk."""
        place = Path(self.scores).relative_to("scores").with_name("comments.journal")
        journal = path.parent / ".livebench" / path.name / place
        return journal.read_bytes().count(b'"sample_id"') if journal.exists() else 0

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
        command += self.more
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
                    on_disk.append(self.in_journal(path))
                    # The kills are to be spread over the evaluation, on a machine of any speed.
                    ahead = on_disk[-1] / self.samples > len(on_disk) / (kills + 5)
                    window = min(20.0, window * (0.7 if ahead else 1.3))
            process.communicate()
            if (path / self.result).exists():
                break
        status, out = self.finish(path)
        assert status == 0, out
        return on_disk


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
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(children[0]) if children else None
    return None


def check(bench: Bench, path: Path, whole: Path, what: str) -> bool:
    """Print and return whether all is as in the undisturbed evaluation."""
    same = (path / bench.scores).read_bytes() == (whole / bench.scores).read_bytes()
    lines = gzip.decompress((path / bench.scores).read_bytes()).splitlines()
    ids = [json.loads(line)["sample_id"] for line in lines]
    left = sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file())
    left += [path.name for path in path.parent.glob(".livebench")]
    own = [name for name in ("scorer.py", "submission.toml") if (path / name).exists()]
    clean = left == sorted([bench.scores, bench.result, *own])
    scored, plain = (bench.folder / f"{one.name}.log" for one in (path, whole))
    times = "unknown"
    if scored.exists():
        counts = [len(log.read_text().split()) for log in (scored, plain)]
        times = f"{counts[0]} times (undisturbed {counts[1]})"
    print(
        f"{what}: bytes {'identical' if same else 'DIFFER'}; {len(set(ids))} samples, each "
        f"{'once' if len(ids) == len(set(ids)) else 'NOT ONCE'}; left: "
        f"{'nothing else' if clean else left}; scored {times}"
    )
    return same and clean and len(ids) == len(set(ids))
