"""What the setting `blind` costs, which `pmi` needs, beside another setting: seconds of the processor.

    python benchmarks/blind.py SET DATASET [--samples 48] [--rounds 3] SUBMISSION:RUN ...

The set must be restored, and the checkpoints must be there. A scorer is fitted or loaded once; then the
same samples are scored in turn in the first setting that it takes part in and in `blind`, 16 at a time.
Exit status 1 if scoring in both takes more than 2.1 times what the first takes.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from functools import partial
from itertools import islice
from pathlib import Path

from timing import in_turn, ratio, spread, within

from livebench.candidates.candidate_set import CandidateSet
from livebench.data.dataset import Dataset
from livebench.scoring.runner import read_samples
from livebench.scoring.scorer import Sample, Scorer, is_fitted
from livebench.submissions.entry import load_entry
from livebench.submissions.load import Submission

AT_ONCE = 16


def score(scorer: Scorer, samples: list[Sample]) -> None:
    for start in range(0, len(samples), AT_ONCE):
        scorer.score_samples(samples[start : start + AT_ONCE])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("submissions", nargs="+", metavar="SUBMISSION:RUN")
    parser.add_argument("--samples", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    candidate_set, dataset = CandidateSet(asked.set), Dataset(asked.dataset)
    kept = True
    for named in asked.submissions:
        folder, _, run_name = named.rpartition(":")
        submission = Submission(Path(folder))
        run = next(one for one in submission.card.runs if one.name == run_name)
        checkpoint = submission.checkpoint(run)
        loaded = {"checkpoint": checkpoint} if checkpoint else {}
        scorer = load_entry(submission)(**run.arguments, **loaded)
        if is_fitted(scorer):
            scorer.fit(dataset.split("train"))
        settings = [
            next(s for s in submission.card.settings if s in candidate_set.settings),
            "blind",
        ]
        ways = {
            setting: partial(
                score,
                scorer,
                [
                    sample
                    for _, sample in islice(
                        read_samples(candidate_set, dataset, setting), asked.samples
                    )
                ],
            )
            for setting in settings
        }
        seconds = in_turn(ways, asked.rounds, time.process_time)
        for setting, values in seconds.items():
            a_sample = 1000 * statistics.median(values) / asked.samples
            print(
                f"{named}, {setting}: {a_sample:.1f} ms a sample ({spread(values)} s)", flush=True
            )
        share = ratio(seconds["blind"], seconds[settings[0]])
        kept &= within(f"{named}, both by {settings[0]}", [1 + one for one in share], most=2.1)
    sys.exit(not kept)


if __name__ == "__main__":
    main()
