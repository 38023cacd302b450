"""What the tests of this room share: workers in this process, which a scheduler at a port serves."""

from __future__ import annotations

import signal
from contextlib import contextmanager

import pytest


@pytest.fixture(autouse=True)
def signals_of_a_terminal():
    """In the background (`nohup`), Ctrl-C and a closed terminal are ignored, also by what is started."""
    wanted = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }
    before = {one: signal.signal(one, handler) for one, handler in wanted.items()}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.fixture(scope="session")
def cluster_of():
    """Starts a scheduler and so many workers, all threads of this process; a context manager."""
    distributed = pytest.importorskip("distributed")
    import dask

    @contextmanager
    def start(workers):
        # In Python 3.11 a worker's profile of itself can wait for itself for ever.
        with (
            dask.config.set({"distributed.worker.profile.enabled": False}),
            distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=False,
                protocol="tcp",
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                silence_logs=50,
            ) as cluster,
        ):
            yield cluster

    return start


@pytest.fixture(scope="session")
def workers(cluster_of):
    """The address of a scheduler with two workers."""
    with cluster_of(2) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def evaluate(run, frozen, dataset):
    """Runs `livebench evaluate` of submissions on the tiny set."""

    def call(*paths, options=(), sets=(frozen,)):
        found = [one for path in sets for one in ("--candidates", path.path)]
        return run("evaluate", *paths, *found, "--dataset", dataset.path, *options)

    return call
