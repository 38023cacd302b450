"""Result files, and the signature of a number."""

from __future__ import annotations

import datetime
from typing import Any, Literal

import msgspec

from livebench import __version__
from livebench.candidates.candidate_set import CandidateSet
from livebench.records import Setting
from livebench.scoring.dropped import DroppedComments
from livebench.scoring.metrics import Interval
from livebench.scoring.plausibility import Plausibility, Ties
from livebench.scoring.runner import MemoryKind
from livebench.submissions.validate import Normalisation

IsolationKind = Literal["none", "server", "process", "sandbox", ""]


_OF_A_MODEL = ("evaluated", "entry", "arguments", "seed", "checkpoint_sha256", "model", "dtype")


class ResultManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a result was made.

    Attributes:
        evaluated: `re-run` if LiveBench ran the scorer, `self-reported` if only scores were submitted.
        isolation: where the scorer ran: in LiveBench's own process (`none`), in a `process` of its own,
            or in a `sandbox`; on a `server` that LiveBench's own code asked; empty if it was not run.
        memory: what the scorer could know of earlier samples; empty if it was not run, or before
            version 0.3.
        kind: of the submission.
        files: those of the submission that its scores can depend on, by path and sha256; empty if it was
            not run.
        wall_seconds: of scoring, over all sessions, and of the steps after it.
        frames_sha256, encoder: of the frame vectors that the setting showed; empty if none.
        images_sha256: of the pictures that the setting showed; absent if none.
        device, dtype: what the scorer computed with, as torch names them; empty if unknown.
        parameters: of the model, counted where it ran; 0 if unknown.
        model: of a language model, as its scorer says: `model`, `revision`, `weights_sha256`, `prompt`;
            absent if the scorer says nothing.
        checkpoint_sha256: of the run, as submission.toml named it.
        score: which submission.toml declared at the time.
        versions: of LiveBench and its packages; of torch only if the scorer used it.
        commit, dirty: of the checkout; changed scores and results do not make it dirty.
    """

    evaluated: Literal["re-run", "self-reported"]
    isolation: IsolationKind = "none"
    memory: MemoryKind = ""
    submission: str
    kind: str = ""
    files: dict[str, str] = {}
    run: str
    entry: str
    arguments: dict[str, Any]
    seed: int
    candidate_set: str
    set_hash: str
    frames_sha256: str
    encoder: str
    images_sha256: str | msgspec.UnsetType = msgspec.UNSET
    setting: Setting
    scores_sha256: str
    checkpoint_sha256: str = ""
    score: Normalisation = "sum"
    device: str = ""
    dtype: str = ""
    parameters: int = 0
    model: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    versions: dict[str, str]
    commit: str
    dirty: bool
    date: datetime.date
    wall_seconds: float

    @property
    def prompt(self) -> str:
        """Name and hash of the prompt of a language model; empty if there is none."""
        return "" if self.model is msgspec.UNSET else self.model.get("prompt", "")

    def differences(self, other: ResultManifest) -> list[str]:
        """What tells the models of two results apart: weights, prompt, precision and so on; nothing if
        one trained model was evaluated in two settings."""
        return [name for name in _OF_A_MODEL if getattr(self, name) != getattr(other, name)]

    def differing_arguments(self, declared: dict[str, Any]) -> list[str]:
        """The arguments that are not as submission.toml declares them now, as `arguments.NAME`."""
        # Compared as a result writes them: there 1 and true differ, and a date is text.
        one, other = (
            {name: msgspec.json.encode(value, order="sorted") for name, value in arguments.items()}
            for arguments in (declared, self.arguments)
        )
        names = sorted(one.keys() | other.keys())
        return [f"arguments.{name}" for name in names if one.get(name) != other.get(name)]

    @property
    def from_changed_code(self) -> bool:
        """Whether the code differed from `commit`: nobody can run it again."""
        return self.dirty


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A result file: `metrics` by ground truth (`best`, `all`) and metric; see docs/metrics.md.

    `plausibility` and `ties` say whether the scorer follows the rules, as checked on a few samples
    (docs/trust.md); absent from results that predate these checks. `dropped_comments`: of contexts that
    were too long for the model; absent if nothing was dropped.
    """

    signature: str
    metrics: dict[str, dict[str, Interval]]
    anatomy: dict[str, dict[str, float]]
    manifest: ResultManifest
    plausibility: Plausibility | None = None
    ties: Ties | None = None
    dropped_comments: DroppedComments | msgspec.UnsetType = msgspec.UNSET


def signature(
    candidate_set: CandidateSet,
    setting: Setting,
    normalisation: Normalisation = "sum",
    prompt: str = "",
) -> str:
    """One line that names everything a number depends on, this version of LiveBench included."""
    return signature_of(candidate_set.manifest.signature, setting, normalisation, prompt=prompt)


def signature_of(
    set_signature: str,
    setting: Setting,
    score: str = "sum",
    made_by: str = __version__,
    ground_truth: str = "best",
    prompt: str = "",
) -> str:
    """The signature of a number on a set that need not be available.

    Args:
        score, made_by: how scores are read, of a comparison those of both, and the version of
            LiveBench; empty to leave them out, as for numbers that share one signature but for these.
        prompt: name and hash of a language model's; empty if there is none.
    """
    read = f"|score:{score}" if score else ""
    read += f"|prompt:{prompt}" if prompt else ""
    version = f"|v:{made_by}" if made_by else ""
    return f"{set_signature}|setting:{setting}|gt:{ground_truth}{read}|ties:mean{version}"
