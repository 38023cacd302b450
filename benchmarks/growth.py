"""Memory while a language model in bfloat16 scores contexts of many lengths on a CPU.

    python benchmarks/growth.py [--forests 240]

A Llama of two layers as wide as SmolLM2-135M, with random weights, one thread. The library that
multiplies keeps a program for each number of rows that it has met, of which padded rows leave few.
"""

from __future__ import annotations

import argparse
import multiprocessing
from pathlib import Path

import numpy as np

WORDS = 4000


def resident() -> int:
    """Megabytes of this process in memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmRSS"))
    return int(line.split()[1]) // 1024


def grow_in(forests: int, padded: bool) -> list[int]:
    """Megabytes before, after a quarter, a half, three quarters and all of the forests."""
    import torch
    import transformers

    from livebench.language_models.attention import ForestModel
    from livebench.language_models.forest import grow

    torch.set_num_threads(1)
    config = transformers.LlamaConfig(
        vocab_size=WORDS,
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=2,
        num_attention_heads=9,
        num_key_value_heads=3,
    )
    net = transformers.AutoModelForCausalLM.from_config(config).eval().bfloat16()
    model = ForestModel(net)
    if not padded:
        model.even = 1
    draw = np.random.default_rng(0)
    found = [resident()]
    with torch.inference_mode():
        for number in range(1, forests + 1):
            size = int(draw.integers(100, 900))
            comments = [
                draw.integers(3, WORDS, draw.integers(2, 12)).tolist() for _ in range(size // 10)
            ]
            context = draw.integers(3, WORDS, size // 3).tolist()
            model.edge_log_probs(grow([context], [comments]))
            if number % (forests // 4) == 0:
                found.append(resident())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--forests", type=int, default=240)
    forests = parser.parse_args().forests
    for name, padded in (("rows padded", True), ("not padded", False)):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found = pool.apply(grow_in, (forests, padded))
        print(f"{name}: MB before and after each quarter of {forests} forests: {found}")


if __name__ == "__main__":
    main()
