"""What it is worth to take all words outside the vocabulary for one, `<unknown>`.

From committed scores: where p(<unknown>) is spread (the default), adding log n for each such word gives
the scores with one unknown word. For comparison, the number of a candidate's unknown words as its score.

    python benchmarks/unknown.py SET SUBMISSION RUN [SETTING]

The set must be restored, and the run's checkpoint must be there.
"""

from __future__ import annotations

import sys
from math import log
from pathlib import Path

import numpy as np
from livebench_baselines.neural.checkpoint import read_checkpoint

from livebench.candidates.candidate_set import CandidateSet
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import HEADLINE, sample_metrics, summarise
from livebench.submissions.load import Submission
from livebench.submissions.validate import mutual_information, read_scores


def main(folder: str, name: str, run_name: str, setting: str = "comments") -> None:
    candidate_set, submission = CandidateSet(Path(folder)), Submission(Path(name))
    run = next(run for run in submission.card.runs if run.name == run_name)
    answers = Answers(candidate_set)
    checkpoint = submission.checkpoint(run)
    if checkpoint is None or run.arguments.get("unknown", "spread") != "spread":
        raise SystemExit(f"{run_name}: a run with a checkpoint and the default unknown is needed")
    vocabulary = read_checkpoint(checkpoint)[2]
    known = set(vocabulary.words)
    often = np.array(
        [
            [
                sum(word not in known for word in tokens.split(" "))
                for tokens in record.candidate_tokens
            ]
            for record in candidate_set.samples()
        ]
    )
    shown, blind = (
        read_scores(
            submission.scores_path(candidate_set.name, run, one),
            answers.sample_ids,
            candidate_set.manifest.hash,
        ).sums
        for one in (setting, "blind")
    )
    more = log(max(1, vocabulary.unseen_types or 1)) * often
    print("| score | MRR |\n| --- | --: |")
    rows = {
        "the number of unknown words": often.astype(float),
        "spread": shown,
        "one": shown + more,
        "spread, blind": blind,
        "one, blind": blind + more,
        "pmi, either way": mutual_information(shown, blind),
    }
    for label, scores in rows.items():
        found = summarise([sample_metrics(scores, answers.correct)], answers.videos)["best"]
        value = found[HEADLINE.name]
        print(f"| {label} | {value.value:.4f} [{value.low:.4f}, {value.high:.4f}] |")


if __name__ == "__main__":
    main(*sys.argv[1:])
