"""What a row is computed from: the scores of a submission on a set in a setting, once they are sure to
belong together."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from livebench import __version__
from livebench.candidates.candidate_set import CandidateSet
from livebench.errors import LiveBenchError
from livebench.files import gzip_content
from livebench.records import Setting, parse_json
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import sample_metrics
from livebench.scoring.result import Result, ResultManifest, signature_of
from livebench.submissions.load import Run, Submission
from livebench.submissions.validate import NORMALISATIONS, Normalisation, Scores, read_scores

VERSION = re.compile(r"\d{1,6}(\.[0-9A-Za-z+-]{1,20}){0,6}\Z")


@dataclass(frozen=True)
class Origin:
    """Where a row comes from, as its result files say.

    Attributes:
        evaluated: `re-run` if LiveBench ran the scorer for every run.
        date: of the latest evaluation.
        version: of the LiveBench that made it; several are joined by commas.
        signature: of the row.
    """

    evaluated: Literal["re-run", "self-reported"]
    date: datetime.date
    version: str
    signature: str


@dataclass(frozen=True)
class Entry:
    """The scores of every run of a submission, read and valid, in the order of the answers."""

    submission: Submission
    setting: Setting
    runs: list[Run]
    scores: list[Scores]
    origin: Origin
    results: list[Result]

    @property
    def manifests(self) -> list[ResultManifest]:
        """What made the scores of each run."""
        return [result.manifest for result in self.results]

    @property
    def normalisations(self) -> Sequence[Normalisation]:
        """The sum, and what the token counts allow besides."""
        counted = all(scores.token_counts is not None for scores in self.scores)
        return NORMALISATIONS if counted else NORMALISATIONS[:1]

    def values(self, answers: Answers, normalisation: Normalisation = "sum") -> list[np.ndarray]:
        """The scores of each run, float64 [samples, 100]."""
        return [scores.normalised(normalisation, answers.lengths) for scores in self.scores]

    def per_sample(
        self, answers: Answers, normalisation: Normalisation = "sum"
    ) -> dict[str, np.ndarray]:
        """The metrics of each sample, the mean over runs; as `sample_metrics`."""
        runs = [sample_metrics(v, answers.correct) for v in self.values(answers, normalisation)]
        return {key: np.mean([values[key] for values in runs], axis=0) for key in runs[0]}


@dataclass(frozen=True)
class Earlier:
    """A submission whose numbers were made with another version of the set, or by another major version
    of LiveBench: it is shown apart. Scores for another version of a set cannot be read with the
    answers of this one: `entry` is None."""

    submission: Submission
    setting: Setting
    runs: int
    origin: Origin
    why: str
    entry: Entry | None


def read_entry(
    candidate_set: CandidateSet, answers: Answers, setting: Setting, submission: Submission
) -> Entry | Earlier | None:
    """The entry of a submission on a set in a setting; None if it has no scores there.

    Raises:
        LiveBenchError: scores or results are not valid, do not belong together, or some runs have none.
    """
    dataset = candidate_set.manifest.dataset.name
    runs = [run for run in submission.card.runs if run.is_for(dataset)]
    paths = [submission.scores_path(candidate_set.name, run, setting) for run in runs]
    missing = [path for path in paths if not path.exists()]
    if len(missing) == len(paths):
        return None
    if missing:
        # A mean over the runs that came out well is no mean over the runs.
        raise LiveBenchError(
            f"{missing[0]}: missing, while other runs have scores; evaluate every run, or take it out "
            f"of {submission.path / 'submission.toml'}"
        )
    results = [read_result(candidate_set, setting, submission, run) for run in runs]
    manifests = [result.manifest for result in results]
    others = [one for one in manifests if one.set_hash != candidate_set.manifest.hash]
    if others:
        old = f"set:{candidate_set.name}@{others[0].set_hash[:8]}"
        origin = _origin(submission, manifests, old, setting)
        return Earlier(submission, setting, len(runs), origin, "another version of the set", None)
    origin = _origin(submission, manifests, candidate_set.manifest.signature, setting)
    # First the scores: what passes is no longer than it should be, whatever it unpacks to.
    scores = [read_scores(path, answers.sample_ids, candidate_set.manifest.hash) for path in paths]
    for path, manifest in zip(paths, manifests, strict=True):
        if manifest.scores_sha256 != gzip_content(path, any_writer=True)[0]:
            raise LiveBenchError(f"{path}: changed since it was evaluated; {_again(submission)}")
    entry = Entry(submission, setting, runs, scores, origin, results)
    if any(is_of_another_major(one) for one in manifests):
        return Earlier(
            submission, setting, len(runs), origin, "another major version of LiveBench", entry
        )
    return entry


def _origin(
    submission: Submission, manifests: Sequence[ResultManifest], base: str, setting: Setting
) -> Origin:
    how = {one.evaluated for one in manifests}
    version = ", ".join(sorted({one.versions["livebench"] for one in manifests}))
    # Without a scorer nothing can have been run, whatever a result says.
    run_here = bool(submission.card.entry) and how == {"re-run"}
    return Origin(
        evaluated="re-run" if run_here else "self-reported",
        date=max(one.date for one in manifests),
        version=version,
        signature=signature_of(base, setting, made_by=version),
    )


def is_of_another_major(manifest: ResultManifest) -> bool:
    """Whether another major version of LiveBench, by the first of its numbers, made a result."""
    major, own = (
        version.split(".", maxsplit=1)[0]
        for version in (manifest.versions["livebench"], __version__)
    )
    return major != own


def origin_problem(manifest: ResultManifest) -> str:
    """Why a result does not say what it was made of; empty if it does."""
    if not re.fullmatch(r"[0-9a-f]{64}", manifest.set_hash):
        return "set_hash is not a hash"
    if not VERSION.match(manifest.versions.get("livebench", "")):
        return "versions does not say which LiveBench made it"
    return ""


def read_result(
    candidate_set: CandidateSet, setting: Setting, submission: Submission, run: Run
) -> Result:
    """What the result file says of where scores come from.

    Raises:
        LiveBenchError: it is missing, or does not say it. That it is of another version of the set, or
            that the scores were changed since, is for the caller to see.
    """
    path = submission.result_path(candidate_set.name, run, setting)
    if not path.exists():
        raise LiveBenchError(f"{path}: missing beside its scores; {_again(submission)}")
    result = parse_json(path, Result)
    if problem := origin_problem(result.manifest):
        raise LiveBenchError(f"{path}: {problem}; {_again(submission)}")
    return result


def _again(submission: Submission) -> str:
    return f"run `livebench evaluate {submission.path}` again"
