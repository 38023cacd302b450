"""`evaluate --cluster`: the same bytes, what the engine costs, what survives a kill, how it grows.

    python benchmarks/cluster.py same SUBMISSION SET DATASET [--workers 1 2 4] [--rounds 3]
    python benchmarks/cluster.py overhead SUBMISSION SET DATASET [--rounds 5]
    python benchmarks/cluster.py kill [--workers-killed 30] [--clients-killed 10] [--samples 600]
    python benchmarks/cluster.py hundred [--workers 100] [--submissions 500] [--samples 5000]

same     evaluates SUBMISSION on SET, here and on N workers of this machine in turn; exit status 1 if a
         byte of the scores differs
overhead trials of SUBMISSION on SET, here and on one worker in turn, on 32 samples and on 352: the
         seconds of the processors between the two, all processes together; exit status 1 if the
         worker takes more than 1.05 times those
kill     a scheduler and workers in processes of their own; SIGKILL to workers at random, then to the
         client, then to the scheduler: the file of scores must be the same bytes, every sample once
hundred  as many workers in one process, whose scorer sleeps: efficiency (seconds of scoring, over
         workers times seconds by the clock), with scorers that take a while to load, and the memory of
         the one who started it as the queue goes through all submissions
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from cluster_kills import kill
from timing import spread

LIVEBENCH = [sys.executable, "-m", "livebench"]


# same


def evaluated(submission: Path, arguments: list[str]) -> tuple[float, float]:
    """Evaluate; seconds by the clock, and of the processors, of all processes."""
    import psutil

    for name in ("scores", "results"):
        shutil.rmtree(submission / name, ignore_errors=True)
    clock = time.perf_counter()
    process = subprocess.Popen([*LIVEBENCH, "evaluate", submission, "--quiet", *arguments])
    # Workers that are killed at the end are waited for by nobody: their seconds are looked at.
    seconds: dict[int, float] = {}
    root = psutil.Process(process.pid)
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):
            for one in (root, *root.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    used = one.cpu_times()
                    seconds[one.pid] = used.user + used.system
        time.sleep(0.05)
    if process.returncode:
        sys.exit(f"evaluate: exit status {process.returncode}")
    return time.perf_counter() - clock, sum(seconds.values())


def contents(submission: Path) -> dict[Path, bytes]:
    """The files of scores."""
    files = submission.glob("scores/*/*/*.jsonl.gz")
    return {file.relative_to(submission): file.read_bytes() for file in files}


def same(options: argparse.Namespace) -> bool:
    """Compare numbers of workers with none."""
    given = ["--candidates", str(options.set), "--dataset", str(options.dataset)]
    given += ["--setting", options.setting]
    ways = {"here": given}
    ways |= {f"local:{n}": [*given, "--cluster", f"local:{n}"] for n in options.workers}
    clock: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    kept, first = True, None
    with tempfile.TemporaryDirectory() as name:
        submission = Path(name) / options.submission.name
        shutil.copytree(options.submission, submission)
        for _ in range(options.rounds):
            for way, arguments in ways.items():
                seconds = evaluated(submission, arguments)
                clock[way].append(seconds[0])
                cpu[way].append(seconds[1])
                found = contents(submission)
                first = first or found
                kept &= found == first and bool(found)
    for way in ways:
        print(f"{way}: {spread(clock[way])} s by the clock, processors {spread(cpu[way])} s")
    print(f"{len(first or ())} files of scores: {'the same bytes' if kept else 'DIFFER'}")
    return kept


def overhead(options: argparse.Namespace) -> bool:
    """Compare one worker with none, what starting them costs apart."""
    given = ["--candidates", str(options.set), "--dataset", str(options.dataset)]
    given += ["--setting", options.setting]
    ways = {"here": given, "local:1": [*given, "--cluster", "local:1"]}
    scoring: dict[str, list[float]] = {name: [] for name in ways}
    starting: dict[str, list[float]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as name:
        submission = Path(name) / options.submission.name
        shutil.copytree(options.submission, submission)
        for _ in range(options.rounds):
            for way, arguments in ways.items():
                few, many = (
                    evaluated(submission, [*arguments, "--limit", str(samples)])[1]
                    for samples in (32, 352)
                )
                starting[way].append(few)
                scoring[way].append(many - few)
    ratios = [a / b for a, b in zip(scoring["local:1"], scoring["here"], strict=True)]
    for way in ways:
        print(
            f"{way}: processors {spread(scoring[way])} s for 320 samples, {spread(starting[way])} s for "
            "all else and 32 samples"
        )
    print(f"ratio {spread(ratios)}")
    return statistics.median(ratios) <= options.bound


# hundred


def slept(key: str, load: float, seconds: float) -> tuple[bool, bytes]:
    """What a worker does: it loads a scorer if it has another, and scores a block."""
    from distributed import get_worker

    worker = get_worker()
    other = getattr(worker, "scorer", None) != key
    if other:
        time.sleep(load)
        worker.scorer = key
    time.sleep(seconds)
    return other, bytes(100 * 32 * 4)


@contextlib.contextmanager
def in_one_process(workers: int) -> Iterator[object]:
    """A scheduler and workers, all threads of this process."""
    import logging

    import dask
    from distributed import Client, LocalCluster

    # A machine has one worker to look after, not a hundred.
    watching = {
        "distributed.worker.profile.enabled": False,
        "distributed.admin.system-monitor.interval": "1h",
        "distributed.worker.http.routes": [],
    }
    with (
        dask.config.set(watching),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=False,
            memory_limit=None,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def hundred(options: argparse.Namespace) -> bool:
    """Tasks of many submissions on many workers."""
    from livebench.cluster.dispatch import Call, Queue, Stopped

    blocks = -(-options.samples // 32)
    resident: list[float] = []
    loads: list[bool] = []

    def one(queue, lane, number: int, ended: list[int]) -> None:
        with queue.on(lane):
            calls = [
                Call(slept, (str(number), options.load, options.seconds), "") for _ in range(blocks)
            ]
            for _, (loaded, _) in queue.run(calls, number, scores=True):
                loads.append(loaded)
            ended.append(number)
            queue.notify()

    with in_one_process(options.workers) as client, Queue(client) as queue:
        while len(queue._given) < options.workers:
            time.sleep(0.2)
        print(f"{options.workers} workers, {options.submissions} submissions of {blocks} blocks")
        ended: list[int] = []
        started, processor, begun = time.perf_counter(), time.process_time(), 0
        while len(ended) < options.submissions:
            queue.more = begun < options.submissions
            count = len(ended)
            queue.wait(lambda count=count: len(ended) > count)
            if begun < options.submissions and len(ended) == count:
                arguments = (queue, queue.begin(), begun, ended)
                threading.Thread(target=one, args=arguments, daemon=True).start()
                begun += 1
            if len(ended) != count:
                resident.append(psutil_rss())
        clock = time.perf_counter() - started
        queue.stop(Stopped())
    work = options.submissions * blocks * options.seconds
    lost = sum(loads) * options.load
    processor = (time.process_time() - processor) / len(loads)
    quarter = max(1, len(resident) // 4)
    print(
        f"{clock:.1f} s; efficiency {work / clock / options.workers:.3f}, {sum(loads)} scorers loaded "
        f"in {lost:.0f} s of workers; {1000 * processor:.1f} ms of the processor a block, all "
        f"of it in this process; resident {resident[quarter]:.0f} MB after a quarter of the "
        f"submissions, {resident[-1]:.0f} MB at the end, {max(resident):.0f} MB at most"
    )
    return work / clock / options.workers >= options.efficiency


def psutil_rss() -> float:
    """Resident memory of this process in MB."""
    import psutil

    return psutil.Process().memory_info().rss / (1 << 20)


def main() -> None:
    """Print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    modes = parser.add_subparsers(dest="mode", required=True)
    for mode, rounds in (("same", 1), ("overhead", 5)):
        one = modes.add_parser(mode)
        one.add_argument("submission", type=Path)
        one.add_argument("set", type=Path)
        one.add_argument("dataset", type=Path)
        one.add_argument("--setting", default="both")
        one.add_argument("--rounds", type=int, default=rounds)
        one.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
        one.add_argument("--bound", type=float, default=1.05)
    one = modes.add_parser("kill")
    one.add_argument("--workers-killed", type=int, default=30)
    one.add_argument("--clients-killed", type=int, default=10)
    one.add_argument("--samples", type=int, default=600)
    one.add_argument("--sleep", type=float, default=0.02, help="Seconds a sample.")
    one.add_argument("--tls", action="store_true", help="With certificates that openssl makes.")
    one.add_argument("--seed", type=int, default=0)
    one = modes.add_parser("hundred")
    one.add_argument("--workers", type=int, default=100)
    one.add_argument("--submissions", type=int, default=500)
    one.add_argument("--samples", type=int, default=5000)
    one.add_argument("--seconds", type=float, default=0.5, help="Seconds a block.")
    one.add_argument("--load", type=float, default=0.0, help="Seconds to load a scorer.")
    one.add_argument("--efficiency", type=float, default=0.9, help="Bound.")
    options = parser.parse_args()
    kept = {"same": same, "overhead": overhead, "kill": kill, "hundred": hundred}
    sys.exit(not kept[options.mode](options))


if __name__ == "__main__":
    main()
