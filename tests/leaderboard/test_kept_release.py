"""What has changed since a release: sets, submissions, and rows where they can be compared."""

from __future__ import annotations

import datetime
from types import SimpleNamespace

import pytest

from livebench.leaderboard.collect import BoardRow
from livebench.leaderboard.released import (
    Released,
    ReleasedRow,
    changes_since,
    read_released,
    release_rows,
    write_released,
)
from livebench.scoring.metrics import Interval

DAY = datetime.date(2026, 1, 2)


def row(folder, value, rank=0, score="sum"):
    metrics = {"best": {"MRR": Interval(value, value, value)}}
    return BoardRow(
        folder.upper(), folder, "model", metrics, normalisation=score, rank=rank, worst_rank=rank
    )


def section(name, digest, *rows, outdated=()):
    manifest = SimpleNamespace(hash=digest)
    board = SimpleNamespace(setting="both", submission_rows=list(rows), outdated=list(outdated))
    return SimpleNamespace(
        candidate_set=SimpleNamespace(name=name, manifest=manifest), boards=[board]
    )


def then(folder, value, rank=0, set_name="same", score="sum"):
    return ReleasedRow(set_name, "both", folder, folder.upper(), score, value, rank, rank)


BEFORE = Released(
    "1.0.0",
    DAY,
    {"same": "a", "other": "b", "gone": "c"},
    [
        then("kept", 0.25, 1),
        then("better", 0.2, 2),
        then("ranked", 0.15, 3),
        then("read", 0.12),
        then("left", 0.1),
        then("waits", 0.3, set_name="other"),
        then("again", 0.3, set_name="other"),
    ],
)
NOW = [
    section(
        "same",
        "a",
        row("kept", 0.250004, 1),
        row("better", 0.2201, 2),
        row("ranked", 0.15, 2),
        row("read", 0.12, score="pmi"),
        row("fresh", 0.4),
    ),
    section("other", "d", row("again", 0.1), outdated=[row("waits", 0.3)]),
    section("new", "e", row("kept", 0.5)),
]


def test_what_changed():
    changes = changes_since(BEFORE, NOW)
    assert (changes.new_sets, changes.gone_sets, changes.new_versions) == (
        ["new"],
        ["gone"],
        ["other"],
    )
    assert changes.new_submissions == [("fresh", "FRESH")]
    assert changes.gone_submissions == [("left", "LEFT")]
    assert changes.waiting == [("waits", "WAITS")]
    assert [one.after.folder for one in changes.rows] == ["better", "ranked", "read"]
    assert next((one.before.value, one.after.value) for one in changes.rows) == (0.2, 0.2201)
    assert changes.new_rows == 1


def test_nothing_changed():
    released = release_rows(NOW, "2.0.0", DAY)
    changes = changes_since(released, NOW)
    assert not any(
        (
            changes.new_sets,
            changes.new_versions,
            changes.new_submissions,
            changes.rows,
            changes.new_rows,
        )
    )


def test_what_is_kept_is_read_again(tmp_path):
    path = tmp_path / "released.json"
    assert read_released(path) is None
    write_released(path, BEFORE)
    assert read_released(path) == BEFORE
    first = path.read_bytes()
    write_released(path, BEFORE)
    assert path.read_bytes() == first


@pytest.mark.parametrize("text", ["", "{}", '{"version": 1}'])
def test_what_is_not_valid_is_refused(tmp_path, text):
    from livebench.errors import LiveBenchError

    path = tmp_path / "released.json"
    path.write_text(text)
    with pytest.raises(LiveBenchError, match=r"released\.json"):
        read_released(path)
