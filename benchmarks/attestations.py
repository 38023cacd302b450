"""How long it takes to verify the attestations of the bundled submissions.

    python benchmarks/attestations.py [--rounds 5]

Each is verified as `leaderboard` does: one signature (a process of ssh-keygen), and the hashes of all
files of the submission. Printed: the median of wall-clock times, CPU time, and the time of the board.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from statistics import median

from livebench.attestation.attestation import read_attestation
from livebench.candidates.candidate_set import find_sets
from livebench.leaderboard.collect import collect
from livebench.submissions.load import find_submissions

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    submissions = find_submissions(ROOT / "submissions")
    seconds, results = [], 0
    before = sum(os.times()[:4])
    for _ in range(rounds):
        started = time.perf_counter()
        found = [read_attestation(submission) for submission in submissions]
        seconds.append(time.perf_counter() - started)
        results = sum(len(attestation.rows) for attestation in found if attestation)
    used = (sum(os.times()[:4]) - before) / rounds  # of ssh-keygen, too
    print(
        f"{len(submissions)} attestations of {results} results: {median(seconds):.2f} s, "
        f"{used:.2f} s of CPU time ({1000 * used / len(submissions):.0f} ms each)"
    )
    started = time.perf_counter()
    collect(find_sets(ROOT / "candidates"), submissions)
    print(f"the board, verification included: {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
