"""Collects what the leaderboard shows from candidate sets and submissions: everything is read once."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from livebench.attestation.attestation import Attestations
from livebench.attestation.signing import MAINTAINERS
from livebench.audit.set_audit import SetAudit, read_audit
from livebench.candidates.candidate_set import CandidateSet
from livebench.leaderboard.entries import (
    COULD_REMEMBER,
    Entry,
    EntryReader,
    Evaluated,
    is_ranked,
)
from livebench.records import SETTINGS, Setting
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import (
    GROUND_TRUTHS,
    HEADLINE,
    Interval,
    chance_metrics,
    intervals,
    sample_metrics,
    summarise,
)
from livebench.scoring.paired import RowPair, pair_tests, rank_spreads
from livebench.scoring.resampling import seed_noise
from livebench.scoring.result import signature_of
from livebench.submissions.load import Submission
from livebench.submissions.validate import NORMALISATIONS, Normalisation

Metrics = dict[str, dict[str, Interval]]
"""By ground truth and metric."""

_RAN = {
    "none": "in LiveBench's process",
    "server": "a server",
    "process": "own process",
    "sandbox": "sandbox",
}


_UNRANKED = (0, 0)
_EQUAL = 1e-9


@dataclass(frozen=True)
class BoardRow:
    """A line of a board: the mean over the runs of a submission, or chance.

    Attributes:
        folder: of the submission; empty for chance.
        evaluated: how the scores came to be; `isolation`: where the scorers of re-run ones ran.
        date: of the submission; `made`: of its latest evaluation, by the LiveBench of `version`.
        metrics: empty where they cannot be computed: of scores for another version of the set.
        parameters: of its models, at least and at most over the runs; 0 if unknown.
        normalisation: how its scores are read.
        gain: of the headline metric over the same runs in the setting `blind`, with its interval; None
            if unknown.
        rank: 1 + the number of ranked rows that are significantly better in the headline metric;
            `worst_rank` leaves below it only those that are significantly worse. Attested models and
            baselines are ranked by the score that they declare, but not in the setting `blind`; all
            other rows have rank 0, which is none. Any new row may move the worst ranks: rows that
            differ in theirs alone are equal.
        remarks: what a reader should know of the scores.
        from_changed_code: the code that made the scores was not that of any commit.
        outdated: why the row is shown separately; empty if it is not.
    """

    name: str
    folder: str
    kind: str
    metrics: Metrics
    evaluated: Evaluated | Literal[""] = ""
    date: datetime.date | None = None
    runs: int = 0
    parameters: tuple[int, int] = (0, 0)
    normalisation: Normalisation = "sum"
    gain: Interval | None = None
    rank: int = 0
    worst_rank: int = field(default=0, compare=False)
    isolation: str = ""
    remarks: tuple[str, ...] = ()
    from_changed_code: bool = False
    made: datetime.date | None = None
    version: str = ""
    signature: str = ""
    outdated: str = ""

    def how_made(self, *, isolation: bool = False) -> list[str]:
        """How the scores came to be, a few words each; on request also where the scorers ran."""
        parts = [
            self.evaluated,
            _RAN.get(self.isolation, "") if isolation else "",
            f"{self.runs} runs" if self.runs > 1 else "",
            "from changed code" if self.from_changed_code else "",
        ]
        return [part for part in parts if part]

    def without_maker(self) -> BoardRow:
        """The same row, whoever made it, when and where, and whether it was attested."""
        return replace(
            self,
            evaluated="",
            remarks=tuple(one for one in self.remarks if one not in COULD_REMEMBER.values()),
            rank=0,
            isolation="",
            from_changed_code=False,
            made=None,
            version="",
            signature="",
        )

    @property
    def size(self) -> str:
        """The number of parameters, such as "13.2 M" or "900 k to 1.1 M"; empty if unknown."""
        return size_text(self.parameters)

    @property
    def ranks(self) -> str:
        """The ranks that the tests allow, such as "2" or "1-3"; empty if it has none."""
        spread = f"{self.rank}-{self.worst_rank}" if self.rank < self.worst_rank else f"{self.rank}"
        return spread if self.rank else ""


def size_text(parameters: tuple[int, int]) -> str:
    """The least and the most of several numbers of parameters, such as "900 k to 1.1 M"."""
    least, most = map(_short, parameters)
    return f"{least} to {most}" if least and least != most else most


def _short(count: int) -> str:
    """A number to three digits, such as "13.2 M"; empty for 0."""
    for unit, name in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= 0.9995 * unit:
            return f"{float(f'{count / unit:.3g}'):g} {name}"
    return str(count) if count else ""


@dataclass(frozen=True)
class Board:
    """All rows of a candidate set in a setting, the best first, chance among them.

    Attributes:
        signatures: of the board, by ground truth; those of its rows name score and version as well.
        rows: by the declared score; an oracle's also by sums.
        other_rows: the same submissions by other scores.
        entries: what the rows are computed from, by folder.
        pairs: the tests that ranks are based on: each two ranked rows by folder, in the order of rows.
        outdated: rows that were made with another version of the set, or by another major version of
            LiveBench.
    """

    setting: Setting
    signatures: dict[str, str]
    rows: list[BoardRow]
    other_rows: list[BoardRow]
    entries: dict[str, Entry]
    pairs: list[RowPair]
    outdated: list[BoardRow]

    @property
    def chance(self) -> BoardRow:
        return next(row for row in self.rows if row.kind == "exact")

    @property
    def submission_rows(self) -> list[BoardRow]:
        """The rows of submissions by the declared score: one for each entry."""
        return [
            row
            for row in self.rows
            if row.folder and row.normalisation == self.entries[row.folder].score
        ]

    @property
    def above_chance(self) -> list[BoardRow]:
        """The rows of models and baselines whose interval lies above chance."""
        least = self.chance.metrics["best"][HEADLINE.name].value
        return [
            row
            for row in self.submission_rows
            if row.kind in ("model", "baseline")
            and row.metrics["best"][HEADLINE.name].low > least + _EQUAL
        ]


@dataclass(frozen=True)
class Section:
    """All boards of a candidate set, its answers, and its audit if there is one."""

    candidate_set: CandidateSet
    answers: Answers
    audit: SetAudit | None
    boards: list[Board]

    @property
    def samples(self) -> int:
        return len(self.answers.sample_ids)

    @property
    def correct(self) -> float:
        """How many of 100 candidates are correct, in the mean."""
        return float(100 * self.answers.correct.mean())

    @property
    def flaws(self) -> list[str]:
        """What is known to be wrong with a set that others made."""
        return self.candidate_set.manifest.flaws or []


def collect(
    sets: Sequence[CandidateSet],
    submissions: Sequence[Submission],
    settings: Sequence[Setting] = SETTINGS,
    signers: Path = MAINTAINERS,
    progress: Callable[[int], object] = lambda done: None,
) -> list[Section]:
    """Compute every row from scores and answers; no text is needed.

    Args:
        signers: whose signatures attest rows (ssh-keygen(1), ALLOWED SIGNERS).
        progress: called with 1 after each set.

    Raises:
        LiveBenchError: a submission has scores that are not valid, or that do not belong to their
            result; the file is named.
    """
    sections = []
    attestations = Attestations(signers)
    for candidate_set in sets:
        answers = Answers(candidate_set)
        entries = EntryReader(candidate_set, answers, submissions, attestations)
        boards = [
            _board(candidate_set.manifest.signature, setting, answers, entries.read(setting))
            for setting in settings
            if setting in candidate_set.settings
        ]
        sections.append(Section(candidate_set, answers, read_audit(candidate_set), boards))
        progress(1)
    return sections


def _board(
    set_signature: str, setting: Setting, answers: Answers, entries: Sequence[Entry]
) -> Board:
    current = {entry.folder: entry for entry in entries if not entry.outdated}
    metrics = {
        folder: summarise(entry.metrics_by_run, answers.videos) for folder, entry in current.items()
    }
    ranked = [
        folder for folder, entry in current.items() if is_ranked(entry) and setting != "blind"
    ]
    ranked.sort(key=lambda folder: (_best_first(metrics[folder]), folder))
    headlines = [current[folder].headline for folder in ranked]
    pairs = pair_tests(ranked, headlines, answers.videos)
    spreads = rank_spreads(ranked, pairs)
    rows = [_chance(answers)]
    other_rows: list[BoardRow] = []
    for folder, entry in current.items():
        row = _row(entry, metrics[folder], spreads.get(folder, _UNRANKED))
        rows.append(replace(row, gain=_gain(entry)))
        for normalisation in entry.normalisations[1:]:
            values = entry.normalised_by_run(normalisation)
            measured = [sample_metrics(one, answers.correct) for one in values]
            other = _row(entry, summarise(measured, answers.videos), normalisation=normalisation)
            # Of an oracle both are shown: neither the likelihood nor what it gains is anybody's choice.
            shown = other.kind == "oracle" and normalisation in ("sum", "pmi")
            (rows if shown else other_rows).append(other)
    return Board(
        setting=setting,
        signatures={
            truth: signature_of(set_signature, setting, "", made_by="", ground_truth=truth)
            for truth in GROUND_TRUTHS
        },
        rows=sorted(rows, key=_place),
        other_rows=sorted(other_rows, key=_place),
        entries=current,
        pairs=pairs,
        outdated=[
            _row(entry, summarise(entry.metrics_by_run, answers.videos) if entry.scores else {})
            for entry in entries
            if entry.outdated
        ],
    )


def _gain(entry: Entry) -> Interval | None:
    """The mean gain over `blind`, with its interval over videos and seeds."""
    gain = entry.gain
    if gain is None:
        return None
    videos = entry.answers.videos
    noise = seed_noise(gain[:, :, None], videos)
    return intervals(gain.mean(axis=0)[:, None], videos, noise)[0]


def _chance(answers: Answers) -> BoardRow:
    values = chance_metrics(answers.correct.sum(axis=1))
    return BoardRow("chance", "", "exact", summarise([values], answers.videos))


def _row(
    entry: Entry,
    metrics: Metrics,
    spread: tuple[int, int] = _UNRANKED,
    normalisation: Normalisation | None = None,
) -> BoardRow:
    """A row, by the declared score unless another is named."""
    card = entry.submission.card
    return BoardRow(
        name=card.name,
        folder=entry.folder,
        kind=card.kind,
        metrics=metrics,
        evaluated=entry.evaluated,
        date=card.date,
        runs=len(entry.runs),
        parameters=entry.parameters,
        normalisation=normalisation or entry.score,
        rank=spread[0],
        worst_rank=spread[1],
        isolation=entry.isolation,
        remarks=entry.remarks,
        from_changed_code=entry.from_changed_code,
        made=entry.date,
        version=entry.version,
        signature=entry.signature(normalisation),
        outdated=entry.outdated,
    )


def _best_first(metrics: Metrics) -> float:
    # Rounded: equal numbers must not differ by the machine.
    return -round(metrics["best"][HEADLINE.name].value, 9)


def _place(row: BoardRow) -> tuple[float, bool, str, int]:
    # Chance stands below those that tie with it.
    order = NORMALISATIONS.index(row.normalisation)
    return _best_first(row.metrics), row.kind == "exact", row.folder, order
