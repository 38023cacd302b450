"""Intervals over 10,000 resamples of 100 videos, 5,000 samples, for all 10 metrics at once.

    python benchmarks/bootstrap.py

livebench   `mean_intervals`: sums by video, then the drawing of the resamples and a few products
product     one matrix product [10,000 x 5,000] @ [5,000 x 10] of weights by sample that are there
            already: less than the plain vectorised way has to do for percentiles alone
loop        one resample after the other: draw videos, gather their samples, take mean and its error

Exit status 1 if livebench takes more than 3 times as long as the product, or if its intervals differ
from those of the loop, which draws for itself, by more than Monte Carlo error.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
from timing import in_turn, ratio, spread, within

from livebench.scoring.resampling import RESAMPLES, mean_intervals

SAMPLES, VIDEOS, METRICS = 5_000, 100, 10


def samples(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """float64 [samples, metrics], alike within a video, and the video of each sample."""
    generator = np.random.default_rng(seed)
    videos = np.sort(generator.choice(VIDEOS, SAMPLES, p=generator.dirichlet(np.full(VIDEOS, 3.0))))
    values = generator.normal(size=(VIDEOS, METRICS))[videos]
    return values + generator.normal(size=(SAMPLES, METRICS)), videos


def mean_and_error(parts: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Of the samples of some videos: the mean, and its standard error over videos."""
    rows = np.concatenate(parts)
    mean = rows.mean(axis=0)
    residuals = [(part - mean).sum(axis=0) for part in parts]
    return mean, np.sqrt(np.square(residuals).sum(axis=0)) / len(rows)


def loop(values: np.ndarray, videos: np.ndarray, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Mean and ratios in resamples, in plain code: the intervals, and the deviation of the ratios."""
    generator = np.random.default_rng(seed)
    parts = [values[videos == video] for video in np.unique(videos)]
    mean, error = mean_and_error(parts)
    ratios = np.empty((RESAMPLES, values.shape[1]))
    for number in range(RESAMPLES):
        drawn = generator.integers(len(parts), size=len(parts))
        own_mean, own_error = mean_and_error([parts[video] for video in drawn])
        ratios[number] = (own_mean - mean) / own_error
    least, most = np.percentile(ratios, (2.5, 97.5), axis=0)
    return np.stack([mean - most * error, mean - least * error]), ratios.std(axis=0) * error


def same_intervals(values: np.ndarray, names: list[str], videos: np.ndarray) -> bool:
    """Whether the 95% intervals agree to Monte Carlo error.

    A percentile p of n draws has the standard error sqrt(p (1 - p) / n) / density, where the density
    of a normal law at its 2.5% point is .0584 / sd; 4.5 of these for a difference of two such.
    """
    started = time.perf_counter()
    bounds, deviation = loop(values, videos)
    print(f"loop: {time.perf_counter() - started:.2f} s")
    ours = mean_intervals(values, names)
    error = np.sqrt(2 * 0.025 * 0.975 / RESAMPLES) / 0.0584 * deviation
    difference = np.abs(np.stack([ours.low, ours.high]) - bounds) / error
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
        "livebench": lambda: mean_intervals(values, names),
        "product": lambda: weights @ values,
    }
    in_turn(ways, 1)  # warms up
    seconds = in_turn(ways, options.rounds)
    for name, taken in seconds.items():
        print(f"{name}: {spread(taken)} s")
    times = ratio(seconds["livebench"], seconds["product"])
    kept = within("times the time of the product", times, most=3)
    kept &= same_intervals(values, names, videos)
    sys.exit(not kept)


if __name__ == "__main__":
    main()
