"""How a leaderboard grows with its submissions: time, peak memory and disk.

    python benchmarks/board.py [--submissions 25 50 100] [--samples 200]

A simulated dataset, a set of the protocol `paper` on it, and submissions whose scores are drawn at
random (a correct candidate's from a normal distribution whose mean is the submission's own), each in
one setting. For each number of submissions, as processes of their own:

    leaderboard       `livebench leaderboard`: reads all scores, ranks, draws, compares and renders
    site              `livebench site`: the same as pages
    check             `livebench submit check` of one submission: what a pull request costs

With --pairs N ..., instead: the tests of all pairs of N rows of drawn values, 17 samples a video, which
the leaderboard does for rows that have ranks.

The exponents are those of processor seconds, and of the peak, as a power of the submissions, from the
number before. Disk is that of all submissions, and of the site. Nothing is kept.
"""

from __future__ import annotations

import argparse
import math
import resource
import shlex
import sys
import tempfile
import time
from pathlib import Path

from scale import measured

SETTING = "comments"
CARD = """name = "Simulated {number}"
date = 2026-01-01
authors = ["nobody"]
description = "Scores that were drawn at random, for a benchmark of the leaderboard."
settings = ["comments"]

[[runs]]
name = "default"
"""


def add_all(folder: Path, numbers: range, samples: int) -> None:
    """Write submissions, and first the set and its dataset if they are not there."""
    import numpy as np

    from livebench.candidates.candidate_set import CandidateSet
    from livebench.candidates.freeze import build_set
    from livebench.candidates.protocol import load_protocol
    from livebench.records import ScoreRecord, write_records
    from livebench.scoring.answers import Answers
    from livebench.scoring.evaluation import evaluate_task
    from livebench.scoring.preparation import Task
    from livebench.simulated.simulation import simulate_dataset
    from livebench.submissions.load import Submission

    path = folder / "candidates" / "board"
    if not path.exists():
        test = max(2, samples // 17)  # a video has some 18 seconds that can be samples
        dataset = simulate_dataset(folder / "datasets" / "d", seed=1, videos=3 * test, test=test)
        build_set(dataset, load_protocol("paper"), path, max_samples=samples)
    frozen = CandidateSet(path)
    answers = Answers(frozen)
    for number in numbers:
        own = folder / "submissions" / f"simulated-{number:03}"
        own.mkdir(parents=True)
        (own / "submission.toml").write_text(CARD.format(number=number), encoding="utf-8")
        submission = Submission(own)
        [run] = submission.card.runs
        generator = np.random.default_rng(number)
        drawn = generator.normal(size=answers.correct.shape) + number % 40 / 20 * answers.correct
        rows = [[float(f"{value:.6g}") for value in row] for row in drawn]
        records = [ScoreRecord(*one) for one in zip(answers.sample_ids, rows, strict=True)]
        write_records(submission.scores_path(frozen.name, run, SETTING), records)
        evaluate_task(submission, Task(run, frozen, SETTING))


def test_pairs(rows: int, samples: int) -> None:
    """Test all pairs of rows of drawn values; print a line."""
    import numpy as np

    from livebench.scoring.paired import pair_tests

    generator = np.random.default_rng(0)
    common = generator.random(samples)
    drawn = [
        (common + generator.normal(size=samples) * 0.3 + row / rows * 0.1)[None]
        for row in range(rows)
    ]
    videos = [str(sample // 17) for sample in range(samples)]
    started = time.process_time()
    found = pair_tests([str(row) for row in range(rows)], drawn, videos)
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| {rows} | {samples:,} | {len(found):,} | {seconds:.1f} | {peak:.0f} |")


def size_of(folder: Path) -> float:
    """MB of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def main() -> None:
    """Print a line for each number of submissions and each command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--submissions", type=int, nargs="+", default=[25, 50, 100])
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--commands", nargs="+", default=["leaderboard", "site", "check"])
    parser.add_argument("--pairs", type=int, nargs="+")
    parser.add_argument("--add", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.add:  # in a process of its own: a child's peak is at least what its parent held
        folder, first, last = options.add
        add_all(Path(folder), range(int(first), int(last) + 1), options.samples)
        return
    if options.pairs and len(options.pairs) > 1:
        this = f"{shlex.quote(sys.executable)} {shlex.quote(str(Path(__file__).resolve()))}"
        for rows in options.pairs:
            print(measured(f"{this} --samples {options.samples} --pairs {rows}")[3], end="")
        return
    if options.pairs:
        test_pairs(options.pairs[0], options.samples)
        return
    print("| command | submissions | clock s | CPU s | exponent | peak MB | exponent | disk MB |")
    print("| --- | --: | --: | --: | --: | --: | --: | --: |")
    livebench = f"{shlex.quote(sys.executable)} -m livebench"
    before: dict[str, tuple[float, float, float]] = {}
    with tempfile.TemporaryDirectory(prefix="livebench-board.") as name:
        folder, made = Path(name), 0
        dataset, frozen = folder / "datasets" / "d", folder / "candidates" / "board"
        where = f"--submissions {folder}/submissions --sets {folder}/candidates"
        this = f"{shlex.quote(sys.executable)} {shlex.quote(str(Path(__file__).resolve()))}"
        for number in options.submissions:
            measured(f"{this} --samples {options.samples} --add {folder} {made + 1} {number}")
            made = number
            out = folder / str(number)
            commands = {
                "leaderboard": f"leaderboard {where} --own-set {frozen} --out {out}/BOARD.md",
                "site": f"site --quiet {where} --dataset {dataset} --out {out}/site",
                "check": f"submit check {folder}/submissions/simulated-001 --sets {folder}/candidates",
            }
            for what in options.commands:
                clock, cpu, peak, _ = measured(f"{livebench} {commands[what]}")
                exponents = ["", ""]
                if what in before:
                    step = math.log(number / before[what][0])
                    exponents = [
                        f"{math.log(new / old) / step:.2f}"
                        for new, old in zip((cpu, peak), before[what][1:], strict=True)
                    ]
                before[what] = (number, cpu, peak)
                disk = {
                    "leaderboard": size_of(folder / "submissions"),
                    "site": size_of(out / "site"),
                }
                print(
                    f"| {what} | {number} | {clock:.1f} | {cpu:.1f} | {exponents[0]} | {peak:.0f} | "
                    f"{exponents[1]} | {disk.get(what, 0):.1f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
