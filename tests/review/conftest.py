"""A small project with a submission that was evaluated once, to be copied."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest

from livebench.cli.main import main

CARD = """name = "Mine"
authors = ["A. Author"]
date = 2026-01-02
description = "For a test."
entry = "scorer:Mine"
settings = ["comments"]
runs = [{ name = "default" }]
"""
CODE = """class Mine:
    def score(self, video_ctx, comments, candidate):
        return {sign} * len(candidate.text)
"""


@pytest.fixture(scope="session")
def evaluated(frozen_without_frames, tmp_path_factory) -> Path:
    """candidates/silent-paper, and submissions mine and theirs with scores. Read only."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(frozen_without_frames.path, folder / "candidates" / "silent-paper")
    for name, sign in (("mine", "-1"), ("theirs", "1")):
        path = folder / "submissions" / name
        path.mkdir(parents=True)
        card = CARD.replace('"Mine"', f'"{name.capitalize()}"', 1)
        (path / "submission.toml").write_text(card, "utf-8")
        (path / "scorer.py").write_text(CODE.replace("{sign}", sign), "utf-8")
        with contextlib.chdir(folder), pytest.raises(SystemExit) as ended:
            main(["evaluate", "--submission", f"submissions/{name}", "--quiet", "--json"])
        assert not ended.value.code
        shutil.rmtree(path / "__pycache__", ignore_errors=True)
    with contextlib.chdir(folder), pytest.raises(SystemExit):
        main(["leaderboard"])
    return folder


@pytest.fixture
def project(evaluated, tmp_path) -> Path:
    """A copy of it, to be changed; `run` runs there."""
    shutil.copytree(evaluated, tmp_path, dirs_exist_ok=True)
    return tmp_path
