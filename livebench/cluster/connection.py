"""The cluster that --cluster names: a scheduler that runs, workers on this machine, or jobs of Slurm."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from livebench.errors import LiveBenchError
from livebench.extras import need
from livebench.records import parse_toml

if TYPE_CHECKING:
    from distributed import Client

EXTRA = "cluster"

LOCAL = "local:"

_CONNECT = 10
"""Seconds until a scheduler must have answered."""

_FORMS = "give the address of a scheduler (tcp://HOST:8786, tls://HOST:8786), local:N, or FILE.toml"


class SlurmJobs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file that --cluster names: `jobs`, how many jobs to submit; `job`, what is said of each, as
    dask_jobqueue.SLURMCluster takes it (queue, account, cores, memory, walltime, ...)."""

    job: dict[str, Any]
    jobs: int = 1


@contextmanager
def connected(where: str) -> Iterator[Client]:
    """A client of the cluster; what was started for it ends with the block.

    Args:
        where: the value of --cluster.

    Raises:
        LiveBenchError: it names none, there is none at the address, or a package is not installed.
    """
    distributed = need("distributed", EXTRA)
    # Its lines tell of what the queue handles; an error here is told in a line of its own.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with ExitStack() as ends:
        if where.startswith(LOCAL):
            cluster = ends.enter_context(_local(_number(where)))
            client = distributed.Client(cluster, set_as_default=False)
        elif where.endswith(".toml"):
            cluster = ends.enter_context(_slurm(Path(where)))
            client = distributed.Client(cluster, set_as_default=False)
        else:
            client = _client(where, distributed.Client)
        yield ends.enter_context(client)


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
    with LocalCluster(
        n_workers=number,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        worker_dashboard_address=None,
        # Whoever reaches a scheduler can run code; other users of this machine reach 127.0.0.1, too.
        security=Security.temporary(),
        memory_limit=None,  # the scorer has a process of its own
        silence_logs=logging.CRITICAL,
        env={DEVICES: devices} if devices else None,
    ) as cluster:
        yield cluster


def _client(address: str, make: Callable[..., Client]) -> Client:
    where = f"--cluster {address}"
    protocol, _, rest = address.partition("://")
    if not rest or protocol not in ("tcp", "tls"):
        raise LiveBenchError(where, "is no address of a scheduler", _FORMS)
    try:
        return make(address, timeout=_CONNECT, set_as_default=False)
    except ValueError as error:
        raise LiveBenchError(where, f"is no address of a scheduler ({error})", _FORMS) from None
    except (RuntimeError, TypeError) as error:
        if "encrypt" not in str(error) and "TLS" not in str(error):
            raise
        if protocol == "tls":
            what = "needs certificates, and Dask's configuration names none"
            raise LiveBenchError(where, what, f"set them as {_DOCS} says") from None
        what = "is not encrypted, and Dask's configuration requires that"
        raise LiveBenchError(where, what, "start the scheduler with TLS, and give tls://") from None
    except OSError as error:
        what = "no scheduler answers there"
        fix = (
            f"start one (`dask scheduler`), or correct the address; one with TLS wants tls:// and "
            f"certificates that it trusts ({_DOCS})"
        )
        raise LiveBenchError(where, what, fix) from error


_DOCS = "docs/cluster.md"


@contextmanager
def _slurm(path: Path) -> Iterator[Any]:
    """Jobs of Slurm, each with its workers."""
    if not path.is_file():
        raise LiveBenchError(path, "there is no such file", _FORMS)
    wanted = parse_toml(path, SlurmJobs)
    if wanted.jobs < 1:
        raise LiveBenchError(path, f"jobs is {wanted.jobs}", "ask for 1 or more")
    jobqueue = need("dask_jobqueue", EXTRA)
    from distributed.security import Security

    state = Path(".livebench").resolve()
    state.mkdir(mode=0o700, exist_ok=True)
    given = {
        # Keys, which the jobs read: whoever reaches a scheduler can run code.
        "security": Security.temporary(),
        "shared_temp_directory": str(state),
        "scheduler_options": {"dashboard_address": None},
        **wanted.job,
    }
    try:
        cluster = jobqueue.SLURMCluster(**given)
    except (TypeError, ValueError) as error:
        what = f"[job] is not what dask_jobqueue.SLURMCluster takes: {error}"
        raise LiveBenchError(path, what, f"see {_DOCS}") from None
    with cluster:
        try:
            cluster.scale(jobs=wanted.jobs)
        except (RuntimeError, FileNotFoundError) as error:
            raise LiveBenchError(path, f"no job could be submitted: {error}") from None
        yield cluster
