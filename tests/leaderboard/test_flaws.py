"""The flaws of a set that others made stand on the leaderboard."""

from __future__ import annotations

import pytest

from livebench.candidates.freeze import freeze_imported
from livebench.leaderboard.collect import collect
from livebench.leaderboard.render import render_pages


@pytest.fixture
def imported(frozen_without_frames, dataset_without_frames, tmp_path):
    """The small set, as if others had made it."""
    flaws = ["77 of 95 wrong candidates occur in training", "a | b <script>"]
    records = zip(frozen_without_frames.samples(), frozen_without_frames.answers(), strict=True)
    return freeze_imported(
        dataset_without_frames,
        frozen_without_frames.manifest.protocol,
        tmp_path / "candidates" / "theirs",
        list(records),
        split="test",
        seed=0,
        left_out={},
        flaws=flaws,
    )


def test_flaws_are_shown(imported, frozen_without_frames):
    pages = render_pages(collect([imported, frozen_without_frames], []))
    theirs, ours = (pages[f"docs/leaderboard/{name}.md"] for name in ("theirs", "silent-paper"))
    assert theirs.startswith("# theirs\n")
    assert "**Made by others.** Known flaws of this set:" in theirs
    assert "- 77 of 95 wrong candidates occur in training\n" in theirs
    assert "- a \\| b &lt;script&gt;\n" in theirs
    assert "Made by others" not in ours
