"""Work spread over processes: all have one object, results come in order, a bounded number waits."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Generic, TypeVar

from livebench.errors import LiveBenchError

_Held = TypeVar("_Held")
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

# A process that is forked shares the memory of its parent, which is most of what it needs. Elsewhere
# forking is unsafe or absent: the object is pickled, once for each process.
START = "fork" if sys.platform == "linux" else "spawn"

WAITING = 2
"""Items handed out at a time, for each process."""


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Workers(Generic[_Held]):
    """Processes that share an object; with one, everything is done in this process.

    They start with the first item, and know the object as it is then. They end with the block, also by
    an error or Ctrl-C, and with the process that started them, however that ends.

    Args:
        held: what the work is done with; work that is spread must not need what it changes in it.
        processes: how many, at least 1.
    """

    def __init__(self, held: _Held, processes: int) -> None:
        self._held, self._processes = held, processes
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Workers[_Held]:
        if self._processes > 1:
            self._pool = ProcessPoolExecutor(
                self._processes,
                multiprocessing.get_context(START),
                initializer=_start,
                initargs=(self._held,),
            )
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def map(
        self, work: Callable[[_Held, _Item], _Result], items: Iterable[_Item]
    ) -> Iterator[_Result]:
        """Yield `work(held, item)` for each item, in order; `items` is read only as far as needed.

        Raises:
            LiveBenchError: what `work` raised, for the first item in order that failed; or a process
                was killed.
        """
        if self._pool is None:
            for item in items:
                yield work(self._held, item)
            return
        waiting: deque[Future[_Result]] = deque()
        for item in items:
            waiting.append(self._submit(self._pool, work, item))
            if len(waiting) == WAITING * self._processes:
                yield _result(waiting.popleft())
        while waiting:
            yield _result(waiting.popleft())

    def _submit(
        self, pool: ProcessPoolExecutor, work: Callable[[_Held, _Item], _Result], item: _Item
    ) -> Future[_Result]:
        with warnings.catch_warnings():
            # Python 3.12 warns of a fork beside threads: those of Arrow and BLAS, which the work that
            # is spread does not use.
            warnings.simplefilter("ignore", DeprecationWarning)
            try:
                return pool.submit(_work, work, item)
            except BrokenProcessPool:
                raise _killed() from None


def _result(future: Future[_Result]) -> _Result:
    try:
        return future.result()
    except BrokenProcessPool:
        raise _killed() from None
    except LiveBenchError as error:
        raise LiveBenchError(*error.args) from None  # without the traceback of the other process


def _killed() -> LiveBenchError:
    what = "a process was killed while it worked, most often for lack of memory"
    return LiveBenchError("--processes", what, "use fewer processes")


# In the processes

_held: Any = None


def _start(held: object) -> None:
    """Keep the object; leave Ctrl-C to the parent, and end when that has ended."""
    global _held  # noqa: PLW0603 (one object for the life of the process)
    _held = held
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _work(work: Callable[[Any, _Item], _Result], item: _Item) -> _Result:
    return work(_held, item)
