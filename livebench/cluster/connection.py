"""The cluster that --cluster names: a scheduler that runs, workers on this machine, or jobs of Slurm."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livebench.cluster import signals
from livebench.errors import LiveBenchError
from livebench.extras import need

if TYPE_CHECKING:
    from distributed import Client

    from livebench.cluster.dispatch import Queue
    from livebench.cluster.slurm import Jobs

EXTRA = "cluster"

LOCAL = "local:"

_CONNECT = 10
"""Seconds until a scheduler must have answered."""

_CLOSE = 2
"""Seconds until a connection that does not end is left alone."""

_FORMS = "give the address of a scheduler (tcp://HOST:8786, tls://HOST:8786), local:N, or FILE.toml"


@contextmanager
def queue_on(where: str, say: Callable[[str], object]) -> Iterator[Queue]:
    """A queue of calls for the cluster; what was started for it ends with the block.

    Args:
        where: the value of --cluster.
        say: for a line that the user should see.

    Raises:
        LiveBenchError: it names none, there is none at the address, or a package is not installed.
    """
    distributed = need("distributed", EXTRA)
    from livebench.cluster.dispatch import Queue

    # Its lines tell of what the queue handles; an error here is told in a line of its own.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with ExitStack() as ends:
        jobs: Jobs | None = None
        cluster: Any = where
        if where.startswith(LOCAL):
            cluster = ends.enter_context(_local(_number(where)))
        elif where.endswith(".toml"):
            jobs = ends.enter_context(_slurm(Path(where)))
            cluster = jobs.cluster
        else:
            _check(where)
        with signals.held():
            client = distributed.Client(cluster, timeout=_CONNECT, set_as_default=False)
            ends.callback(_close, client)
        queue = ends.enter_context(Queue(client, say))
        if jobs is not None:
            ends.enter_context(jobs.watched(say, queue.stop))
        yield queue


def _close(client: Client) -> None:
    with suppress(OSError, TimeoutError):  # the scheduler may have ended
        client.close(timeout=_CLOSE)


def _number(where: str) -> int:
    text = where.removeprefix(LOCAL)
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise LiveBenchError("--cluster", f"{where}: there is no such number of workers", _FORMS)
    return int(text)


@contextmanager
def _local(number: int) -> Iterator[Any]:
    """Workers on this machine, that only this process can reach."""
    from distributed import LocalCluster
    from distributed.security import Security

    from livebench.cluster.worker import DEVICES

    devices = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    with (
        _no_pages(),
        LocalCluster(
            n_workers=number,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            # Whoever reaches a scheduler can run code; other users of this machine reach 127.0.0.1, too.
            security=Security.temporary(),
            memory_limit=None,  # the scorer has a process of its own
            silence_logs=logging.CRITICAL,
            env={DEVICES: devices} if devices else None,
        ) as cluster,
    ):
        yield cluster


def _no_pages() -> AbstractContextManager[Any]:
    """Schedulers and workers that are started serve no pages, since those ask nobody for a key, and do
    not watch themselves a hundred times a second for what nobody looks at."""
    import dask

    return dask.config.set(
        {
            "distributed.scheduler.http.routes": [],
            "distributed.worker.http.routes": [],
            "distributed.worker.profile.enabled": False,
            "distributed.admin.tick.interval": "1s",
            "distributed.admin.system-monitor.interval": "5s",
        }
    )


def _check(address: str) -> None:
    """Raise LiveBenchError unless a scheduler answers at the address: a `Client` tells less."""
    from distributed.comm import connect
    from distributed.comm.core import FatalCommClosedError
    from distributed.security import Security

    where = f"--cluster {address}"
    if address.partition("://")[0] not in ("tcp", "tls"):
        raise LiveBenchError(where, "is no address of a scheduler", _FORMS)

    async def answers() -> None:
        certificates = Security().get_connection_args("client")
        comm = await connect(address, timeout=_CONNECT, **certificates)
        await comm.close()

    try:
        asyncio.run(answers())
    except ValueError as error:
        raise LiveBenchError(where, f"is no address of a scheduler ({error})", _FORMS) from None
    except TypeError:
        what = "needs certificates, and Dask's configuration names none"
        raise LiveBenchError(where, what, f"set them as {_DOCS} says") from None
    except RuntimeError:
        what = "is not encrypted, and Dask's configuration requires that"
        raise LiveBenchError(where, what, "start the scheduler with TLS, and give tls://") from None
    except FatalCommClosedError:
        what = "has a certificate that the ca-file of Dask's configuration did not sign"
        raise LiveBenchError(where, what, f"use the same ca-file ({_DOCS})") from None
    except OSError:
        what = f"no scheduler answers there (waited {_CONNECT:g} s)"
        fix = "start one with `dask scheduler`, or correct the address; with TLS it begins with tls://"
        raise LiveBenchError(where, what, fix) from None


_DOCS = "docs/cluster.md"


@contextmanager
def _slurm(path: Path) -> Iterator[Jobs]:
    """Jobs of Slurm, each with its workers."""
    from livebench.cluster.slurm import jobs_of

    if not path.is_file():
        raise LiveBenchError(path, "there is no such file", _FORMS)
    with _no_pages(), jobs_of(path) as jobs:
        yield jobs
