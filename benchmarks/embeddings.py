"""Which pooling the similarity by embeddings should use, judged on dev alone, and what a text costs.

    livebench build-candidates DATASET --protocol matched --split dev --max-samples 150 --out SET
    python benchmarks/embeddings.py SET

`joined`, for comparison, embeds the surrounding comments as one text.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from livebench_baselines.embedding_similarity import POOLINGS, EmbeddingSimilarity

from livebench.candidates.candidate_set import CandidateSet
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import HEADLINE, sample_metrics, summarise


def main(folder: str) -> None:
    candidate_set = CandidateSet(Path(folder))
    if candidate_set.manifest.split != "dev":
        raise SystemExit(
            f"{folder}: built from {candidate_set.manifest.split}; dev is for choosing"
        )
    answers = Answers(candidate_set)
    scorers = {pooling: EmbeddingSimilarity(pooling) for pooling in POOLINGS}
    any_scorer = scorers[POOLINGS[0]]
    scores: dict[str, list[list[float]]] = {name: [] for name in (*POOLINGS, "joined")}
    texts, started = 0, time.process_time()
    for sample in candidate_set.samples():
        around = [comment.text for comment in sample.context]
        joined = "\n".join(around)
        vectors = any_scorer.embed([*around, joined, *sample.candidates])
        texts += len(vectors)
        for pooling, scorer in scorers.items():
            scores[pooling].append(scorer.pooled(vectors, around, sample.candidates))
        scores["joined"].append(any_scorer.pooled(vectors, [joined], sample.candidates))
    cost = (time.process_time() - started) / texts
    print(f"{texts} texts, {1000 * cost:.1f} ms of one core each")
    print(f"{len(answers.sample_ids)} samples of {len(set(answers.videos))} videos of dev")
    for name, values in scores.items():
        found = summarise([sample_metrics(np.array(values), answers.correct)], answers.videos)
        print(
            f"{name:8} {HEADLINE.name} {HEADLINE.format_with_interval(found['best'][HEADLINE.name])}"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
