"""What the setting `blind` costs, which `pmi` needs, beside another setting: seconds of the processor.

    python benchmarks/blind.py SET DATASET [--questions 48] [--rounds 3] SUBMISSION:RUN ...

The set must be restored, and the checkpoints must be there. A scorer is fitted or loaded once; then so
many questions of the first setting that it takes part in, and of `blind`, are asked in turn, 16 at a
time (all, where there are fewer), and scaled to the set: a question is a sample, in `blind` a hundred
distinct candidates. Exit status 1 if scoring in both takes more than 1.7 times what the first takes.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path

from timing import in_turn, ratio, spread, within

from livebench.candidates.candidate_set import CandidateSet
from livebench.data.dataset import Dataset
from livebench.scoring.answers import Answers
from livebench.scoring.questions import questions
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
    parser.add_argument("--questions", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    candidate_set, dataset = CandidateSet(asked.set), Dataset(asked.dataset)
    answers = Answers(candidate_set)
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
        ways, scale = {}, {}
        for setting in settings:
            all_of_it = questions(
                candidate_set, dataset, setting, answers.sample_ids, answers.videos
            )
            each = [one for block in all_of_it.read(all_of_it.blocks) for _, one in block]
            ways[setting] = partial(score, scorer, each[: asked.questions])
            scale[setting] = max(1.0, len(each) / asked.questions)
        seconds = in_turn(ways, asked.rounds, time.process_time)
        for setting, values in seconds.items():
            seconds[setting] = [scale[setting] * one for one in values]
            print(f"{named}, {setting}: {spread(seconds[setting])} s a set", flush=True)
        share = ratio(seconds["blind"], seconds[settings[0]])
        kept &= within(f"{named}, both by {settings[0]}", [1 + one for one in share], most=1.7)
    sys.exit(not kept)


if __name__ == "__main__":
    main()
