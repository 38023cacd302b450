"""The page of cards: nobody is missing on it, and what it says is what is on disk."""

from __future__ import annotations

import re
from pathlib import Path

from livebench.candidates.candidate_set import find_sets
from livebench.sources.source import known_sources
from livebench.submissions.load import find_submissions

ROOT = Path(__file__).parents[2]


def test_everything_has_a_card():
    """Not that each is up to date: it is renewed with the leaderboard."""
    page = (ROOT / "docs" / "cards.md").read_text("utf-8")
    headings = set(re.findall("(?m)^### (.*)$", page))
    submissions = find_submissions(ROOT / "submissions")
    sets = find_sets(ROOT / "candidates")
    wanted = {
        *(one.card.name for one in submissions),
        *(one.name for one in sets),
        *(one.name for one in known_sources()),
        *(one.manifest.dataset.name for one in sets),
    }
    assert wanted - headings == set(), "run `livebench export cards`"
    assert [one.name for one in submissions if not one.card.limits] == []


def test_what_a_card_says(run, small, copy_set, submission, tmp_path):
    copy_set(small)
    submission(
        name="Mine & <b>",
        limits="Knows *lengths* alone.",
        weights="open",
        training_data="other",
        parameters=1234567,
        runs=[{"name": "one", "seed": 3, "checkpoint": "c", "checkpoint_sha256": "00"}],
    )
    done = run("export", "cards", "--out", "cards.md")
    assert done.out == "cards.md: 1 submissions, 1 sets\n"
    page = (tmp_path / "cards.md").read_text("utf-8")
    mine = page[page.index("## Submissions") :]
    assert "<b>" not in mine
    for part in (
        "Runs: one (seed 3).",
        "1.23 M parameters; weights: open.",
        "**Trained on**: other data.",
        "**Licence**: not said.",
        "Knows \\*lengths\\* alone.",
    ):
        assert part in mine
    assert f"12 samples of {small.manifest.videos} videos of tiny, split test" in page
    assert "**Audit**: none: how far shortcuts get is not known." in page
    assert small.manifest.hash[:16] in page
    assert "a dataset of which LiveBench knows no source" in page
