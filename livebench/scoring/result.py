"""What a result file holds, and the signature of a number."""

from __future__ import annotations

import datetime
from typing import Any, Literal

import msgspec

from livebench import __version__
from livebench.candidates.candidate_set import CandidateSet
from livebench.records import Setting
from livebench.scoring.metrics import Interval
from livebench.scoring.plausibility import Plausibility, Ties
from livebench.submissions.validate import Normalisation

IsolationKind = Literal["none", "process", "sandbox", ""]


class ResultManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What made a result.

    Attributes:
        evaluated: `re-run` if LiveBench ran the scorer, `self-reported` if it only got the scores.
        isolation: where the scorer ran: in LiveBench's own process (`none`), in a `process` of its own,
            or in a `sandbox`; empty if it was not run.
        wall_seconds: of scoring, in all sessions, and of what comes after.
        frames_sha256, encoder: of the frame vectors that the setting showed; empty if none.
        device, dtype: that the scorer computed with, as torch names them; empty if unknown.
        versions: of LiveBench and what it used; of torch if the scorer used it.
        commit, dirty: of the checkout; scores and results in it do not make it dirty.
    """

    evaluated: Literal["re-run", "self-reported"]
    isolation: IsolationKind = "none"
    submission: str
    run: str
    entry: str
    arguments: dict[str, Any]
    seed: int
    candidate_set: str
    set_hash: str
    frames_sha256: str
    encoder: str
    setting: Setting
    scores_sha256: str
    device: str = ""
    dtype: str = ""
    versions: dict[str, str]
    commit: str
    dirty: bool
    date: datetime.date
    wall_seconds: float

    @property
    def from_changed_code(self) -> bool:
        """Whether the code was changed since `commit`: nobody can run what made these numbers again."""
        return self.dirty


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A result file: `metrics` by ground truth (`best`, `all`) and metric; see docs/metrics.md.

    `plausibility` and `ties` say whether the scorer keeps the rules, as far as a few samples tell
    (docs/trust.md); absent from results of before they were measured.
    """

    signature: str
    metrics: dict[str, dict[str, Interval]]
    anatomy: dict[str, dict[str, float]]
    manifest: ResultManifest
    plausibility: Plausibility | None = None
    ties: Ties | None = None


def signature(
    candidate_set: CandidateSet, setting: Setting, normalisation: Normalisation = "sum"
) -> str:
    """One line that names all that a number depends on, this version of LiveBench included."""
    return signature_of(candidate_set.manifest.signature, setting, normalisation)


def signature_of(
    set_signature: str,
    setting: Setting,
    normalisation: Normalisation = "sum",
    made_by: str = __version__,
    ground_truth: str = "best",
) -> str:
    """The signature of a number on a set that need not be available.

    Args:
        made_by: the version of LiveBench; empty to leave it out, as where numbers of several versions
            share one signature.
    """
    scoring = f"setting:{setting}|gt:{ground_truth}|score:{normalisation}|ties:mean"
    return f"{set_signature}|{scoring}|v:{made_by}" if made_by else f"{set_signature}|{scoring}"
