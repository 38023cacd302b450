"""Two submissions on the sets and settings where both have scores, and what a reviewer may say of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from livebench.attestation.attestation import Attestations
from livebench.candidates.candidate_set import CandidateSet
from livebench.errors import LiveBenchError
from livebench.leaderboard.entries import Entry, EntryReader, entry_pairs, is_ranked
from livebench.records import SETTINGS, Setting
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import HEADLINE
from livebench.scoring.paired import RowPair, ScorerComparison, compare_scorers
from livebench.scoring.result import signature_of
from livebench.scoring.significance import holm
from livebench.submissions.load import Submission
from livebench.submissions.validate import score_in


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Two submissions on a set in a setting.

    Attributes:
        first, second: their folders.
        signature: with the score that each declares.
        p_board: of the headline metric, adjusted for all pairs of the `rows` of the board, which is what
            the site shows; its p alone is in `comparison`.
        p_holm: of the same, for being one of all comparisons asked for together.
    """

    set_name: str
    setting: Setting
    signature: str
    first: str
    second: str
    comparison: ScorerComparison
    p_holm: float
    p_board: float
    rows: int


def _compare_entries(first: Entry, second: Entry) -> ScorerComparison:
    answers = first.answers
    return compare_scorers(
        first.best,
        second.best,
        sample_ids=answers.sample_ids,
        videos=answers.videos,
        categories=answers.categories,
    )


def compare_submissions(
    first: Submission,
    second: Submission,
    sets: Sequence[CandidateSet],
    settings: Sequence[Setting] = SETTINGS,
    others: Sequence[Submission] = (),
) -> list[Compared]:
    """Compare two submissions wherever both have scores for the set as it is now.

    Args:
        others: of the board, for all of whose pairs p is adjusted, too; what cannot be read is left out.

    Raises:
        LiveBenchError: they have no such scores in common, or scores are not valid.
    """
    known = {first.path.resolve(), second.path.resolve()}
    beside = [one for one in others if one.path.resolve() not in known]
    found: list[tuple[CandidateSet, Setting, ScorerComparison, RowPair | None, int]] = []
    attestations = Attestations()
    for candidate_set in sets:
        answers = Answers(candidate_set)
        reader = EntryReader(candidate_set, answers, (first, second), attestations)
        readers = [EntryReader(candidate_set, answers, [one], attestations) for one in beside]
        for setting in settings:
            entries = reader.read(setting)
            if [entry.outdated for entry in entries] != ["", ""]:
                continue
            names = {entry.folder for entry in entries}
            more = [row for one in readers for row in _current(one, setting)]
            own = entries if len(names) == 2 else entries[:1]
            rows = [*own, *(row for row in more if row.folder not in names)]
            pair = _pair(entries, rows)
            comparison = _with_p(_compare_entries(*entries), pair)
            if all(
                map(is_ranked, entries)
            ):  # their p is adjusted for the ranked rows (entry_pairs)
                rows = [row for row in rows if is_ranked(row)]
            found.append((candidate_set, setting, comparison, pair, len(rows) if pair else 2))
    if not found:
        where = f" in the setting {settings[0]}" if len(settings) == 1 else ""
        raise LiveBenchError(
            f"{first.path} and {second.path}",
            f"do not both have scores for any current set{where}",
            f"run `livebench evaluate {first.path} {second.path}`",
        )
    adjusted = holm([comparison.metrics[HEADLINE.name].p for _, _, comparison, _, _ in found])
    return [
        Compared(
            set_name=candidate_set.name,
            setting=setting,
            signature=signature_of(
                candidate_set.manifest.signature,
                setting,
                ",".join(
                    dict.fromkeys(score_in(setting, one.card.score) for one in (first, second))
                ),
            ),
            first=first.name,
            second=second.name,
            comparison=comparison,
            p_holm=p,
            p_board=pair.p_adjusted if pair else comparison.metrics[HEADLINE.name].p,
            rows=rows,
        )
        for (candidate_set, setting, comparison, pair, rows), p in zip(found, adjusted, strict=True)
    ]


def _current(reader: EntryReader, setting: Setting) -> list[Entry]:
    try:
        return [entry for entry in reader.read(setting) if not entry.outdated]
    except LiveBenchError:
        return []


def _pair(entries: Sequence[Entry], rows: Sequence[Entry]) -> RowPair | None:
    """The test of two entries among all rows; None if they are of one name."""
    names = {entry.folder for entry in entries}
    pairs = entry_pairs(rows) if len(names) == 2 else []
    return next((pair for pair in pairs if {pair.first, pair.second} == names), None)


def _with_p(comparison: ScorerComparison, pair: RowPair | None) -> ScorerComparison:
    """The comparison with the p of the board, whose seed noise is drawn for all of its rows."""
    if pair is None:
        return comparison
    headline = msgspec.structs.replace(comparison.metrics[HEADLINE.name], p=pair.p)
    return msgspec.structs.replace(
        comparison, metrics={**comparison.metrics, HEADLINE.name: headline}
    )
