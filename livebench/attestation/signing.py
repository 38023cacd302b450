"""Signatures by OpenSSH (`ssh-keygen -Y`), as git signs commits with a key of SSH."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from livebench.errors import LiveBenchError

NAMESPACE = "livebench"
"""What signatures are for: one that the same key made for git is none."""

MAINTAINERS = Path(str(files("livebench.attestation") / "allowed_signers"))
"""Whose signatures count (ssh-keygen(1), ALLOWED SIGNERS). The file is installed with LiveBench: a pull
request is judged by the keys of its base."""

_ABSENT = LiveBenchError(
    "ssh-keygen",
    "is not installed, and signs and verifies attestations",
    "install OpenSSH (Debian: apt-get install openssh-client)",
)


def sign(content: bytes, key: Path) -> bytes:
    """The signature of some content, as `ssh-keygen -Y sign` writes it.

    Args:
        key: a private key, or a public one whose private key an agent holds.

    Raises:
        LiveBenchError: there is no such key, or ssh-keygen.
    """
    done = _ssh_keygen("sign", "-n", NAMESPACE, "-f", str(key), content=content)
    if done.returncode != 0 or not done.stdout:
        what = f"cannot sign: {_last_line(done.stderr)}"
        raise LiveBenchError(key, what, "give a private key of SSH as --sign-with")
    return done.stdout


def signer_of(key: Path, signers: Path = MAINTAINERS) -> str:
    """The name under which a file of allowed signers lists a key.

    Raises:
        LiveBenchError: it does not, or nothing can be signed with the key.
    """
    with _temporary(sign(b"", key)) as signature:
        done = _ssh_keygen("find-principals", "-s", signature, "-f", str(signers))
    if done.returncode != 0:
        what = f"is not a key of {signers}"
        raise LiveBenchError(key, what, "sign with a maintainer's key, or add this one there")
    return done.stdout.decode().splitlines()[0]


def is_signed(content: bytes, signature: bytes, signer: str, signers: Path = MAINTAINERS) -> bool:
    """Whether a signature of some content is of this signer, and of a key that is allowed to.

    Raises:
        LiveBenchError: there is no ssh-keygen.
    """
    with _temporary(signature) as file:
        names = ("-I", signer, "-n", NAMESPACE, "-s", file, "-f", str(signers))
        return _ssh_keygen("verify", *names, content=content).returncode == 0


@contextmanager
def _temporary(content: bytes) -> Iterator[str]:
    """The name of a file with this content."""
    with tempfile.NamedTemporaryFile(prefix="livebench-", suffix=".sig") as file:
        file.write(content)
        file.flush()
        yield file.name


def _ssh_keygen(
    command: str, *options: str, content: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["ssh-keygen", "-Y", command, *options],
            input=content,
            capture_output=True,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise _ABSENT from None


def _last_line(message: bytes) -> str:
    lines = message.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no reason given"
