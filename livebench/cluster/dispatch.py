"""The queue: calls that wait here, and a few at each worker.

Dask moves calls and answers, starts workers and restarts them. What it does not know is that a worker
has loaded a scorer, which may take a minute and a graphics card: so the queue here says which worker
gets a call. A worker keeps to its run as long as there are blocks of it, then takes one that no other is
on, and helps another last. Two calls at a time are with a worker, however many wait: neither the
scheduler nor this process holds more.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import Any
from uuid import uuid4

from distributed import Client, Future, KilledWorker
from distributed.comm import CommClosedError

from livebench.cluster.orders import OTHER_LIVEBENCH, SAME_LIVEBENCH
from livebench.errors import LiveBenchError

WAITING = 2
"""Calls at a worker at a time: the one that it works on, and the next."""

DEATHS = 9
"""Workers that may die with a call before it is given to no other. It is seldom the call's fault: what
lacks memory is the process of the submission, whose end is told at once."""

_LOOK = 0.5
"""Seconds between looks at which workers there are."""

_BREATH = 0.05
"""Seconds that threads which end are given."""

_PATIENCE = 20.0
"""Seconds without a worker until that is told."""

_FINISHING = 16
"""Tasks that may wait for their last steps on this machine while more are begun."""

GOES_ON = "the same command goes on from what is saved"


class Stopped(BaseException):
    """The queue was stopped: no error, so that nothing takes it for one."""


class Call:
    """A call of a function on a worker.

    Args:
        name: what it is about, for errors.
    """

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...], name: str) -> None:
        self.function, self.arguments, self.name = function, arguments, name
        self.future: Future[Any] | None = None
        self.worker, self.deaths = "", 0


class Lane:
    """A task on its way, from when it is begun until its result is written.

    Attributes:
        calls: how many have no answer.
        scores: whether its blocks are or were in the queue; `waits`: for another task.
    """

    def __init__(self) -> None:
        self.calls, self.scores, self.waits = 0, False, False

    @property
    def is_coming(self) -> bool:
        """Whether it will give workers something to do, and has not yet."""
        return not (self.scores or self.calls or self.waits)

    @property
    def is_finishing(self) -> bool:
        """Whether all that is left of it is done on this machine."""
        return self.scores and not self.calls


class _Stream:
    """Calls that belong together; those that wait are in `calls`, futures that have ended in `ended`."""

    def __init__(self, calls: Sequence[Call], key: Hashable, lane: Lane) -> None:
        self.calls, self.key, self.lane = deque(calls), key, lane
        self.ended: SimpleQueue[tuple[Call, Future[Any]] | BaseException] = SimpleQueue()
        self.left = len(calls)


class Queue:
    """Calls for the workers of a scheduler, from any number of threads; a context manager.

    Args:
        client: connected.
        say: for a line that the user should see.

    Attributes:
        more: whether there are tasks that have not begun: then a worker waits for one rather than
            helping with one that others are on.
    """

    def __init__(self, client: Client, say: Callable[[str], object] = lambda line: None) -> None:
        self._client, self._say = client, say
        self._changed = threading.Condition()  # of all that follows
        self._streams: list[_Stream] = []
        self._given: dict[str, dict[Call, _Stream]] = {}
        self._home: dict[str, _Stream] = {}
        self._lanes: list[Lane] = []
        self._hungry, self.more = 0, False
        self._stopped: BaseException | None = None
        self._name, self._number = f"livebench-{uuid4().hex[:8]}", itertools.count()
        self._local = threading.local()
        self._thread = threading.Thread(target=self._serve, daemon=True, name="livebench-queue")

    def __enter__(self) -> Queue:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop(Stopped())
        self._thread.join(timeout=5)

    def stop(self, error: BaseException) -> None:
        """End: whoever waits for an answer gets this error."""
        with self._changed:
            self._stopped = self._stopped or error
            for stream in self._streams:
                stream.ended.put(self._stopped)
            self._changed.notify_all()

    # Tasks: how many are begun at a time

    def begin(self) -> Lane:
        """A task that is about to begin, in a thread."""
        with self._changed:
            self._lanes.append(lane := Lane())
        return lane

    @contextmanager
    def on(self, lane: Lane) -> Iterator[None]:
        """The calls of this thread in the block are those of the task; it ends with the block."""
        self._local.lane = lane
        try:
            yield
        finally:
            del self._local.lane
            with self._changed:
                self._lanes.remove(lane)
                self._changed.notify_all()

    def wait(self, until: Callable[[], bool]) -> None:
        """Wait until another task should begin, since workers have too little to do and none that is
        begun will give them any; or `until` says so, or the queue was stopped."""
        with self._changed:
            while not (self._stopped or until() or self._wants_more()):
                self._changed.wait(_LOOK)
            if self._stopped:
                self._changed.wait(_BREATH)

    def wait_for(self, event: threading.Event) -> None:
        """Wait for an event; raises what the queue was stopped with."""
        while not event.wait(_LOOK):
            if self._stopped is not None:
                raise self._stopped

    def notify(self) -> None:
        """Have `wait` ask again."""
        with self._changed:
            self._changed.notify_all()

    def _wants_more(self) -> bool:
        return self._may_begin() and self._hungry > sum(lane.is_coming for lane in self._lanes)

    def _may_begin(self) -> bool:
        return self.more and sum(lane.is_finishing for lane in self._lanes) < _FINISHING

    # Calls, and their answers in the thread that asked

    def run(
        self, calls: Sequence[Call], key: Hashable, *, scores: bool = False
    ) -> Iterator[tuple[Call, Any]]:
        """Yield each call with its answer, in any order, each once.

        Args:
            key: of the run: the next call of a worker has the same one, where it can.
            scores: whether these are the blocks of the task of this thread.

        Raises:
            LiveBenchError: the scheduler cannot be reached any more, workers died with a call, or one
                has another LiveBench.
            Exception: what the function raised.
        """
        lane: Lane = getattr(self._local, "lane", None) or Lane()
        stream = _Stream(calls, key, lane)
        with self._changed:
            if self._stopped is not None:
                raise self._stopped
            lane.scores |= scores
            lane.calls += stream.left
            self._streams.append(stream)
            self._changed.notify_all()
        try:
            while stream.left:
                ended = stream.ended.get()
                if isinstance(ended, BaseException):
                    raise ended
                found = self._answer(*ended, stream)
                if found is not None:
                    yield ended[0], found[0]
        finally:
            with self._changed:
                lane.calls -= stream.left
                self._streams.remove(stream)
                gone = self._taken_back(stream)
                self._changed.notify_all()
            self._cancel(gone)

    def _answer(self, call: Call, future: Future[Any], stream: _Stream) -> tuple[Any] | None:
        """The answer; None if the call is given again, or was in the meantime."""
        died = False
        answer: Any = None
        try:
            answer = future.result()
        except (CancelledError, KilledWorker):
            died = True
        except CommClosedError:
            raise self._stopped or self._lost() from None
        except (ImportError, AttributeError) as error:
            if "livebench" not in str(error):
                raise
            where = f"worker {call.worker}"
            raise LiveBenchError(where, OTHER_LIVEBENCH, SAME_LIVEBENCH) from None
        with self._changed:
            if call.future is not future:
                return None
            if died:
                if self._client.status != "running":
                    raise self._stopped or self._lost()
                self._give_again(call, stream)
                self._changed.notify_all()
                return None
            self._given.get(call.worker, {}).pop(call, None)
            call.future = None
            stream.left -= 1
            stream.lane.calls -= 1
            self._changed.notify_all()
        return (answer,)

    def _taken_back(self, stream: _Stream) -> list[Future[Any]]:
        """Take the calls of a stream back from the workers."""
        gone = []
        for given in self._given.values():
            for call in [call for call, own in given.items() if own is stream]:
                del given[call]
                gone += [call.future] if call.future is not None else []
                call.future = None
        return gone

    def _cancel(self, futures: Sequence[Future[Any]]) -> None:
        if futures and self._client.status == "running":
            with suppress(Exception):  # the scheduler may have ended
                self._client.cancel(list(futures))

    def _lost(self) -> LiveBenchError:
        where = f"--cluster {self._client.scheduler.address}" if self._client.scheduler else ""
        return LiveBenchError(where, "the scheduler has ended, or cannot be reached", GOES_ON)

    # The thread that gives calls to workers

    def _serve(self) -> None:
        looked, self._since = float("-inf"), time.monotonic()
        while self._stopped is None:
            try:
                if time.monotonic() - looked >= _LOOK:
                    self._look()
                    looked = time.monotonic()
                with self._changed:
                    if self._stopped is None and not self._give_all():
                        self._changed.wait(_LOOK)
            except (OSError, TimeoutError):
                self.stop(self._lost())
            except BaseException as error:  # a defect: whoever waits shows it
                self.stop(error)

    def _look(self) -> None:
        """Look which workers there are: what was with others is given again."""
        if self._client.status != "running":
            raise OSError("the scheduler has ended")
        workers = set(self._client.nthreads())
        gone: list[Future[Any]] = []
        with self._changed:
            for address in self._given.keys() - workers:
                self._home.pop(address, None)
                for call, stream in self._given.pop(address).items():
                    gone += [call.future] if call.future is not None else []
                    self._give_again(call, stream)
            for address in workers - self._given.keys():
                self._given[address] = {}
        self._cancel(gone)
        # Where no worker has come, no task is begun, and there are no streams.
        if workers or not (self._streams or self.more):
            self._since = time.monotonic()
        elif time.monotonic() - self._since > _PATIENCE:
            self._say("no worker has come yet: waiting for one")
            self._since = float("inf")

    def _give_again(self, call: Call, stream: _Stream) -> None:
        """Put a call back whose worker has died."""
        self._given.get(call.worker, {}).pop(call, None)
        call.future = None
        call.deaths += 1
        if call.deaths > DEATHS:
            what = f"{call.deaths} workers died while they had it, most often for lack of memory"
            fix = f"give workers more memory; {GOES_ON}"
            stream.ended.put(LiveBenchError(call.name, what, fix))
        else:
            stream.calls.appendleft(call)

    def _give_all(self) -> bool:
        """Give each worker what it can take; whether there was anything."""
        hungry, gave = 0, False
        for address, given in sorted(self._given.items(), key=lambda one: len(one[1])):
            while len(given) < WAITING:
                stream = self._choose(address)
                if stream is None:
                    hungry += 1
                    break
                self._give(stream.calls.popleft(), stream, address)
                gave = True
        if hungry != self._hungry:
            self._hungry = hungry
            self._changed.notify_all()
        return gave

    def _choose(self, address: str) -> _Stream | None:
        """The stream that the next call of a worker comes from."""
        home = self._home.get(address)
        if home is not None and home.calls:
            return home
        waiting = [stream for stream in self._streams if stream.calls]
        if not waiting:
            return None
        there = Counter(map(id, self._home.values()))
        same = [stream for stream in waiting if home is not None and stream.key == home.key]
        for stream in (*same, *waiting):
            if not there[id(stream)]:
                return stream
        if self._may_begin():
            return None
        return max(same or waiting, key=lambda one: len(one.calls) / (1 + there[id(one)]))

    def _give(self, call: Call, stream: _Stream, address: str) -> None:
        self._home[address] = stream
        self._given[address][call] = stream
        call.worker = address
        future = call.future = self._client.submit(
            call.function,
            *call.arguments,
            key=f"{self._name}-{next(self._number)}",
            pure=False,
            workers=[address],
            allow_other_workers=False,
        )
        future.add_done_callback(lambda one: stream.ended.put((call, one)))
