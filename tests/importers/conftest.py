"""Imports files that a test gives."""

from __future__ import annotations

import pytest
from chat_files import ALL, rows_of, write

from livebench.data.dataset import Dataset


@pytest.fixture
def imported(tmp_path, run):
    """Import files of a kind ("any" for none given); rows by video, the videos, and what was counted."""

    def call(kind, files, *options):
        write(tmp_path / "src", files)
        words = () if kind == "any" else (kind,)
        done = run("import", *words, "src", "--out", "out", *ALL, "--language", "en", *options)
        assert done.status == 0, done
        dataset = Dataset(tmp_path / "out")
        return rows_of(dataset.path), dataset.videos, dataset.info

    return call
