"""Some malformed files of each format, and those that failed once; `python -m tests.fuzz` has more."""

from __future__ import annotations

import os
import time

import pytest

from .form import Format
from .formats import formats
from .run import SEEDS, fuzz, seeds_of

FILES = int(os.environ.get("LIVEBENCH_EXAMPLES", "20"))


@pytest.fixture(scope="module")
def known(tmp_path_factory) -> dict[str, Format]:
    return formats(tmp_path_factory.mktemp("fuzz"))


def test_what_is_well_formed_is_read(known):
    for which in known.values():
        which.read(which.file)


@pytest.mark.parametrize("part", ["first", "second"])
def test_nothing_malformed_ends_in_a_traceback(known, part):
    refused = 0
    for name, which in list(known.items())[part == "second" :: 2]:
        found = fuzz(which, seeds_of(name, FILES), until=time.monotonic() + FILES / 10)
        assert found.failures == [], found.failures[0][1]
        refused += found.counts["refused"]
    assert refused  # of each format that is lenient, such as journals, a few files may all be read


def test_what_failed_once_is_of_a_format_that_is_known(known):
    for line in SEEDS.read_text().splitlines():
        name, _, number = line.rpartition(": ")
        assert name in known
        assert number.isdigit()
