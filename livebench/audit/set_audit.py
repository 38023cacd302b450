"""The audit of a candidate set: how far do shortcuts get, and may the set be trusted?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from livebench import __version__
from livebench.audit.probes import Probe, all_probes
from livebench.candidates.candidate_set import CandidateSet
from livebench.data.dataset import Dataset
from livebench.errors import LiveBenchError
from livebench.files import new_file
from livebench.records import parse_json
from livebench.scoring.anatomy import against_type
from livebench.scoring.metrics import HEADLINE, Interval, best_metrics, by_metric, intervals
from livebench.scoring.significance import holm, shift_p

AUDIT = "audit.json"
_LEVEL = 0.05
"""Of the tests, after Holm over the probes of a family."""
MARGIN = 0.02
"""In MRR: an interval that ends so far above chance leaves room for a shortcut."""


class AgainstType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """MRR among the correct candidates and those of one type, and what chance gets there."""

    mrr: Interval
    chance: float


class ProbeFinding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a probe reaches.

    Attributes:
        metrics: of the best-placed correct candidate.
        p: that chance reaches such an MRR (`shift_p`, one-sided), after Holm over its family.
        verdict: `shortcut` if it beats chance and may not; `allowed` if it may; `reported` if it looks
            into test texts; `open` if it does not beat chance for certain, but its interval ends more
            than MARGIN above it; else `chance`: it does not beat it.
        by_type: against each type of wrong candidates alone.
    """

    probe: str
    family: str
    metrics: dict[str, Interval]
    p: float
    verdict: Literal["shortcut", "allowed", "reported", "open", "chance"]
    by_type: dict[str, AgainstType]


class SetAudit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """audit.json: `chance` by metric, exactly; `seal` is the sha256 of the rest."""

    set_signature: str
    set_hash: str
    samples: int
    videos: int
    chance: dict[str, float]
    findings: list[ProbeFinding]
    verdict: str
    made_by: str
    seal: str = ""


def audit_set(candidate_set: CandidateSet, dataset: Dataset) -> SetAudit:
    """Run every probe on a set.

    Raises:
        LiveBenchError: the dataset is not the one that the set was built from, or the text is absent.
    """
    candidate_set.check_dataset(dataset)
    candidate_set.check_text(dataset)
    answers = list(candidate_set.answers())
    videos = [answer.video_id for answer in answers]
    types = np.array([answer.types for answer in answers])
    probes = list(all_probes(candidate_set, dataset, answers))
    chance = best_metrics(np.zeros(types.shape), types == "correct")
    p_values = _adjusted(probes, types == "correct", videos)
    findings = [
        _finding(probe, types, videos, chance, p) for probe, p in zip(probes, p_values, strict=True)
    ]
    return SetAudit(
        set_signature=candidate_set.manifest.signature,
        set_hash=candidate_set.manifest.hash,
        samples=len(answers),
        videos=len(set(videos)),
        chance=by_metric(chance.mean(axis=0).tolist()),
        findings=findings,
        verdict=_verdict(findings, float(HEADLINE.column(chance).mean())),
        made_by=f"livebench {__version__}",
    )


def _adjusted(probes: Sequence[Probe], correct: np.ndarray, videos: Sequence[str]) -> list[float]:
    """p of each probe, after Holm over the probes of its family."""
    found = np.empty(len(probes))
    for i, probe in enumerate(probes):
        observed = HEADLINE.column(best_metrics(probe.scores, correct)).mean()
        found[i] = shift_p(_places(probe.scores, correct), videos, float(observed))
    for family in {probe.family for probe in probes}:
        members = [i for i, probe in enumerate(probes) if probe.family == family]
        found[members] = holm(found[members])
    return found.tolist()


def _places(scores: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """int64 [samples, g]: places of the correct candidates from 0, ties broken by a fixed draw."""
    broken = np.random.PCG64(0).random_raw(scores.size).reshape(scores.shape)
    places = np.argsort(np.lexsort((broken, -scores), axis=1), axis=1)
    most = int(correct.sum(axis=1).max())
    found = np.sort(np.where(correct, places, scores.shape[1]), axis=1)[:, :most]
    return np.where(found == scores.shape[1], found[:, :1], found)


def _finding(
    probe: Probe, types: np.ndarray, videos: Sequence[str], chance: np.ndarray, p: float
) -> ProbeFinding:
    correct = types == "correct"
    found = intervals(best_metrics(probe.scores, correct), videos)
    by_type = {}
    for kind in sorted(set(types.ravel().tolist()) - {"correct"}):
        mrr = intervals(HEADLINE.column(against_type(probe.scores, types, kind))[:, None], videos)
        alone = HEADLINE.column(against_type(np.zeros(types.shape), types, kind)).mean()
        by_type[kind] = AgainstType(mrr[0], float(alone))
    metrics = by_metric(found)
    mrr, expected = metrics[HEADLINE.name], float(HEADLINE.column(chance).mean())
    return ProbeFinding(
        probe=probe.name,
        family=probe.family,
        metrics=metrics,
        p=p,
        verdict=_judge(probe.family, mrr, expected, p),
        by_type=by_type,
    )


def _judge(family: str, mrr: Interval, chance: float, p: float) -> str:
    if p < _LEVEL:
        return {"test text": "reported", "content": "allowed", "shortcut": "shortcut"}[family]
    return "open" if family == "shortcut" and mrr.high > chance + MARGIN else "chance"


def _verdict(findings: Sequence[ProbeFinding], chance: float) -> str:
    """The audit in a sentence or two."""
    found = [f for f in findings if f.verdict == "shortcut"]
    unsure = [f for f in findings if f.verdict == "open"]
    if found:
        best = max(found, key=lambda finding: finding.metrics["MRR"].value)
        return (
            f"{len(found)} shortcut{'s' * (len(found) > 1)}. The best, '{best.probe}', reaches MRR "
            f"{best.metrics['MRR'].value:.4f} without any understanding of the moment, where chance is "
            f"{chance:.4f}: a number on this set shows understanding only as far as it beats these "
            "probes."
        )
    looked = [f.metrics["MRR"].value for f in findings if f.verdict == "reported"]
    aside = ""
    if looked:
        aside = f" Probes that look into other test comments reach up to {max(looked):.4f}."
    if unsure:
        names = ", ".join(f"'{finding.probe}'" for finding in unsure)
        return (
            f"No shortcut beats chance (MRR {chance:.4f}) for certain, but too few samples or videos "
            f"rule one out for {names}.{aside}"
        )
    return (
        f"No shortcut found: no probe that sees the candidate and training alone, or prefers what does "
        f"not resemble the moment, beats chance (MRR {chance:.4f}), and the interval of each ends at "
        f"most {MARGIN} above it.{aside}"
    )


def has_shortcut(audit: SetAudit) -> bool:
    return any(finding.verdict == "shortcut" for finding in audit.findings)


def describe_set_audit(audit: SetAudit) -> list[str]:
    """The audit as lines of text: a table of probes, a table by type, the verdict."""
    kinds = sorted({kind for finding in audit.findings for kind in finding.by_type})
    chance = {kind: audit.findings[0].by_type[kind].chance for kind in kinds}
    width = max(len(finding.probe) for finding in audit.findings)
    lines = [
        f"{audit.set_signature}: {audit.samples} samples of {audit.videos} videos",
        "",
        f"{'probe':{width}}  verdict    R@1    MRR [95% interval]       p (Holm)  "
        + "  ".join(f"{f'MRR, {kind} alone':>20}" for kind in kinds),
        f"{'chance':{width}}             {audit.chance['R@1']:5.2f}  {audit.chance['MRR']:.4f}"
        f"{'':29}" + "  ".join(f"{chance[kind]:20.3f}" for kind in kinds),
    ]
    for finding in audit.findings:
        mrr = finding.metrics["MRR"]
        alone = "  ".join(
            f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"
            for found in (finding.by_type[kind].mrr for kind in kinds)
        )
        lines.append(
            f"{finding.probe:{width}}  {finding.verdict:9} {finding.metrics['R@1'].value:6.2f}  "
            f"{mrr.value:.4f} [{mrr.low:.4f}, {mrr.high:.4f}]  {finding.p:8.4f}  {alone}"
        )
    return [*lines, "", audit.verdict]


def _sealed(audit: SetAudit) -> bytes:
    """The bytes of audit.json."""
    audit = msgspec.structs.replace(audit, seal="")
    seal = hashlib.sha256(msgspec.json.encode(audit)).hexdigest()
    audit = msgspec.structs.replace(audit, seal=seal)
    return msgspec.json.format(msgspec.json.encode(audit), indent=1) + b"\n"


def write_audit(candidate_set: CandidateSet, audit: SetAudit) -> Path:
    """Freeze an audit into the folder of its set."""
    path = candidate_set.path / AUDIT
    with new_file(path) as file:
        file.write(_sealed(audit))
    return path


def read_audit(candidate_set: CandidateSet) -> SetAudit | None:
    """The frozen audit of a set; None if there is none.

    Raises:
        LiveBenchError: it was changed, or is of another version of the set.
    """
    path = candidate_set.path / AUDIT
    if not path.exists():
        return None
    audit = parse_json(path, SetAudit)
    if path.read_bytes() != _sealed(audit):
        raise LiveBenchError(f"{path}: changed: it is not what LiveBench wrote; audit again")
    if audit.set_hash != candidate_set.manifest.hash:
        raise LiveBenchError(f"{path}: is the audit of another version of the set; audit again")
    return audit
