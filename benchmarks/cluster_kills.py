"""What `benchmarks/cluster.py kill` does: workers, a client and a scheduler of Dask that are killed."""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "scoring"))

SCHEDULER = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
WORKER = [sys.executable, "-m", "distributed.cli.dask_worker"]


class Machines:
    """A scheduler and workers, each a process of its own; with certificates if there are any."""

    def __init__(self, folder: Path, workers: int, environment: dict[str, str]) -> None:
        self.folder, self._environment = folder, {**os.environ, **environment}
        self.protocol = "tls" if environment else "tcp"
        self.port = random.randint(20_000, 60_000)
        self.address = f"{self.protocol}://127.0.0.1:{self.port}"
        self.start_scheduler()
        self.workers = [self.start_worker() for _ in range(workers)]

    def _start(self, command: list[str]) -> subprocess.Popen:
        log = (self.folder / "machines.log").open("ab")
        return subprocess.Popen(command, stdout=log, stderr=log, env=self._environment)

    def start_scheduler(self) -> None:
        at = ["--host", self.address, "--no-dashboard"]
        self.scheduler = self._start([*SCHEDULER, *at])

    def start_worker(self) -> subprocess.Popen:
        at = ["--no-dashboard", "--nthreads", "1", "--no-nanny", "--local-directory", self.folder]
        return self._start([*WORKER, self.address, *map(str, at)])

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


def kill(options: argparse.Namespace) -> bool:
    """Kill workers, the client and the scheduler."""
    from killing import Bench, check, simulated_set

    kept = True
    draws = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        samples = simulated_set(folder, options.samples)
        bench = Bench(folder, samples, options.sleep, options.seed)
        whole = bench.submission("undisturbed")
        assert bench.finish(whole)[0] == 0
        environment = certificates(folder) if options.tls else {}
        os.environ.update(environment)
        machines = Machines(folder, 2, environment)
        bench.more = ["--cluster", machines.address]
        try:
            killed = 0
            while killed < options.workers_killed:
                path = bench.submission(f"workers-{killed}")
                killed += kill_workers(
                    bench, machines, path, options.workers_killed - killed, draws
                )
                what = f"{machines.protocol}, {killed} workers killed so far"
                kept &= check(bench, path, whole, what)
            path = bench.submission("client")
            at_work = partial(client_at_work, bench, path)
            on_disk = bench.killed(path, options.clients_killed, at_work)
            places = f"with {', '.join(map(str, sorted(set(on_disk))))} samples on disk"
            kept &= check(bench, path, whole, f"client killed {len(on_disk)} times, {places}")
            kept &= len(on_disk) >= options.clients_killed
            path = bench.submission("scheduler")
            client = bench.start(path)
            while client.poll() is None and bench.in_journal(path) < samples // 3:
                time.sleep(0.05)
            machines.scheduler.kill()
            out, _ = client.communicate(timeout=120)
            last = out.strip().splitlines()[-1]
            print(
                f"scheduler killed: status {client.returncode}, {bench.in_journal(path)} on disk; {last}"
            )
            kept &= client.returncode == 2 and "the same command goes on" in last
            machines.scheduler.wait()
            machines.start_scheduler()
            machines.workers += [machines.start_worker()]
            kept &= bench.finish(path)[0] == 0
            kept &= check(bench, path, whole, "scheduler killed, and started again")
        finally:
            machines.close()
    return kept


def client_at_work(bench, path: Path, pid: int) -> int | None:
    """The client, once something is on disk."""
    return pid if bench.in_journal(path) else None


def kill_workers(bench, machines: Machines, path: Path, wanted: int, draws: random.Random) -> int:
    """Kill a worker at a time that has the process of the submission, once something was saved since
    the one before; another takes its place."""
    client, killed, on_disk = bench.start(path), 0, 0
    while client.poll() is None:
        time.sleep(draws.uniform(0, 0.5))
        at_work = [k for k, one in enumerate(machines.workers) if has_child(one.pid)]
        if not at_work or killed >= wanted or bench.in_journal(path) <= on_disk:
            continue
        on_disk = bench.in_journal(path)
        place = draws.choice(at_work)
        machines.workers[place].kill()
        machines.workers[place].wait()
        machines.workers[place] = machines.start_worker()
        killed += 1
    out, _ = client.communicate()
    assert client.returncode == 0, out
    return killed


def has_child(pid: int) -> bool:
    """Whether a process has started one, in any of its threads."""
    with contextlib.suppress(OSError):
        return any(file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/children"))
    return False


def certificates(folder: Path) -> dict[str, str]:
    """A certificate that openssl made, as Dask's configuration names it in the environment."""
    made = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-subj", "/CN=livebench"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    subprocess.run([*command, *made], check=True, capture_output=True)
    start = "DASK_DISTRIBUTED__COMM__"
    named = {f"{start}REQUIRE_ENCRYPTION": "true", f"{start}TLS__CA_FILE": str(folder / "cert.pem")}
    for who in ("SCHEDULER", "WORKER", "CLIENT"):
        named[f"{start}TLS__{who}__CERT"] = str(folder / "cert.pem")
        named[f"{start}TLS__{who}__KEY"] = str(folder / "key.pem")
    return named
