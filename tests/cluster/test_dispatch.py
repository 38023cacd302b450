"""The queue, with workers that the tests play: who gets what, how much at a time, what after a death."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future

import pytest

pytest.importorskip("distributed")

from distributed.comm import CommClosedError

from livebench.cluster.dispatch import DEATHS, WAITING, Call, Queue
from livebench.errors import LiveBenchError


class Workers:
    """In the place of a client: what each worker was given, for a test to answer."""

    status, scheduler = "running", None

    def __init__(self, *names):
        self.names, self.given = set(names), {}
        self.most = 0

    def nthreads(self):
        return dict.fromkeys(self.names, 1)

    def submit(self, function, *arguments, workers, **_):
        future = Future()
        self.given.setdefault(workers[0], []).append((arguments[0], future))
        self.most = max(self.most, len(self.open(workers[0])))
        return future

    def cancel(self, futures):
        for future in futures:
            future.cancel()

    def open(self, name):
        return [one for one in self.given.get(name, []) if not one[1].done()]

    def answer(self, name):
        """Answer the first call of a worker, once there is one; what it was."""
        until(lambda: self.open(name))
        what, future = self.open(name)[0]
        future.set_result(f"{what} by {name}")
        return what


def until(true, seconds=10):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.002)


@pytest.fixture
def asked():
    """Asks for calls in a thread; gives the answers, or the error, as they come."""
    threads = []

    def ask(queue, calls, key="run"):
        answers = []

        def run():
            try:
                for _, answer in queue.run(calls, key, scores=True):
                    answers.append(answer)
            except LiveBenchError as error:
                answers.append(error)

        threads.append(threading.Thread(target=run, daemon=True))
        threads[-1].start()
        return answers

    yield ask
    for thread in threads:
        thread.join(timeout=10)
        assert not thread.is_alive()


def calls(*names):
    return [Call(print, (name,), name) for name in names]


def test_a_worker_has_two_calls_at_most_however_many_wait(asked):
    workers = Workers("w")
    with Queue(workers) as queue:
        answers = asked(queue, calls(*map(str, range(50))))
        order = [workers.answer("w") for _ in range(50)]
        until(lambda: len(answers) == 50)
    assert workers.most == WAITING == 2
    assert order == [str(number) for number in range(50)]
    assert sorted(answers) == sorted(f"{number} by w" for number in range(50))


def test_each_worker_keeps_to_its_run_and_helps_another_in_the_end(asked):
    workers = Workers("v", "w")
    with Queue(workers) as queue:
        first = asked(queue, calls("a1", "a2", "a3", "a4"), "a")
        until(lambda: len(workers.open("v")) == len(workers.open("w")) == 2)
        second = asked(queue, calls(*(f"b{n}" for n in range(8))), "b")
        until(lambda: len(queue._streams) == 2)
        assert {workers.answer("v")[0], workers.answer("v")[0]} == {"a"}
        assert [workers.answer("v")[0] for _ in range(4)] == ["b"] * 4  # nobody was on it
        until(lambda: len(workers.open("v")) == 2)
        assert [workers.answer("w")[0] for _ in range(4)] == ["a", "a", "b", "b"]  # and helps
        assert [workers.answer("v")[0] for _ in range(2)] == ["b", "b"]
        until(lambda: len(first) == 4 and len(second) == 8)


def test_a_worker_that_is_idle_waits_for_a_task_that_has_not_begun(asked):
    workers = Workers("v", "w")
    with Queue(workers) as queue:
        queue.more = True
        asked_of = asked(queue, calls("a1", "a2", "a3", "a4"))
        until(lambda: any(map(workers.open, "vw")))
        time.sleep(0.1)
        (busy,) = [name for name in "vw" if workers.open(name)]
        queue.wait(lambda: False)  # returns, since one is hungry
        queue.more = False
        queue.notify()
        other = "w" if busy == "v" else "v"
        assert workers.answer(other)
        for _ in range(3):
            workers.answer(busy if workers.open(busy) else other)
        until(lambda: len(asked_of) == 4)


def test_what_a_dead_worker_had_is_given_again_and_answered_once(asked):
    workers = Workers("v")
    with Queue(workers) as queue:
        answers = asked(queue, calls("1", "2", "3"))
        until(lambda: len(workers.open("v")) == 2)
        workers.names = {"w"}
        late = [future for _, future in workers.given["v"]]
        assert sorted(workers.answer("w") for _ in range(3)) == ["1", "2", "3"]
        until(lambda: len(answers) == 3)
        assert all(future.cancelled() for future in late)
    assert sorted(answers) == ["1 by w", "2 by w", "3 by w"]


def test_a_call_that_kills_workers_is_given_up(asked):
    workers = Workers("w0")
    with Queue(workers) as queue:
        answers = asked(queue, calls("samples a to b"))
        for number in range(DEATHS + 1):
            until(lambda number=number: workers.open(f"w{number}"))
            workers.names = {f"w{number + 1}"}
        until(lambda: answers)
    assert str(answers[0]) == (
        "samples a to b: 10 workers died while they had it, most often for lack of memory; give workers "
        "more memory; the same command goes on from what is saved"
    )


def test_that_nobody_is_there_is_said_once(asked, monkeypatch):
    monkeypatch.setattr("livebench.cluster.dispatch._PATIENCE", 0.1)
    workers, said = Workers(), []
    with Queue(workers, said.append) as queue:
        answers = asked(queue, calls("1"))
        until(lambda: said)
        time.sleep(1.2)
        workers.names = {"w"}
        workers.answer("w")
        until(lambda: answers)
    assert said == ["no worker has come yet: waiting for one"]


def test_without_a_scheduler_all_end(asked):
    workers = Workers("w")
    with Queue(workers) as queue:
        answers = [asked(queue, calls(name)) for name in "ab"]
        until(lambda: workers.open("w"))
        workers.status = "connecting"
        until(lambda: all(answers))
    for (answer,) in answers:
        assert str(answer).endswith(
            "the scheduler has ended, or cannot be reached; the same command goes on from what is saved"
        )


def test_a_scheduler_that_ends_while_an_answer_is_fetched(asked):
    workers = Workers("w")
    with Queue(workers) as queue:
        answers = asked(queue, calls("1"))
        until(lambda: workers.open("w"))
        workers.open("w")[0][1].set_exception(CommClosedError("reset by peer"))
        until(lambda: answers)
    assert "the scheduler has ended, or cannot be reached" in str(answers[0])


def test_a_worker_without_livebench_is_told(asked):
    workers = Workers("w")
    with Queue(workers) as queue:
        answers = asked(queue, calls("1"))
        until(lambda: workers.open("w"))
        workers.open("w")[0][1].set_exception(ModuleNotFoundError("No module named 'livebench'"))
        until(lambda: answers)
    assert str(answers[0]) == (
        "worker w: has another LiveBench than this machine, or none; install the same version, with the "
        "same packages, on every worker"
    )
