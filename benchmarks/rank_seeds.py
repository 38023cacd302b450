"""Does the seed of the flips decide any rank of this checkout's leaderboard?

    python benchmarks/rank_seeds.py [SET ...] [--seeds 200] [--within 50]

Each board's pairs are tested with seeds 0, 1, ...: are the ranks the same? Printed for each board, too:
the adjusted p that is nearest to .05, and how many of its standard errors it is away. Where that is more
than --within, a twentieth of the seeds is tried. SET: names; by default all. Exit status 1 if a rank
changes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from livebench.candidates.candidate_set import find_sets
from livebench.leaderboard.collect import Board, collect
from livebench.scoring.paired import SIGNIFICANCE_LEVEL, pair_tests, rank_spreads
from livebench.scoring.resampling import RESAMPLES
from livebench.scoring.significance import NEAR, NEAR_FLIPS
from livebench.submissions.load import find_submissions

ROOT = Path(__file__).resolve().parent.parent


def nearest(board: Board) -> tuple[float, float]:
    """The adjusted p nearest to the level, and its distance in standard errors."""
    p_values = np.array([pair.p_adjusted for pair in board.pairs])
    distances = np.abs(p_values - SIGNIFICANCE_LEVEL)
    p = float(p_values[distances.argmin()])
    flips = NEAR_FLIPS if distances.min() < NEAR else RESAMPLES
    return p, float(distances.min() / np.sqrt(p * (1 - p) / flips))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", metavar="SET")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--within", type=float, default=50)
    options = parser.parse_args()
    changed = 0
    sets = [
        one
        for one in find_sets(ROOT / "candidates")
        if not options.sets or one.name in options.sets
    ]
    for section in collect(sets, find_submissions(ROOT / "submissions")):
        for board in (board for board in section.boards if board.pairs):
            names = list(dict.fromkeys(name for p in board.pairs for name in (p.first, p.second)))
            rows = [board.entries[name].headline for name in names]
            ranks = rank_spreads(names, board.pairs)
            p, errors = nearest(board)
            seeds = options.seeds if errors <= options.within else max(2, options.seeds // 20)
            others = sum(
                rank_spreads(names, pair_tests(names, rows, section.answers.videos, seed=seed))
                != ranks
                for seed in range(1, seeds)
            )
            changed += others
            print(
                f"{section.candidate_set.name}, {board.setting}: {others} of {seeds} seeds "
                f"change a rank; p nearest to {SIGNIFICANCE_LEVEL}: {p:.4f}, {errors:.1f} standard "
                "errors away",
                flush=True,
            )
    sys.exit(changed > 0)


if __name__ == "__main__":
    main()
