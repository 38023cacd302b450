"""Which sets a run takes part in: by what it was trained on, and not by what that is called."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from livebench.submissions.load import Run

ONE, OTHER = "a" * 64, "b" * 64

# What the run says of its training data, name and fingerprint of a set's dataset, whether it takes part.
RUNS = {
    "nothing said": ({}, ("x", ONE), True),
    "the name": ({"dataset": "x"}, ("x", OTHER), True),
    "another name": ({"dataset": "y"}, ("x", ONE), False),
    "the same rows": ({"dataset": "x", "fingerprint": ONE}, ("x", ONE), True),
    "the same rows under another name": ({"dataset": "y", "fingerprint": ONE}, ("x", ONE), True),
    "other rows of the name": ({"dataset": "x", "fingerprint": ONE}, ("x", OTHER), False),
}


@pytest.mark.parametrize("case", RUNS)
def test_takes_part(case):
    fields, (name, fingerprint), expected = RUNS[case]
    dataset = SimpleNamespace(name=name, fingerprint=fingerprint)
    assert Run("r", **fields).is_for(dataset) is expected


def test_it_is_said_why_not(submission, frozen, run):
    path = submission(
        code="class Mine:\n    def score(self, v, c, x):\n        return 0.0\n",
        settings=["comments"],
        runs=[{"name": "r", "dataset": "tiny", "fingerprint": ONE}, {"name": "all"}],
    )
    done = run("evaluate", path, "--candidates", frozen.path, "--setting", "comments")
    assert done.status == 0, done
    wanted = frozen.manifest.dataset.fingerprint[:12]
    assert done.err.splitlines()[0] == (
        "skipped mine on tiny-paper, run r: it was trained on tiny with fingerprint aaaaaaaaaaaa, and "
        f"that of the set has {wanted}"
    )
