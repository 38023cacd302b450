"""Where a submission would stand on the boards: against chance, shortcuts and ranked rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from livebench.attestation.attestation import Attestations
from livebench.attestation.signing import MAINTAINERS
from livebench.audit.set_audit import best_finding, probe_in_words, read_audit
from livebench.candidates.candidate_set import CandidateSet
from livebench.errors import LiveBenchError
from livebench.leaderboard.entries import Entry, EntryReader, is_ranked
from livebench.records import Setting
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import (
    HEADLINE,
    Interval,
    chance_metrics,
    sample_metrics,
    summarise,
)
from livebench.scoring.paired import pair_tests, rank_spreads
from livebench.submissions.load import Submission
from livebench.submissions.validate import Normalisation, score_in


class Shortcut(msgspec.Struct, frozen=True):
    """The probe without understanding that gets farthest on a set, by the headline metric.

    Attributes:
        above_chance: whether the audit is sure of that.
    """

    probe: str
    value: float
    above_chance: bool


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Where a submission stands on a set in a setting.

    Attributes:
        score: how its scores are read.
        value: its headline metric (MRR), mean over `runs`, with the 95% interval.
        chance: the exact chance level.
        shortcut: the best one that the audit found, above chance or not; None if there is no audit.
        rank, worst_rank: as the board would show them, were it attested; 0 if it would have none.
        of: rows with a rank, itself included.
        beats, behind: folders of ranked rows that are significantly worse, or better; the nearest first.
        note: why it has no rank.
    """

    submission: str
    candidate_set: str
    setting: Setting
    score: Normalisation
    runs: int
    value: Interval
    chance: float
    shortcut: Shortcut | None = None
    rank: int = 0
    worst_rank: int = 0
    of: int = 0
    beats: list[str] = []
    behind: list[str] = []
    note: str = ""

    @property
    def ranks(self) -> str:
        """Such as "2 of 9" or "2-4 of 9"; empty if it has none."""
        spread = f"{self.rank}-{self.worst_rank}" if self.rank < self.worst_rank else f"{self.rank}"
        return f"{spread} of {self.of}" if self.rank else ""


def chance_of(answers: Answers) -> float:
    """The headline metric of chance, exactly."""
    return float(HEADLINE.column(chance_metrics(answers.correct.sum(axis=1))["best"]).mean())


def audited_shortcut(candidate_set: CandidateSet) -> Shortcut | None:
    """The shortcut that gets farthest, as the audit of a set found; None without an audit."""
    audit = read_audit(candidate_set)
    best = best_finding(audit) if audit else None
    if best is None:
        return None
    value = best.metrics[HEADLINE.name].value
    return Shortcut(probe_in_words(best.probe), value, best.verdict == "shortcut")


class Judge:
    """Judges submissions on a set against others.

    Args:
        others: whose rows have a rank if they are attested; one that cannot be read is left out.
        signers: whose signatures attest rows.
    """

    def __init__(
        self, candidate_set: CandidateSet, others: Sequence[Submission], signers: Path = MAINTAINERS
    ) -> None:
        self._set, self._answers = candidate_set, Answers(candidate_set)
        self._chance, self._shortcut = chance_of(self._answers), audited_shortcut(candidate_set)
        attestations = Attestations(signers)
        self._others = {
            one.name: EntryReader(candidate_set, self._answers, [one], attestations)
            for one in others
        }

    @property
    def chance(self) -> float:
        return self._chance

    def judge(
        self, submission: Submission, setting: Setting, normalisation: Normalisation | None = None
    ) -> Verdict:
        """Where a submission stands in a setting.

        Args:
            normalisation: how its scores are read, by default as its card declares.

        Raises:
            LiveBenchError: not all of its runs have scores, or some are not valid.
        """
        (entry,) = EntryReader(self._set, self._answers, [submission]).read(setting)
        declared = score_in(setting, submission.card.score)
        score = score_in(setting, normalisation or declared)
        if entry.outdated:
            raise LiveBenchError(submission.path, entry.outdated)
        measured = [
            sample_metrics(values, self._answers.correct)
            for values in entry.normalised_by_run(score)
        ]
        verdict = Verdict(
            submission=submission.name,
            candidate_set=self._set.name,
            setting=setting,
            score=score,
            runs=len(entry.runs),
            value=summarise(measured, self._answers.videos)["best"][HEADLINE.name],
            chance=self._chance,
            shortcut=self._shortcut,
        )
        note = _unranked(entry, score != declared)
        if note:
            return msgspec.structs.replace(verdict, note=note)
        return self._ranked(verdict, entry)

    def _ranked(self, verdict: Verdict, entry: Entry) -> Verdict:
        rows = {
            name: other
            for name, reader in self._others.items()
            if name != entry.folder and (other := _ranked_entry(reader, entry.setting)) is not None
        }
        rows[entry.folder] = entry
        means = {name: -round(float(row.headline.mean()), 9) for name, row in rows.items()}
        names = sorted(rows, key=lambda name: (means[name], name))
        pairs = pair_tests(names, [rows[name].headline for name in names], self._answers.videos)
        rank, worst = rank_spreads(names, pairs)[entry.folder]
        own = [
            pair for pair in pairs if pair.significant and entry.folder in (pair.first, pair.second)
        ]
        beats = [pair.second for pair in own if pair.first == entry.folder]
        behind = [pair.first for pair in own if pair.second == entry.folder]
        return msgspec.structs.replace(
            verdict,
            rank=rank,
            worst_rank=worst,
            of=len(names),
            beats=sorted(beats, key=names.index),
            behind=sorted(behind, key=names.index, reverse=True),
        )


def _ranked_entry(reader: EntryReader, setting: Setting) -> Entry | None:
    try:
        found = reader.read(setting)
    except LiveBenchError:
        return None
    return next((one for one in found if not one.outdated and is_ranked(one)), None)


def _unranked(entry: Entry, read_otherwise: bool) -> str:
    if entry.setting == "blind":
        return "blind has no ranks"
    if read_otherwise:
        return f"ranked by the declared score, {entry.score}"
    if entry.submission.card.kind not in ("model", "baseline"):
        return f"a {entry.submission.card.kind} has no rank".replace("a oracle", "an oracle")
    if entry.remembers:
        return "no rank: scores depend on what was scored before"
    if entry.declared_later:
        return "no rank: the card declares another score since"
    return "" if entry.was_run else "no rank: self-reported"
