"""Who calls itself an oracle is not shown the test split."""

from __future__ import annotations

import numpy as np
import pytest

from livebench.isolation.remote import Isolation
from livebench.scoring.preparation import fit
from livebench.scoring.scorer import Comment, Sample, VideoContext
from livebench.submissions.load import Submission

CODE = """
class Mine:
    def fit(self, training):
        self.videos = len(training.dataset.videos)
    def score(self, video_ctx, comments, candidate):
        return float(self.videos)
"""
VIDEO = VideoContext(0, np.empty((0, 0), np.float32), np.empty(0, np.int64), "", "")
SAMPLE = Sample(VIDEO, [], [Comment("a", "a")])
OURS = "livebench.simulated.oracle"


@pytest.mark.parametrize(
    ("entry", "file", "expected"),
    [
        ("livebench.simulated.oracle:Oracle", "", True),
        ("scorer:Mine", "scorer.py", False),
        (f"{OURS}:Oracle", f"{OURS}.py", False),  # a file of its own comes first
        ("livebench_mine:Oracle", "", False),
    ],
)
def test_only_ours(submission, entry, file, expected):
    path = submission(entry=entry, kind="oracle")
    if file:
        (path / file).write_text(CODE)
    assert Submission(path).is_own_oracle is expected
    assert not Submission(submission("model", entry=entry)).is_own_oracle


def test_what_it_is_fitted_on(submission, dataset):
    one = Submission(submission(code=CODE, kind="oracle", settings=["comments"]))
    with Isolation().open(one, one.card.runs[0]) as scorer:
        fit(scorer, dataset)
        (score,) = scorer.score_samples([SAMPLE])[0]
    assert score == 12 < len(dataset.videos)  # the training videos
