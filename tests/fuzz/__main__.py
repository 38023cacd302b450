"""`python -m tests.fuzz --files 10000`: malformed files of all formats, and what became of them."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from .formats import formats
from .run import fuzz, seeds_of


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--files", type=int, default=1000, help="of all formats together")
    parser.add_argument(
        "--start", type=int, default=0, help="number of the first file of each format"
    )
    parser.add_argument("--format", help="of one format alone, in this process")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        known = formats(Path(folder))
        if options.format:
            print(
                json.dumps(
                    _one(known[options.format], options.format, options.files, options.start)
                )
            )
            return 0
    each = -(-options.files // len(known))
    return _all(list(known), each, options.start)


def _one(which, name: str, files: int, start: int) -> dict:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = fuzz(which, seeds_of(name, files, start))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "files": found.counts["read"] + found.counts["refused"] + found.counts["traceback"],
        **{key: found.counts[key] for key in ("read", "refused", "traceback")},
        "longest": found.longest,
        "memory": [before // 1024, after // 1024],
        "failures": found.failures,
    }


def _all(names: list[str], each: int, start: int) -> int:
    """A process a format: a crash is of one alone, and memory is measured."""
    print(
        "| format | files | read | refused | tracebacks | longest, s | peak memory, MB (before) |"
    )
    print("| --- | --: | --: | --: | --: | --: | --: |")
    total, failed = dict.fromkeys(("files", "read", "refused", "traceback"), 0), 0
    for name in names:
        command = [sys.executable, "-m", "tests.fuzz", "--format", name, "--files", str(each)]
        done = subprocess.run(
            [*command, "--start", str(start)], stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode:
            print(f"| {name} | the process ended with status {done.returncode} | | | | | |")
            failed += 1
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        before, after = found["memory"]
        cells = [name, *(found[key] for key in total), f"{found['longest'][0]:.2f}"]
        print(f"| {' | '.join(map(str, cells))} | {after} ({before}) |", flush=True)
        for key in total:
            total[key] += found[key]
        failed += found["traceback"]
        for seed, text in found["failures"]:
            print(f"{seed}\n{text}", file=sys.stderr)
    print(
        f"| all | {total['files']} | {total['read']} | {total['refused']} | {total['traceback']} | | |"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
