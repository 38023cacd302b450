"""The cage of the submissions of zoo.toml: what they get, and what the user sees of it."""

from __future__ import annotations

import contextlib
import gzip
import importlib.util
import json
import marshal
import os
import shutil
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from livebench.candidates.candidate_set import CandidateSet
from livebench.leaderboard.collect import collect
from livebench.submissions.load import STATE, Submission

ZOO = Path(__file__).parent
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


def _link_scores(path: Path, set_name: str) -> None:
    outside = path.parent.parent / "outside"
    outside.mkdir(exist_ok=True)
    (path / "scores").symlink_to(outside)


def _pipe_for_scores(path: Path, set_name: str) -> None:
    folder = path / "scores" / set_name / "default"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "comments.jsonl.gz")


def _earlier_scores(path: Path, set_name: str) -> None:
    folder = path / "scores" / set_name / "before"
    folder.mkdir(parents=True)
    (folder / "comments.jsonl.gz").write_bytes(gzip.compress(b'{"scores":[1]}'))


def _bytecode(path: Path, set_name: str) -> None:
    """Bytecode that says that its source need not be looked at (PEP 552)."""
    source = path / f"{path.name}.py"
    other = source.read_text().replace("-float(len(candidate.text))", "1.0")
    compiled = Path(importlib.util.cache_from_source(str(source)))
    compiled.parent.mkdir()
    head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)
    compiled.write_bytes(head + marshal.dumps(compile(other, str(source), "exec")))


PREPARED: dict[str, Callable[[Path, str], None]] = {
    "links_out": _link_scores,
    "pipe_for_scores": _pipe_for_scores,
    "replays": _earlier_scores,
    "bytecode": _bytecode,
}
"""What some bring in their folders besides their module."""


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
        """Make the submission of this name again, and one beside it; return its folder."""
        path = self.folder / "submissions" / name
        # What was begun in another isolation is not continued.
        for left in (path, path.parent / STATE / name):
            shutil.rmtree(left, ignore_errors=True)
        path.mkdir(parents=True)
        for module in (name, "attempt"):
            shutil.copy(ZOO / "zoo" / f"{module}.py", path)
        port = self._server.getsockname()[1]
        card = CARD.format(name=name, tries=self.animals[name]["tries"], port=port)
        (path / "submission.toml").write_text(card, "utf-8")
        beside = self.folder / "submissions" / "neighbour"
        beside.mkdir(exist_ok=True)
        (beside / "scorer.py").write_text("a secret\n")
        if name in PREPARED:
            PREPARED[name](path, self.set.name)
        return path

    def watch(self, name: str, kind: str) -> Outcome:
        """Evaluate a submission in a `process` or in the `sandbox`."""
        path = self.let_in(name)
        limit = str(self.animals[name].get("limit", 120))
        options = ["--memory", "2", "--time-limit", limit]
        if kind == "sandbox":
            options.append("--sandbox")
        command = [sys.executable, "-m", "livebench", "evaluate", "--quiet", "--submission", path]
        done = subprocess.run(
            [*command, "--candidates", self.set, *options],
            cwd=self.folder,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                "LIVEBENCH_ZOO_TOKEN": "a secret",
            },
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
        got = "nothing" if whole and 1.0 not in values else "got"
        return Outcome(got, "; ".join(_remarks(self.folder, self.set.name, name) if whole else ()))


def _remarks(folder: Path, set_name: str, name: str) -> tuple[str, ...]:
    """What the row of the leaderboard shows."""
    candidate_set = CandidateSet(folder / "candidates" / set_name)
    (section,) = collect([candidate_set], [Submission(folder / "submissions" / name)])
    rows = [row for board in section.boards for row in board.rows if row.folder == name]
    return rows[0].remarks
