"""Ranks and metrics of 5,000 samples of 100 candidates, against pytrec_eval and ranx.

    python benchmarks/ranking.py

Scores are random without ties, 1 to 5 candidates of a sample are correct. Each library gets its input
in its own form outside the timing (pytrec_eval its evaluator and dictionaries, ranx its sorted Qrels
and Run and compiled code, LiveBench two arrays).

    best   metrics of the best-placed correct candidate: reciprocal rank, and success (hit rate) at
           1, 5, 10; LiveBench also gives its rank
    both   these, and the mean over all correct candidates: recall at 1, 5, 10; LiveBench also gives
           the mean rank and reciprocal rank of all

Exit status 1 if a number differs by more than 1e-6, or if for `best` LiveBench is not 20 times faster
than either.
"""

from __future__ import annotations

import argparse
import sys
import warnings

import numpy as np
from timing import in_turn, ratio, spread, within

from livebench.records import CANDIDATES
from livebench.scoring.metrics import METRICS, MRR, best_metrics, sample_metrics

RECALL_AT = [int(metric.name.removeprefix("R@")) for metric in METRICS if metric.percent]
SUCCESS = [f"success_{k}" for k in RECALL_AT]
RECALL = [f"recall_{k}" for k in RECALL_AT]


def random_scores(samples: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """float64 and bool [samples, 100]: distinct scores in a row, and 1 to 5 correct candidates."""
    generator = np.random.default_rng(seed)
    rows = np.tile(np.arange(float(CANDIDATES)), (samples, 1))
    scores = generator.permuted(rows, axis=1)
    correct = generator.permuted(rows, axis=1) < generator.integers(1, 6, samples)[:, None]
    return scores, correct


def as_dictionaries(scores: np.ndarray, correct: np.ndarray) -> tuple[dict, dict]:
    """The correct candidates, and the scores, as both libraries take them."""
    qrels = {
        f"q{i}": {f"d{j}": 1 for j in np.flatnonzero(row).tolist()} for i, row in enumerate(correct)
    }
    run = {
        f"q{i}": {f"d{j}": score for j, score in enumerate(row.tolist())}
        for i, row in enumerate(scores)
    }
    return qrels, run


def pytrec_ways(qrels: dict, run: dict) -> dict:
    """pytrec_eval as functions without arguments: the mean of each metric."""
    import pytrec_eval

    measures = {"recip_rank", "success.1,5,10"}

    def means(evaluator) -> dict[str, float]:
        rows = evaluator.evaluate(run).values()
        names = next(iter(rows))
        return {name: sum(row[name] for row in rows) / len(rows) for name in names}

    best = pytrec_eval.RelevanceEvaluator(qrels, measures)
    both = pytrec_eval.RelevanceEvaluator(qrels, measures | {"recall.1,5,10"})
    return {"best": lambda: means(best), "both": lambda: means(both)}


def ranx_ways(qrels: dict, run: dict) -> dict:
    """ranx, compiled, as functions without arguments."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ranx import Qrels, Run, evaluate
    own_qrels, own_run = Qrels(qrels), Run(run)
    best = ["mrr", *[f"hit_rate@{k}" for k in RECALL_AT]]
    both = [*best, *[f"recall@{k}" for k in RECALL_AT]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        evaluate(own_qrels, own_run, both)  # compiles
    return {
        "best": lambda: evaluate(own_qrels, own_run, best),
        "both": lambda: evaluate(own_qrels, own_run, both),
    }


def livebench_ways(scores: np.ndarray, correct: np.ndarray) -> dict:
    """LiveBench as functions without arguments, with the names of trec_eval."""

    def named(values: np.ndarray, recalls: list[str]) -> dict[str, float]:
        columns = [metric.column(values).mean() / 100 for metric in METRICS if metric.percent]
        reciprocal = MRR.column(values).mean()
        return {**dict(zip(recalls, columns, strict=True)), "recip_rank": reciprocal}

    def best() -> dict[str, float]:
        return named(best_metrics(scores, correct), SUCCESS)

    def both() -> dict[str, float]:
        values = sample_metrics(scores, correct)
        return named(values["all"], RECALL) | named(values["best"], SUCCESS)

    return {"best": best, "both": both}


def check(ours: dict, trec: dict, ranx: dict) -> None:
    """Exit if a number differs."""
    names = {"recip_rank": "mrr"}
    names |= dict(zip(SUCCESS, [f"hit_rate@{k}" for k in RECALL_AT], strict=True))
    names |= dict(zip(RECALL, [f"recall@{k}" for k in RECALL_AT], strict=True))
    for name, value in ours.items():
        print(f"  {name}: {value:.6f}")
        for library, other in (("pytrec_eval", trec[name]), ("ranx", ranx[names[name]])):
            if abs(value - other) > 1e-6:
                sys.exit(f"{name}: livebench {value}, {library} {other}")


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args()
    scores, correct = random_scores(options.samples)
    dictionaries = as_dictionaries(scores, correct)
    ours = livebench_ways(scores, correct)
    trec, ranx = pytrec_ways(*dictionaries), ranx_ways(*dictionaries)
    print(f"{options.samples} samples of {CANDIDATES} candidates; the same numbers to 1e-6:")
    check(ours["both"](), trec["both"](), ranx["both"]())
    kept = True
    for what in ("best", "both"):
        ways = {"livebench": ours[what], "pytrec_eval": trec[what], "ranx": ranx[what]}
        seconds = in_turn(ways, options.rounds)
        print(what)
        for name, values in seconds.items():
            print(f"  {name}: {spread(values)} s")
        for name in ("pytrec_eval", "ranx"):
            times = ratio(seconds[name], seconds["livebench"])
            if what == "best":
                kept &= within(f"  times faster than {name}", times, least=20)
            else:
                print(f"  times faster than {name}: {spread(times)}")
    sys.exit(not kept)


if __name__ == "__main__":
    main()
