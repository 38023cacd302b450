"""What submissions that cheat or are broken get, in a process of their own and in the sandbox.

    python benchmarks/zoo.py [--only NAME ...] [--kinds process sandbox]

Each submission of tests/isolation/zoo.toml is evaluated by `livebench evaluate --memory 2` on a small
candidate set, and the table of docs/trust.md is printed: what it got, and what the user saw.
Exit status 1 if anything comes out otherwise than zoo.toml says. The sandbox needs bubblewrap.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.leaderboard.collect import collect
from livebench.simulated.simulation import simulate_dataset
from livebench.submissions.load import Submission

ROOT = Path(__file__).parent.parent
ZOO = ROOT / "tests" / "isolation"
CARD = """name = "{name}"
authors = ["Z."]
date = 2026-01-01
description = "{tries}"
settings = ["comments"]
entry = "{name}:Mine"
[[runs]]
name = "default"
arguments = {{port = {port}}}
"""
SAMPLES = 40


class Outcome(NamedTuple):
    """`got`: "got", "nothing", or empty if the evaluation was refused; `saw`: the last line of the
    command, or the remarks of the row."""

    got: str
    saw: str

    def agrees(self, expected: str, remark: str) -> bool:
        """Whether it is what zoo.toml says."""
        if expected in ("got", "nothing"):
            return self.got == expected and (expected == "got" or remark in self.saw)
        return not self.got and expected in self.saw


class Cage:
    """A folder with a candidate set, and submissions in it; a server listens while it is open.

    Args:
        folder: to make them in; candidates/ in it holds a set.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.animals = tomllib.loads((ZOO / "zoo.toml").read_text("utf-8"))
        (self.set,) = (folder / "candidates").iterdir()

    def __enter__(self) -> Cage:
        self._server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._greet, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.close()

    def _greet(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                with connection:
                    connection.sendall(b"hi")

    def let_in(self, name: str) -> Path:
        """Make the submission of this name anew, and one beside it; return its folder."""
        path = self.folder / "submissions" / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        for module in (name, "attempt"):
            shutil.copy(ZOO / "zoo" / f"{module}.py", path)
        port = self._server.getsockname()[1]
        card = CARD.format(name=name, tries=self.animals[name]["tries"], port=port)
        (path / "submission.toml").write_text(card, "utf-8")
        beside = self.folder / "submissions" / "neighbour"
        beside.mkdir(exist_ok=True)
        (beside / "scorer.py").write_text("a secret\n")
        if name == "links_out":
            (self.folder / "outside").mkdir(exist_ok=True)
            (path / "scores").symlink_to(self.folder / "outside")
        return path

    def watch(self, name: str, kind: str) -> Outcome:
        """Evaluate a submission in a `process` or in the `sandbox`."""
        path = self.let_in(name)
        limit = str(self.animals[name].get("limit", 120))
        options = [
            "--memory",
            "2",
            "--time-limit",
            limit,
            *(["--sandbox"] if kind == "sandbox" else []),
        ]
        command = [sys.executable, "-m", "livebench", "evaluate", "--quiet", "--submission", path]
        done = subprocess.run(
            [*command, "--candidates", self.set, *options],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=300,
            check=False,
        )
        if done.returncode < 0:
            return Outcome("got", f"killed by signal {-done.returncode}; the next run goes on")
        last = (done.stderr.strip().splitlines() or [""])[-1].removeprefix("livebench: ")
        if done.returncode:
            missing = not (path / "submission.toml").exists()
            return Outcome("got" if missing else "", last)
        run = f"{self.set.name}/default/comments"
        scores = gzip.decompress((path / "scores" / f"{run}.jsonl.gz").read_bytes())
        result = json.loads((path / "results" / f"{run}.json").read_bytes())
        assert result["manifest"]["isolation"] == kind
        values = {value for line in scores.splitlines() for value in json.loads(line)["scores"]}
        whole = (path / "submission.toml").exists()
        got = "nothing" if whole and values != {1.0} else "got"
        return Outcome(got, "; ".join(_remarks(self.folder, self.set.name, name) if whole else ()))


def _remarks(folder: Path, set_name: str, name: str) -> tuple[str, ...]:
    """What the row of the leaderboard shows."""
    found = CandidateSet(folder / "candidates" / set_name)
    (section,) = collect([found], [Submission(folder / "submissions" / name)])
    rows = [row for board in section.boards for row in board.rows if row.folder == name]
    return rows[0].remarks


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
                found = cage.watch(name, kind)
                if not found.agrees(animal[kind], animal.get("remark", "")):
                    wrong.append((name, kind, found))
                saw = found.saw.removeprefix(f"{name}/default on {cage.set.name}, comments: ")
                saw = saw.replace(str(folder.resolve()), "...").replace("|", "\\|")
                cells += [found.got or "refused", saw or "an ordinary row"]
            print(f"| `{name}` | {animal['tries']} | {' | '.join(cells)} |", flush=True)
    for one in wrong:
        print("NOT AS EXPECTED", *one, file=sys.stderr)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
