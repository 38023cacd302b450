"""`--cluster slurm.toml`, with programs that play Slurm: jobs that end, wait or are refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from importlib.util import find_spec

import pytest
from fake_slurm import FakeSlurm

if find_spec("dask_jobqueue") is None:  # its import would change what Ctrl-C does to the tests
    pytest.skip("the extra `cluster` is not installed", allow_module_level=True)

from livebench.cluster import dispatch, slurm

SLOW = """
import time

class Mine:
    def score(self, video_ctx, comments, candidate):
        return -len(candidate.text) + 0.01 * len(comments)

    def score_candidates(self, video_ctx, comments, candidates):
        time.sleep(0.02)
        return [self.score(video_ctx, comments, one) for one in candidates]
"""

JOB = '[job]\ncores = 1\nmemory = "1GB"\nqueue = "main"\n'


@pytest.fixture
def fake(tmp_path_factory, monkeypatch):
    found = FakeSlurm(tmp_path_factory.mktemp("slurm"))
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(slurm, "_LOOK", 0.2)
    yield found
    for number in found.left:
        subprocess.run([found.programs / "scancel", str(number)], check=True)


@pytest.fixture
def told(refused, submission, small, dataset, tmp_path):
    """Evaluates by a slurm.toml that is wrong; gives the line."""

    def call(text):
        (tmp_path / "slurm.toml").write_text(text)
        given = ("--candidates", small.path, "--dataset", dataset.path, "--quiet")
        line = refused("evaluate", submission(code=SLOW), *given, "--cluster", "slurm.toml")
        assert not list(tmp_path.glob(".livebench-*"))
        return line

    return call


FILES = {
    "not TOML": ("jobs = ", "slurm.toml: "),
    "no job": ("jobs = 2\n", "missing required field `job`"),
    "unknown": ("job = {}\nnodes = 2\n", "unknown field `nodes`"),
    "none": ("jobs = 0\n[job]\ncores = 1\n", "slurm.toml: jobs is 0; ask for 1 or more"),
    "misspelt": (
        f'{JOB}qeue = "gpu"\n',
        "slurm.toml: [job] has qeue, which SLURMCluster does not take; did you mean queue?",
    ),
    "odd": (
        f"{JOB}asdf = 1\n",
        "slurm.toml: [job] has asdf, which SLURMCluster does not take; see docs/cluster.md",
    ),
    "two numbers": (
        f"{JOB}n_workers = 3\n",
        "slurm.toml: [job] has n_workers; jobs says how many jobs there are",
    ),
    "lacks": (
        '[job]\nqueue = "main"\n',
        "slurm.toml: [job] is not what SLURMCluster takes: You must specify how much cores and memory "
        "per job you want to use; see docs/cluster.md",
    ),
    "no memory": (
        '[job]\ncores = 1\nmemory = "much"\n',
        "slurm.toml: [job] is not what SLURMCluster takes: ",
    ),
    "no interface": (
        f'{JOB}interface = "none0"\n',
        "slurm.toml: no scheduler could be started here: Cluster failed to start: 'none0' is not a ",
    ),
    "refused": (
        JOB.replace("main", "gpu"),
        "slurm.toml: no job was submitted: sbatch: error: Batch job submission failed: Invalid "
        "partition name specified; correct [job], or try again later (docs/cluster.md)",
    ),
}


@pytest.mark.parametrize("what", FILES)
def test_a_bad_file_is_told(fake, told, what):
    text, message = FILES[what]
    assert message in told(text)
    assert not fake.left


def test_without_sbatch(told, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert told(JOB) == (
        "slurm.toml: asks for jobs of Slurm, and there is no program sbatch on this machine; run it "
        "where jobs are submitted"
    )


def test_what_a_job_is_told(fake, evaluate, submission, tmp_path):
    (tmp_path / "slurm.toml").write_text(
        f'{JOB}python = "true"\ncores = 4\njob_script_prologue = ["module load x"]\n'.replace(
            "cores = 1\n", ""
        )
    )
    evaluate(submission(code=SLOW), options=("--cluster", "slurm.toml"))
    script = fake.script(1)
    for line in (
        "#SBATCH -J livebench",
        "#SBATCH --cpus-per-task=4",
        "export DASK_DISTRIBUTED__WORKER__HTTP__ROUTES='[]'",
        "export DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED=False",
        "module load x",
    ):
        assert f"{line}\n" in script
    assert "--nthreads 4 " in script  # one worker
    assert "--nworkers" not in script
    assert " tls://" in script


def test_jobs_that_end_at_once_stop_the_command(fake, evaluate, submission, tmp_path):
    (tmp_path / "slurm.toml").write_text(f'{JOB}python = "/nowhere/python"\n')
    done = evaluate(submission(code=SLOW), options=("--cluster", "slurm.toml"))
    assert done.status == 2
    *lines, last = done.err.splitlines()
    assert last.startswith(
        "livebench: slurm.toml: 3 jobs in a row ended before a worker of theirs came; the last one "
        "wrote: "
    )
    assert last.endswith(
        "/nowhere/python: No such file or directory; see docs/cluster.md#jobs-that-end-at-once"
    )
    assert "slurm.toml: jobs of Slurm that have ended: 1; others are submitted" in lines
    assert fake.submitted == [1, 2, 3]
    assert not list(tmp_path.glob(".livebench-*"))


def test_what_jobs_wait_for_is_said(fake, evaluate, submission, tmp_path, monkeypatch):
    (tmp_path / "slurm.toml").write_text(JOB.replace("main", "down"))
    monkeypatch.setattr(dispatch, "_PATIENCE", 0.7)
    waits = [
        "no worker has come yet: waiting for one",
        "slurm.toml: the jobs wait in Slurm's queue (PartitionDown)",
    ]
    said = []

    def remark(line, quiet=False):
        said.append(line)
        if sorted(said) == waits:
            threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT)).start()

    monkeypatch.setattr("livebench.cli.on_cluster.remark", remark)
    done = evaluate(submission(code=SLOW), options=("--cluster", "slurm.toml"))
    assert done.status == 130
    assert sorted(said[:2]) == waits  # each once, in three more looks, too
    assert said[2].startswith("stopped; ")
    assert fake.submitted == [1]
    assert not fake.left


@pytest.mark.parametrize("first", ["runs", "waits"])
def test_a_second_job_that_is_refused(fake, told, first):
    """The first one was accepted, and is cancelled."""
    fake.accept(1)
    queue = {"runs": "main", "waits": "down"}[first]
    line = told("jobs = 2\n" + JOB.replace("main", queue))
    assert "no job was submitted: sbatch: error: Batch job submission failed: Job violates" in line
    assert fake.submitted == [1]
    assert not fake.left


def scores(path):
    return {file.relative_to(path): file.read_bytes() for file in path.glob("scores/*/*/*")}


@pytest.mark.slow
def test_a_job_that_is_cancelled_is_replaced(fake, evaluate, submission, tmp_path):
    here, there = (submission(within=tmp_path / one, code=SLOW) for one in "ab")
    assert evaluate(here, options=("--setting", "comments")).status == 0
    (tmp_path / "slurm.toml").write_text(f"{JOB}nanny = false\n")  # starts sooner

    def cancel():
        fake.wait_for(lambda: list(tmp_path.rglob("*.journal")))
        subprocess.run([fake.programs / "scancel", "1"], check=True)

    cancels = threading.Thread(target=cancel)
    cancels.start()
    done = evaluate(there, options=("--setting", "comments", "--cluster", "slurm.toml"))
    cancels.join()
    assert done.status == 0, done
    assert scores(there) == scores(here)
    assert len(scores(here)) == 1
    assert fake.submitted == [1, 2]
    assert "jobs of Slurm that have ended: 1; others are submitted" in done.err
    assert not fake.left
    assert not list(tmp_path.glob(".livebench-*"))


@pytest.mark.slow
def test_no_job_stays_after_ctrl_c(fake, submission, small, dataset, tmp_path):
    """In a process of its own, since importing dask_jobqueue changes what Ctrl-C does."""
    (tmp_path / "slurm.toml").write_text(JOB.replace("main", "down"))
    given = ["--candidates", small.path, "--dataset", dataset.path, "--cluster", "slurm.toml"]
    code = "from livebench.cli.main import main; main()"
    command = [sys.executable, "-c", code, "evaluate", submission(code=SLOW), *given]
    started = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    fake.wait_for(lambda: fake.left)
    started.send_signal(signal.SIGINT)
    _, said = started.communicate(timeout=30)
    assert started.returncode == 130, said
    assert "Traceback" not in said
    assert fake.submitted == [1]
    assert not fake.left
    assert not list(tmp_path.glob(".livebench-*"))
