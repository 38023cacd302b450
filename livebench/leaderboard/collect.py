"""Collects the rows of the leaderboard from candidate sets and submissions."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from livebench.audit.set_audit import SetAudit, read_audit
from livebench.candidates.candidate_set import CandidateSet
from livebench.leaderboard.entries import Earlier, Entry, Origin, read_entry
from livebench.records import SETTINGS, Setting
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import HEADLINE, Interval, chance_metrics, summarise
from livebench.scoring.paired import RowPair, pair_tests, ranks
from livebench.scoring.plausibility import measure_ties, plausibility_remarks
from livebench.scoring.result import signature
from livebench.submissions.load import Submission
from livebench.submissions.validate import NORMALISATIONS, Normalisation


@dataclass(frozen=True)
class Row:
    """A line of a board: the mean over the runs of a submission.

    `rank` is 1 + the number of ranked rows that are significantly better in the MRR of the best-placed
    correct candidate. Re-run models and baselines are ranked; probes, self-reported scores, and other
    normalisations than the sum have rank 0, which is none. `metrics` are by ground truth and metric.
    `evaluated` says how the scores came to be, `isolation` where the scorers of re-run ones ran, and
    `remarks` what a reader should know of the scores.
    `date` is that of the submission, `made` that of its latest evaluation, `version` that of the
    LiveBench that made it.
    """

    name: str
    folder: str
    kind: str
    evaluated: str
    date: datetime.date | None
    runs: int
    metrics: dict[str, dict[str, Interval]]
    normalisation: Normalisation = "sum"
    rank: int = 0
    isolation: str = ""
    remarks: tuple[str, ...] = ()
    made: datetime.date | None = None
    version: str = ""
    signature: str = ""


@dataclass(frozen=True)
class Board:
    """All rows of a candidate set in a setting, best MRR first, chance among them.

    Attributes:
        pairs: the tests that the ranks rest on: each two ranked rows by folder, in the order of rows.
        earlier: rows that were made with another version of the set, or by another major version of
            LiveBench. Without metrics where the answers of that version are not here.
    """

    setting: Setting
    signature: str
    rows: list[Row]
    pairs: list[RowPair] = field(default_factory=list)
    earlier: list[EarlierRow] = field(default_factory=list)


@dataclass(frozen=True)
class EarlierRow:
    """A row that is shown apart, and why; `row.metrics` is empty where it cannot be computed."""

    row: Row
    why: str


@dataclass(frozen=True)
class Section:
    """All boards of a candidate set, and its audit if there is one."""

    candidate_set: CandidateSet
    samples: int
    audit: SetAudit | None
    boards: list[Board]


def collect(sets: Sequence[CandidateSet], submissions: Sequence[Submission]) -> list[Section]:
    """Compute every row from scores and answers; no text is needed.

    Raises:
        LiveBenchError: a submission has scores that are not valid, or that do not belong to their
            result; the file is named.
    """
    return [_section(candidate_set, submissions) for candidate_set in sets]


def _section(candidate_set: CandidateSet, submissions: Sequence[Submission]) -> Section:
    answers = Answers(candidate_set)
    settings = [setting for setting in SETTINGS if setting in candidate_set.manifest.settings]
    boards = [_board(candidate_set, answers, setting, submissions) for setting in settings]
    return Section(candidate_set, len(answers.sample_ids), read_audit(candidate_set), boards)


def _board(
    candidate_set: CandidateSet,
    answers: Answers,
    setting: Setting,
    submissions: Sequence[Submission],
) -> Board:
    rows, earlier = [_chance(answers)], []
    ranked_by: dict[str, np.ndarray] = {}  # by folder [samples]
    for submission in submissions:
        found = read_entry(candidate_set, answers, setting, submission)
        if isinstance(found, Earlier):
            earlier.append(_earlier(found, answers))
        elif found is not None:
            for kind in found.normalisations:
                values = found.per_sample(answers, kind)
                row = _with_remarks(_row(submission, len(found.runs), found.origin), found)
                row = replace(row, normalisation=kind, metrics=summarise(values, answers.videos))
                row = replace(row, signature=row.signature.replace("score:sum", f"score:{kind}"))
                rows.append(row)
                if _is_ranked(row):
                    ranked_by[row.folder] = HEADLINE.column(values["best"])
    rows.sort(key=_place)
    names = [row.folder for row in rows if _is_ranked(row)]
    values = np.array([ranked_by[name] for name in names])
    pairs = pair_tests(names, values, answers.videos)
    found_ranks = ranks(names, pairs)
    rows = [replace(row, rank=found_ranks[row.folder]) if _is_ranked(row) else row for row in rows]
    return Board(setting, signature(candidate_set, setting), rows, pairs, earlier)


def _chance(answers: Answers) -> Row:
    values = chance_metrics(answers.correct.sum(axis=1))
    return Row(
        name="chance",
        folder="",
        kind="exact",
        evaluated="",
        date=None,
        runs=0,
        metrics=summarise(values, answers.videos),
    )


def _row(submission: Submission, runs: int, origin: Origin) -> Row:
    """A row without numbers."""
    return Row(
        name=submission.card.name,
        folder=submission.name,
        kind=submission.card.kind,
        evaluated=origin.evaluated,
        date=submission.card.date,
        runs=runs,
        metrics={},
        made=origin.date,
        version=origin.version,
        signature=origin.signature,
    )


def _with_remarks(row: Row, entry: Entry) -> Row:
    """With where the scorers ran, and the remarks on all runs, each once; ties are counted here."""
    rerun, told = row.evaluated == "re-run", {}
    for result, scores in zip(entry.results, entry.scores, strict=True):
        measured = result.plausibility if rerun else None
        listwise = entry.submission.card.listwise
        told |= dict.fromkeys(
            plausibility_remarks(measured, measure_ties(scores.sums), listwise=listwise)
        )
    ran = {manifest.isolation for manifest in entry.manifests}
    # The weakest isolation among those of the runs.
    least = next((kind for kind in ("none", "process", "sandbox") if kind in ran), "none")
    return replace(row, isolation=least if rerun else "", remarks=tuple(told))


def _earlier(found: Earlier, answers: Answers) -> EarlierRow:
    row = _row(found.submission, found.runs, found.origin)
    if found.entry is not None:
        row = _with_remarks(row, found.entry)
        row = replace(row, metrics=summarise(found.entry.per_sample(answers), answers.videos))
    return EarlierRow(row, found.why)


def _is_ranked(row: Row) -> bool:
    known = row.kind in ("model", "baseline") and row.evaluated == "re-run"
    return known and row.normalisation == "sum"


def _place(row: Row) -> tuple:
    # Chance stands below those that tie with it. Rounded: equal numbers must not differ by the machine.
    return (
        -round(row.metrics["best"][HEADLINE.name].value, 9),
        row.kind == "exact",
        row.folder,
        NORMALISATIONS.index(row.normalisation),
    )
