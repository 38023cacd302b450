"""Collects the rows of the leaderboard from candidate sets and submissions."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from livebench.audit.candidates import SetAudit, read_audit
from livebench.candidates.freeze import CandidateSet
from livebench.errors import LiveBenchError
from livebench.files import gzip_content
from livebench.records import SETTINGS, Setting, parse_json
from livebench.scoring.evaluate import Answers, Result, signature
from livebench.scoring.metrics import Interval, chance_metrics, sample_metrics, summarise
from livebench.scoring.plausibility import remarks, ties
from livebench.submissions.load import Run, Submission
from livebench.submissions.validate import NORMALISATIONS, Normalisation, read_scores


@dataclass(frozen=True)
class Row:
    """A line of a board: the mean over the runs of a submission.

    `evaluated` says how the scores came to be, `isolation` where the scorers of re-run ones ran, and
    `remarks` what a reader should know of the scores. `rank` counts the re-run submissions from the best
    MRR of the best-placed correct candidate; probes, self-reported scores, and other normalisations than
    the sum have none (0). `metrics` are by ground truth and metric.
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


@dataclass(frozen=True)
class Board:
    """All rows of a candidate set in a setting, best MRR first, chance among them."""

    setting: Setting
    signature: str
    rows: list[Row]


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
        LiveBenchError: a submission has scores that are not valid, or that were made for other
            candidates; the file is named.
    """
    return [_section(candidate_set, submissions) for candidate_set in sets]


def _section(candidate_set: CandidateSet, submissions: Sequence[Submission]) -> Section:
    answers = Answers(candidate_set)
    boards = []
    for setting in SETTINGS:
        if setting in candidate_set.manifest.settings:
            found = (_rows(candidate_set, answers, setting, one) for one in submissions)
            rows = [_chance(answers), *(row for rows in found for row in rows)]
            boards.append(Board(setting, signature(candidate_set, setting), _ranked(rows)))
    audit = read_audit(candidate_set)
    return Section(candidate_set, len(answers.sample_ids), audit, boards)


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


def _rows(
    candidate_set: CandidateSet, answers: Answers, setting: Setting, submission: Submission
) -> list[Row]:
    """The rows of a submission: none without scores here, one for each normalisation that its token
    counts allow."""
    dataset = candidate_set.manifest.dataset.name
    runs = [run for run in submission.card.runs if run.dataset in ("", dataset)]
    paths = [submission.scores_path(candidate_set.name, run, setting) for run in runs]
    missing = [path for path in paths if not path.exists()]
    if len(missing) == len(paths):
        return []
    if missing:
        # A mean over the runs that came out well is no mean over the runs.
        raise LiveBenchError(
            f"{missing[0]}: missing, while other runs have scores; evaluate every run, or take it out "
            f"of {submission.path / 'submission.toml'}"
        )
    results, found = [], []
    for run, path in zip(runs, paths, strict=True):
        results.append(_provenance(candidate_set, setting, submission, run))
        # Before they are hashed: what passes is no longer than it should be, whatever it unpacks to.
        found.append(read_scores(path, answers.sample_ids, candidate_set.manifest.hash))
        if results[-1].manifest.scores_sha256 != gzip_content(path, any_writer=True)[0]:
            raise LiveBenchError(f"{path}: changed since it was evaluated; {_again(submission)}")
    # Without a scorer nothing can have been run, whatever a result says.
    rerun = bool(submission.card.entry) and {r.manifest.evaluated for r in results} == {"re-run"}
    kinds = NORMALISATIONS if all(scores.token_counts is not None for scores in found) else ("sum",)
    row = functools.partial(
        Row,
        name=submission.card.name,
        folder=submission.name,
        kind=submission.card.kind,
        evaluated="re-run" if rerun else "self-reported",
        isolation=_least({r.manifest.isolation for r in results}) if rerun else "",
        remarks=_remarks(submission, results, [scores.sums for scores in found], rerun),
        date=submission.card.date,
        runs=len(runs),
    )
    return [
        row(
            normalisation=kind,
            metrics=_mean_metrics([s.normalised(kind, answers.lengths) for s in found], answers),
        )
        for kind in kinds
    ]


def _least(found: set[str]) -> str:
    """The weakest isolation among those of the runs."""
    return next((kind for kind in ("none", "process", "sandbox") if kind in found), "none")


def _remarks(
    submission: Submission, results: Sequence[Result], scores: Sequence[np.ndarray], rerun: bool
) -> tuple[str, ...]:
    """The remarks on all runs, each once; ties are counted here, whatever a result says."""
    told: dict[str, None] = {}
    for result, sums in zip(results, scores, strict=True):
        measured = result.plausibility if rerun else None
        told |= dict.fromkeys(remarks(measured, ties(sums), listwise=submission.card.listwise))
    return tuple(told)


def _mean_metrics(runs: Sequence[np.ndarray], answers: Answers) -> dict[str, dict[str, Interval]]:
    """Metrics of each sample, the mean over runs, summarised."""
    per_run = [sample_metrics(scores, answers.correct) for scores in runs]
    mean = {key: np.mean([values[key] for values in per_run], axis=0) for key in per_run[0]}
    return summarise(mean, answers.videos)


def _provenance(
    candidate_set: CandidateSet, setting: Setting, submission: Submission, run: Run
) -> Result:
    """The result file, which says where scores come from, once it is sure to be about this set."""
    path = submission.result_path(candidate_set.name, run, setting)
    if not path.exists():
        raise LiveBenchError(f"{path}: missing beside its scores; {_again(submission)}")
    result = parse_json(path, Result)
    if result.manifest.set_hash != candidate_set.manifest.hash:
        name = candidate_set.name
        raise LiveBenchError(f"{path}: made for another version of {name}; {_again(submission)}")
    return result


def _again(submission: Submission) -> str:
    return f"run `livebench evaluate --submission {submission.path}` again"


def _ranked(rows: list[Row]) -> list[Row]:
    # Chance stands below those that tie with it. Rounded: equal numbers must not differ by the machine.
    ordered = sorted(
        rows,
        key=lambda row: (
            -round(row.metrics["best"]["MRR"].value, 9),
            row.kind == "exact",
            row.folder,
            NORMALISATIONS.index(row.normalisation),
        ),
    )
    rank, ranked = 0, []
    for row in ordered:
        ranks = row.kind in ("model", "baseline") and row.normalisation == "sum"
        if ranks and row.evaluated == "re-run":
            rank += 1
            ranked.append(replace(row, rank=rank))
        else:
            ranked.append(row)
    return ranked
