"""How long it takes to verify the attestations of the bundled submissions.

    python benchmarks/attestations.py [--rounds 5]

Each is verified as `leaderboard` does: one signature (a process of ssh-keygen), and the hashes of all
files of the submission. Printed: medians of wall-clock times, beside that of the whole board in the last round.
"""

from __future__ import annotations

import argparse
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
    for _ in range(rounds):
        started = time.perf_counter()
        found = [read_attestation(submission) for submission in submissions]
        seconds.append(time.perf_counter() - started)
        results = sum(len(attestation.rows) for attestation in found if attestation)
    started = time.perf_counter()
    collect(find_sets(ROOT / "candidates"), submissions)
    board = time.perf_counter() - started
    each = 1000 * median(seconds) / len(submissions)
    print(
        f"{len(submissions)} attestations of {results} results: {median(seconds):.2f} s "
        f"({each:.0f} ms each); the board, verification included: {board:.1f} s"
    )


if __name__ == "__main__":
    main()
