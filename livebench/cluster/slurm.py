"""Jobs of Slurm that hold workers: submitted, replaced where they end early, cancelled at the end."""

from __future__ import annotations

import difflib
import inspect
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from livebench.cluster import signals
from livebench.errors import LiveBenchError
from livebench.extras import need
from livebench.records import parse_toml

if TYPE_CHECKING:
    from dask_jobqueue import SLURMCluster
    from distributed.security import Security

_LOOK = 10.0
"""Seconds between looks at the queue of Slurm, which many ask."""

_FRUITLESS = 3
"""Jobs in a row that may end before their worker has come, or as many as were asked for."""

_DOCS = "docs/cluster.md"

_WORKERS_SET = (
    "export DASK_DISTRIBUTED__WORKER__HTTP__ROUTES='[]'",  # pages ask nobody for a key
    # In Python 3.11, sys._current_frames, which the profile calls, can wait for itself for ever.
    "export DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED=False",
)
"""Set in each job before its workers start."""

_NAME = "livebench"

_WHO = ("scheduler", "worker", "client")

_OURS = {
    "n_workers": "jobs says how many jobs there are",
    "asynchronous": "remove it",
}


class SlurmJobs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file that --cluster names: `jobs`, how many jobs to submit; `job`, what is said of each, as
    dask_jobqueue.SLURMCluster takes it (queue, account, cores, memory, walltime, ...)."""

    job: dict[str, Any]
    jobs: int = 1


class _State(NamedTuple):
    """Of a job that is in the queue: "PENDING", "RUNNING", ...; and why."""

    state: str
    reason: str


class Jobs:
    """The jobs of a cluster.

    Attributes:
        cluster: what a client connects to.
    """

    def __init__(self, cluster: SLURMCluster, path: Path, number: int, logs: Path) -> None:
        self.cluster = cluster
        self._path, self._number, self._logs = path, number, logs
        self._seen: set[str] = set()  # job ids that were in the queue
        self._fruitful: set[str] = set()  # names of jobs whose worker has come
        self._fruitless = 0
        self._told: set[str] = set()

    def submit(self, ended: Sequence[str] = ()) -> None:
        """Submit as many as are missing, in the place of those that have ended, too.

        Raises:
            LiveBenchError: sbatch refuses them.
        """

        async def renewed() -> None:
            if ended:
                self.mark_ended(ended)
                for name in ended:
                    del self.cluster.worker_spec[name]
                await self.cluster  # a new job may have the name of an old one
            while len(self.cluster.worker_spec) < self._number:
                self.cluster.worker_spec.update(self.cluster.new_worker_spec())
            await self.cluster

        try:
            with signals.held():  # a job whose number is not known yet could not be cancelled
                self.cluster.sync(renewed)
        except RuntimeError as error:
            fix = f"correct [job], or try again later ({_DOCS})"
            raise LiveBenchError(self._path, f"no job was submitted: {_said(error)}", fix) from None

    def mark_ended(self, names: Iterable[str]) -> None:
        """Have Dask, which checks that, know that jobs have ended: dask_jobqueue does not tell it."""
        from distributed.core import Status

        for name in names:
            self.cluster.workers[name].status = Status.closed

    @contextmanager
    def watched(
        self, say: Callable[[str], object], stop: Callable[[BaseException], object]
    ) -> Iterator[None]:
        """Replace jobs that end within the block; say what they wait for.

        Args:
            stop: called with what makes it impossible to go on.
        """
        over = threading.Event()

        def watch() -> None:
            while not over.wait(_LOOK):
                try:
                    self._look(say)
                except BaseException as error:  # if it is a defect, whoever waits shows it
                    stop(error)
                    return

        thread = threading.Thread(target=watch, daemon=True, name="livebench-slurm")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _look(self, say: Callable[[str], object]) -> None:
        queued = _in_queue()
        if queued is None:
            return
        jobs = {name: job.job_id for name, job in self.cluster.workers.items()}
        self._seen |= queued.keys() & set(jobs.values())
        there = {name for name in jobs if self._has_worker(name)}
        self._fruitful |= there
        if there:
            self._fruitless = 0
        else:
            self._say_what_for([queued[one] for one in jobs.values() if one in queued], say)
        ended = [
            name
            for name, number in jobs.items()
            if number not in queued and (number in self._seen or name not in there)
        ]
        if not ended:
            return
        last = ""
        for name in ended:
            if name not in self._fruitful:
                self._fruitless += 1
                last = self._last_line(jobs[name]) or last
        self._fruitful -= set(ended)
        if self._fruitless >= max(_FRUITLESS, self._number) and not there:
            wrote = f"; the last one wrote: {last}" if last else ""
            what = f"{self._fruitless} jobs in a row ended before a worker of theirs came{wrote}"
            raise LiveBenchError(self._path, what, f"see {_DOCS}#jobs-that-end-at-once")
        numbers = ", ".join(jobs[name] for name in ended if jobs[name])
        if numbers:
            say(f"{self._path}: jobs of Slurm that have ended: {numbers}; others are submitted")
        try:
            self.submit(ended)
        except LiveBenchError as error:
            if not any(number in queued for number in jobs.values()):
                raise
            self._tell(str(error), say)  # the next look tries again

    def _has_worker(self, name: str) -> bool:
        """Whether a worker of the job is connected: it has the job's name, of several in a job each one
        more."""
        found = [one["name"] for one in self.cluster.scheduler_info["workers"].values()]
        return any(one == name or str(one).startswith(f"{name}-") for one in found)

    def _say_what_for(self, states: Sequence[_State], say: Callable[[str], object]) -> None:
        reasons = sorted({one.reason for one in states if one.state == "PENDING"})
        if reasons and all(one.state == "PENDING" for one in states):
            self._tell(f"{self._path}: the jobs wait in Slurm's queue ({', '.join(reasons)})", say)

    def _tell(self, line: str, say: Callable[[str], object]) -> None:
        if line not in self._told:
            self._told.add(line)
            say(line)

    def _last_line(self, number: str | None) -> str:
        """What a job wrote last, if that can be read here."""
        with suppress(OSError):
            for file in sorted(self._logs.glob(f"*-{number}.err")):
                if written := file.read_text(errors="replace").split("\n"):
                    return next((line for line in reversed(written) if line.strip()), "")
        return ""


@contextmanager
def jobs_of(path: Path) -> Iterator[Jobs]:
    """Submit the jobs that a file describes; they end with the block.

    Raises:
        LiveBenchError: the file is wrong, there is no Slurm, or it refuses them.
    """
    wanted = parse_toml(path, SlurmJobs)
    if wanted.jobs < 1:
        raise LiveBenchError(path, f"jobs is {wanted.jobs}", "ask for 1 or more")
    jobqueue = _jobqueue()
    _check(path, wanted.job, jobqueue)
    if shutil.which("sbatch") is None:
        what = "asks for jobs of Slurm, and there is no program sbatch on this machine"
        raise LiveBenchError(path, what, "run it where jobs are submitted")
    import dask

    with (
        signals.as_interrupts(),
        tempfile.TemporaryDirectory(prefix=".livebench-", dir=Path.cwd()) as own,
        # `Jobs` replaces what ends: Dask would drop a job whose worker is away for a while.
        dask.config.set({"distributed.deploy.lost-worker-timeout": "1000 days"}),
    ):
        given = _completed(wanted.job, Path(own))
        try:
            with signals.held():
                cluster = jobqueue.SLURMCluster(**given)
        except (RuntimeError, ValueError, OSError) as error:
            what = f"no scheduler could be started here: {_said(error)}"
            raise LiveBenchError(path, what, f"correct [job] ({_DOCS})") from None
        with cluster:
            jobs = Jobs(cluster, path, wanted.jobs, Path(given["log_directory"]))
            try:
                jobs.submit()
                yield jobs
            finally:
                jobs.mark_ended(list(cluster.workers))


def _jobqueue() -> ModuleType:
    """dask_jobqueue, without what its import does to Ctrl-C: that ends the process, with status 0."""
    with signals.kept():
        return need("dask_jobqueue", "cluster")


def _check(path: Path, job: Mapping[str, Any], jobqueue: ModuleType) -> None:
    """Raise LiveBenchError unless SLURMCluster takes these: a cluster that cannot begin does not end
    well, so this makes a job that is never submitted."""
    of_cluster = set(inspect.signature(jobqueue.core.JobQueueCluster.__init__).parameters)
    classes = (jobqueue.SLURMCluster.job_cls, jobqueue.core.Job)
    known = of_cluster.union(*(inspect.signature(one.__init__).parameters for one in classes))
    known -= {"self", "scheduler", "base_class_kwargs", "job_kwargs", "loop", "job_cls"}
    for name in job:
        if name in _OURS:
            raise LiveBenchError(path, f"[job] has {name}", _OURS[name])
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            fix = f"did you mean {near[0]}?" if near else f"see {_DOCS}"
            raise LiveBenchError(path, f"[job] has {name}, which SLURMCluster does not take", fix)
    of_job = {name: value for name, value in job.items() if name not in of_cluster}
    try:
        with tempfile.TemporaryDirectory() as nothing:
            logs = {"log_directory": nothing}
            classes[0](scheduler="tls://127.0.0.1:1", name="none", **{**of_job, **logs})
    except (TypeError, ValueError) as error:
        said = str(error).splitlines()[0].removesuffix(", for example:")
        what = f"[job] is not what SLURMCluster takes: {said}"
        raise LiveBenchError(path, what, f"see {_DOCS}") from None


def _completed(job: Mapping[str, Any], own: Path) -> dict[str, Any]:
    """What is said of a job, and what it leaves open."""
    import dask
    from distributed.security import Security

    section = f"jobqueue.{job.get('config_name', 'slurm')}"
    here = {
        # A worker has a scorer, and that the threads of a job.
        "processes": dask.config.get(f"{section}.processes", None) or 1,
        "log_directory": dask.config.get(f"{section}.log-directory", None) or str(own),
    }
    prologue = job.get("job_script_prologue")
    if prologue is None:
        prologue = dask.config.get(f"{section}.job-script-prologue", None) or []
    return {
        "job_name": _NAME,
        **here,
        # Whoever reaches a scheduler can run code. The jobs read the key from the folder.
        "security": _kept_in(own, Security.temporary()),
        "protocol": "tls://",
        **job,
        "scheduler_options": {
            "dashboard_address": "127.0.0.1:0",
            **job.get("scheduler_options", {}),
        },
        "job_script_prologue": [*_WORKERS_SET, *prologue],
    }


def _kept_in(folder: Path, security: Security) -> Security:
    """The same certificates as files, which only this user can read."""
    named: dict[str, Any] = {"require_encryption": True}
    for name in ("ca_file", *(f"{who}_{what}" for who in _WHO for what in ("cert", "key"))):
        file = folder / f"{name}.pem"
        file.touch(mode=0o600)
        file.write_text(getattr(security, f"tls_{name}"), "ascii")
        named[f"tls_{name}"] = str(file)
    return type(security)(**named)


def _in_queue() -> dict[str, _State] | None:
    """The jobs of this user that Slurm has in its queue, by id; None if it does not tell."""
    asked = ["squeue", "--all", "--noheader", "--user", str(os.getuid()), "--format", "%i %T %r"]
    plain = {name: one for name, one in os.environ.items() if not name.startswith("SQUEUE_")}
    try:
        told = subprocess.run(
            asked, check=True, capture_output=True, text=True, timeout=_LOOK, env=plain
        )
    except (OSError, subprocess.SubprocessError):
        return None
    rows = (line.split(None, 2) for line in told.stdout.splitlines())
    return {row[0]: _State(row[1], row[2] if len(row) > 2 else "") for row in rows if len(row) > 1}


def _said(error: Exception) -> str:
    """What sbatch said, or else the error, in a line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    of_sbatch = [line for line in lines if line.startswith("sbatch: ")]
    return (of_sbatch or lines or [type(error).__name__])[-1]
