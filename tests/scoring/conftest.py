"""What the tests of this room share."""

from __future__ import annotations

import pytest


@pytest.fixture
def evaluate(run, frozen, dataset):
    """Runs `livebench evaluate` of a submission on the tiny set."""

    def call(path, *options, sets=(frozen,), datasets=(dataset,)):
        arguments = [one for found in sets for one in ("--candidates", found.path)]
        arguments += [one for found in datasets for one in ("--dataset", found.path)]
        return run("evaluate", "--submission", path, *arguments, *options)

    return call
