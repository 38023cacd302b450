"""Damages well-formed files of comments at random, and checks what is read from them.

    python benchmarks/damage.py [--files 10000] [--seed 0] [--only "bilibili XML"]

The files are shared out among the formats: XML of Bilibili and of Niconico, .ass, yt-dlp's live chats,
JSON documents of Niconico, Twitch, chat-downloader and Bilibili, segments of Bilibili's player.
tests/importers/damaging.py says how they are damaged and what must be true: no other comment changes,
and read + left out is what was there. Exit status 1 if it is not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "importers"))
from damaging import FORMATS, damage_and_read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=FORMATS)
    options = parser.parse_args()
    names = [options.only] if options.only else list(FORMATS)
    each, problems = options.files // len(names), []
    columns = ("files", "there", "damaged", "read", "left out", "wrong")
    print(f"{'format':14}" + "".join(f"{name:>9}" for name in columns))
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            total, before, started = Counter(), len(problems), time.perf_counter()
            for seed in range(options.seed, options.seed + each):
                problem, counts = damage_and_read(name, seed, Path(folder))
                total.update(counts)
                problems += [problem] if problem else []
            row = [each, *(total[key] for key in ("there", "damaged", "read", "left_out"))]
            row.append(len(problems) - before)
            seconds = time.perf_counter() - started
            cells = "".join(f"{value:9,}" for value in row)
            print(f"{name:14}{cells}  {seconds:.0f} s", flush=True)
    for problem in problems[:20]:
        print(problem)
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
