"""`livebench show`: moments as submissions rank them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import rankdata

CODE = "class Mine:\n    def score(self, v, c, x):\n        return SIGN * len(x.text)\n"


@pytest.fixture
def project(made_once, frozen, copy_set, submission, run):
    def make():
        copy_set(frozen)
        for name, sign in (("short", "-1"), ("long", "1")):
            submission(name, code=CODE.replace("SIGN", sign), settings=["comments"])
            options = ("--quiet", "--setting", "comments", "--json")
            assert run("evaluate", f"submissions/{name}", *options).status == 0

    return made_once(make)


@pytest.fixture
def ranks(frozen):
    """Of each sample, the ranks of all candidates and the best correct one, by length."""

    def call(sign):
        found = {}
        for sample, answer in zip(frozen.samples(), frozen.answers(), strict=True):
            scores = [sign * len(text) for text in sample.candidates]
            places = rankdata([-score for score in scores])
            right = np.array([kind == "correct" for kind in answer.types])
            found[sample.sample_id] = (sample, places, right)
        return found

    return call


def test_where_a_submission_fails_most(project, run, ranks):
    done = run("show", "tiny-paper", "--submission", "short", "--json", "--count", 7, cwd=project)
    assert done.status == 0, done
    found = [json.loads(line) for line in done.out.splitlines()]
    assert len(found) == 7
    for moment in found:
        sample, places, right = ranks(-1)[moment["sample_id"]]
        shown = {one["place"]: one for one in moment["candidates"]}
        for place in range(100):
            assert shown[place]["ranks"] == [places[place]]
            assert shown[place]["text"] == " ".join(sample.candidates[place].split())
            assert (shown[place]["type"] == "correct") == right[place]
        order = [one["ranks"][0] for one in moment["candidates"]]
        assert order == sorted(order)
        assert len(moment["context"]) == len(sample.context)
    # No other moment has its best correct candidate lower, as far as ties do not blur it.
    lowest = {name: places[right].min() for name, (_, places, right) in ranks(-1).items()}
    shown = {moment["sample_id"] for moment in found}
    rest = [rank for name, rank in lowest.items() if name not in shown]
    assert np.median([lowest[name] for name in shown]) >= max(rest)


def test_where_two_differ_most(project, run):
    both = ("--submission", "short", "--submission", "long")
    done = run("show", "tiny-paper", *both, "--json", "--count", 5, cwd=project)
    found = [json.loads(line)["sample_id"] for line in done.out.splitlines()]
    compared = run("compare", "short", "long", "--json", cwd=project)
    largest = json.loads(compared.out)["comparison"]["largest"]
    assert found == [one["sample_id"] for one in largest[:5]]


def test_as_text(project, run, frozen):
    sample = next(iter(frozen.samples()))
    done = run("show", "tiny-paper", sample.sample_id, "--submission", "short", cwd=project)
    assert done.status == 0, done
    lines = done.out.splitlines()
    assert lines[1].startswith(f"## {sample.sample_id}  0:{sample.time % 60:02d}")
    assert sum(" s  " in line for line in lines) == len(sample.context)
    table = lines[lines.index(next(line for line in lines if line.startswith("-----"))) + 1 :]
    marked = [line for line in table if " *  " in line]
    answer = next(iter(frozen.answers()))
    assert len(marked) == answer.types.count("correct")
    text = run("show", "tiny-paper", "--submission", "short", "--count", 3, cwd=project).out
    assert text.startswith(
        "the 3 of the 60 moments of tiny-paper where short places the correct comment lowest, setting "
        "comments\n"
    )


def test_without_text_there_are_places(project, run):
    (project / "candidates/tiny-paper/samples.jsonl.gz").unlink()
    done = run("show", "tiny-paper", "--submission", "short", "--count", 1, cwd=project)
    assert done.status == 0, done
    assert done.err.startswith("no text: candidates/tiny-paper: its dataset tiny (fingerprint ")
    assert "candidate 0" in done.out or "candidate 1" in done.out


def test_restored_where_the_dataset_is_at_hand(project, run, dataset):
    path = project / "candidates/tiny-paper/samples.jsonl.gz"
    content = path.read_bytes()
    path.unlink()
    options = ("--submission", "short", "--count", 1, "--dataset", dataset.path)
    done = run("show", "tiny-paper", *options, cwd=project)
    assert (done.status, done.err) == (0, "")
    assert path.read_bytes() == content
    assert "标题" in done.out or "## v" in done.out


def test_refused(project, refused, submission):
    assert refused("show", "tiny-paper", "x@1", cwd=project).startswith(
        "x@1: tiny-paper has no sample x@1; an id is VIDEO@SECOND: v"
    )
    message = refused(
        "show", "tiny-paper", "--submission", "short", "--setting", "video", cwd=project
    )
    assert message == (
        "submissions/short: no scores for tiny-paper as it is now, in the setting video; run `livebench "
        "evaluate submissions/short`"
    )
    three = [one for name in ("short", "long", "short") for one in ("--submission", name)]
    message = refused("show", "tiny-paper", *three, cwd=project)
    assert message == "--submission: is given more than twice; compare two at a time"
