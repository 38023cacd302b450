"""`livebench evaluate --cluster`: what one machine gives, and what is wrong with workers in a line."""

from __future__ import annotations

import json
import re
import threading

import msgspec
import pytest

from livebench.cluster import connection, scorer

LENGTH = """
class Mine:
    def score(self, video_ctx, comments, candidate):
        return -len(candidate.text) + 0.01 * len(comments) + 0.001 * float(video_ctx.frames.sum())
"""
FITTED = (
    LENGTH.replace("-len(candidate.text)", "-len(candidate.text) * self.n")
    + "    def fit(self, training):\n        self.n = len(training.strings)\n"
)
FAILS = """
class Mine:
    def score(self, video_ctx, comments, candidate):
        raise ValueError("out of order")
"""
UNMADE = """
class Mine:
    def __init__(self):
        raise ValueError("no luck")
    def score(self, video_ctx, comments, candidate):
        return 0.0
"""
WRONG = "class Mine:\n    def score(self, *moment):\n        return float('nan')\n"


@pytest.fixture
def pair(submission, tmp_path):
    """The same submission in two folders: one for this machine, one for a cluster."""
    return lambda **fields: [submission(within=tmp_path / one, **fields) for one in ("a", "b")]


def scores(path):
    return {file.relative_to(path): file.read_bytes() for file in path.glob("scores/*/*/*")}


def results(path):
    """The result files without what is another each time."""
    found = {}
    for file in path.glob("results/*/*/*.json"):
        result = json.loads(file.read_bytes())
        del result["manifest"]["wall_seconds"], result["plausibility"]["secret"]
        found[file.relative_to(path)] = result
    return found


def warnings(done):
    """What was warned of; of which setting it is told depends on which is first."""
    lines = [line for line in done.err.splitlines() if line.startswith("WARNING")]
    return {re.sub(r"[\d.]+", "", line.split(": ", 2)[2]) for line in lines}


def test_the_same_as_on_one_machine(evaluate, workers, pair):
    here, there = pair(code=LENGTH, score="pmi")
    alone, done = evaluate(here), evaluate(there, options=("--cluster", workers))
    assert alone.status == done.status == 0, done
    assert done.out == alone.out.replace("/a/", "/b/")
    assert warnings(done) == warnings(alone)
    assert scores(there) == scores(here)
    assert len(scores(here)) == 4
    assert results(there) == results(here)
    assert not list(there.parent.glob(".livebench"))


def test_what_a_model_was_not_shown_comes_back(evaluate, workers, pair):
    code = "from livebench import LogLikelihood\n" + LENGTH.replace(
        "return ", "return LogLikelihood(-1.0, 1, sum(one.time < -4 for one in comments)) or "
    )
    here, there = pair(code=code, settings=["comments"])
    alone, done = evaluate(here), evaluate(there, options=("--cluster", workers))
    assert alone.status == done.status == 0, done
    assert "too long for the model" in done.err
    assert warnings(done) == warnings(alone)
    assert scores(there) == scores(here)
    assert results(there) == results(here)


@pytest.mark.slow
def test_runs_that_are_fitted_on_different_datasets(
    evaluate, workers, pair, small, frozen_without_frames, dataset_without_frames
):
    here, there = pair(code=FITTED, runs=[{"name": "one"}, {"name": "two", "seed": 3}])
    options = ("--dataset", dataset_without_frames.path, "--setting", "comments")
    sets = (small, frozen_without_frames)
    alone = evaluate(here, options=options, sets=sets)
    done = evaluate(there, options=(*options, "--cluster", workers), sets=sets)
    assert alone.status == done.status == 0, done
    assert done.out == alone.out.replace("/a/", "/b/")
    assert scores(there) == scores(here)
    assert len(scores(here)) == 4


def test_several_submissions_are_one_queue(evaluate, workers, submission, dataset):
    paths = [submission(name, code=LENGTH) for name in ("one", "two", "three")]
    only = ("--setting", "comments")
    assert evaluate(*paths, options=(*only, "--cluster", workers)).status == 0
    assert scores(paths[0]) == scores(paths[1]) == scores(paths[2])
    assert len(scores(paths[0])) == 1


def test_a_trial_writes_nothing_there_either(evaluate, workers, pair):
    here, there = pair(code=LENGTH)
    trial = ("--limit", "10", "--json", "--setting", "comments")
    alone, done = (
        evaluate(here, options=trial),
        evaluate(there, options=(*trial, "--cluster", workers)),
    )
    assert done.status == 0, done
    found = [[json.loads(line) for line in one.out.splitlines()] for one in (alone, done)]
    for line in (*found[0], *found[1]):
        del line["seconds"], line["seconds_of_all"]
    assert found[0] == found[1]
    assert not scores(there)


def test_an_interrupted_evaluation_goes_on_on_a_cluster(evaluate, workers, submission, tmp_path):
    log = tmp_path / "log"
    counts = (
        LENGTH
        + f"""
    def score_samples(self, samples):
        with open({str(log)!r}, "a") as file:
            file.write("x" * len(samples))
        if len(open({str(log)!r}).read()) == 60 and STOPS:
            raise ValueError("half of it")
        return [[self.score(*one[:2], c) for c in one.candidates] for one in samples]
"""
    )
    path = submission(code="STOPS = True" + counts)
    only = ("--setting", "comments")
    stopped = evaluate(path, options=only)
    assert stopped.status == 2 and "half of it" in stopped.err
    journal = next((path.parent / ".livebench").rglob("comments.journal"))
    code = (path / "scorer.py").read_text()
    kept = journal.read_bytes()
    (path / "scorer.py").write_text(code.replace("STOPS = True", "STOPS = False"))
    changed = evaluate(path, options=(*only, "--cluster", workers))
    assert (
        "was begun with another submission" in changed.err
    )  # the journal knows, wherever it goes on
    (path / "scorer.py").write_text(code)
    log.write_text("")
    assert journal.read_bytes() == kept
    done = evaluate(path, options=(*only, "--cluster", workers))
    assert done.status == 0, done
    # 30 of 60 samples were left, and 3 are asked again in four ways, of one candidate in the last.
    assert len(log.read_text()) == 30 + 4 * 3


@pytest.mark.parametrize("code", [FAILS, UNMADE, WRONG], ids=["raises", "unmade", "wrong"])
def test_a_failing_scorer_is_told_as_on_one_machine(evaluate, workers, pair, code):
    here, there = pair(code=code)
    only = ("--setting", "comments")
    alone, done = (
        evaluate(here, options=only),
        evaluate(there, options=(*only, "--cluster", workers)),
    )
    assert alone.status == done.status == 2
    # Which block fails first depends on which worker is faster.
    told = [
        re.sub(r"samples? v.*?[:,]", "", one.err.splitlines()[-1]).replace("/b/", "/a/")
        for one in (alone, done)
    ]
    assert told[0] == told[1]
    assert not scores(there)


def changed_orders(monkeypatch, change):
    """Have workers be told something else than what is true here: as if they had something else."""
    monkeypatch.setattr(scorer, "sent", lambda order: msgspec.msgpack.encode(change(order)))


def other_place(field):
    def change(order):
        place = getattr(order, field)
        if place is None:
            return order
        return msgspec.structs.replace(
            order, **{field: msgspec.structs.replace(place, hash="0" * 64)}
        )

    return change


MISMATCHES = {
    "version": (
        lambda order: msgspec.structs.replace(
            order, software={**order.software, "livebench": "9.9"}
        ),
        ", not 9.9; install the same version, with the same packages, on every worker",
    ),
    "code": (
        lambda order: msgspec.structs.replace(
            order, software={**order.software, "code of livebench": "0" * 64}
        ),
        ", not 000000000000; install the same version, with the same packages, on every worker",
    ),
    "submission": (
        lambda order: msgspec.structs.replace(
            order, fingerprint={**order.fingerprint, "submission": "0"}
        ),
        "/mine than this machine; share the folder, or copy it there under the same path",
    ),
    "no submission": (
        lambda order: msgspec.structs.replace(order, submission="/nowhere/mine"),
        "/nowhere/mine: not a submission (no submission.toml); share the folder, or copy it there",
    ),
    "set": (
        other_place("candidate_set"),
        "needed 00000000); share the folder, or copy it there under the same path",
    ),
    "dataset": (
        other_place("fitted_on"),
        "needed 00000000); share the folder, or copy it there under the same path",
    ),
}


@pytest.mark.parametrize("what", MISMATCHES)
def test_a_worker_that_has_something_else_is_refused(
    evaluate, workers, submission, monkeypatch, what
):
    change, message = MISMATCHES[what]
    changed_orders(monkeypatch, change)
    only = ("--setting", "comments")
    done = evaluate(submission(code=FITTED), options=(*only, "--cluster", workers))
    assert done.status == 2
    line = done.err.splitlines()[-1]
    assert "worker tcp://127.0.0.1:" in line
    assert "has " in line or "not a submission" in line
    assert message in line


def test_a_worker_with_another_order_has_another_livebench(
    evaluate, workers, submission, monkeypatch
):
    monkeypatch.setattr(scorer, "sent", lambda order: b"\x80")
    done = evaluate(submission(code=LENGTH), options=("--cluster", workers))
    assert "has another LiveBench than this machine, or none; install the same version" in done.err


ADDRESSES = {
    "no form": (
        "somewhere",
        "is no address of a scheduler; give the address of a scheduler (tcp://",
    ),
    "no port": ("tcp://127.0.0.1", "is no address of a scheduler (missing port number"),
    "nobody": (
        "tcp://127.0.0.1:1",
        "--cluster tcp://127.0.0.1:1: no scheduler answers there (waited 1 s); start one with `dask "
        "scheduler`, or correct the address; with TLS it begins with tls://",
    ),
    "no certificates": (
        "tls://127.0.0.1:1",
        "needs certificates, and Dask's configuration names none; set them as docs/cluster.md says",
    ),
    "no number": ("local:many", "local:many: there is no such number of workers; give the address"),
    "zero": ("local:0", "local:0: there is no such number of workers"),
    "no file": ("slurm.toml", "slurm.toml: there is no such file; give the address"),
}


@pytest.mark.parametrize("where", ADDRESSES)
def test_what_is_no_cluster_is_told(refused, submission, small, dataset, monkeypatch, where):
    monkeypatch.setattr(connection, "_CONNECT", 1)
    address, message = ADDRESSES[where]
    path = submission(code=LENGTH)
    given = ("--candidates", small.path, "--dataset", dataset.path, "--quiet")
    assert message in refused("evaluate", path, *given, "--cluster", address)


def test_without_encryption_where_dask_requires_it(refused, submission, small, dataset, workers):
    dask = pytest.importorskip("dask")
    given = ("--candidates", small.path, "--dataset", dataset.path, "--quiet")
    with dask.config.set({"distributed.comm.require-encryption": True}):
        told = refused(
            "evaluate", submission(code=LENGTH), *given, "--cluster", "tcp://127.0.0.1:1"
        )
    assert told.endswith(
        "is not encrypted, and Dask's configuration requires that; start the scheduler with TLS, and "
        "give tls://"
    )


def test_the_extra_is_named_where_it_is_absent(refused, submission, small, dataset, monkeypatch):
    def without(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("livebench.extras.import_module", without)
    given = ("--candidates", small.path, "--dataset", dataset.path, "--quiet")
    told = refused("evaluate", submission(code=LENGTH), *given, "--cluster", "local:2")
    assert told == (
        "package distributed: not installed; install the extra `cluster`: pip install -c "
        "constraints.txt -e '.[cluster]'"
    )


def test_not_in_this_process(run, submission, small):
    given = ("--candidates", small.path, "--in-process", "--cluster", "local:2")
    done = run("evaluate", submission(code=LENGTH), *given)
    assert done.status == 2
    assert "--in-process cannot be combined with --cluster" in done.err


def test_a_scheduler_that_ends_is_told_and_the_journal_stays(
    evaluate, submission, tmp_path, cluster_of
):
    slow = LENGTH.replace(
        "        return", "        import time; time.sleep(0.002)\n        return", 1
    )
    path = submission(code=slow)
    # The end of the test asks the scheduler, which is gone, for 30 s otherwise.
    soon = pytest.importorskip("dask").config.set({"distributed.comm.timeouts.connect": "1s"})
    with soon, cluster_of(1) as cluster:

        def close():
            while not list(tmp_path.rglob("*.journal")):
                pass
            cluster.scheduler.loop.add_callback(cluster.scheduler.close)

        ends = threading.Thread(target=close)
        ends.start()
        done = evaluate(
            path, options=("--cluster", cluster.scheduler_address, "--setting", "comments")
        )
        ends.join()
    assert done.status == 2
    assert done.err.splitlines()[-1].endswith(
        ": the scheduler has ended, or cannot be reached; the same command goes on from what is saved"
    )
