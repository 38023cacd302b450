"""10,000 resamples of 100 videos over 5,000 samples, for all 10 metrics at once.

    python benchmarks/bootstrap.py

livebench   `bootstrap_means`: sums by video, then the drawing of the resamples and two products
product     one matrix product [10,000 x 5,000] @ [5,000 x 10] of weights by sample that are there
            already: less than the plain vectorised way has to do
loop        one resample after the other: draw videos, gather their samples, take means

Exit status 1 if livebench takes more than 3 times as long as the product, or if its intervals differ
from those of the loop, which draws for itself, by more than Monte Carlo error.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
from timing import in_turn, ratio, spread, within

from livebench.scoring.significance import bootstrap_means

SAMPLES, VIDEOS, METRICS, RESAMPLES = 5_000, 100, 10, 10_000


def samples(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """float64 [samples, metrics], alike within a video, and the video of each sample."""
    generator = np.random.default_rng(seed)
    videos = np.sort(generator.choice(VIDEOS, SAMPLES, p=generator.dirichlet(np.full(VIDEOS, 3.0))))
    values = generator.normal(size=(VIDEOS, METRICS))[videos]
    return values + generator.normal(size=(SAMPLES, METRICS)), videos


def loop(values: np.ndarray, videos: np.ndarray, seed: int = 1) -> np.ndarray:
    """Means in resamples, in plain code."""
    generator = np.random.default_rng(seed)
    rows = [np.flatnonzero(videos == video) for video in np.unique(videos)]
    means = np.empty((RESAMPLES, values.shape[1]))
    for number in range(RESAMPLES):
        drawn = generator.integers(len(rows), size=len(rows))
        means[number] = values[np.concatenate([rows[video] for video in drawn])].mean(axis=0)
    return means


def same_intervals(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Whether the 95% intervals agree to Monte Carlo error.

    A percentile p of n draws has the standard error sqrt(p (1 - p) / n) / density, where the density
    of a normal law at its 2.5% point is .0584 / sd; 4.5 of these for a difference of two such.
    """
    error = np.sqrt(2 * 0.025 * 0.975 / RESAMPLES) / 0.0584 * theirs.std(axis=0)
    bounds = [np.percentile(means, (2.5, 97.5), axis=0) for means in (ours, theirs)]
    difference = np.abs(bounds[0] - bounds[1]) / error
    print(f"intervals against the loop: at most {difference.max():.2f} standard errors apart")
    return bool(difference.max() < 4.5)


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args()
    values, videos = samples()
    names = [f"v{video}" for video in videos]
    weights = np.random.default_rng(2).integers(0, 4, (RESAMPLES, SAMPLES)).astype(np.float64)
    ways = {
        "livebench": lambda: bootstrap_means(values, names, resamples=RESAMPLES),
        "product": lambda: weights @ values,
    }
    in_turn(ways, 1)  # warms up
    seconds = in_turn(ways, options.rounds)
    for name, taken in seconds.items():
        print(f"{name}: {spread(taken)} s")
    times = ratio(seconds["livebench"], seconds["product"])
    kept = within("times the time of the product", times, most=3)
    started = time.perf_counter()
    plain = loop(values, videos)
    print(f"loop: {time.perf_counter() - started:.2f} s")
    kept &= same_intervals(bootstrap_means(values, names, resamples=RESAMPLES), plain)
    sys.exit(not kept)


if __name__ == "__main__":
    main()
