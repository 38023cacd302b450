"""Rows that were forged, each as a pull request brings it: what it changes in a checkout.

Used by test_forgeries.py and benchmarks/forgeries.py. In the checkout is an attested submission `mine`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from livebench.attestation.attestation import attest, attested_row
from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.manifest import ANSWERS, FrozenFile, sealed_manifest
from livebench.records import write_records
from livebench.scoring.result_files import read_result
from livebench.submissions.load import Submission

SIGNERS = "livebench/attestation/allowed_signers"


@dataclass(frozen=True)
class Attacker:
    """Who opens the pull request.

    Attributes:
        head: the checkout.
        folder: a place for what is not in it.
        maintainer: the key of a maintainer, for what they may have signed for another purpose.
    """

    head: Path
    folder: Path
    maintainer: Path

    @property
    def candidate_set(self) -> CandidateSet:
        (path,) = (self.head / "candidates").iterdir()
        return CandidateSet(path)

    @property
    def key(self) -> Path:
        """A key of their own; its public part in key.pub, and a file that allows it."""
        path = self.folder / "key"
        if not path.exists():
            line = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
            subprocess.run(line, check=True)
        (self.folder / "allowed").write_text(
            f"tester@example.org {path.with_suffix('.pub').read_text()}"
        )
        return path


def _perfect(attacker: Attacker, name: str = "forged") -> Path:
    """A copy of `mine` without its attestation, with every answer known, and results that agree."""
    path = attacker.head / "submissions" / name
    if name != "mine":
        shutil.copytree(path.parent / "mine", path, ignore=shutil.ignore_patterns("attestation*"))
    candidate_set = attacker.candidate_set
    lines = b"".join(
        msgspec.json.encode(
            {"sample_id": one.sample_id, "scores": [-float(t != "correct") for t in one.types]}
        )
        + b"\n"
        for one in candidate_set.answers()
    )
    for file in path.glob("scores/*/*/*.jsonl.gz"):
        file.write_bytes(gzip.compress(lines, mtime=0))
        result = path / "results" / file.relative_to(path / "scores")
        _edit(
            result.with_name(file.name.replace(".jsonl.gz", ".json")),
            submission=name,
            scores_sha256=hashlib.sha256(lines).hexdigest(),
            evaluated="re-run",
            isolation="sandbox",
        )
    return path


def _edit(result: Path, **fields: object) -> None:
    content = json.loads(result.read_text("utf-8"))
    content["manifest"].update(fields)
    result.write_text(json.dumps(content), "utf-8")


def _sign(attacker: Attacker, path: Path, key: Path, signers: Path) -> None:
    """Attest all that is there, as a maintainer would."""
    submission = Submission(path)
    rows = []
    for file in sorted(path.glob("results/*/*/*.json")):
        set_name, run_name, _ = file.relative_to(path / "results").parts
        (run,) = [run for run in submission.card.runs if run.name == run_name]
        result = read_result(file, path)
        rows.append(attested_row(set_name, file.stem, run, result, file))
    attest(submission, rows, key, signers)


def hand_written(attacker: Attacker) -> None:
    """writes scores and results by hand: "re-run", in the sandbox"""
    _perfect(attacker)


def own_key(attacker: Attacker) -> None:
    """signs an attestation in a maintainer's name, with a key of its own"""
    path = _perfect(attacker)
    _sign(attacker, path, attacker.key, attacker.folder / "allowed")


def key_brought_along(attacker: Attacker) -> None:
    """adds its key to the allowed signers, too"""
    own_key(attacker)
    with (attacker.head / SIGNERS).open("a") as file:
        file.write((attacker.folder / "allowed").read_text())


def borrowed(attacker: Attacker) -> None:
    """takes the attestation of another submission"""
    path = _perfect(attacker)
    for name in ("attestation.json", "attestation.json.sig"):
        shutil.copy(path.parent / "mine" / name, path / name)


def doubled(attacker: Attacker) -> None:
    """copies an attested folder under another name"""
    path = attacker.head / "submissions" / "forged"
    shutil.copytree(path.parent / "mine", path)
    for result in path.glob("results/*/*/*.json"):
        _edit(result, submission="forged")


def swapped_scores(attacker: Attacker) -> None:
    """replaces scores and results of an attested submission"""
    _perfect(attacker, "mine")


def swapped_code(attacker: Attacker) -> None:
    """keeps the scores of an attested submission, and changes its scorer"""
    code = attacker.head / "submissions" / "mine" / "scorer.py"
    code.write_text(code.read_text().replace("len", "hash"))


def edited(attacker: Attacker) -> None:
    """edits the attestation so that it covers what was replaced"""
    path = _perfect(attacker, "mine")
    signature = (path / "attestation.json.sig").read_bytes()
    _sign(attacker, path, attacker.key, attacker.folder / "allowed")
    (path / "attestation.json.sig").write_bytes(signature)


def signed_for_git(attacker: Attacker) -> None:
    """uses a signature that a maintainer's key made for git"""
    path = _perfect(attacker)
    _sign(attacker, path, attacker.key, attacker.folder / "allowed")
    (path / "attestation.json.sig").unlink()
    line = ["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", str(attacker.maintainer)]
    subprocess.run([*line, str(path / "attestation.json")], check=True, capture_output=True)


def another_kind(attacker: Attacker) -> None:
    """is an oracle: `fit` would be given the test split"""
    path = _perfect(attacker)
    card = path / "submission.toml"
    card.write_text(f'kind = "oracle"\n{card.read_text("utf-8")}', "utf-8")
    for result in path.glob("results/*/*/*.json"):
        _edit(result, kind="oracle")


def swapped_answers(attacker: Attacker) -> None:
    """makes candidate 0 correct everywhere, and seals the set again"""
    candidate_set = attacker.candidate_set
    path = candidate_set.path
    answers = [
        msgspec.structs.replace(one, types=["correct", *["random"] * 99])
        for one in candidate_set.answers()
    ]
    content = json.loads((path / "manifest.json").read_text("utf-8"))
    content["files"][ANSWERS] = msgspec.to_builtins(
        FrozenFile(*write_records(path / ANSWERS, answers))
    )
    content["types"] = {"correct": len(answers), "random": 99 * len(answers)}
    (path / "manifest.json").write_bytes(sealed_manifest(content))
    forged = _perfect(attacker)
    for result in forged.glob("results/*/*/*.json"):
        _edit(result, set_hash=CandidateSet(path).manifest.hash)


def own_workflow(attacker: Attacker) -> None:
    """brings a workflow that reports what it likes"""
    _perfect(attacker)
    workflow = attacker.head / ".github" / "workflows" / "submission.yml"
    workflow.parent.mkdir(parents=True, exist_ok=True)
    workflow.write_text("name: submission\njobs: { review: { steps: [{ run: echo rank 1 }] } }\n")


FORGERIES: dict[str, Callable[[Attacker], None]] = {
    forgery.__name__: forgery
    for forgery in (
        hand_written,
        own_key,
        key_brought_along,
        borrowed,
        doubled,
        swapped_scores,
        swapped_code,
        edited,
        signed_for_git,
        another_kind,
        swapped_answers,
        own_workflow,
    )
}


def hints(claimed: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """Scores that agree with `claimed` within the tolerance of a re-run, and put every answer first.

    Args:
        claimed, correct: float64 and bool [samples, 100].
    """
    return claimed + 5e-5 * correct
