"""Do paired tests and intervals keep what they promise, on simulated scorers whose truth is known?

    python benchmarks/calibration.py [--pairs 10000] [--powers 2000] [--boards 2000]

Samples lie in videos as in the sets `bilibili-paper` and `bilibili-matched` of this checkout (82 and 61
videos, some with one sample, some with 44). A sample has one correct candidate; its score is

    mean + difficulty of the video + difficulty of the sample      (of both scorers)
         + taste of the scorer for the video + noise               (of each its own)

and the 99 wrong ones have standard normal scores. Tastes make the differences of one video hang
together; printed is their intraclass correlation, and that of the pairs of submissions here. Each set
is simulated with as much of it as its median pair has, or more; and bilibili-matched with as much as the
other one, too. Its 61 videos are so unequal that they count as 36.

Two kinds of equally good scorers: `alike`, of the same make; and `bold and steady`, one with strong
taste and one with little, with the same expected MRR: their difference is not symmetric, which the
permutation of signs would like it to be. Of 10,000 pairs (each case draws its own): how often is p
below 5%? How often does the 95% interval hold the true difference, and that of a row its true MRR? And
how often is a known difference found?

With seeds: a scorer is trained three times, and each run has an ability of its own (as far from the
others as the runs of the bundled models on the simulated sets are, or three times as far, without a
bound: a variance of three is known badly) and half of the scorer's taste again. The truth is the mean
over all seeds.

Boards: six equally good scorers; in how many boards is any pair declared different (adjusted p)?

Exit status 1 unless 4 to 6% are declared different in every case with a bound, at most 6% of boards, and
intervals hold the truth in 93 to 97% in every case with a bound.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from livebench.candidates.candidate_set import CandidateSet
from livebench.leaderboard.entries import read_entries
from livebench.records import CANDIDATES
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import intervals
from livebench.scoring.paired import SIGNIFICANCE_LEVEL
from livebench.scoring.resampling import RESAMPLES, seed_noise, sum_by_video
from livebench.scoring.significance import PairTests, RowValues, flip_pairs
from livebench.submissions.load import find_submissions

ROOT = Path(__file__).parent.parent
SAMPLE, NOISE = 0.7, 0.5
"""Standard deviations: of the difficulty of samples, and of a scorer's noise."""

MEAN = 1.2
"""Of the scores of correct candidates, where no other is wanted; wrong ones have mean 0."""


class Case(NamedTuple):
    """Standard deviations of the difficulty of videos, and of the tastes of two scorers."""

    set_name: str
    kind: str
    video: float
    tastes: tuple[float, float]
    held: bool = True
    seeds: float = 0.0
    """`held`: whether there is a bound on the shares; `seeds`: standard deviation of a scorer's runs,
    of which there are three unless it is 0."""

    @property
    def runs(self) -> int:
        return 3 if self.seeds else 1

    def spread_of(self, taste: float) -> float:
        """Standard deviation of the score of a correct candidate."""
        own = taste**2 + (self.seeds**2 + taste**2 / 4 if self.seeds else 0)
        return float(np.sqrt(self.video**2 + SAMPLE**2 + NOISE**2 + own))


CASES = (
    Case("bilibili-paper", "alike", 0.5, (0.45, 0.45)),
    Case("bilibili-paper", "bold and steady", 0.5, (0.7, 0.1)),
    Case("bilibili-matched", "alike", 0.25, (0.15, 0.15)),
    Case("bilibili-matched", "bold and steady", 0.25, (0.3, 0.05)),
    Case("bilibili-matched", "alike, as on bilibili-paper", 0.5, (0.45, 0.45)),
    Case("bilibili-matched", "bold and steady, as on bilibili-paper", 0.5, (0.7, 0.1)),
    Case("bilibili-paper", "alike, three seeds", 0.5, (0.45, 0.45), True, 0.05),
    Case("bilibili-matched", "alike, three seeds", 0.25, (0.15, 0.15), True, 0.05),
    Case("bilibili-paper", "alike, three seeds far apart", 0.5, (0.45, 0.45), False, 0.15),
    Case("bilibili-matched", "alike, three seeds far apart", 0.25, (0.15, 0.15), False, 0.15),
)

BOARD = 6
"""Equally good scorers on a board."""

BATCH = 25
"""Pairs that are resampled and flipped together."""

EFFECTS = (0.02, 0.04, 0.06)
"""Differences in MRR that are to be found."""


class Study(NamedTuple):
    """Shares of pairs, in per cent, and the mean intraclass correlation of their differences."""

    different: float
    covered: float
    covered_rows: float
    expected_power: float
    correlation: float


def expected_mrr(mean: float, spread: float) -> float:
    """The MRR that a scorer has in the long run.

    Given its score z, the correct candidate's rank is 1 + a binomial number of 99 with probability
    p = P(wrong > z), and E[1 / rank] = (1 - (1 - p)^100) / (100 p).
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    p = np.clip(norm.sf(mean + spread * nodes), 1e-300, 1 - 1e-12)
    values = -np.expm1(CANDIDATES * np.log1p(-p)) / (CANDIDATES * p)
    return float(weights @ values / weights.sum())


def mean_for(mrr: float, spread: float) -> float:
    """The mean score that gives a scorer this MRR."""
    return brentq(lambda mean: expected_mrr(mean, spread) - mrr, -3, 5)


def reciprocal_ranks(
    generator: np.random.Generator,
    video: np.ndarray,
    means: Sequence[float],
    tastes: Sequence[float],
    case: Case,
) -> np.ndarray:
    """Of scorers on the same samples: float64 [scorers, runs, samples]."""
    videos, samples = video.max() + 1, len(video)
    shared = generator.normal(0, case.video, videos)[video] + generator.normal(0, SAMPLE, samples)
    ranks = np.empty((len(means), case.runs, samples))
    for row, (mean, taste) in enumerate(zip(means, tastes, strict=True)):
        own = generator.normal(0, taste, videos)[video]
        for run in range(case.runs):
            score = mean + shared + own + generator.normal(0, NOISE, samples)
            if case.seeds:
                score += generator.normal(0, case.seeds)
                score += generator.normal(0, taste / 2, videos)[video]
            ranks[row, run] = 1 + generator.binomial(CANDIDATES - 1, norm.sf(score))
    return 1 / ranks


def test_rows(rows: np.ndarray, video: np.ndarray, seed: int) -> PairTests:
    """The tests of a board: rows float64 [rows, runs, samples]."""
    names = [f"{number:03}" for number in video]
    return flip_pairs(
        [
            RowValues(
                sum_by_video(runs.mean(axis=0)[:, None], video)[:, 0],
                seed_noise(runs[:, :, None], names),
            )
            for runs in rows
        ],
        np.bincount(video),
        seed=seed,
        near_flips=RESAMPLES,
    )


def correlation(values: np.ndarray, video: np.ndarray) -> float:
    """Intraclass correlation by analysis of variance."""
    sizes = np.bincount(video)
    means = np.bincount(video, values) / sizes
    count, groups = len(values), len(sizes)
    size = (count - (sizes**2).sum() / count) / (groups - 1)
    between = (sizes * (means - values.mean()) ** 2).sum() / (groups - 1)
    within = ((values - means[video]) ** 2).sum() / (count - groups)
    return (between - within) / (between + (size - 1) * within)


def study(video: np.ndarray, case: Case, effect: float, pairs: int) -> Study:
    """Simulate pairs whose expected MRR differs by `effect`.

    Every case and effect has draws of its own: what chance does in one says nothing of another.
    """
    stream = [CASES.index(case), round(100 * effect)]
    mrr = expected_mrr(MEAN, case.spread_of(case.tastes[0]))
    means = [
        mean_for(mrr + gain, case.spread_of(taste))
        for gain, taste in zip((effect, 0.0), case.tastes, strict=True)
    ]
    names = [f"{number:03}" for number in video]
    different, covered, rows, correlations, errors = 0, 0, 0, [], []
    for start in range(0, pairs, BATCH):
        batch = range(start, min(start + BATCH, pairs))
        drawn = [
            reciprocal_ranks(
                np.random.default_rng([*stream, pair]), video, means, case.tastes, case
            )
            for pair in batch
        ]
        different += sum(
            test_rows(ranks, video, pair).p[0] < SIGNIFICANCE_LEVEL
            for pair, ranks in zip(batch, drawn, strict=True)
        )
        first, second = (np.stack([ranks[row] for ranks in drawn], axis=2) for row in (0, 1))
        noise = [seed_noise(first, names), seed_noise(second, names)]
        apart = first.mean(axis=0) - second.mean(axis=0)
        held = intervals(apart, names, [*noise[0], *noise[1]])
        covered += sum(gap.low <= effect <= gap.high for gap in held)
        held = intervals(first.mean(axis=0), names, noise[0])
        rows += sum(row.low <= mrr + effect <= row.high for row in held)
        correlations += [correlation(column, video) for column in apart.T]
        errors += (apart.mean(axis=0) - effect).tolist()
    error = float(np.std(errors))
    power = norm.sf(1.96 - effect / error) + norm.cdf(-1.96 - effect / error)
    shares = [100 * count / pairs for count in (different, covered, rows)]
    return Study(*shares, 100 * float(power), float(np.mean(correlations)))


def any_different(video: np.ndarray, case: Case, boards: int) -> float:
    """Per cent of boards of equally good scorers where a pair is declared different."""
    taste = case.tastes[0]
    alarms = 0
    for board in range(boards):
        generator = np.random.default_rng([100 + CASES.index(case), board])
        rows = reciprocal_ranks(generator, video, [MEAN] * BOARD, [taste] * BOARD, case)
        alarms += bool((test_rows(rows, video, board).adjusted < SIGNIFICANCE_LEVEL).any())
    return 100 * alarms / boards


def real_correlations(name: str) -> list[float]:
    """Of the differences of each two submissions that have scores on a set."""
    candidate_set = CandidateSet(ROOT / "candidates" / name)
    answers, submissions = Answers(candidate_set), find_submissions(ROOT / "submissions")
    entries = read_entries(candidate_set, answers, "comments", submissions)
    values = [entry.headline.mean(axis=0) for entry in entries if not entry.outdated]
    apart = [one - two for one, two in combinations(values, 2)]
    return [correlation(values, videos_of(name)) for values in apart if np.ptp(values) > 1e-9]


def videos_of(name: str) -> np.ndarray:
    """The number of the video of each sample of a set: int64 [samples]."""
    answers = CandidateSet(ROOT / "candidates" / name).answers()
    return np.unique([answer.video_id for answer in answers], return_inverse=True)[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=10000)
    parser.add_argument("--powers", type=int, default=2000, help="pairs for each power")
    parser.add_argument("--boards", type=int, default=2000)
    options = parser.parse_args()
    kept = True
    for name in sorted({case.set_name for case in CASES}):
        real = real_correlations(name)
        print(
            f"{name}: correlation in {len(real)} pairs of submissions {min(real):.2f} to "
            f"{max(real):.2f}, median {np.median(real):.2f}"
        )
    for case in CASES:
        video = videos_of(case.set_name)
        found = study(video, case, 0.0, options.pairs)
        good = 4 <= found.different <= 6
        held = all(93 <= share <= 97 for share in (found.covered, found.covered_rows))
        kept &= (good and held) or not case.held
        verdict = ("kept" if good else "MISSED") + ", " + ("kept" if held else "MISSED")
        verdict += "" if case.held else " (no bound)"
        mrr = expected_mrr(MEAN, case.spread_of(case.tastes[0]))
        print(
            f"{case.set_name} ({video.max() + 1} videos), {case.kind}, MRR {mrr:.3f}, correlation "
            f"{found.correlation:.2f}: {found.different:.2f}% declared different; intervals hold the "
            f"true difference in {found.covered:.2f}%, the true MRR of a row in "
            f"{found.covered_rows:.2f}%: {verdict}",
            flush=True,
        )
    for case in (CASES[0], CASES[2]):
        for effect in EFFECTS:
            found = study(videos_of(case.set_name), case, effect, options.powers)
            print(
                f"{case.set_name}, {case.kind}, a difference of {effect} in MRR: found in "
                f"{found.different:.1f}% (by the normal law {found.expected_power:.1f}%), interval "
                f"holds it in {found.covered:.1f}%",
                flush=True,
            )
    for case in (CASES[0], CASES[2], *(case for case in CASES if case.seeds and case.held)):
        share = any_different(videos_of(case.set_name), case, options.boards)
        kept &= share <= 6
        print(
            f"{case.set_name}, {case.kind}, boards of {BOARD} equally good scorers: a pair is "
            f"declared different in {share:.2f}%",
            flush=True,
        )
    print("needed: 4 to 6% declared different, 93 to 97% held:", "kept" if kept else "MISSED")
    sys.exit(not kept)


if __name__ == "__main__":
    main()
