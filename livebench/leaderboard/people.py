"""What people reach on a set, beside its models: as `livebench human-eval ranking report` says it.

For boards: `people_of`, and in livebench.human.analysis.people_text `people_sentence` (one line) and
`people_cells` (a table).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from livebench.candidates.candidate_set import CandidateSet
from livebench.human.analysis.people import People, ScoredModel, find_people
from livebench.leaderboard.collect import Section
from livebench.leaderboard.entries import read_entries
from livebench.records import Setting
from livebench.scoring.answers import Answers
from livebench.submissions.load import Submission


def people_of(
    candidate_set: CandidateSet,
    answers: Answers,
    submissions: Sequence[Submission],
    folder: Path,
    say: Callable[[str], object] = lambda line: None,
) -> list[People]:
    """The ranking tasks on a set that people have done, by name; none if nobody has done one.

    Args:
        folder: of human evaluations, `human/`; it need not exist.
        say: called with a line for each task that was made from another version of the set, and is left
            out.

    Raises:
        LiveBenchError: the files of a task are wrong.
    """

    def scored(setting: Setting) -> list[ScoredModel]:
        return scored_models(candidate_set, answers, submissions, setting)

    return find_people(candidate_set, answers, scored, folder, say)


def people_by_set(
    sections: Sequence[Section],
    submissions: Sequence[Submission],
    folder: Path,
    say: Callable[[str], object] = lambda line: None,
) -> dict[str, list[People]]:
    """`people_of` each public set, by its name; sets on which nobody did any are not in it."""
    found = {
        section.candidate_set.name: people_of(
            section.candidate_set, section.answers, submissions, folder, say
        )
        for section in sections
    }
    return {name: people for name, people in found.items() if people}


def scored_models(
    candidate_set: CandidateSet,
    answers: Answers,
    submissions: Sequence[Submission],
    setting: Setting,
) -> list[ScoredModel]:
    """The submissions whose scores for a set in a setting can be read, as their cards declare; probes
    left out, which know nothing of the moment."""
    return [
        ScoredModel(
            entry.folder,
            entry.submission.card.name,
            entry.submission.card.kind,
            entry.score,
            entry.values_by_run,
        )
        for entry in read_entries(candidate_set, answers, setting, submissions)
        if entry.scores and not entry.outdated and entry.submission.card.kind != "probe"
    ]
