"""What a vision-language model is evaluated on."""

from __future__ import annotations

import msgspec
import pytest

from livebench.candidates.candidate_set import CandidateSet
from livebench.scoring.plan import VISION_ENTRY, Planned, plan
from livebench.submissions.load import Submission

SETTINGS = ["blind", "video", "comments", "both"]


@pytest.fixture
def pictured(frozen):
    """The tiny set, as if its dataset kept pictures."""
    one = CandidateSet(frozen.path)
    kept = msgspec.structs.replace(one.manifest.dataset, images_sha256="0" * 64)
    one.manifest = msgspec.structs.replace(one.manifest, dataset=kept)
    return one


def planned(path, *sets):
    """Settings that are scored, and what is skipped."""
    steps = list(plan(Submission(path), sets, SETTINGS, lambda _: lambda: None))
    return (
        [step.setting for step in steps if isinstance(step, Planned)],
        [(step.what, step.why) for step in steps if not isinstance(step, Planned)],
    )


def test_a_vision_model_is_not_scored_without_pictures_where_it_should_see(
    submission, frozen, frozen_without_frames, pictured
):
    """What it scored by the title alone would stand as the row of a model that sees."""
    sees = submission("sees", entry=VISION_ENTRY)
    why = "the set has no pictures; build it from a dataset that keeps them (docs/frames.md)"
    assert planned(sees, frozen) == (["blind", "comments"], [("video, both", why)])
    assert planned(sees, pictured) == (SETTINGS, [])
    why = "the dataset of the set has no frames"
    assert planned(sees, frozen_without_frames) == (
        ["blind", "comments"],
        [("video, both", why)],
    )


def test_other_models_are_given_vectors(submission, frozen):
    other = submission("other", entry="livebench.language_models.language_model:LanguageModel")
    assert planned(other, frozen) == (SETTINGS, [])
