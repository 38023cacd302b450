"""What attested re-runs reached on private sets, beside the public sets of the same protocol.

Nobody outside can compute these numbers: they are those of the results, which count only if a
maintainer's signature covers them. Who has learned the public answers by heart falls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from livebench.attestation.attestation import Attestations, attested_row
from livebench.attestation.signing import MAINTAINERS
from livebench.audit.set_audit import SetAudit, read_audit
from livebench.candidates.candidate_set import CandidateSet
from livebench.leaderboard.collect import BoardRow, Section
from livebench.records import SETTINGS, Setting
from livebench.scoring.metrics import HEADLINE
from livebench.scoring.result import Result
from livebench.scoring.result_files import read_result
from livebench.submissions.load import Submission
from livebench.submissions.validate import score_in


@dataclass(frozen=True)
class PrivateRow:
    """A submission in a setting, by the headline metric, the mean over its runs.

    Attributes:
        public: on the public set; None if it has no row there.
    """

    folder: str
    name: str
    setting: Setting
    private: float
    public: float | None

    @property
    def change(self) -> float | None:
        """What is lost (negative) or gained on the private set."""
        return None if self.public is None else self.private - self.public


@dataclass(frozen=True)
class PrivateSection:
    """What is published of a private set, and who was re-run on it.

    Attributes:
        beside: the public set of the same protocol and dataset name; empty if there is none.
    """

    candidate_set: CandidateSet
    audit: SetAudit | None
    beside: str
    rows: list[PrivateRow]


def collect_private(
    private_sets: Sequence[CandidateSet],
    sections: Sequence[Section],
    submissions: Sequence[Submission],
    signers: Path = MAINTAINERS,
) -> list[PrivateSection]:
    """The attested rows on private sets, beside those of the public `sections`, the best first.

    Raises:
        LiveBenchError: a result is not valid.
    """
    attestations = Attestations(signers)
    found = []
    for candidate_set in private_sets:
        public = _public(candidate_set, sections)
        rows = [
            PrivateRow(
                submission.name,
                submission.card.name,
                setting,
                value,
                _value(public, setting, submission),
            )
            for submission in submissions
            for setting in SETTINGS
            for value in _attested(candidate_set, setting, submission, attestations)
        ]
        rows.sort(key=lambda row: (SETTINGS.index(row.setting), -round(row.private, 9), row.folder))
        beside = public.candidate_set.name if public else ""
        found.append(PrivateSection(candidate_set, read_audit(candidate_set), beside, rows))
    return found


def _public(private_set: CandidateSet, sections: Sequence[Section]) -> Section | None:
    wanted = private_set.manifest
    for section in sections:
        manifest = section.candidate_set.manifest
        same = (manifest.protocol.name, manifest.protocol.version, manifest.dataset.name)
        if same == (wanted.protocol.name, wanted.protocol.version, wanted.dataset.name):
            return section
    return None


def _value(section: Section | None, setting: Setting, submission: Submission) -> float | None:
    """On a public set, by the scores that the submission declares."""
    rows: list[BoardRow] = []
    if section is not None:
        rows = [row for board in section.boards if board.setting == setting for row in board.rows]
    declared = score_in(setting, submission.card.score)
    for row in rows:
        if row.folder == submission.name and row.normalisation == declared:
            return row.metrics["best"][HEADLINE.name].value
    return None


def _attested(
    candidate_set: CandidateSet,
    setting: Setting,
    submission: Submission,
    attestations: Attestations,
) -> Iterator[float]:
    """The headline metric, the mean over runs, if all of them are attested; else nothing."""
    manifest = candidate_set.manifest
    results: list[Result] = []
    for run in submission.card.runs:
        if not run.is_for(manifest.dataset):
            continue
        path = submission.result_path(candidate_set.name, run, setting)
        if not path.exists():
            return
        result = read_result(path, submission.path)
        row = attested_row(candidate_set.name, setting, run, result, path)
        if row.set_hash != manifest.hash or not attestations.covers(submission, row):
            return
        results.append(result)
    if results:
        values = [result.metrics["best"][HEADLINE.name].value for result in results]
        yield sum(values) / len(values)
