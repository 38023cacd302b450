"""attestation.json: what it covers, and files that are none."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time

import pytest

from livebench.attestation.attestation import (
    AttestedRow,
    NotAttested,
    attest,
    read_attestation,
    read_signed,
)
from livebench.attestation.signing import MAINTAINERS, is_signed, sign, signer_of
from livebench.errors import LiveBenchError
from livebench.submissions.file_hashes import file_hashes, hashes_for_run
from livebench.submissions.load import Submission

CODE = "class Mine:\n    def score(self, v, c, x):\n        return 0.0\n"
ROW = AttestedRow(
    candidate_set="set",
    set_hash="a" * 64,
    setting="both",
    run="default",
    scores_sha256="b" * 64,
    result_sha256="c" * 64,
)


@pytest.fixture
def signed(submission, maintainer):
    """A submission with an attestation of one row."""
    path = submission(code=CODE)
    attest(Submission(path), [ROW], *maintainer)
    return path


def refused(path, maintainer):
    """Why its attestation does not hold."""
    with pytest.raises(NotAttested) as error:
        read_attestation(Submission(path), maintainer.signers)
    assert "a maintainer's re-run writes them" in error.value.fix
    return error.value.what


def test_what_is_signed(signed, maintainer):
    found = read_attestation(Submission(signed), maintainer.signers)
    assert (found.signer, found.submission, found.kind) == ("tester@example.org", "mine", "model")
    assert (found.rows, found.files) == ([ROW], file_hashes(signed))
    assert {"livebench", "python", "platform"} <= set(found.environment)
    # by ssh-keygen, as anyone can
    line = ["ssh-keygen", "-Y", "verify", "-n", "livebench", "-I", "tester@example.org"]
    files = ["-f", maintainer.signers, "-s", signed / "attestation.json.sig"]
    with (signed / "attestation.json").open("rb") as content:
        done = subprocess.run([*line, *files], stdin=content, capture_output=True, check=False)
    assert done.returncode == 0


def test_none_is_none(submission):
    assert read_attestation(Submission(submission())) is None


def test_the_maintainers_have_a_key():
    lines = [line for line in MAINTAINERS.read_text().splitlines() if line]
    assert lines
    assert all('namespaces="livebench" ssh-' in line for line in lines)


CHANGES = {
    "code": (lambda path: (path / "scorer.py").write_text(CODE + "\n"), "scorer.py differs"),
    "a hidden file": (lambda path: (path / ".data").write_text(""), ".data differs"),
    "a file less": (lambda path: (path / "scorer.py").unlink(), "scorer.py differs"),
    "a description": (
        lambda path: (path / "submission.toml").write_text(
            (path / "submission.toml").read_text().replace("For a", "By a")
        ),
        "submission.toml differs",
    ),
    "another folder": (lambda path: path.rename(path.parent / "other"), "is that of mine"),
    "a byte of it": (
        lambda path: (path / "attestation.json").write_bytes(
            (path / "attestation.json").read_bytes() + b"\n"
        ),
        "is not signed by a maintainer, or has changed since",
    ),
    "no signature": (lambda path: (path / "attestation.json.sig").unlink(), "is missing"),
    "an empty signature": (
        lambda path: (path / "attestation.json.sig").write_bytes(b""),
        "is not signed by a maintainer, or has changed since",
    ),
    "a long signature": (
        lambda path: (path / "attestation.json.sig").write_bytes(b"x" * (1 << 20)),
        "is too large",
    ),
    "no JSON": (lambda path: (path / "attestation.json").write_bytes(b"\xff"), "is not an attest"),
    "nested": (
        lambda path: (path / "attestation.json").write_bytes(b"[" * 100_000),
        "is not an attestation",
    ),
    "an option for a signer": (
        lambda path: (path / "attestation.json").write_text(
            (path / "attestation.json").read_text().replace("tester@example.org", "-Ohashalg=x")
        ),
        "is not an attestation",
    ),
    "any signer": (
        lambda path: (path / "attestation.json").write_text(
            (path / "attestation.json").read_text().replace("tester@example.org", "*")
        ),
        "is not an attestation",
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_what_is_changed_is_not_attested(signed, maintainer, case):
    change, what = CHANGES[case]
    change(signed)
    path = signed if signed.exists() else signed.parent / "other"
    assert what in refused(path, maintainer)


@pytest.mark.parametrize("name", ["attestation.json", "attestation.json.sig"])
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_only_files_are_read(signed, maintainer, name, kind):
    path = signed / name
    kept = path.rename(signed.parent / "kept")
    if kind == "link":
        path.symlink_to(kept)
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    started = time.monotonic()
    assert refused(signed, maintainer) in (
        "is a symbolic link, and none is followed in the folder of a submission",
        "is not a regular file",
    )
    assert time.monotonic() - started < 10


def test_what_livebench_writes_may_change(signed, maintainer):
    """The rows have hashes of their own; checkpoints are never committed."""
    for name in ("scores", "results", "generated", "checkpoints", "__pycache__"):
        (signed / name).mkdir()
        (signed / name / "new").write_text("x")
    assert read_attestation(Submission(signed), maintainer.signers)


def test_the_signature_alone(signed, maintainer):
    CHANGES["code"][0](signed)
    assert read_signed(Submission(signed), maintainer.signers).rows == [ROW]


def test_another_key_of_the_same_name(submission, maintainer, tmp_path):
    """Whose name it is does not matter: the key does."""
    line = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"]
    subprocess.run(line, check=True)
    content = b"content"
    signature = sign(content, tmp_path / "other")
    assert not is_signed(content, signature, "tester@example.org", maintainer.signers)
    assert is_signed(
        content, sign(content, maintainer.key), "tester@example.org", maintainer.signers
    )
    with pytest.raises(LiveBenchError, match="is not a key of"):
        signer_of(tmp_path / "other", maintainer.signers)


def test_files_beside_a_checkpoint_are_the_runs(submission):
    runs = [
        {"name": name, "checkpoint": f"checkpoints/{name}/m.json", "checkpoint_sha256": "0" * 64}
        for name in "ab"
    ]
    path = submission(code=CODE, runs=runs)
    for name in "ab":
        (path / "checkpoints" / name).mkdir(parents=True)
        for file in ("m.json", "weights"):
            (path / "checkpoints" / name / file).write_text(name)
    run = Submission(path).card.runs[0]
    assert list(hashes_for_run(path, run)) == [
        *("checkpoints/a/m.json", "checkpoints/a/weights", "scorer.py")
    ]
    assert list(file_hashes(path)) == ["scorer.py", "submission.toml"]


def test_who_signed_is_in_what_is_signed(signed):
    assert json.loads((signed / "attestation.json").read_text())["signer"] == "tester@example.org"


def test_what_was_withdrawn_does_not_come_back(signed, maintainer, tmp_path):
    signers = tmp_path / "allowed_signers"
    signers.write_bytes(maintainer.signers.read_bytes())
    digest = hashlib.sha256((signed / "attestation.json").read_bytes()).hexdigest()
    (tmp_path / "withdrawn").write_text(f"# why\n{digest}\n")
    with pytest.raises(NotAttested, match="was withdrawn by a maintainer"):
        read_attestation(Submission(signed), signers)
    (tmp_path / "withdrawn").write_text("# nothing\n")
    assert read_attestation(Submission(signed), signers)


def test_names_that_no_result_could_hold(signed):
    (signed / os.fsdecode(b"\xff.py")).write_text("")
    with pytest.raises(LiveBenchError, match="has a name that is not UTF-8; rename it"):
        file_hashes(signed)
