"""Two trainings do not write into one folder."""

from __future__ import annotations

import pytest

from livebench.errors import LiveBenchError
from livebench.training.job import _alone_in


def test_a_second_training_is_refused(tmp_path):
    out = tmp_path / "checkpoints" / "a"
    with _alone_in(out):
        message = "a: is being written by another `livebench train`; wait until that has ended"
        with pytest.raises(LiveBenchError, match=message), _alone_in(out):
            pass
        (out / "state").write_text("x")
    with _alone_in(out):  # the lock ends with the training
        pass
    assert (out / "state").exists()


def test_what_came_to_nothing_leaves_no_folder(tmp_path):
    with pytest.raises(ValueError, match="no"), _alone_in(tmp_path / "a"):
        raise ValueError("no")
    assert list(tmp_path.iterdir()) == []


def test_the_processes_of_one_training_share_the_folder(tmp_path, monkeypatch):
    with _alone_in(tmp_path / "a"):
        monkeypatch.setenv("RANK", "1")
        with _alone_in(tmp_path / "a"):
            pass
