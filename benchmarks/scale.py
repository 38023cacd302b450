"""Time, peak memory and growth of `import` and `build-candidates`.

    python benchmarks/scale.py datasets/bilibili --sizes 1 5 25 --protocols paper matched

Larger sources are made from DATASET: tables of its videos again under new ids, where in each copy the
words are exchanged for others of the same length and frequency class (octave), by a seeded permutation,
so that distinct comments grow as well. They are written to a temporary folder (TMPDIR), one copy at a
time, imported, and removed. Each step is a process of its own: the import, then 5,000 samples by each
protocol, audit of the dataset included. The peak is that of the process and of those that it starts,
together. The exponent is that of the seconds of the processors (and of the peak) as a power of the
number of comments, from the size before. `disk` is that of the dataset, or of the set.

    python benchmarks/scale.py datasets/bilibili --processes 1 2

compares numbers of processes on DATASET itself, in turn: seconds by the clock, and the ratio, round by
round, of each to the first. Exit status 1 if the sets differ.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import math
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
from timing import ratio, spread


def enlarge(dataset: Path, out: Path, comments: int, seed: int = 0) -> None:
    """Write tables (videos.csv, comments.csv) with about so many comments, one copy at a time."""
    from livebench.data.dataset import Dataset

    source = Dataset(dataset)
    columns = source.comments
    copies = max(1, round(comments / len(columns.string)))
    split = [string.split(" ") for string in columns.strings]
    counts = np.bincount(columns.string, minlength=len(split)).tolist()
    frequency: Counter[str] = Counter()
    for words, count in zip(split, counts, strict=True):
        for word in words:
            frequency[word] += count
    classes: dict[tuple[int, int], list[str]] = {}
    for word in sorted(frequency):
        classes.setdefault((len(word), int(math.log2(frequency[word]))), []).append(word)
    generator = random.Random(seed)
    owner = np.repeat(np.arange(len(source.videos)), np.diff(columns.offsets)).tolist()
    seconds = [f"{time / 1000:.3f}" for time in columns.time_ms.tolist()]
    ids = [video.video_id for video in source.videos]
    out.mkdir()
    with (
        (out / "videos.csv").open("w", encoding="utf-8", newline="") as videos_file,
        (out / "comments.csv").open("w", encoding="utf-8", newline="") as comments_file,
    ):
        videos, rows = csv.writer(videos_file), csv.writer(comments_file)
        videos.writerow(["video_id", "title", "category", "duration"])
        rows.writerow(["video_id", "time", "text"])
        for copy in range(copies):
            exchange: dict[str, str] = {}
            for group in classes.values() if copy else ():
                exchange.update(zip(group, generator.sample(group, len(group)), strict=True))
            for video in source.videos:
                title = "".join(exchange.get(word, word) for word in video.title)
                videos.writerow([f"{video.video_id}.{copy}", title, video.category, video.duration])
            texts = ["".join(exchange.get(word, word) for word in words) for words in split]
            names = [f"{name}.{copy}" for name in ids]
            rows.writerows(
                (names[video], time, texts[string])
                for video, time, string in zip(owner, seconds, columns.string.tolist(), strict=True)
            )


class Peak(threading.Thread):
    """The largest memory that a process and its descendants had, looked at three times a second.

    `megabytes`: pages that several of them share are counted once (Linux: proportional set size).
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root, self._ended, self.megabytes = psutil.Process(pid), threading.Event(), 0.0

    def run(self) -> None:
        while not self._ended.wait(0.3):
            total = 0
            with contextlib.suppress(psutil.NoSuchProcess):
                for process in (self._root, *self._root.children(recursive=True)):
                    with contextlib.suppress(psutil.Error):
                        total += process.memory_full_info().pss
            self.megabytes = max(self.megabytes, total / (1 << 20))

    def end(self) -> float:
        self._ended.set()
        self.join()
        return self.megabytes


def measured(command: str) -> tuple[float, float, float, str]:
    """Run a command: seconds by the clock, seconds of the processors, peak in MB, what it printed."""
    started = time.perf_counter()
    with subprocess.Popen(shlex.split(command), stdout=subprocess.PIPE, text=True) as process:
        peak = Peak(process.pid)
        peak.start()
        output = process.stdout.read()
        sampled = peak.end()
        _, status, usage = os.wait4(process.pid, 0)  # of its descendants, too, that it waited for
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command}: exit status {process.returncode}")
    clock, cpu = time.perf_counter() - started, usage.ru_utime + usage.ru_stime
    return clock, cpu, max(sampled, usage.ru_maxrss / 1024), output


def compare(options: argparse.Namespace, protocol: str) -> None:
    """Build the same set with each number of processes, in turn."""
    seconds: dict[int, list[float]] = {number: [] for number in options.processes}
    processors: dict[int, list[float]] = {number: [] for number in options.processes}
    hashes = set()
    with tempfile.TemporaryDirectory(prefix="livebench-scale.") as name:
        for turn in range(options.rounds):
            for number in options.processes:
                out = Path(name) / str(turn) / str(number) / "set"
                clock, cpu, _, _ = measured(
                    f"{shlex.quote(sys.executable)} -m livebench build-candidates {options.dataset} "
                    f"--protocol {protocol} --out {out} --max-samples {options.samples} --quiet "
                    f"--processes {number}"
                )
                seconds[number].append(clock)
                processors[number].append(cpu)
                hashes.add(tuple(file.read_bytes() for file in sorted(out.iterdir())))
    first = options.processes[0]
    for number in options.processes:
        print(
            f"{protocol}, {number} processes: {spread(seconds[number])} s, CPU "
            f"{spread(processors[number])} s, ratio to {first}: "
            f"{spread(ratio(seconds[number], seconds[first]))}"
        )
    if len(hashes) > 1:
        sys.exit(f"{protocol}: the sets differ")
    print(f"{protocol}: the same bytes from all")


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--sizes", type=float, nargs="+", default=[1, 5, 25], help="Millions.")
    parser.add_argument("--protocols", nargs="+", default=["paper", "matched"])
    parser.add_argument("--processes", type=int, nargs="+", default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=5000)
    parser.add_argument("--enlarge", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.enlarge:
        enlarge(options.dataset, options.out, options.enlarge)
        return
    if options.processes:
        for protocol in options.protocols:
            compare(options, protocol)
        return
    print(
        "| step | comments | distinct | clock s | CPU s | exponent | peak MB | exponent | disk MB |"
    )
    print("| --- | --: | --: | --: | --: | --: | --: | --: | --: |")
    before: dict[str, tuple[float, float, float]] = {}
    for size in options.sizes:
        with tempfile.TemporaryDirectory(prefix="livebench-scale.") as name:
            for row in measured_steps(options, size, Path(name), before):
                print(f"| {' | '.join(row)} |", flush=True)


def measured_steps(
    options: argparse.Namespace,
    size: float,
    folder: Path,
    before: dict[str, tuple[float, float, float]],
) -> Iterator[list[str]]:
    """Yield a row for each step at a size (millions); `before` has the figures of the size before."""
    python = shlex.quote(sys.executable)
    this = f"{python} {shlex.quote(str(Path(__file__).resolve()))}"
    measured(f"{this} {options.dataset} --enlarge {round(size * 1e6)} --out {folder}/tables")
    # Of many titles with exchanged characters, some are alike without case and marks.
    steps = {
        "import": f"import tables {folder}/tables --out {folder}/dataset --dev .18 --test .18",
        **{
            protocol: f"build-candidates {folder}/dataset --protocol {protocol} "
            f"--max-samples {options.samples} --allow-overlap --out {folder}/{protocol}"
            for protocol in options.protocols
        },
    }
    comments = distinct = 0
    for step, command in steps.items():
        clock, cpu, peak, printed = measured(f"{python} -m livebench {command} --quiet")
        out = folder / ("dataset" if step == "import" else step)
        if step == "import":
            found = re.search(r"(\d+) comments, (\d+) distinct", printed)
            comments, distinct = map(int, found.groups())
            shutil.rmtree(folder / "tables")
        exponents = ["", ""]
        if step in before:
            old = before[step]
            ratio_of = math.log(comments / old[0])
            exponents = [
                f"{math.log(new / was) / ratio_of:.2f}"
                for new, was in ((cpu, old[1]), (peak, old[2]))
            ]
        before[step] = (comments, cpu, peak)
        disk = sum(file.stat().st_size for file in out.iterdir()) / 1e6
        figures = [f"{clock:.0f}", f"{cpu:.0f}", exponents[0], f"{peak:.0f}", exponents[1]]
        yield [step, str(comments), str(distinct), *figures, f"{disk:.0f}"]


if __name__ == "__main__":
    main()
