"""What a worker does: it makes the scorer of a run once, in the isolation that the run would have here,
and scores blocks with it.

A worker works on one block at a time, in a thread of its own: the process of a submission ends with the
thread that started it.
"""

from __future__ import annotations

import os
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

import msgspec
from distributed import get_worker

from livebench.cluster.orders import (
    OTHER_LIVEBENCH,
    SAME_LIVEBENCH,
    Described,
    Done,
    Failure,
    Order,
    Place,
    check_software,
    checksum,
    opened_dataset,
    opened_run,
    opened_set,
)
from livebench.cluster.sample_store import SampleStore
from livebench.data.dataset import Dataset
from livebench.errors import LiveBenchError
from livebench.isolation import wire
from livebench.records import SampleRecord
from livebench.scoring.preparation import KeptScorers
from livebench.scoring.runner import (
    Asking,
    Samples,
    computation_of,
    memory_of,
    score_blocks,
    what_is_shown,
)
from livebench.scoring.scorer import Sample, Scorer, is_fitted

_Result = TypeVar("_Result")

DEVICES = "LIVEBENCH_DEVICES"
"""Of a local worker: the graphics cards that the workers share, as CUDA_VISIBLE_DEVICES names them."""

_IDLE = 60.0
"""Seconds without work after which a scorer is ended: it may hold a graphics card."""

_SETS = 4
"""Sets whose samples are kept on disk."""


def describe(order: bytes) -> Done:
    """Make the scorer of a run; the content is a `Described`."""
    return _station().do(order, lambda serving, one: serving.describe(one))


def score(order: bytes, names: Sequence[str]) -> Done:
    """Score a block; the content is a list of `Numbers`."""
    return _station().do(order, lambda serving, one: serving.score(one, names))


def score_given(order: bytes, names: Sequence[str], given: bytes) -> Done:
    """Score a block whose samples are sent; the content is a list of `Numbers`."""
    return _station().do(order, lambda serving, one: serving.score_given(one, names, given))


def ask(order: bytes, names: Sequence[str], asking: Asking[Any]) -> Done:
    """Ask a scorer that has seen no sample; the content is what `asking` makes of it."""
    return _station().do(order, lambda serving, one: serving.ask(one, names, asking))


_making = threading.Lock()
_KEPT = "livebench_station"


def _station() -> _Station:
    """The station of the worker that this is called on; there are several in a process in tests."""
    worker = get_worker()
    with _making:
        station: _Station | None = getattr(worker, _KEPT, None)
        if station is None:
            station = _Station(str(worker.name), worker.address, worker.state.nthreads)
            setattr(worker, _KEPT, station)
        return station


class _Station:
    """A worker's thread, and what it keeps from block to block."""

    def __init__(self, name: str, address: str, threads: int) -> None:
        devices = [one for one in os.environ.get(DEVICES, "").split(",") if one]
        if devices and name.isdecimal():  # a process of its own, which `local:N` started
            os.environ["CUDA_VISIBLE_DEVICES"] = devices[int(name) % len(devices)]
        self._serving = _Serving(address, threads)
        self._inbox: queue.SimpleQueue[tuple[Future[Done], bytes, _Work]] = queue.SimpleQueue()
        threading.Thread(target=self._serve, daemon=True, name="livebench").start()

    def do(self, order: bytes, work: _Work) -> Done:
        future: Future[Done] = Future()
        self._inbox.put((future, order, work))
        return future.result()

    def _serve(self) -> None:
        while True:
            try:
                future, order, work = self._inbox.get(timeout=_IDLE)
            except queue.Empty:
                self._serving.close()
                continue
            try:
                future.set_result(self._serving.answer(order, work))
            except BaseException as error:  # a defect: the one who started it shows it
                self._serving.close()
                future.set_exception(error)


class _Serving:
    """The scorers of the run that a worker is on, and the sets that it has looked into."""

    def __init__(self, worker: str, threads: int) -> None:
        self._worker, self._threads = worker, threads
        self._order: Order | None = None
        self._scorers: KeptScorers | None = None
        self._printed: list[str] = []
        self._stores: OrderedDict[Place, SampleStore] = OrderedDict()
        self._shows: dict[tuple[Place | None, ...], Callable[[SampleRecord], Sample]] = {}
        self._datasets: dict[Place, Dataset] = {}

    def answer(self, sent: bytes, work: _Work) -> Done:
        """What `work` gives; a failure of the submission ends its processes."""
        try:
            try:
                order = msgspec.msgpack.decode(sent, type=Order)
            except msgspec.DecodeError:
                where = f"worker {self._worker}"
                raise LiveBenchError(where, OTHER_LIVEBENCH, SAME_LIVEBENCH) from None
            done = work(self, order)
        except LiveBenchError as error:
            self.close()
            done = Done(None, Failure.of(error), [])
        printed, self._printed[:] = list(self._printed), []
        return done._replace(printed=printed)

    def describe(self, order: Order) -> Done:
        made = self._of_run(order).created()
        remark, model = getattr(made, "remark", ""), computation_of(made).model
        content = Described(is_fitted(made), made.trained, remark, model)
        return Done(content, None, [], memory_of(made))

    def score(self, order: Order, names: Sequence[str]) -> Done:
        return self._scored(order, list(self._samples(order, names)))

    def score_given(self, order: Order, names: Sequence[str], given: bytes) -> Done:
        read = msgspec.msgpack.decode(given, type=list[wire.SentSample])
        return self._scored(order, list(zip(names, wire.unpack_samples(read), strict=True)))

    def _scored(self, order: Order, samples: Samples) -> Done:
        scorer = self._fitted(order)
        ((_, numbers),) = score_blocks(scorer, [samples])
        return Done(numbers, None, [], memory_of(scorer), checksum(numbers))

    def ask(self, order: Order, names: Sequence[str], asking: Asking[Any]) -> Done:
        with self._of_run(order).afresh(self._fits_on(order)) as scorer:
            content = asking(scorer, self._samples(order, names))
            return Done(content, None, [])

    def close(self) -> None:
        """End the processes of the submission."""
        scorers, self._scorers, self._order = self._scorers, None, None
        if scorers is not None:
            scorers.close()

    def _of_run(self, order: Order) -> KeptScorers:
        """The scorers of the run, made when it is new: nothing of another run stays."""
        before = self._order
        if self._scorers is None or before is None or _run_of(before) != _run_of(order):
            self.close()
            check_software(order.software, self._worker)
            submission, run = opened_run(order, self._worker)
            isolation = order.isolation(self._threads, self._printed.append)
            self._scorers = KeptScorers(submission, run, isolation.open)
        elif before.task != order.task:
            self._scorers.release()
        self._order = order
        return self._scorers

    def _fitted(self, order: Order) -> Scorer:
        return self._of_run(order).fitted(self._fits_on(order))

    def _fits_on(self, order: Order) -> Dataset | None:
        return None if order.fitted_on is None else self._dataset(order.fitted_on)

    def _samples(self, order: Order, names: Sequence[str]) -> Iterator[tuple[str, Sample]]:
        """The samples of these ids, as the task shows them."""
        place = order.candidate_set
        if place is None or not order.setting:
            raise ValueError("the order has no task")
        store = self._stores.get(place)
        key = (place, order.dataset, Place(order.setting, ""))
        if store is None or key not in self._shows:
            candidate_set = opened_set(place, self._worker)
            dataset = None if order.dataset is None else self._dataset(order.dataset)
            self._shows[key] = what_is_shown(candidate_set, dataset, order.setting)
            store = self._stores[place] = store or SampleStore(candidate_set)
        self._stores.move_to_end(place)
        if len(self._stores) > _SETS:
            left, _ = self._stores.popitem(last=False)
            self._shows = {one: show for one, show in self._shows.items() if one[0] != left}
        for record in store.records(names):
            yield record.sample_id, self._shows[key](record)

    def _dataset(self, place: Place) -> Dataset:
        if place not in self._datasets:
            self._datasets.clear()  # one at a time: it may hold much
            self._datasets[place] = opened_dataset(place, self._worker)
        return self._datasets[place]


_Work = Callable[[_Serving, Order], Done]


def _run_of(order: Order) -> tuple[object, ...]:
    return order.submission, order.run, tuple(sorted(order.fingerprint.items())), order.where
