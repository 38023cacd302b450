"""Where an evaluation writes what it made."""

from __future__ import annotations


def scores_of(path, name="tiny-paper", run="default", setting="both"):
    return path / "scores" / name / run / f"{setting}.jsonl.gz"


def result_of(path, name="tiny-paper", run="default", setting="both"):
    return path / "results" / name / run / f"{setting}.json"
