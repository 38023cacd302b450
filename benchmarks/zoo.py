"""What submissions that cheat or are broken get, in a process of their own and in the sandbox.

    python benchmarks/zoo.py [--only NAME ...] [--kinds process sandbox]

Each submission of tests/isolation/zoo.toml is evaluated by `livebench evaluate --memory 2` on a small
candidate set, and the table of docs/trust.md is printed: what it got, and what the user saw.
Exit status 1 if anything comes out otherwise than zoo.toml says. The sandbox needs bubblewrap.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.simulated.simulation import simulate_dataset

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "isolation"))
from cage import Cage

SAMPLES = 40


@contextlib.contextmanager
def small_set() -> Iterator[Path]:
    """A folder with a candidate set of the simulated world."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dataset = simulate_dataset(folder / "world", seed=0, videos=30)
        (folder / "candidates").mkdir()
        out = folder / "candidates" / "small"
        build_set(dataset, load_protocol("paper"), out, max_samples=SAMPLES)
        yield folder


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--kinds", nargs="+", default=["process", "sandbox"])
    options = parser.parse_args()
    wrong = []
    with small_set() as folder, Cage(folder) as cage:
        print(
            "| submission | it | "
            + " | ".join(f"{k}: got | user saw" for k in options.kinds)
            + " |"
        )
        print("| --- | --- |" + " --- | --- |" * len(options.kinds))
        for name in options.only or cage.animals:
            animal = cage.animals[name]
            cells = []
            for kind in options.kinds:
                outcome = cage.watch(name, kind)
                if not outcome.agrees(animal[kind], animal.get("remark", "")):
                    wrong.append((name, kind, outcome))
                where = rf"{name}/default on {cage.set.name}, (blind|comments)[,:] "
                saw = re.sub(f"^{where}", "", outcome.saw)
                saw = saw.replace(str(folder.resolve()), "...").replace("|", "\\|")
                cells += [outcome.got or "refused", saw or "an ordinary row"]
            print(f"| `{name}` | {animal['tries']} | {' | '.join(cells)} |", flush=True)
    for name_kind_outcome in wrong:
        print("NOT AS EXPECTED", *name_kind_outcome, file=sys.stderr)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
