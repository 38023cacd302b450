"""Scoring on prefix forests against the released way, and against the machine's matrix products.

    python benchmarks/scoring.py [DATASET]

Samples are those of the protocol `paper` in DATASET, or of a simulated dataset; where there are no
frames, random vectors stand for them. Models have random parameters, at the paper's size (512 wide, 6
blocks, 8 heads, 2048 in the feed-forward part, 30,000 words) and at a small one.

    released   one sample at a time, as benchmarks/released.py tells
    ours       the scorer of the project, all samples at once
    single     the same, one sample at a time
    products   what is left to do after sharing, as bare matrix products: every linear map at each
               distinct prefix and each word of a context once, into memory that is there already

"share of the bound" is the time of `products` by that of `ours`; attention itself, softmax, norms
and everything else count as lost. Scores of `released` and of the others are compared where nothing is
cut. All is on one thread by default, in seconds of the processor. Peak memory (Linux) is that of
processes of their own, above what they hold when the model is loaded. Exit status 1 if at the paper's
size the Unified Transformer is not 4.5 times faster than `released`, or a score differs by more than
1e-4 * max(1, |score|).
"""

from __future__ import annotations

import argparse
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from livebench_baselines.fusional_rnn import FusionalRNN
from livebench_baselines.neural.checkpoint import CHECKPOINT_FILE, Checkpoint, write_checkpoint
from livebench_baselines.neural.forest import grow
from livebench_baselines.neural.model import Size
from livebench_baselines.neural.neural_scorer import NeuralScorer
from livebench_baselines.neural.vocabulary import Vocabulary
from livebench_baselines.unified_transformer import UnifiedTransformer
from released import COMMENT, PaddedInputs, losses, padded_comments
from timing import in_turn, peak_memory, ratio, spread, within

from livebench.candidates.build import Builder
from livebench.candidates.protocol import load_protocol
from livebench.data.dataset import Dataset
from livebench.scoring.scorer import Comment, Sample, VideoContext
from livebench.simulated.simulation import simulate_dataset

SCORERS = {kind.__name__: kind for kind in (UnifiedTransformer, FusionalRNN)}
SIZES = {"paper": Size(), "small": Size(width=128, blocks=2, heads=4, feed_forward=512)}
WORDS = 30_000
FRAME_WIDTH = 512
ROWS = 2048  # of a product that is timed, at most
Product = tuple[int, int, int, int]
"""Rows, width before and after, how often."""


def read_samples(dataset: Dataset, count: int) -> list[Sample]:
    """Samples of the protocol `paper`; random vectors where the dataset has no frames."""
    builder = Builder(dataset, load_protocol("paper"), split="test", seed=0)
    videos = {video.video_id: video for video in dataset.videos}
    random = np.random.default_rng(0)
    samples = []
    for record, _ in builder.samples(count):
        frames = random.standard_normal((5, FRAME_WIDTH), np.float32)
        if dataset.has_frames:
            frames = dataset.frames(videos[record.video_id], record.frames)
        times = np.arange(len(frames))
        around = [Comment(c.text, c.tokens, c.time - record.time) for c in record.context]
        pairs = zip(record.candidates, record.candidate_tokens, strict=True)
        video = VideoContext(record.time, frames, times, "", "")
        samples.append(Sample(video, around, [Comment(*pair) for pair in pairs]))
    return samples


def untrained(
    folder: Path, scorer: type[NeuralScorer], size: Size, words: list[str], width: int
) -> Path:
    """A checkpoint of random parameters, with always `WORDS` words."""
    words = words + [f"<{i}>" for i in range(WORDS - len(words))]
    torch.manual_seed(0)
    vocabulary = Vocabulary(words[:WORDS], len(words[WORDS:]))
    model = scorer.model(size, len(vocabulary), width)
    about = Checkpoint(
        entry=scorer.__name__,
        size=size,
        frame_width=width,
        max_context_words=18,
        training=None,
        outcome={},
        files={},
    )
    return write_checkpoint(folder, about, model.state_dict(), vocabulary)


@torch.no_grad()
def score_released(scorer: NeuralScorer, samples: Sequence[Sample]) -> list[list[float]]:
    found = []
    for sample in samples:
        inputs = scorer.inputs([sample])
        inputs = PaddedInputs(inputs.frames, inputs.frame_mask, inputs.comments)
        words = [scorer.vocabulary.encode(c.tokens) for c in sample.candidates]
        found.append((-losses(scorer.net, inputs, padded_comments(words))).tolist())
    return found


def score_single(scorer: NeuralScorer, samples: Sequence[Sample]) -> list[list[float]]:
    return [[s.total for s in scorer.score_candidates(*sample)] for sample in samples]


def score_ours(scorer: NeuralScorer, samples: Sequence[Sample]) -> list[list[float]]:
    return [[s.total for s in scores] for scores in scorer.score_samples(samples)]


WAYS = {"released": score_released, "single": score_single, "ours": score_ours}


def needed(scorer: NeuralScorer, samples: Sequence[Sample]) -> tuple[list[Product], float]:
    """The linear maps that are left after sharing, and floating-point operations of attention."""
    inputs = scorer.inputs(samples)
    encode = scorer.vocabulary.encode
    forest = grow([[encode(c.tokens) for c in sample.candidates] for sample in samples])
    nodes = torch.bincount(forest.moment).numpy()
    frames = inputs.frame_mask.sum(1).numpy()
    size, width = scorer.net.size, scorer.net.size.width
    products = [
        (nodes.sum(), width, len(scorer.vocabulary), 1),
        (frames.sum(), inputs.frames.shape[2], width, 1),
    ]
    if isinstance(scorer, UnifiedTransformer):
        words = inputs.concatenated()[1].sum(1).numpy()
        seen = frames * frames + words * (words + frames) + nodes * (frames + words)
        attention = 4.0 * width * size.blocks * (seen.sum() + (forest.depth + 1).sum().item())
        # Own: query, key, value, out. Of others: query, out; key and value at what is attended to.
        maps = [(frames, 4 + 2 + 2), (words, 4 + 2 + 2), (nodes, 4 + 2 + 2)]
        for rows, often in maps:
            products.append((rows.sum(), width, width, often * size.blocks))
            products.append((rows.sum(), width, size.feed_forward, size.blocks))
            products.append((rows.sum(), size.feed_forward, width, size.blocks))
    else:
        words = inputs.separate()[1].sum().item()
        comments = inputs.separate()[2].sum(1).numpy()
        attention = 4.0 * width * (comments * frames + nodes * (frames + comments)).sum()
        for rows in (frames.sum(), words, comments.sum(), nodes.sum()):
            products.append((rows, width, 4 * width, 2))  # of the word and of the state before
        products.append((comments.sum(), 2 * width, width, 1))
        products.append((nodes.sum(), 3 * width, width, 1))
        products.append((frames.sum() * 2 + comments.sum(), width, width, 1))  # keys
        products.append((len(samples), 2 * width, width, 2))  # where the decoder begins
    return products, attention


def operations(products: Sequence[Product]) -> float:
    return float(sum(2 * rows * a * b * often for rows, a, b, often in products))


def bare(products: Sequence[Product]) -> Callable[[], None]:
    """A function that computes these products, of random numbers."""
    ready = []
    for rows, before, after, often in products:
        parts = -(-int(rows) // ROWS)
        left = torch.randn(-(-int(rows) // parts), before)
        right = torch.randn(after, before).T
        ready.append((left, right, torch.empty(len(left), after), often * parts))

    def run() -> None:
        for left, right, out, often in ready:
            for _ in range(often):
                torch.mm(left, right, out=out)

    run()  # the memory is there only once it was written to
    return run


def compare(name: str, scorer: NeuralScorer, samples: list[Sample], options) -> bool:
    """Print one model at one size."""
    few = samples[: options.released]
    expected = np.array(score_released(scorer, few))
    whole = [[len(c.words) <= COMMENT - 2 for c in sample.candidates] for sample in few]
    kept = True
    for way in ("ours", "single"):
        found = np.array(WAYS[way](scorer, few))
        off = (np.abs(found - expected) / np.maximum(1, np.abs(expected)))[np.array(whole)]
        kept &= within(f"  difference, {way}", [off.max()], most=1e-4)
    products, attention = needed(scorer, samples)
    seconds = in_turn(
        {
            "released": lambda: score_released(scorer, few),
            "single": lambda: score_single(scorer, samples),
            "ours": lambda: score_ours(scorer, samples),
            "products": bare(products),
        },
        options.rounds,
        time.process_time,
    )
    counts = {"released": len(few), "products": 1}
    work = (operations(products) + attention) / 1e9
    print(
        f"  needed: {work / len(samples):.3g} GFLOP a sample, {attention / 1e9 / work:.1%} attention"
    )
    for way, values in seconds.items():
        if way != "products":
            seconds[way] = [value / counts.get(way, len(samples)) for value in values]
            print(f"  {way}: {spread(seconds[way])} s a sample")
    rate = [operations(products) / 1e9 / s for s in seconds["products"]]
    print(f"  products alone: {spread(rate)} GFLOP/s")
    bound = [s / len(samples) for s in seconds["products"]]
    for way in ("single", "ours"):
        print(f"  {way}: {spread([work / len(samples) / s for s in seconds[way]])} GFLOP/s")
        print(f"  {way}: {spread(ratio(bound, seconds[way]))} of the bound")
    times = ratio(seconds["released"], seconds["ours"])
    print(f"  single: {spread(ratio(seconds['released'], seconds['single']))} times faster")
    least = 4.5 if name == "UnifiedTransformer paper" else 0
    return kept & within("  ours: times faster than released", times, least=least)


def memory(way: str, kind: str, checkpoint: Path, samples: Path) -> None:
    """What a process of its own does: print its peak when the model is loaded, and after scoring."""
    scorer = SCORERS[kind](checkpoint)
    loaded = peak_memory()
    together = pickle.loads(samples.read_bytes())
    WAYS[way](scorer, together if way == "ours" else together[:1])
    print(f"{loaded} {peak_memory()}")


def print_memory(kind: str, checkpoint: Path, samples: Path) -> None:
    for way in ("released", "single", "ours"):
        command = [sys.executable, __file__, "--memory", way, kind, checkpoint, samples]
        loaded, most = map(float, subprocess.check_output(command, text=True).split())
        print(f"  {way}: peak {most:.0f} MB, {most - loaded:.0f} above {loaded:.0f} when loaded")


def main() -> None:
    """Print the comparison."""
    if sys.argv[1:2] == ["--memory"]:
        torch.set_num_threads(1)
        memory(*sys.argv[2:4], *map(Path, sys.argv[4:6]))
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path, nargs="?")
    parser.add_argument("--samples", type=int, default=12)
    parser.add_argument("--released", type=int, default=3, help="samples of the released way")
    parser.add_argument("--rounds", type=int, default=5)
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
        dataset = Dataset(options.dataset)
        samples = read_samples(dataset, options.samples)
        Path(folder, "samples").write_bytes(pickle.dumps(samples))
        train = dataset.split("train")
        words = Vocabulary.of(zip(train.strings, train.counts.tolist(), strict=True), WORDS).words
        width = samples[0].video_ctx.frames.shape[1]
        for size in options.sizes:
            for kind in options.models:
                out = Path(folder, f"{kind}-{size}")
                checkpoint = untrained(out, SCORERS[kind], SIZES[size], words, width)
                print(f"{kind}, {size}", flush=True)
                scorer = SCORERS[kind](out / CHECKPOINT_FILE)
                kept &= compare(f"{kind} {size}", scorer, samples, options)
                del scorer
                print_memory(kind, checkpoint, Path(folder, "samples"))
    sys.exit(not kept)


if __name__ == "__main__":
    main()
