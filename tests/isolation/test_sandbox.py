"""The sandbox, driven by the zoo: nothing to be got in it, and everything told. Needs bubblewrap."""

from __future__ import annotations

import errno
import gzip
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from cage import Cage

from livebench.errors import LiveBenchError
from livebench.isolation import sandbox, seccomp
from livebench.isolation.remote import Isolation
from livebench.scoring.runner import read_samples
from livebench.submissions.load import Submission

ROOT = Path(__file__).parent.parent.parent


def bwrap_works():
    """It may be here, and not be allowed to make namespaces."""
    if shutil.which("bwrap") is None:
        return False
    command = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


needs_bwrap = pytest.mark.skipif(
    not bwrap_works(), reason="bubblewrap is not here, or may not work"
)


@pytest.fixture(scope="module")
def cage(tmp_path_factory, frozen_without_frames):
    """A cage with the tiny set in it."""
    folder = tmp_path_factory.mktemp("cage")
    name = frozen_without_frames.name
    shutil.copytree(frozen_without_frames.path, folder / "candidates" / name)
    with Cage(folder) as opened:
        yield opened


# Those that the sandbox keeps from something, and one that needs none. benchmarks/zoo.py has all, in
# both; test_remote.py and test_plausibility.py have the like of the others.
KEPT = [
    "reads_answers",
    "reads_memory",
    "reads_others",
    "opens_network",
    "writes_home",
    "forks_forever",
    "kills_parent",
    "deletes_folder",
    "links_out",
    "pipe_for_scores",
    "replays",
]


@needs_bwrap
@pytest.mark.slow
@pytest.mark.parametrize("name", KEPT)
def test_in_the_sandbox(cage, name):
    animal, found = cage.animals[name], cage.watch(name, "sandbox")
    assert found.agrees(animal["sandbox"], animal.get("remark", "")), found


@pytest.mark.slow
@pytest.mark.parametrize("name", ["reads_answers", "kills_parent"])
def test_a_process_of_its_own_is_no_sandbox(cage, name):
    found = cage.watch(name, "process")
    assert found.agrees(cage.animals[name]["process"], ""), found


FITTED = """
from pathlib import Path
SEEN = ["", "/comments.parquet", "/dataset.toml", "/frames.npy", "/videos.parquet"]
class Mine:
    def __init__(self, inside):
        self.inside = inside
    def fit(self, training):
        self.known = set(training.strings)
        seen = sorted(str(one) for one in Path("/inputs").rglob("*"))
        if self.inside and seen != [f"/inputs/dataset{name}" for name in SEEN]:
            raise ValueError(seen)
    def score(self, v, comments, candidate):
        return float(candidate.tokens in self.known) + float(v.frames.sum())
"""


@pytest.mark.slow
@needs_bwrap
def test_it_is_fitted_and_scores_the_same_as_outside(submission, frozen, dataset, run):
    scores = []
    for name, option in (("inside", "--sandbox"), ("outside", "--in-process")):
        runs = [{"name": "default", "arguments": {"inside": name == "inside"}}]
        path = submission(name, code=FITTED, runs=runs)
        sources = ("--candidates", frozen.path, "--dataset", dataset.path)
        done = run("evaluate", "--submission", path, *sources, option)
        assert done.status == 0, done.err
        scores.append((path / "scores/tiny-paper/default/both.jsonl.gz").read_bytes())
    assert scores[0] == scores[1]


THREADS = """
import threading
class Mine:
    def score(self, v, c, x):
        found = []
        one = threading.Thread(target=lambda: found.append(1.0))
        one.start()
        one.join()
        return found[0]
"""


@needs_bwrap
def test_threads_are_no_processes(submission, frozen, run):
    options = ("--candidates", frozen.path, "--setting", "comments", "--sandbox")
    done = run("evaluate", "--submission", submission(code=THREADS), *options)
    assert done.status == 0, done.err


@needs_bwrap
def test_sets_in_the_folder_of_the_submission_are_not_seen(submission, frozen, run, tmp_path):
    code = (
        "from pathlib import Path\nclass Mine:\n    def score(self, v, c, x):\n"
        "        return float(len(list(Path(__file__).parent.glob('candidates/*/*'))))\n"
    )
    path = submission(code=code)
    shutil.copytree(frozen.path, path / "candidates" / frozen.name)
    options = ("--candidates", path / "candidates" / frozen.name, "--setting", "comments")
    assert run("evaluate", "--submission", path, *options, "--sandbox").status == 0
    scores = gzip.decompress((path / "scores/tiny-paper/default/comments.jsonl.gz").read_bytes())
    assert scores.splitlines()[0].endswith(b'"scores":[' + b",".join([b"0"] * 100) + b"]}")


# Each is tried once; a candidate's score says whether it worked.
ATTEMPTS = """
import importlib, os, resource, socket, sys
from pathlib import Path
import livebench
LIVEBENCH = Path(livebench.__file__).parent

def makes_socket(family, kind=socket.SOCK_DGRAM):
    socket.socket(family, kind).close()
    return True

def makes_pair():
    one, other = socket.socketpair()
    with one, other:
        one.send(b"x")
        return other.recv(1) == b"x"

def imports(name):
    return bool(importlib.import_module(name))

def writes_much():
    with open("/tmp/much", "wb") as file:
        file.seek(1 << 30)
        file.write(b"x")
    return True

WAYS = [
    makes_pair,
    lambda: imports("livebench.probes.surface"),
    lambda: imports("livebench_baselines.cache") and imports("livebench.training.job"),
    lambda: resource.getrlimit(resource.RLIMIT_FSIZE) == (1 << 30, 1 << 30),
    lambda: 0 < resource.getrlimit(resource.RLIMIT_NPROC)[1] <= 4096,
    lambda: makes_socket(socket.AF_UNIX),
    lambda: makes_socket(socket.AF_INET),
    lambda: makes_socket(socket.AF_NETLINK, socket.SOCK_RAW),
    lambda: makes_socket(socket.AF_VSOCK, socket.SOCK_STREAM),
    lambda: makes_socket(socket.AF_ALG, socket.SOCK_SEQPACKET),
    lambda: bool(os.memfd_create("more")),
    writes_much,
    lambda: imports("livebench.candidates.build"),
    lambda: imports("livebench.candidates.protocol"),
    lambda: imports("livebench.simulated.world"),
    lambda: imports("livebench.audit.probes"),
    lambda: bool(list(LIVEBENCH.rglob("protocols/*.toml"))),
    lambda: [one for entry in sys.path for one in Path(entry).glob("livebench/candidates/*")] != [],
]

class Mine:
    def score_samples(self, samples):
        found = []
        for way in WAYS:
            try:
                found.append(float(way()))
            except (OSError, ImportError):
                found.append(0.0)
        return [found + [0.0] * (len(one.candidates) - len(found)) for one in samples]

    def score(self, v, c, x):
        return 0.0
"""


@needs_bwrap
def test_what_is_there_and_what_is_not(submission, frozen):
    one = Submission(submission(code=ATTEMPTS))
    _, sample = next(read_samples(frozen, None, "comments"))
    with Isolation("sandbox").open(one, one.card.runs[0]) as scorer:
        (found,) = scorer.score_samples([sample])
    assert found[:18] == [1.0] * 5 + [0.0] * 13


@needs_bwrap
@pytest.mark.parametrize("world", [False, True])
def test_only_the_oracle_sees_the_simulated_world(tmp_path, world):
    own = tmp_path / "own"
    own.mkdir()
    command = sandbox.sandbox_command(sandbox.SandboxView(own, own, [], world=world), 0)
    place = command.index("--seccomp")
    del command[place : place + 2]
    package = Path(sandbox.__file__).parent.parent
    command += ["/usr/bin/find", str(package), "-name", "*.py", "-path", "*/*/*"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    packages = {Path(one).relative_to(package).parts[0] for one in found}
    names = {name for name in packages if not name.endswith(".py")}
    needed = {"data", "isolation", "language_models", "probes", "scoring", "submissions"}
    needed.add("training")
    assert names == needed | ({"simulated"} if world else set())


def test_a_submission_that_is_a_set_itself_is_refused(submission, frozen, refused):
    path = submission(code=THREADS)
    shutil.copytree(frozen.path, path, dirs_exist_ok=True)
    options = ("--setting", "comments", "--sandbox")
    message = refused("evaluate", "--submission", path, "--candidates", path, *options)
    assert message.endswith(
        ": a sandbox cannot show it and hide what else is in it; put the submission into a folder of "
        "its own"
    )


@needs_bwrap
def test_a_submission_in_what_is_hidden_is_seen_and_nothing_beside_it(tmp_path, monkeypatch):
    own, other = tmp_path / "submissions" / "mine", tmp_path / "submissions" / "other"
    for folder in (own, other, tmp_path / "candidates", tmp_path / "inputs"):
        folder.mkdir(parents=True)
        (folder / "file").write_text("")
    # As if the checkout lay in the folder of Python.
    monkeypatch.setattr(sandbox, "_python", lambda: [tmp_path])
    view = sandbox.SandboxView(
        own, tmp_path / "inputs", [tmp_path / "submissions", tmp_path / "candidates"]
    )
    command = sandbox.sandbox_command(view, 0)
    place = command.index("--seccomp")
    del command[place : place + 2]
    command += ["/usr/bin/find", str(tmp_path / "submissions"), str(tmp_path / "candidates")]
    found = subprocess.run([*command, "-type", "f"], capture_output=True, text=True, check=True)
    assert found.stdout.split() == [str(own / "file")]


def test_without_bubblewrap(submission, frozen, refused, monkeypatch):
    monkeypatch.setattr("livebench.isolation.sandbox.shutil.which", lambda name: None)
    options = ("--candidates", frozen.path, "--setting", "comments", "--sandbox")
    path = submission(code=THREADS)
    message = refused("evaluate", "--submission", path, *options)
    assert message == (
        "--sandbox: needs bubblewrap, which is not available; install the Debian package `bubblewrap` "
        "(apt-get install bubblewrap; on Linux only), or evaluate without --sandbox"
    )


def test_a_bubblewrap_that_may_not_work_is_told(submission, frozen, run, tmp_path, monkeypatch):
    broken = tmp_path / "bin" / "bwrap"
    broken.parent.mkdir()
    broken.write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"
    )
    broken.chmod(0o755)
    monkeypatch.setattr(sandbox, "bwrap", lambda: str(broken))
    options = ("--candidates", frozen.path, "--setting", "comments", "--sandbox")
    done = run("evaluate", "--submission", submission(code=THREADS), *options)
    assert done.status == 2
    assert "bwrap: No permissions to create new namespace" in done.err
    assert done.err.splitlines()[-1].endswith("the submission ended its process (exit status 1)")


# By hand from linux/filter.h: what a filter answers to a call, run as the kernel would.
def answer(program, architecture, number, flags=0):
    data = {0: number, 4: architecture, 16: flags}
    steps = list(struct.iter_unpack("=HBBI", program))
    place, held = 0, 0
    while True:
        code, yes, no, value = steps[place]
        place += 1
        if code == 0x20:
            held = data[value]
        elif code == 0x06:
            return value
        else:
            true = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[code]
            place += yes if true else no


ALLOW, KILL = 0x7FFF0000, 0x80000000
THREAD, FORK = 0x3D0F00, 0x1200011  # the flags of glibc's pthread_create and fork
CALLS = [
    ("x86_64", 0xC000003E, 0, 0, ALLOW),  # read
    ("x86_64", 0xC000003E, 56, THREAD, ALLOW),
    ("x86_64", 0xC000003E, 56, FORK, 0x50000 | errno.EAGAIN),
    ("x86_64", 0xC000003E, 57, 0, 0x50000 | errno.EAGAIN),
    ("x86_64", 0xC000003E, 58, 0, 0x50000 | errno.EAGAIN),
    ("x86_64", 0xC000003E, 59, 0, ALLOW),  # execve
    ("x86_64", 0xC000003E, 435, THREAD, 0x50000 | errno.ENOSYS),
    ("x86_64", 0xC000003E, 101, 0, 0x50000 | errno.EPERM),
    ("x86_64", 0xC000003E, 62, 0, 0x50000 | errno.EPERM),  # kill
    ("x86_64", 0xC000003E, 319, 0, 0x50000 | errno.EPERM),  # memfd_create
    ("x86_64", 0xC000003E, 41, 1, 0x50000 | errno.EAFNOSUPPORT),  # socket, AF_UNIX
    ("x86_64", 0xC000003E, 41, 40, 0x50000 | errno.EAFNOSUPPORT),  # AF_VSOCK
    ("x86_64", 0xC000003E, 53, 1, ALLOW),  # socketpair, AF_UNIX
    ("x86_64", 0xC000003E, 53, 30, 0x50000 | errno.EAFNOSUPPORT),  # AF_TIPC
    ("x86_64", 0xC000003E, 280, 0, 0x50000),  # utimensat: does nothing
    ("x86_64", 0xC000003E, 302, 0, ALLOW),  # prlimit64 of itself
    ("x86_64", 0xC000003E, 302, 7, 0x50000 | errno.EPERM),  # and of another
    ("x86_64", 0xC000003E, 0x40000000 + 57, 0, 0x50000 | errno.ENOSYS),
    ("x86_64", 0x40000003, 2, 0, KILL),  # fork of 32 bits
    ("aarch64", 0xC00000B7, 198, 1, 0x50000 | errno.EAFNOSUPPORT),  # socket
    ("aarch64", 0xC00000B7, 199, 1, ALLOW),  # socketpair
    ("aarch64", 0xC00000B7, 199, 30, 0x50000 | errno.EAFNOSUPPORT),
    ("aarch64", 0xC00000B7, 220, THREAD, ALLOW),
    ("aarch64", 0xC00000B7, 220, FORK, 0x50000 | errno.EAGAIN),
    ("aarch64", 0xC00000B7, 117, 0, 0x50000 | errno.EPERM),
    ("aarch64", 0xC00000B7, 57, 0, ALLOW),  # close
]


@pytest.mark.parametrize(("machine", "architecture", "number", "flags", "expected"), CALLS)
def test_the_filter_of_system_calls(machine, architecture, number, flags, expected):
    program = seccomp.no_new_processes(machine)
    assert answer(program, architecture, number, flags) == expected
    if number not in (56, 220):
        copying = seccomp.no_new_processes(machine, but_copies=True)
        assert answer(copying, architecture, number, flags) == expected


@pytest.mark.parametrize(("machine", "architecture", "number"), [CALLS[1][:3], CALLS[-4][:3]])
def test_what_is_copied_may_fork_and_nothing_else(machine, architecture, number):
    program = seccomp.no_new_processes(machine, but_copies=True)
    assert answer(program, architecture, number, FORK) == ALLOW
    assert answer(program, architecture, number, THREAD) == ALLOW
    assert answer(program, architecture, number, 0x11) == 0x50000 | errno.EAGAIN
    assert answer(program, architecture, number, FORK | 0x100) == 0x50000 | errno.EAGAIN


def test_an_unknown_machine():
    with pytest.raises(
        LiveBenchError, match="knows the system calls of x86_64 and aarch64, not of"
    ):
        seccomp.no_new_processes("riscv64")


def test_no_package_folder_of_the_checkout_is_shown_whole():
    shown = sandbox._python()
    assert not [one for one in shown if ROOT.is_relative_to(one)]
    assert any(Path(sys.prefix).is_relative_to(one) for one in (*shown, Path("/usr")))
