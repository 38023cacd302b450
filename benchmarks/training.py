"""Training steps on prefix forests against padding everything, the released way.

    python benchmarks/training.py [DATASET]

Both take the same batches of about 64 comments (dev of DATASET, or of a simulated dataset, under the
protocol `paper`), and do a whole step: tensors, loss, gradient, clipping, Adam. The released way has one
comment a row, padded to 20 words, each with its own context, padded to 100 (benchmarks/released.py);
ours is that of `livebench train`. Both at the paper's size and at a small one, with 30,000 words.

All is on one thread by default, in seconds of the processor. Peak memory (Linux) is that of processes of
their own that do nothing else. Exit status 1 if, without dropout and where nothing is cut, the mean
losses of a comment differ by more than 1e-4 of their value.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import torch
from livebench_baselines.neural.batches import Batches, Piece
from livebench_baselines.neural.config import load_config
from livebench_baselines.neural.inputs import make_inputs
from livebench_baselines.neural.vocabulary import SPECIAL_WORDS, Vocabulary
from released import CONTEXT, PaddedInputs, losses, padded_comments
from scoring import SCORERS, SIZES, WORDS
from timing import in_turn, peak_memory, ratio, spread, within
from torch import nn

from livebench.candidates.protocol import load_protocol
from livebench.data.dataset import Dataset
from livebench.simulated.simulation import simulate_dataset
from livebench.training.examples import Examples


class Learner:
    """A model, and both ways to make a step."""

    def __init__(self, dataset: Dataset, kind: str, size: str) -> None:
        self.config = msgspec.structs.replace(load_config("paper"), size=SIZES[size])
        self.examples = Examples(dataset, load_protocol("paper"), "dev")
        self.width = max(1, dataset.frame_width)
        train = dataset.split("train")
        words = Vocabulary.of(zip(train.strings, train.counts.tolist(), strict=True), WORDS)
        model = SCORERS[kind].model
        cpu = torch.device("cpu")
        self.batches = Batches(self.examples, words, self.config, model.uses, self.width, cpu)
        torch.manual_seed(0)
        self.model = model(self.config.size, len(SPECIAL_WORDS) + WORDS, self.width)
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), lr=self.config.learning_rate, fused=True
        )

    def ours(self, batch: Sequence[Piece]) -> tuple[torch.Tensor, int]:
        """Minus the log-likelihood of a batch, and how many comments it has."""
        inputs, forest = self.batches.tensors(batch)
        return -self.model(inputs, forest), forest.comments

    def released(self, batch: Sequence[Piece]) -> tuple[torch.Tensor, int]:
        frames, contexts, comments = [], [], []
        for piece in batch:
            for target in self.examples.targets(piece.moment)[piece.first : piece.last]:
                frames.append(self.examples.frames(piece.moment))
                contexts.append(self._context(piece))
                comments.append(self.batches.words(int(target)))
        inputs = make_inputs(frames, contexts, self.width, torch.device("cpu"))
        inputs = PaddedInputs(inputs.frames, inputs.frame_mask, inputs.comments)
        return losses(self.model, inputs, padded_comments(comments)).sum(), len(comments)

    def _context(self, piece: Piece) -> list[list[int]]:
        most = self.config.max_context_words
        return [self.batches.words(s)[:most] for s in self.examples.context(piece.moment).tolist()]

    def whole(self, batch: Sequence[Piece]) -> list[Piece]:
        """Those of which neither way cuts anything."""
        return [
            piece
            for piece in batch
            if sum(len(words) + 1 for words in self._context(piece)) < CONTEXT
            and all(
                len(self.batches.words(int(s))) <= self.config.max_words
                for s in self.examples.targets(piece.moment)[piece.first : piece.last]
            )
        ]

    def step(self, way: Callable, batch: Sequence[Piece]) -> int:
        self.optimizer.zero_grad()
        loss, count = way(batch)
        (loss / count).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        self.optimizer.step()
        return count


def compare(learner: Learner, rounds: int, steps: int) -> bool:
    """Print one model at one size."""
    batches = learner.batches.epoch(0, 0)[:steps]
    learner.model.eval()
    with torch.no_grad():
        whole = learner.whole(batches[0])
        (ours, count), (theirs, _) = learner.ours(whole), learner.released(whole)
    off = abs(ours.item() / theirs.item() - 1)
    kept = within(f"  relative difference of the loss of {count} comments", [off], most=1e-4)
    learner.model.train()
    comments = sum(piece.last - piece.first for batch in batches for piece in batch)
    seconds = in_turn(
        {
            name: lambda way=way: [learner.step(way, batch) for batch in batches]
            for name, way in (("released", learner.released), ("ours", learner.ours))
        },
        rounds,
        time.process_time,
    )
    for name, values in seconds.items():
        print(f"  {name}: {spread([comments / value for value in values])} comments a second")
    print(f"  times faster: {spread(ratio(seconds['released'], seconds['ours']))}")
    return kept


def print_memory(dataset: Path, kind: str, size: str) -> None:
    for way in ("released", "ours"):
        command = [sys.executable, __file__, "--memory", way, dataset, kind, size]
        loaded, most = map(float, subprocess.check_output(command, text=True).split())
        print(
            f"  {way}: peak {most:.0f} MB, {most - loaded:.0f} above {loaded:.0f} before the step"
        )


def memory(way: str, dataset: Path, kind: str, size: str) -> None:
    """What a process of its own does: print its peak before and after a step."""
    learner = Learner(Dataset(dataset), kind, size)
    batch = learner.batches.epoch(0, 0)[0]
    loaded = peak_memory()
    learner.step(getattr(learner, way), batch)
    print(f"{loaded} {peak_memory()}")


def main() -> None:
    """Print the comparison."""
    if sys.argv[1:2] == ["--memory"]:
        torch.set_num_threads(1)
        memory(sys.argv[2], Path(sys.argv[3]), *sys.argv[4:6])
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path, nargs="?")
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--models", nargs="+", choices=SCORERS, default=list(SCORERS))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        if options.dataset is None:
            options.dataset = Path(folder, "simulated")
            simulate_dataset(options.dataset, seed=0, videos=100)
        for size in options.sizes:
            for kind in options.models:
                print(f"{kind}, {size}", flush=True)
                kept &= compare(
                    Learner(Dataset(options.dataset), kind, size), options.rounds, options.steps
                )
                print_memory(options.dataset, kind, size)
    sys.exit(not kept)


if __name__ == "__main__":
    main()
