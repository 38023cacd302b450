"""Work over processes: in order, bounded, errors in one line, and all of them end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from livebench import processes
from livebench.errors import LiveBenchError
from livebench.processes import WAITING, Workers, cores


def times(held: int, item: int) -> int:
    time.sleep(0.002 * (item % 3))  # results are ready in another order
    return held * item


def process_of(held: int, item: int) -> int:
    time.sleep(0.01)
    return os.getpid()


def refuse(held: int, item: int) -> int:
    if item >= 3:
        raise LiveBenchError(f"item {item}", "cannot be done")
    return item


def fail(held: int, item: int) -> float:
    return item / 0


def die(held: int, item: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_in_order(number):
    with Workers(7, number) as workers:
        assert list(workers.map(times, range(50))) == [7 * item for item in range(50)]
        assert list(workers.map(times, [])) == []
        assert list(workers.map(times, iter([2, 1]))) == [14, 7]


@pytest.mark.parametrize("number", [1, 2])
def test_who_does_it(number):
    with Workers(0, number) as workers:
        found = set(workers.map(process_of, range(20)))
    assert found == {os.getpid()} if number == 1 else os.getpid() not in found and len(found) == 2


@pytest.mark.parametrize(("number", "read"), [(1, 1), (2, 2 * WAITING), (3, 3 * WAITING)])
def test_items_are_read_as_far_as_needed(number, read):
    seen = []
    with Workers(1, number) as workers:
        found = workers.map(times, (seen.append(item) or item for item in range(1000)))
        assert next(found) == 0
        assert len(seen) == read
        assert next(found) == 1
        assert len(seen) == read + 1


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_first_error_in_order_as_it_was_raised(number):
    done = []
    with (
        pytest.raises(LiveBenchError, match=r"^item 3: cannot be done$") as raised,
        Workers(0, number) as workers,
    ):
        done.extend(workers.map(refuse, range(9)))
    assert raised.value.__cause__ is None  # main() shows a cause with its traceback
    with pytest.raises(ZeroDivisionError), Workers(0, number) as workers:
        list(workers.map(fail, range(9)))


def test_a_killed_process_is_an_error_not_a_wait():
    with pytest.raises(LiveBenchError) as raised, Workers(0, 2) as workers:
        list(workers.map(die, range(9)))
    assert str(raised.value) == (
        "--processes: a process was killed while it worked, most often for lack of memory; "
        "use fewer processes"
    )


@pytest.mark.slow
def test_where_processes_cannot_be_forked(monkeypatch):
    monkeypatch.setattr(processes, "START", "spawn")
    with Workers(7, 2) as workers:
        assert list(workers.map(times, range(9))) == [7 * item for item in range(9)]


def test_cores():
    assert 1 <= cores() <= os.cpu_count()


ENDLESS = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background ignores it
sys.path.insert(0, {folder!r})
from livebench.processes import Workers
from test_processes import process_of

if __name__ == "__main__":
    with Workers(0, 2) as workers:
        for number, pid in enumerate(workers.map(process_of, iter(int, 1))):
            if number < 10:
                print(pid, flush=True)
"""


@pytest.mark.parametrize(
    "ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=["Ctrl-C", "TERM", "KILL"]
)
def test_all_end_with_the_one_that_started_them(ending):
    """Ctrl-C reaches all processes of a terminal's group, the others the first alone."""
    code = ENDLESS.format(folder=str(Path(__file__).parent))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=environment,
    ) as started:
        pids = {int(started.stdout.readline()) for _ in range(10)}
        if ending == signal.SIGINT:
            os.killpg(started.pid, ending)
        else:
            started.send_signal(ending)
        # Their ends of the pipes close when all have ended: then there is nothing more to read.
        _, errors = started.communicate(timeout=60)
    assert pids
    assert started.pid not in pids
    assert errors.count("Traceback") == (1 if ending == signal.SIGINT else 0), errors
