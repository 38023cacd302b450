"""The folders of inputs: one while a process lives, none afterwards, however it ended."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from livebench.isolation.learning_folder import PREFIX, learning_folder

HOLDS = """
import time
from livebench.isolation.learning_folder import learning_folder
with learning_folder() as folder:
    (folder / "dataset").write_text("large")
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


def test_it_is_gone_at_the_end(temporary):
    with learning_folder() as first, learning_folder() as second:
        (first / "dataset").write_text("x")
        assert set(temporary.iterdir()) == {first, second}
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_has_is_not(temporary):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", HOLDS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        theirs = Path(process.stdout.readline().strip())
        with learning_folder():
            assert (theirs / "dataset").is_file()
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert (theirs / "dataset").is_file()
        with learning_folder() as ours:
            assert list(temporary.iterdir()) == [ours]


def test_a_link_of_that_name_is_not_followed(temporary):
    kept = temporary / "kept"
    kept.mkdir()
    (temporary / f"{PREFIX}link").symlink_to(kept)
    with learning_folder():
        pass
    assert kept.is_dir()


@pytest.mark.parametrize("before", ["open", "lock"])
def test_a_new_folder_that_somebody_takes_for_a_leftover_is_made_again(
    temporary, monkeypatch, before
):
    taken = []

    def removes_once(original):
        def called(*arguments):
            if not taken and (made := list(temporary.glob(f"{PREFIX}*"))):
                taken.extend(made)
                made[0].rmdir()
            return original(*arguments)

        return called

    if before == "open":
        monkeypatch.setattr(os, "open", removes_once(os.open))
    else:
        monkeypatch.setattr(fcntl, "flock", removes_once(fcntl.flock))
    with learning_folder() as folder:
        assert folder.is_dir()
        assert [folder] != taken
