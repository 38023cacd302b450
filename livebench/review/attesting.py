"""What a maintainer does before signing: are these rows made here, and do they agree with the claims?"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from livebench.attestation.attestation import (
    AttestedRow,
    NotAttested,
    attested_row,
    made_from,
    read_attestation,
    read_signed,
)
from livebench.candidates.candidate_set import CandidateSet
from livebench.errors import LiveBenchError
from livebench.leaderboard.entries import read_entries
from livebench.records import SETTINGS, Setting, write_json
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import MR, best_metrics
from livebench.scoring.plausibility import HALF_TOLERANCES, is_half, sizes
from livebench.scoring.result import Result, ResultManifest
from livebench.scoring.result_files import read_result
from livebench.submissions.file_hashes import ATTESTATION, SIGNATURE, file_hashes
from livebench.submissions.load import CARD, OUTPUTS, Run, Submission
from livebench.submissions.validate import Normalisation, Scores, read_scores, score_in

TOLERANCE = 1e-4
"""Scores s and t agree if |s - t| <= TOLERANCE * max(1, |t|): by so much other hardware may change them,
and the ways to score may differ (livebench/scoring/scorer.py). In half precision, by HALF_TOLERANCES of
max(8, |t|)."""


class Agreement(NamedTuple):
    """Scores that were claimed, and those of the re-run.

    Attributes:
        verdict: `same` to the byte, `close` within the tolerance, `different`, or `new`: none were
            claimed.
        largest: the largest of the differences, each as a multiple of its score's size: max(1, |score|),
            in half precision max(8, |score|).
        sample_id: where it is.
        dtype: of both, if it is one of half precision, whose tolerance holds.
        score: by which `ranks_changed` counts: as the card declares, or the sum.
        ranks_changed: in how many of `samples` the rank of the best-placed correct comment differs.
    """

    verdict: Literal["same", "close", "different", "new"]
    largest: float = 0.0
    sample_id: str = ""
    dtype: str = ""
    score: Normalisation = "sum"
    ranks_changed: int = 0
    samples: int = 0

    @property
    def tolerance(self) -> float:
        """By how much scores may differ, as a multiple of their size."""
        return HALF_TOLERANCES.get(self.dtype, TOLERANCE)

    def __str__(self) -> str:
        if self.verdict == "same":
            return "the same to the byte"
        if self.verdict == "new":
            return "new: none were claimed for this version of the set"
        least = sizes(np.zeros(1), self.dtype)[0]
        amount = (
            f"{self.largest:.1e} * max({least:g}, |score|) at {self.sample_id}; the rank of the correct "
            f"comment by {self.score} differs in {self.ranks_changed} of {self.samples} samples"
        )
        if self.verdict == "close":
            within = f"{self.tolerance:g}{f' ({self.dtype})' if self.dtype else ''}"
            return f"the same within {within}, at most {amount}; those of the re-run are kept"
        return f"DIFFERENT, by up to {amount}"


def compare_scores(
    submission: Submission,
    copy: Submission,
    candidate_set: CandidateSet,
    run: Run,
    setting: Setting,
) -> Agreement:
    """Compare the scores that a submission claims with those of its copy's re-run.

    Raises:
        LiveBenchError: the claimed ones are not valid.
    """
    place = (candidate_set.name, run, setting)
    claimed, result = submission.scores_path(*place), submission.result_path(*place)
    set_hash = candidate_set.manifest.hash
    made = read_result(result, submission.path).manifest if result.exists() else None
    if not claimed.exists() or (made and made.set_hash != set_hash):
        return Agreement("new")
    answers = Answers(candidate_set)
    ids = answers.sample_ids
    said, found = read_scores(claimed, ids), read_scores(copy.scores_path(*place), ids)
    if said.token_counts is None or found.token_counts is None:
        same_counts = said.token_counts is found.token_counts
    else:
        same_counts = np.array_equal(said.token_counts, found.token_counts)
    dtype = _half_in_both(made, copy.result_path(*place), copy.path)
    off = np.abs(said.sums - found.sums) / sizes(found.sums, dtype)
    row = int(off.max(axis=1).argmax())
    largest = float(off.max())
    same_dropped = np.array_equal(said.dropped_comments, found.dropped_comments)
    if largest == 0 and same_counts and same_dropped:
        return Agreement("same")
    score, values = _read_alike(
        (submission, copy), (said, found), candidate_set, answers, run, setting
    )
    ranks = [_best_ranks(one, answers.correct) for one in values]
    changed = int((ranks[0] != ranks[1]).sum())
    agreement = Agreement("different", largest, ids[row], dtype, score, changed, len(ids))
    near = largest <= agreement.tolerance and same_counts
    return agreement._replace(verdict="close") if near else agreement


def _half_in_both(made: ResultManifest | None, again: Path, copy: Path) -> str:
    """The number format that a claim and its re-run say, if it is the same of half precision."""
    if made is None or not is_half(made.dtype) or not again.exists():
        return ""
    return made.dtype if read_result(again, copy).manifest.dtype == made.dtype else ""


def _read_alike(
    submissions: tuple[Submission, Submission],
    both: tuple[Scores, Scores],
    candidate_set: CandidateSet,
    answers: Answers,
    run: Run,
    setting: Setting,
) -> tuple[Normalisation, list[np.ndarray]]:
    """A claim and its re-run, read as the card declares; as sums if one cannot be read so, such as `pmi`
    where `blind` was not claimed for this version of the set."""
    score = score_in(setting, submissions[0].card.score)
    blind: list[Scores | None] = [None, None]
    with contextlib.suppress(LiveBenchError):
        if score == "pmi":
            place: tuple[str, Run, Setting] = (candidate_set.name, run, "blind")
            blind = [
                read_scores(one.scores_path(*place), answers.sample_ids)
                for one in submissions
                if read_result(one.result_path(*place), one.path).manifest.set_hash
                == candidate_set.manifest.hash
            ]
        if len(blind) == 2:
            return score, [
                scores.normalised(score, answers.lengths, unseen)
                for scores, unseen in zip(both, blind, strict=True)
            ]
    return "sum", [scores.sums for scores in both]


def _best_ranks(scores: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """The expected rank of the best-placed correct candidate of each sample: float64 [samples]."""
    return MR.column(best_metrics(scores, correct))


def copy_to_run(submission: Submission, folder: Path) -> Submission:
    """Copy what a scorer may see into a new folder below `folder`: no scores of before, no results.

    Raises:
        LiveBenchError: something in it is not a regular file.
    """
    file_hashes(submission.path)  # raises
    target = Path(folder) / submission.name
    left_out = shutil.ignore_patterns("__pycache__", ATTESTATION, SIGNATURE)

    def ignored(place: str, names: list[str]) -> set[str]:
        outputs = set(OUTPUTS) if Path(place) == submission.path else set()
        return left_out(place, names) | (outputs & set(names))

    shutil.copytree(submission.path, target, symlinks=True, ignore=ignored)
    return Submission(target)


def rows_made_here(
    submission: Submission, sets: Sequence[CandidateSet], settings: Sequence[Setting] = SETTINGS
) -> Iterator[AttestedRow]:
    """The rows of a submission on the sets as they are now, made by LiveBench from its files as they are
    now; those for other versions of a set are left out.

    Raises:
        LiveBenchError: scores or results are not valid, or were made from other files.
    """
    for candidate_set in sets:
        answers = Answers(candidate_set)
        for setting in settings:
            for entry in read_entries(candidate_set, answers, setting, [submission]):
                if entry.set_signature != candidate_set.manifest.signature:
                    continue
                for run, result in zip(entry.runs, entry.results, strict=True):
                    file = submission.result_path(candidate_set.name, run, setting)
                    made_from(submission, run, result, file)
                    yield attested_row(candidate_set.name, setting, run, result, file)


def other_rows(
    submission: Submission, rows: Sequence[AttestedRow], signers: Path
) -> list[AttestedRow]:
    """What the present attestation of a submission covers besides these rows; nothing, if it does not
    hold."""
    try:
        present = read_attestation(submission, signers)
    except NotAttested:
        return []
    new = {(row.candidate_set, row.setting, row.run) for row in rows}
    return [
        row
        for row in (present.rows if present else [])
        if (row.candidate_set, row.setting, row.run) not in new
    ]


def private_rows(
    submission: Submission, private_sets: Sequence[CandidateSet], signers: Path
) -> Iterator[AttestedRow]:
    """The rows on private sets that were signed before, by a re-run of the files as they are now: their
    scores are not here.

    Raises:
        LiveBenchError: a result was made from other files.
    """
    try:
        signed = read_signed(submission, signers)
    except NotAttested:
        return
    names = {one.name: one.manifest.hash for one in private_sets}
    runs = {run.name: run for run in submission.card.runs}
    for row in signed.rows if signed else ():
        if names.get(row.candidate_set) != row.set_hash or row.run not in runs:
            continue
        run = runs[row.run]
        file = submission.result_path(row.candidate_set, run, row.setting)
        result = read_result(file, submission.path)
        if attested_row(row.candidate_set, row.setting, run, result, file) == row:
            made_from(submission, run, result, file)
            yield row


def check_attestation(submission: Submission, signers: Path) -> list[LiveBenchError]:
    """What is wrong with the attestation of a submission, and with its kind: all but models are the
    maintainers' own, and attested."""
    problems: list[LiveBenchError] = []
    try:
        attested = read_attestation(submission, signers) is not None
    except NotAttested as error:
        attested, problems = False, [error]
    if submission.card.kind != "model" and not attested:
        what = f"{submission.card.kind!r} is for what ships with LiveBench"
        fix = 'write kind = "model", or leave it out (maintainers: `livebench submit attest`)'
        problems.append(LiveBenchError(submission.path / CARD, what, fix, "kind"))
    return problems


def keep_rerun(
    submission: Submission,
    copy: Submission,
    candidate_set: str,
    run: Run,
    setting: Setting,
    private: Result | None = None,
) -> AttestedRow:
    """Take the scores and the result of a re-run into the folder of the submission.

    Args:
        private: on a private set, the result to write; its scores are not kept.
    """
    target = submission.result_path(candidate_set, run, setting)
    if private is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_json(target, private)
        return attested_row(candidate_set, setting, run, private, target)
    for find in (Submission.scores_path, Submission.result_path):
        target = find(submission, candidate_set, run, setting)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(find(copy, candidate_set, run, setting), target)
    result = read_result(target, submission.path)
    return attested_row(candidate_set, setting, run, result, target)
