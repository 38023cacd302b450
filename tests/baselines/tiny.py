"""Tiny models, settings and invented moments, for the tests of the models."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import numpy as np
import torch
from livebench_baselines.fusional_rnn import FusionalRNN
from livebench_baselines.neural.config import Config
from livebench_baselines.neural.inputs import Inputs, make_inputs
from livebench_baselines.neural.model import Size
from livebench_baselines.pointer import Pointer
from livebench_baselines.s2s_c import S2SC
from livebench_baselines.s2s_i import S2SI
from livebench_baselines.s2s_ic import S2SIC
from livebench_baselines.unified_transformer import UnifiedTransformer

from livebench.candidates.protocol import load_protocol
from livebench.data.dataset import Dataset
from livebench.training.job import TrainingJob

SCORERS = (S2SI, S2SC, S2SIC, FusionalRNN, UnifiedTransformer, Pointer)
WORDS, FRAME_WIDTH = 40, 3
TINY = Size(width=16, blocks=2, heads=4, feed_forward=32, dropout=0.0)
CONFIG = Config(
    size=TINY,
    vocabulary=60,
    max_words=5,
    max_context_words=5,
    batch=32,
    epochs=2,
    learning_rate=0.01,
    warmup=0.1,
    decay=True,
    clip=1.0,
    drop_frames=0.2,
    drop_comments=0.2,
    dev_comments=200,
)


class Moments:
    """Invented moments: frames, surrounding comments, and comments to be scored."""

    def __init__(self, count: int, seed: int = 0) -> None:
        drawn = random.Random(seed)

        def comment(longest: int) -> list[int]:
            return [drawn.randrange(5, WORDS) for _ in range(drawn.randint(1, longest))]

        numbers = np.random.default_rng(seed)
        self.frames = [
            numbers.normal(size=(drawn.randint(0, 5), FRAME_WIDTH)).astype(np.float32)
            for _ in range(count)
        ]
        self.comments = [[comment(6) for _ in range(drawn.randint(0, 5))] for _ in range(count)]
        self.candidates = [[comment(7) for _ in range(drawn.randint(1, 9))] for _ in range(count)]

    def inputs(self, *which: int) -> Inputs:
        chosen = which or range(len(self.frames))
        return make_inputs(
            [self.frames[i] for i in chosen],
            [self.comments[i] for i in chosen],
            FRAME_WIDTH,
            torch.device("cpu"),
        )


def tiny_job(kind: type, dataset: Dataset, out: Path, config: dict | None = None, **fields):
    """A training with the tiny settings, with these changes; they lie beside `out`."""
    out.parent.mkdir(parents=True, exist_ok=True)
    file = out.parent / f"{out.name}.toml"
    file.write_bytes(msgspec.toml.encode(msgspec.structs.replace(CONFIG, **(config or {}))))
    asked = {
        "entry": f"{kind.__module__}:{kind.__name__}",
        "dataset": dataset,
        "protocol": load_protocol("paper"),
        "out": out,
        "config": str(file),
    }
    return TrainingJob(**{**asked, **fields})
