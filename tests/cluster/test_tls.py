"""A scheduler and a worker in processes of their own, over TCP with certificates; and who is let in."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("distributed")

LENGTH = """
class Mine:
    def score(self, video_ctx, comments, candidate):
        return -len(candidate.text) + 0.01 * len(comments)
"""


def certificate(folder):
    """A certificate made by openssl; how Dask's configuration names it in the environment."""
    folder.mkdir()
    made = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-subj", "/CN=livebench"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    subprocess.run([*command, *made], check=True, capture_output=True)
    start = "DASK_DISTRIBUTED__COMM__"
    named = {f"{start}REQUIRE_ENCRYPTION": "true", f"{start}TLS__CA_FILE": folder / "cert.pem"}
    for who in ("SCHEDULER", "WORKER", "CLIENT"):
        named[f"{start}TLS__{who}__CERT"] = folder / "cert.pem"
        named[f"{start}TLS__{who}__KEY"] = folder / "key.pem"
    return {name: str(value) for name, value in named.items()}


@pytest.mark.slow
def test_only_who_has_the_certificate_is_let_in(tmp_path, submission, small, dataset):
    path = submission(code=LENGTH)
    own, other = certificate(tmp_path / "own"), certificate(tmp_path / "other")
    (tmp_path / "work").mkdir()

    def start(module, *options):
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{module}", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **own},
            cwd=tmp_path / "work",
        )

    def evaluate(address, environment):
        given = ["--candidates", small.path, "--dataset", dataset.path, "--setting", "comments"]
        code = (
            "import livebench.cluster.connection as c; c._CONNECT = 5; "
            "from livebench.cli.main import main; main()"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, "evaluate", path, *given, "--quiet", "--cluster", address],
            env={**os.environ, **environment},
            check=False,
            capture_output=True,
            text=True,
            cwd=tmp_path,
        )
        return done.returncode, done.stderr.strip().splitlines()[-1:] or [""]

    scheduler = start("scheduler", "--host", "tls://127.0.0.1", "--port", "0", "--no-dashboard")
    worker = None
    try:
        address = next(line for line in scheduler.stdout if "Scheduler at:" in line).split()[-1]
        assert address.startswith("tls://127.0.0.1:")
        worker = start("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard")
        status, (told,) = evaluate(address, other)
        assert status == 2
        assert "has a certificate that the ca-file of Dask's configuration did not sign" in told
        status, (told,) = evaluate(address.replace("tls", "tcp"), {})
        assert status == 2
        assert "no scheduler answers there" in told
        assert not list(path.glob("scores/*"))
        status, (told,) = evaluate(address, own)
        assert (status, told) == (0, "")
        assert len(list(path.glob("scores/*/*/*"))) == 1
    finally:
        for process in filter(None, (worker, scheduler)):
            process.kill()
            process.communicate()
