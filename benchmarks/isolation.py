"""What it costs to run a submission in a process of its own, or in the sandbox.

    python benchmarks/isolation.py [--samples 64] [--rounds 5]

A cheap scorer (popularity) and a real one (the Unified Transformer, 256 wide, 3 blocks, 10,000 words,
with random parameters) score the same samples of the simulated world with frames and comments, in this
process and in the others in turn, block by block as `evaluate` does, once the scorer is made and fitted;
how long it takes to start is printed apart. Seconds are those of the processor, of this process and of
the other together, which a busy machine changes less; those by the clock are printed beside them. The
scores must be the same. Exit status 1 if they are not, or if the Unified Transformer takes more than
1.05 times the processor seconds. The sandbox is left out where bubblewrap is absent.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import torch
from livebench_baselines.neural.checkpoint import CHECKPOINT_FILE, Checkpoint, write_checkpoint
from livebench_baselines.neural.model import Size
from livebench_baselines.neural.vocabulary import Vocabulary
from livebench_baselines.unified_transformer import UnifiedTransformer
from timing import in_turn, ratio, spread, within

from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.data.dataset import Dataset
from livebench.isolation.remote import Isolation
from livebench.scoring.preparation import fit
from livebench.scoring.runner import BATCH, Samples, read_samples, score_blocks
from livebench.scoring.scorer import Scorer
from livebench.simulated.simulation import simulate_dataset
from livebench.submissions.load import Submission

CARD = """name = "{name}"
authors = ["LiveBench"]
date = 2026-01-01
description = "Timed."
settings = ["both"]
entry = "{entry}"
[[runs]]
name = "default"
{more}
"""
WORDS = 10_000


def popularity(folder: Path, dataset: Dataset) -> Submission:
    """The cheap one."""
    entry = "livebench.probes.surface:Popularity"
    (folder / "submission.toml").write_text(CARD.format(name="popularity", entry=entry, more=""))
    return Submission(folder)


def transformer(folder: Path, dataset: Dataset) -> Submission:
    """The real one, with a checkpoint of random parameters."""
    words = dataset.split("train").strings
    known = list(dict.fromkeys(word for string in words for word in string.split(" ")))[:WORDS]
    vocabulary = Vocabulary(known + [f"<{n}>" for n in range(WORDS - len(known))], 0)
    size = Size(width=256, blocks=3, heads=4, feed_forward=1024)
    torch.manual_seed(0)
    model = UnifiedTransformer.model(size, len(vocabulary), dataset.frame_width)
    about = Checkpoint(
        entry="livebench_baselines.unified_transformer:UnifiedTransformer",
        size=size,
        frame_width=dataset.frame_width,
        max_context_words=18,
        training=None,
        outcome={},
        files={},
    )
    write_checkpoint(folder / "checkpoint", about, model.state_dict(), vocabulary)
    sha256 = hashlib.sha256((folder / "checkpoint" / CHECKPOINT_FILE).read_bytes()).hexdigest()
    more = f'checkpoint = "checkpoint/{CHECKPOINT_FILE}"\ncheckpoint_sha256 = "{sha256}"'
    card = CARD.format(name="transformer", entry=about.entry, more=more)
    (folder / "submission.toml").write_text(card)
    return Submission(folder)


SUBMISSIONS = {"popularity": popularity, "transformer": transformer}


def scored(scorer: Scorer, samples: Samples) -> np.ndarray:
    """float32 [samples, 100]."""
    blocks = (samples[start : start + BATCH] for start in range(0, len(samples), BATCH))
    found = score_blocks(scorer, blocks)
    return np.array([one.totals for _, numbers in found for one in numbers])


def compare(name: str, submission: Submission, dataset: Dataset, samples: Samples, rounds: int):
    """Print one scorer; return whether it is as it should be."""
    run, kept = submission.card.runs[0], True
    kinds = ["none", "process", *(["sandbox"] if shutil.which("bwrap") else [])]
    with contextlib.ExitStack() as stack:
        scorers = {}
        for kind in kinds:
            started = time.perf_counter()
            scorers[kind] = stack.enter_context(Isolation(kind, copies=False).open(submission, run))
            fit(scorers[kind], dataset)
            print(f"{name}, {kind}: ready after {time.perf_counter() - started:.2f} s", flush=True)
        expected = scored(scorers["none"], samples)
        for kind in kinds[1:]:
            kept &= np.array_equal(scored(scorers[kind], samples), expected)
        print(f"{name}: the scores are {'the same' if kept else 'NOT THE SAME'}", flush=True)
        ways = {kind: lambda one=one: scored(one, samples) for kind, one in scorers.items()}
        by_clock: dict[str, list[float]] = {}
        timed = {kind: _clocked(way, by_clock.setdefault(kind, [])) for kind, way in ways.items()}
        seconds = in_turn(timed, rounds, processor_seconds)
    for kind, values in seconds.items():
        milliseconds = [1000 * value / len(samples) for value in values]
        print(f"{name}, {kind}: {spread(milliseconds)} ms of the processor a sample")
    for kind in kinds[1:]:
        clock = spread(ratio(by_clock[kind], by_clock["none"]))
        print(f"{name}, {kind}: {clock} times as long as in process, by the clock")
        if name == "transformer":  # the other is too quick for the processor's clock
            what = f"{name}, {kind}: times the processor seconds of in process"
            kept &= within(what, ratio(seconds[kind], seconds["none"]), most=1.05)
    return kept


def processor_seconds() -> float:
    """Of this process and of those that it has started, so far."""
    found = psutil.Process()
    times = [one.cpu_times() for one in (found, *found.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def _clocked(way: Callable[[], object], seconds: list[float]) -> Callable[[], None]:
    """The same, with its seconds by the clock added to a list."""

    def run() -> None:
        started = time.perf_counter()
        way()
        seconds.append(time.perf_counter() - started)

    return run


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=SUBMISSIONS, default=list(SUBMISSIONS))
    options = parser.parse_args()
    kept = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dataset = simulate_dataset(folder / "world", seed=0, videos=60)
        found = build_set(
            dataset, load_protocol("paper"), folder / "set", max_samples=options.samples
        )
        samples = list(read_samples(found, dataset, "both"))
        print(f"{len(samples)} samples, {BATCH} a block")
        for kind in options.only:
            (folder / kind).mkdir()
            submission = SUBMISSIONS[kind](folder / kind, dataset)
            kept &= compare(kind, submission, dataset, samples, options.rounds)
    sys.exit(not kept)


if __name__ == "__main__":
    main()
