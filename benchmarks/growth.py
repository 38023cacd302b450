"""Time and peak memory of each step of the command line, on a source and on five times as much.

    python benchmarks/growth.py ../shared/data/bilibili

SRC holds videos.csv and comments.csv.gz. Five times as much: its videos again under new ids, where in
each copy the words (jieba's) are exchanged for others of the same length, by a seeded permutation of
the vocabulary, so that there are about five times as many distinct comments, too. It is written to a
temporary folder, with all that the steps write, and removed.

Each step is a process of its own: seconds by the clock, seconds of the processors (all its processes;
what another program takes does not count here, so growth is told from these), and the peak of the
largest single process in it (segmentation uses one a core). "segment alone" reads the comments and
segments them, and writes nothing. Evaluation is on the set of 1,000 samples. Exit status 1 if the
segmentation of the source, or building 5,000 samples once it is segmented, takes a minute.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

# Nothing heavy is imported here: on Linux a child's peak is at least what its parent held.

COPIES = 5
CHECKOUT = Path(__file__).parent.parent
SUBMISSIONS = ("popularity", "context-similarity")
SEGMENT, BUILD = "segment alone", "build 5,000 samples"


def distinct_texts(source: Path) -> list[str]:
    """The texts of comments.csv.gz, each once."""
    with gzip.open(source / "comments.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return list(dict.fromkeys(row["text"] for row in csv.DictReader(file)))


def expand(source: Path, out: Path, seed: int = 0, copies: int = COPIES) -> None:
    """Write `copies` times as much as is in `source` to `out`."""
    from livebench.data.tokens import segment

    texts = distinct_texts(source)
    with (source / "videos.csv").open(encoding="utf-8", newline="") as file:
        videos = list(csv.DictReader(file))
    texts += [video["title"] for video in videos]
    words = dict(zip(texts, (found.split(" ") for found in segment(texts)), strict=True))
    by_length: dict[int, list[str]] = {}
    for word in sorted({word for found in words.values() for word in found}):
        by_length.setdefault(len(word), []).append(word)
    out.mkdir()
    generator = random.Random(seed)
    exchanges = [{}]
    for _ in range(1, copies):
        exchange = {}
        for group in by_length.values():
            exchange.update(zip(group, generator.sample(group, len(group)), strict=True))
        exchanges.append(exchange)

    def translated(text: str, exchange: dict[str, str]) -> str:
        return "".join(exchange[word] for word in words[text]) if exchange else text

    with (out / "videos.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["video_id", "title", "category", "duration"])
        writer.writeheader()
        for number, exchange in enumerate(exchanges):
            for video in videos:
                title = translated(video["title"], exchange)
                video_id = f"{video['video_id']}.{number}"
                writer.writerow({**video, "video_id": video_id, "title": title})
    with gzip.open(out / "comments.csv.gz", "wt", 1, encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["video_id", "time", "text"])
        for number, exchange in enumerate(exchanges):
            with gzip.open(source / "comments.csv.gz", "rt", encoding="utf-8", newline="") as rows:
                for row in csv.DictReader(rows):
                    text = translated(row["text"], exchange)
                    writer.writerow([f"{row['video_id']}.{number}", row["time"], text])


def segment_all(source: Path) -> None:
    """Segment the distinct comments of a source."""
    from livebench.data.tokens import segment

    segment(distinct_texts(source))


class Figures(NamedTuple):
    """Of a step: seconds by the clock and of the processors, peak of its largest process in MB."""

    clock: float
    processor: float
    peak: float


def measured(command: str, folder: Path) -> tuple[Figures, str]:
    """Run a command in a folder; return its figures and what it printed."""
    started = time.perf_counter()
    with subprocess.Popen(
        shlex.split(command), cwd=folder, stdout=subprocess.PIPE, text=True
    ) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    clock = time.perf_counter() - started
    if process.returncode:
        sys.exit(f"{command}: exit status {process.returncode}")
    peak = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return Figures(clock, usage.ru_utime + usage.ru_stime, peak), output


def this_script(source: Path) -> str:
    """The command that runs this file on `source`."""
    return shlex.join([sys.executable, str(Path(__file__).resolve()), str(source)])


def steps(source: Path, held_out: int) -> dict[str, str]:
    """The command of each step, in order, as in a shell."""
    livebench, tables = f"{shlex.quote(sys.executable)} -m livebench", shlex.quote(str(source))
    held = f"--dev {held_out} --test {held_out}"
    build = f"{livebench} build-candidates dataset --protocol paper --quiet"
    evaluate = f"{livebench} evaluate --dataset dataset --setting comments --quiet"
    return {
        SEGMENT: f"{this_script(source)} --only segment",
        "import tables": f"{livebench} import tables {tables} --out dataset {held} "
        "--skip-bad-rows --quiet",
        "build 1,000 samples": f"{build} --out candidates/small --max-samples 1000",
        BUILD: f"{build} --out large/large --max-samples 5000",
        **{
            f"evaluate {name}": f"{evaluate} --submission submissions/{name}"
            for name in SUBMISSIONS
        },
        "leaderboard": f"{livebench} leaderboard",
    }


def run_all(source: Path, folder: Path, held_out: int) -> dict[str, Figures]:
    """The figures of each step."""
    for name in SUBMISSIONS:
        card = f"submissions/{name}/submission.toml"
        (folder / card).parent.mkdir(parents=True)
        shutil.copy(CHECKOUT / card, folder / card)
    figures = {}
    for name, command in steps(source, held_out).items():
        figures[name], output = measured(command, folder)
        said = output.splitlines()[0] if "import" in name or "build" in name else ""
        clock, processor, peak = figures[name]
        print(f"{name}: {clock:.1f} s, {processor:.1f} s, {peak:.0f} MB {said}", flush=True)
    return figures


def main() -> None:
    """Print a table of the steps."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path)
    parser.add_argument(
        "--held-out", type=int, default=150, help="Videos for each of test and dev; times 5 in x5."
    )
    parser.add_argument("--only", choices=["segment", "expand"], help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    source = options.source.resolve()
    if options.only == "segment":
        segment_all(source)
        return
    if options.only == "expand":
        expand(source, options.out)
        return
    with tempfile.TemporaryDirectory(prefix="livebench-growth.") as name:
        folder = Path(name)
        larger = folder / "larger"
        measured(f"{this_script(source)} --only expand --out {larger}", folder)
        (folder / "x1").mkdir()
        (folder / "x5").mkdir()
        one = run_all(source, folder / "x1", options.held_out)
        five = run_all(larger, folder / "x5", options.held_out * COPIES)
    print("| step | x1, s | x5, s | x1, CPU s | x5, CPU s | growth | x1, MB | x5, MB | growth |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for step, (clock, processor, peak) in one.items():
        more = five[step]
        print(
            f"| {step} | {clock:.1f} | {more.clock:.1f} | {processor:.1f} | {more.processor:.1f} "
            f"| {more.processor / processor:.1f} | {peak:.0f} | {more.peak:.0f} "
            f"| {more.peak / peak:.1f} |"
        )
    slow = [step for step in (SEGMENT, BUILD) if one[step].clock >= 60]
    print(f"a minute or more, needed is less: {', '.join(slow) or 'none of the bounded steps'}")
    sys.exit(bool(slow))


if __name__ == "__main__":
    main()
