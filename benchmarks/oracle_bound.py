"""How sharp a bound the oracle's pmi is on a set of the simulated world, by a scorer that knows more.

    python benchmarks/oracle_bound.py [--candidates candidates/simulated-matched]
        [--dataset datasets/simulated]

Of the wrong candidates of `matched`, a share g is *random*, close to comments in general; the others
come from videos of the same category. So the likelihood ratio that knows the protocol divides
p(comment | moment) by g p(comment) + (1 - g) p(comment | category) instead of by p(comment) alone.
Printed: the MRR by sum, by pmi and by this ratio, in the settings that show the category, each with its
95% interval over videos, and the differences to pmi.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from livebench.candidates.candidate_set import CandidateSet
from livebench.data.dataset import Dataset
from livebench.records import Setting
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import HEADLINE, best_metrics, intervals
from livebench.scoring.runner import read_samples
from livebench.simulated.observer import Observer
from livebench.simulated.oracle import Oracle
from livebench.simulated.world import World

SETTINGS: tuple[Setting, ...] = ("video", "both")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--candidates", type=Path, default=Path("candidates/simulated-matched"), help="the set"
    )
    parser.add_argument(
        "--dataset", type=Path, default=Path("datasets/simulated"), help="its dataset"
    )
    given = parser.parse_args()
    candidate_set, dataset = CandidateSet(given.candidates), Dataset(given.dataset)
    answers = Answers(candidate_set)
    share = float((answers.types == "random").sum() / (~answers.correct).sum())
    oracle = Oracle()
    oracle.fit(dataset.split("train"))
    world = World.default()
    observer = Observer(world)
    anywhere = observer.belief(None, [])
    within = {name: observer.belief(None, [], category=name) for name in world.categories.strings}
    print("| setting | score | MRR | less that by pmi |\n| --- | --- | --: | --: |")
    for setting in SETTINGS:
        rows: dict[str, list[np.ndarray]] = {"sum": [], "pmi": [], "protocol": []}
        for _, sample in read_samples(candidate_set, dataset, setting):
            texts = [candidate.text for candidate in sample.candidates]
            sums = np.array(oracle.score_candidates(*sample))
            general = np.array([anywhere.probability(text) for text in texts])
            category = within[sample.video_ctx.category]
            own = np.array([category.probability(text) for text in texts])
            rows["sum"].append(sums)
            rows["pmi"].append(np.round(sums - np.log(general), 6))
            mixed = np.log(share * general + (1 - share) * own)
            rows["protocol"].append(np.round(sums - mixed, 6))
        values = {
            name: HEADLINE.column(best_metrics(np.array(scores), answers.correct))
            for name, scores in rows.items()
        }
        for name, column in values.items():
            columns = np.stack([column, column - values["pmi"]], axis=1)
            shown = map(HEADLINE.format_with_interval, intervals(columns, answers.videos))
            print(f"| `{setting}` | {name} | {' | '.join(shown)} |")


if __name__ == "__main__":
    main()
