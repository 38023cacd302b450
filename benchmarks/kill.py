"""Kills `livebench evaluate` again and again, and looks at what comes of it.

    python benchmarks/kill.py [--kills 50] [--samples 600] [--only parent child disk model]

    parent   SIGKILL to LiveBench at random times, until the evaluation has been killed so often; then it
             is left alone
    child    the same with SIGKILL to the process of the submission
    model    as parent, to `evaluate` of a small Llama with random weights, killed as it loads, too
             (extra `hf`; a fifth of the kills)
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
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from livebench.scoring.runner import BATCH

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "scoring"))
from killing import CARD, Bench, check, child_of, itself, simulated_set

TESTS = Path(__file__).resolve().parent.parent / "tests"
Victim = Callable[[int], int | None]


class ModelBench(Bench):
    """Evaluations of a language model."""

    def submission(self, name: str, within: Path | None = None) -> Path:
        path = (within or self.folder) / name
        path.mkdir(parents=True)
        model = self.folder / "llama"
        if not model.exists():
            sys.path.insert(0, str(TESTS / "language_models"))
            from tiny_llama import save_tiny_llama

            save_tiny_llama(model)
        entry = "livebench.language_models.language_model:LanguageModel"
        arguments = f'[runs.arguments]\nmodel = "{model}"\ndevice = "cpu"\n'
        card = CARD.replace("scorer:Mine", entry) + arguments
        (path / "submission.toml").write_text(card, "utf-8")
        return path


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
            half = [file.name for file in path.rglob(".comments*")]
            final = (path / bench.scores).exists() or (path / bench.result).exists()
            print(
                f"disk, room for {room} bytes: status {status}, {bench.in_journal(path)} on disk; {last}"
            )
            kept &= status == 2 and not half and not final and "No space left" in last
        filler.unlink()
        status, out = bench.finish(path)
        assert status == 0, out
        kept &= check(bench, path, whole, "disk, then emptied")
    return kept


def survives(bench: Bench, whole: Path, who: str, victim: Victim, kills: int) -> bool:
    """Kill as often as that; print and return whether all is as in the undisturbed evaluation."""
    path = bench.submission(who)
    on_disk = bench.killed(path, kills, victim)
    places = f"with {', '.join(map(str, sorted(set(on_disk))))} samples on disk"
    kept = check(bench, path, whole, f"{who}, {len(on_disk)} kills {places}")
    return kept and len(on_disk) >= kills


def main() -> None:
    """Print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--samples", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", default=["parent", "child", "disk", "model"])
    options = parser.parse_args()
    kept = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        samples = simulated_set(folder, options.samples)
        print(f"{samples} samples, {BATCH} a block")
        bench = Bench(folder, samples, 0.003, options.seed)
        whole = bench.submission("undisturbed")
        assert bench.finish(whole)[0] == 0
        for who, victim in (("parent", itself), ("child", child_of)):
            if who in options.only:
                kept &= survives(bench, whole, who, victim, options.kills)
        if "model" in options.only:
            models = ModelBench(folder, samples, 0, options.seed)
            first = models.submission("whole model")
            assert models.finish(first)[0] == 0
            kept &= survives(models, first, "model", itself, options.kills // 5)
        if "disk" in options.only:
            kept &= fill_disk(bench, whole)
    sys.exit(not kept)


if __name__ == "__main__":
    main()
