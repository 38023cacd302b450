"""How fast the models write: comments a second, and against scoring a sample's 100 candidates.

    python benchmarks/generate.py [--config medium]

Models of random parameters write comments of exactly 8 words (the end mark is made unlikely), each at
a moment of its own with 5 frames and 5 surrounding comments of 6 words: greedily, by a beam of 5, and
at random (top-p). 100 candidates of 1 to 12 words are scored at the same moments, a sample at a time. On
one thread. There is no bound.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch
from livebench_baselines.fusional_rnn import FusionalRNN
from livebench_baselines.neural.checkpoint import Checkpoint, write_checkpoint
from livebench_baselines.neural.config import load_config
from livebench_baselines.neural.vocabulary import END, Vocabulary
from livebench_baselines.unified_transformer import UnifiedTransformer
from timing import in_turn, ratio, spread

from livebench.scoring.scorer import Comment, Decoding, Sample, VideoContext

FRAME_WIDTH, WORDS, MOMENTS = 64, 8, 10


def moments(vocabulary: Vocabulary) -> list[Sample]:
    """Invented ones."""
    random = np.random.default_rng(0)

    def comment(words: int, time: float = 0.0) -> Comment:
        return Comment("", " ".join(random.choice(vocabulary.words, words)), time)

    steps = np.array([0, -1, 1, -2, 2])
    return [
        Sample(
            VideoContext(9, random.normal(size=(5, FRAME_WIDTH)).astype(np.float32), steps, "", ""),
            [comment(6, float(step)) for step in steps],
            [comment(int(words)) for words in random.integers(1, 13, 100)],
        )
        for _ in range(MOMENTS)
    ]


def scorer_of(kind: type, config: str):
    """A model of random parameters that goes on writing."""
    settings = load_config(config)
    vocabulary = Vocabulary([f"w{number}" for number in range(settings.vocabulary)], 0)
    torch.manual_seed(0)
    net = kind.model(settings.size, len(vocabulary), FRAME_WIDTH)
    with torch.no_grad():
        net.output.bias[END] = -30.0
    about = Checkpoint(
        entry="",
        size=settings.size,
        frame_width=FRAME_WIDTH,
        max_context_words=settings.max_context_words,
        training=None,
        outcome={},
        files={},
    )
    with tempfile.TemporaryDirectory() as folder:
        return kind(write_checkpoint(Path(folder), about, net.state_dict(), vocabulary))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", default="medium")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for kind in (FusionalRNN, UnifiedTransformer):
        scorer = scorer_of(kind, options.config)
        samples = moments(scorer.vocabulary)

        def writing(strategy, scorer=scorer, samples=samples):
            decoding = Decoding(strategy, max_words=WORDS)
            return lambda: [scorer.generate(s.video_ctx, s.comments, decoding) for s in samples]

        ways = {strategy: writing(strategy) for strategy in ("greedy", "beam", "top-p")}
        ways["scoring"] = lambda scorer=scorer, samples=samples: [
            scorer.score_candidates(*sample) for sample in samples
        ]
        in_turn(ways, 1)  # warms up
        seconds = in_turn(ways, options.rounds)
        for way in ("greedy", "beam", "top-p"):
            rates = [MOMENTS / taken for taken in seconds[way]]
            share = ratio(seconds[way], seconds["scoring"])
            print(
                f"{kind.__name__}, {way}: {spread(rates)} comments a second, "
                f"{spread(share)} times the time of scoring a sample"
            )


if __name__ == "__main__":
    main()
