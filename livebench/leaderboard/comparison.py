"""Two submissions on the sets and settings where both have scores, and what a reviewer may say of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from livebench.candidates.candidate_set import CandidateSet
from livebench.errors import LiveBenchError
from livebench.leaderboard.entries import Entry, EntryReader
from livebench.records import SETTINGS, Setting
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import HEADLINE
from livebench.scoring.paired import ScorerComparison, compare_scorers
from livebench.scoring.result import signature_of
from livebench.scoring.significance import holm
from livebench.submissions.load import Submission
from livebench.submissions.validate import score_in


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Two submissions on a set in a setting.

    Attributes:
        first, second: their folders.
        signature: with the score that each declares.
        p_holm: of the headline metric, for being one of all comparisons asked for together.
    """

    set_name: str
    setting: Setting
    signature: str
    first: str
    second: str
    comparison: ScorerComparison
    p_holm: float


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
) -> list[Compared]:
    """Compare two submissions wherever both have scores for the set as it is now.

    Raises:
        LiveBenchError: they have no such scores in common, or scores are not valid.
    """
    comparisons: dict[tuple[CandidateSet, Setting], ScorerComparison] = {}
    for candidate_set in sets:
        answers = Answers(candidate_set)
        reader = EntryReader(candidate_set, answers, (first, second))
        for setting in settings:
            entries = reader.read(setting)
            if [entry.outdated for entry in entries] == ["", ""]:
                comparisons[candidate_set, setting] = _compare_entries(*entries)
    if not comparisons:
        where = f" in the setting {settings[0]}" if len(settings) == 1 else ""
        raise LiveBenchError(
            f"{first.path} and {second.path}",
            f"do not both have scores for any current set{where}",
            f"run `livebench evaluate {first.path} {second.path}`",
        )
    adjusted = holm([comparison.metrics[HEADLINE.name].p for comparison in comparisons.values()])
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
        )
        for ((candidate_set, setting), comparison), p in zip(
            comparisons.items(), adjusted, strict=True
        )
    ]
