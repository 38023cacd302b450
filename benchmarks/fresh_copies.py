"""What it costs that each block of samples is scored by a fresh copy of the scorer's process.

    python benchmarks/fresh_copies.py [--samples N] [--rounds N] [--only NAME ...] [--sandbox]

Popularity, context similarity, and the Unified Transformer with a checkpoint of random parameters score
the same samples of the simulated world with frames and comments, in blocks as `evaluate` does: in one
process that is kept, and in fresh copies of another, in turn. The scores must be the same. Exit status 1
if they are not, or if the Unified Transformer takes more than 1.10 times as long by the clock, at the
median of the rounds. Both compute with the same number of threads (OMP_NUM_THREADS, or one a core).
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

import numpy as np
from isolation import CARD, popularity, scored, transformer
from timing import in_turn, ratio, spread, within

from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.data.dataset import Dataset
from livebench.isolation.remote import Isolation
from livebench.scoring.preparation import fit
from livebench.scoring.runner import BATCH, Samples, memory_of, read_samples
from livebench.simulated.simulation import simulate_dataset
from livebench.submissions.load import Submission

MOST = 1.10


def similarity(folder: Path, dataset: Dataset) -> Submission:
    """The one in between."""
    entry = "livebench.probes.similarity:ContextSimilarity"
    (folder / "submission.toml").write_text(CARD.format(name="similarity", entry=entry, more=""))
    return Submission(folder)


SUBMISSIONS = {"popularity": popularity, "similarity": similarity, "transformer": transformer}


def compare(
    name: str, submission: Submission, dataset: Dataset, samples: Samples, rounds: int, kind: str
) -> bool:
    """Print one scorer; return whether it is as it should be."""
    run = submission.card.runs[0]
    with contextlib.ExitStack() as stack:
        scorers = {}
        for way, copies in (("kept", False), ("copies", True)):
            isolation = Isolation(kind, copies=copies)
            scorers[way] = stack.enter_context(isolation.open(submission, run))
            fit(scorers[way], dataset)
        same = np.array_equal(*(scored(one, samples) for one in scorers.values()))
        memories = [memory_of(one) for one in scorers.values()]
        seconds = in_turn(
            {way: lambda one=one: scored(one, samples) for way, one in scorers.items()}, rounds
        )
    print(f"{name}: {memories[0]}; {memories[1]}; the scores are {'' if same else 'NOT '}the same")
    for way, values in seconds.items():
        print(
            f"{name}, {way}: {spread([1000 * value / len(samples) for value in values])} ms a sample"
        )
    ratios = ratio(seconds["copies"], seconds["kept"])
    what = f"{name}: fresh copies to one process kept, by the clock"
    if name == "transformer":
        same &= within(what, ratios, most=MOST)
    else:
        print(f"{what}: {spread(ratios)}")
    return same and memories[1] == "fresh copy per block"


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="+", choices=SUBMISSIONS, default=list(SUBMISSIONS))
    parser.add_argument("--sandbox", action="store_true")
    options = parser.parse_args()
    kind = "sandbox" if options.sandbox else "process"
    good = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dataset = simulate_dataset(folder / "world", seed=0, videos=60)
        found = build_set(
            dataset, load_protocol("paper"), folder / "set", max_samples=options.samples
        )
        samples = list(read_samples(found, dataset, "both"))
        print(f"{len(samples)} samples, {BATCH} a block, {kind}", flush=True)
        for one in options.only:
            (folder / one).mkdir()
            submission = SUBMISSIONS[one](folder / one, dataset)
            good &= compare(one, submission, dataset, samples, options.rounds, kind)
    sys.exit(not good)


if __name__ == "__main__":
    main()
