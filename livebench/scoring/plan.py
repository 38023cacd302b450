"""What a submission can be evaluated on with the available data, and why not on the rest.

Planning creates no scorer and writes nothing; `livebench.scoring.preparation` carries the plan out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from livebench.candidates.candidate_set import CandidateSet
from livebench.data.dataset import Dataset
from livebench.records import Setting, shows_video
from livebench.submissions.load import Run, Submission

VISION_ENTRY = "livebench.language_models.vision_model:VisionLanguageModel"
"""The entry of models that see pictures, and are given no vectors."""

OpenDataset = Callable[[], Dataset | None]
"""Opens the dataset of a set, generating it first if it is simulated; None if that fails."""


class Planned(NamedTuple):
    """A run that can score a set in a setting, or has scored it.

    `open_dataset` is None if the dataset is not available, or if scores are only read.
    """

    run: Run
    candidate_set: CandidateSet
    setting: Setting
    open_dataset: OpenDataset | None = None


class Skipped(NamedTuple):
    """An evaluation that is not done."""

    candidate_set: CandidateSet
    what: str
    why: str


def plan(
    submission: Submission,
    candidate_sets: Sequence[CandidateSet],
    settings: Sequence[Setting],
    find_dataset: Callable[[CandidateSet], OpenDataset | None],
) -> Iterator[Planned | Skipped]:
    """Yield what to evaluate, set by set and run by run, and what is skipped.

    Args:
        find_dataset: returns how to open the dataset of a set; None if it is not available.
    """
    for candidate_set in candidate_sets:
        declared = [setting for setting in settings if submission.card.takes_part(setting)]
        possible = [setting for setting in declared if setting in candidate_set.settings]
        undeclared = ", ".join(setting for setting in settings if setting not in declared)
        unseen = _unseen(submission, candidate_set, possible)
        without_frames = ", ".join(setting for setting in declared if setting not in possible)
        if undeclared:
            yield Skipped(candidate_set, undeclared, "the submission does not take part")
        if without_frames:
            yield Skipped(candidate_set, without_frames, "the dataset of the set has no frames")
        if unseen:
            yield Skipped(candidate_set, ", ".join(unseen), _NO_PICTURES)
            possible = [setting for setting in possible if setting not in unseen]
        if possible and submission.card.entry:
            yield from _to_run(submission, candidate_set, possible, find_dataset(candidate_set))
        elif possible:
            yield from _to_read(submission, candidate_set, possible)


_NO_PICTURES = "the set has no pictures; build it from a dataset that keeps them (docs/frames.md)"


def _unseen(
    submission: Submission, candidate_set: CandidateSet, settings: Sequence[Setting]
) -> list[Setting]:
    """The settings that would show a vision model no picture: what it scored there by the title alone
    would pass for a row of a model that sees."""
    if submission.card.entry != VISION_ENTRY or candidate_set.manifest.dataset.images_sha256:
        return []
    return [setting for setting in settings if shows_video(setting)]


def absent_dataset(candidate_set: CandidateSet) -> str:
    """The reason given where the dataset of a set is needed and not available."""
    error = candidate_set.no_dataset()
    return f"{error.what}; {error.fix}"


def _to_run(
    submission: Submission,
    candidate_set: CandidateSet,
    settings: Sequence[Setting],
    open_dataset: OpenDataset | None,
) -> Iterator[Planned | Skipped]:
    if open_dataset is None and not candidate_set.has_text:
        why = f"its text is absent, and {absent_dataset(candidate_set)}"
        yield Skipped(candidate_set, "all settings", why)
        return
    lacking = [setting for setting in settings if shows_video(setting) and open_dataset is None]
    for run in submission.card.runs:
        name = f"run {run.name}"
        if not run.is_for(candidate_set.manifest.dataset):
            yield Skipped(candidate_set, name, run.trained_on(candidate_set.manifest.dataset))
            continue
        if run.checkpoint and not (submission.path / run.checkpoint).exists():
            why = f"its checkpoint {run.checkpoint} is not here; `livebench train` makes one"
            yield Skipped(candidate_set, name, why)
            continue
        if lacking:
            what = f"{name}: {', '.join(lacking)}"
            yield Skipped(candidate_set, what, absent_dataset(candidate_set))
        for setting in settings:
            if setting not in lacking:
                yield Planned(run, candidate_set, setting, open_dataset)


def _to_read(
    submission: Submission, candidate_set: CandidateSet, settings: Sequence[Setting]
) -> Iterator[Planned | Skipped]:
    for run in submission.card.runs:
        if not run.is_for(candidate_set.manifest.dataset):
            yield Skipped(
                candidate_set, f"run {run.name}", run.trained_on(candidate_set.manifest.dataset)
            )
            continue
        for setting in settings:
            if submission.scores_path(candidate_set.name, run, setting).exists():
                yield Planned(run, candidate_set, setting)
            else:
                yield Skipped(candidate_set, f"run {run.name}: {setting}", "there are no scores")
