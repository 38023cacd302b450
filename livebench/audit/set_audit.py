"""The audit of a candidate set: how far do shortcuts get, and can the set be trusted?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from livebench import __version__
from livebench.audit.probes import Family, Probe, all_probes
from livebench.candidates.candidate_set import CandidateSet
from livebench.data.dataset import Dataset
from livebench.errors import LiveBenchError
from livebench.files import new_file
from livebench.records import json_document, parse_json
from livebench.scoring.anatomy import against_type
from livebench.scoring.metrics import (
    HEADLINE,
    METRICS,
    Interval,
    best_metrics,
    by_metric,
    intervals,
)
from livebench.scoring.significance import holm, shift_p
from livebench.tables import text_table

_AUDIT = "audit.json"
_LEVEL = 0.05
"""Significance level of the tests, after Holm's correction within a family of probes."""
_MARGIN = 0.02
"""Of the headline metric, MRR: an interval that ends more than this above chance may hide a shortcut."""

ProbeVerdict = Literal["shortcut", "allowed", "reported", "open", "chance"]


class AgainstType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """MRR among the correct candidates and those of one type, and its chance level."""

    mrr: Interval
    chance: float


class ProbeFinding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The result of a probe.

    Attributes:
        metrics: of the best-placed correct candidate.
        p: of the MRR under chance (`shift_p`, one-sided), Holm-corrected within its family.
        verdict: if it beats chance significantly: `shortcut` if it should not, `allowed` if it may,
            `reported` if it reads test comments. If not: `open` if its interval ends more than _MARGIN
            above chance, else `chance`.
        by_type: against each type of wrong candidate alone.
    """

    probe: str
    family: Family
    metrics: dict[str, Interval]
    p: float
    verdict: ProbeVerdict
    by_type: dict[str, AgainstType]


class SetAudit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """audit.json: `chance` is the exact chance level by metric; `seal` is the sha256 of the rest."""

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
        LiveBenchError: the set was built from another dataset, or its text is absent.
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
    """p of each probe, Holm-corrected within its family."""
    p_values = np.empty(len(probes))
    for i, probe in enumerate(probes):
        observed = HEADLINE.column(best_metrics(probe.scores, correct)).mean()
        p_values[i] = shift_p(_places(probe.scores, correct), videos, float(observed))
    for family in {probe.family for probe in probes}:
        members = [i for i, probe in enumerate(probes) if probe.family == family]
        p_values[members] = holm(p_values[members].tolist())
    return p_values.tolist()


def _places(scores: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """int64 [samples, g]: places of the correct candidates from 0, ties broken by a seeded draw."""
    tie_breaks = np.random.PCG64(0).random_raw(scores.size).reshape(scores.shape)
    places = np.argsort(np.lexsort((tie_breaks, -scores), axis=1), axis=1)
    most = int(correct.sum(axis=1).max())
    absent = scores.shape[1]
    places = np.sort(np.where(correct, places, absent), axis=1)[:, :most]
    return np.where(places == absent, places[:, :1], places)


def _finding(
    probe: Probe, types: np.ndarray, videos: Sequence[str], chance: np.ndarray, p: float
) -> ProbeFinding:
    metrics = by_metric(intervals(best_metrics(probe.scores, types == "correct"), videos))
    by_type = {}
    for wrong_type in sorted(set(types.ravel().tolist()) - {"correct"}):
        values = HEADLINE.column(against_type(probe.scores, types, wrong_type))
        by_chance = HEADLINE.column(against_type(np.zeros(types.shape), types, wrong_type))
        (interval,) = intervals(values[:, None], videos)
        by_type[wrong_type] = AgainstType(interval, float(by_chance.mean()))
    return ProbeFinding(
        probe=probe.name,
        family=probe.family,
        metrics=metrics,
        p=p,
        verdict=judge(
            probe.family, metrics[HEADLINE.name], float(HEADLINE.column(chance).mean()), p
        ),
        by_type=by_type,
    )


def judge(family: Family, reached: Interval, chance: float, p: float) -> ProbeVerdict:
    """The verdict on a probe, from its headline metric and the chance level."""
    if p < _LEVEL:
        return _BEATS_CHANCE[family]
    gated = family in ("shortcut", "memory")
    return "open" if gated and reached.high > chance + _MARGIN else "chance"


_BEATS_CHANCE: dict[Family, ProbeVerdict] = {
    "shortcut": "shortcut",
    "memory": "shortcut",
    "content": "allowed",
    "test text": "reported",
}


def _verdict(findings: Sequence[ProbeFinding], chance: float) -> str:
    """A summary of the audit in a sentence or two."""
    reached = {finding.probe: finding.metrics[HEADLINE.name].value for finding in findings}
    probes: dict[ProbeVerdict, list[str]] = {}
    for finding in findings:
        probes.setdefault(finding.verdict, []).append(finding.probe)
    by_chance = f"{HEADLINE.name} {HEADLINE.format(chance)}"
    if shortcuts := probes.get("shortcut"):
        best = max(shortcuts, key=reached.__getitem__)
        return (
            f"{len(shortcuts)} shortcut{'s' * (len(shortcuts) > 1)}. The best, '{best}', reaches "
            f"{HEADLINE.name} {HEADLINE.format(reached[best])} without any understanding of the moment, "
            f"where chance is {HEADLINE.format(chance)}: a number on this set shows understanding only "
            "as far as it beats these probes."
        )
    aside = ""
    if reported := probes.get("reported"):
        highest = HEADLINE.format(max(reached[probe] for probe in reported))
        aside = f" Probes that look into other test comments reach up to {highest}."
    if unsure := probes.get("open"):
        names = ", ".join(f"'{probe}'" for probe in unsure)
        return (
            f"No shortcut beats chance ({by_chance}) significantly, but there are too few samples or "
            f"videos to rule one out for {names}.{aside}"
        )
    return (
        "No shortcut found: no probe that sees the candidate and training alone, remembers other "
        f"samples, or prefers what does not resemble the moment, beats chance ({by_chance}), and the "
        f"interval of each ends at most {_MARGIN} above it.{aside}"
    )


def best_finding(audit: SetAudit) -> ProbeFinding | None:
    """Of the probe that gets farthest of those that should be at chance; None if there are none."""
    should = [finding for finding in audit.findings if finding.family in ("shortcut", "memory")]
    return max(should, key=lambda one: round(one.metrics[HEADLINE.name].value, 9), default=None)


def probe_in_words(probe: str) -> str:
    """The name of a probe where nothing explains it: `not: X` prefers the lowest scores of X."""
    name = probe.removeprefix("not: ")
    return name if name == probe else f"{name}, lowest first"


def has_shortcut(audit: SetAudit) -> bool:
    return any(finding.verdict == "shortcut" for finding in audit.findings)


def describe_set_audit(audit: SetAudit) -> str:
    """The audit as text: probes against all wrong candidates and against each type, and the verdict."""
    first = METRICS[0]
    headline = f"{HEADLINE.name} [95% interval]"
    chance = [first.format(audit.chance[first.name]), HEADLINE.format(audit.chance[HEADLINE.name])]
    probes = [
        [
            finding.probe,
            finding.verdict,
            first.format(finding.metrics[first.name].value),
            HEADLINE.format_with_interval(finding.metrics[HEADLINE.name]),
            f"{finding.p:.4f}",
        ]
        for finding in audit.findings
    ]
    types = audit.findings[0].by_type
    alone = [
        [
            finding.probe,
            *(HEADLINE.format_with_interval(finding.by_type[name].mrr) for name in types),
        ]
        for finding in audit.findings
    ]
    return "\n".join(
        [
            f"{audit.set_signature}: {audit.samples} samples of {audit.videos} videos",
            "",
            text_table(
                ["probe", "verdict", first.name, headline, "p (Holm)"],
                [["chance", "", *chance, ""], *probes],
                left=2,
            ),
            "",
            f"{headline}, against each type of wrong candidates alone:",
            "",
            text_table(
                ["probe", *types],
                [["chance", *(HEADLINE.format(types[name].chance) for name in types)], *alone],
                left=1,
            ),
            "",
            audit.verdict,
        ]
    )


def _sealed(audit: SetAudit) -> bytes:
    """The bytes of audit.json."""
    audit = msgspec.structs.replace(audit, seal="")
    seal = hashlib.sha256(msgspec.json.encode(audit)).hexdigest()
    audit = msgspec.structs.replace(audit, seal=seal)
    return json_document(audit)


def write_audit(candidate_set: CandidateSet, audit: SetAudit) -> Path:
    """Freeze an audit into the folder of its set."""
    path = candidate_set.path / _AUDIT
    with new_file(path) as file:
        file.write(_sealed(audit))
    return path


def read_audit(candidate_set: CandidateSet) -> SetAudit | None:
    """The frozen audit of a set; None if there is none.

    Raises:
        LiveBenchError: it was changed, or belongs to another version of the set.
    """
    path = candidate_set.path / _AUDIT
    if not path.exists():
        return None
    audit = parse_json(path, SetAudit)
    again = f"run `livebench audit {candidate_set.path}` again"
    if path.read_bytes() != _sealed(audit):
        raise LiveBenchError(path, "changed: it is not what LiveBench wrote", again)
    if audit.set_hash != candidate_set.manifest.hash:
        raise LiveBenchError(path, "is the audit of another version of the set", again)
    return audit
