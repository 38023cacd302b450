"""`python -m tests.fuzz --files 10000`: malformed files of all formats, and what became of them."""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path

from .form import Format
from .formats import formats
from .run import Outcome, fuzz, seeds_of

COUNTS = ("read", "refused", "traceback")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--files", type=int, default=1000, help="of all formats together")
    parser.add_argument("--start", type=int, default=0, help="number of the first file of a format")
    parser.add_argument("--format", help="one format alone")
    options = parser.parse_args()
    print(
        "| format | files | read | refused | tracebacks | longest, s | peak memory, MB (before) |"
    )
    print("| --- | --: | --: | --: | --: | --: | --: |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        known = formats(Path(folder))
        chosen = {options.format: known[options.format]} if options.format else known
        each = -(-options.files // len(chosen))
        totals, failed = [0, 0, 0], 0
        for name, which in chosen.items():
            found = _alone(which, seeds_of(name, each, options.start))
            if found is None:
                print(f"| {name} | the process died | | | | | |", flush=True)
                failed += 1
                continue
            outcome, before, after = found
            counts = [outcome.counts[key] for key in COUNTS]
            cells = [name, sum(counts), *counts, f"{outcome.longest[0]:.2f}", f"{after} ({before})"]
            print(f"| {' | '.join(map(str, cells))} |", flush=True)
            totals = [total + count for total, count in zip(totals, counts, strict=True)]
            failed += len(outcome.failures)
            for seed, text in outcome.failures:
                print(f"{seed}\n{text}", file=sys.stderr)
        print(f"| all | {sum(totals)} | {' | '.join(map(str, totals))} | | |")
    return 1 if failed else 0


def _alone(which: Format, seeds: list[str]) -> tuple[Outcome, int, int] | None:
    """The outcome of a format in a process of its own, and its memory in MB at the start and at most;
    None if the process died: a crash is of one format alone."""
    context = multiprocessing.get_context("fork")  # the well-formed files are made once
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(which, seeds, there))
    process.start()
    there.close()
    try:
        return here.recv()
    except EOFError:
        return None
    finally:
        process.join()


def _serve(which: Format, seeds: list[str], answer: Connection) -> None:
    before = _megabytes()
    outcome = fuzz(which, seeds)
    answer.send((outcome, before, _megabytes()))


def _megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    sys.exit(main())
