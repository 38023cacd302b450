"""`livebench show`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from livebench.cli.datasets import Datasets
from livebench.cli.options import (
    SET,
    dataset_option,
    json_option,
    print_json,
    submission_option,
)
from livebench.cli.progress import remark
from livebench.errors import LiveBenchError

if TYPE_CHECKING:
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.leaderboard.entries import Entry
    from livebench.leaderboard.moments import RankedCandidate, RankedMoment
    from livebench.records import Setting
    from livebench.scoring.answers import Answers
    from livebench.submissions.load import Submission

_MOMENTS = 10


@click.command("show")
@click.argument("candidates", metavar="SET", type=SET)
@click.argument("samples", metavar="[SAMPLE]...", nargs=-1)
@submission_option(help_text="Submission, by name or path, that ranks; at most two.")
@click.option(
    "--setting",
    type=click.Choice(["blind", "video", "comments", "both"]),
    help="What the submissions saw. Default: the last of video, comments, both that all have scores in.",
)
@click.option(
    "--count",
    type=click.IntRange(min=1),
    default=_MOMENTS,
    show_default=True,
    help="How many to show, unless SAMPLE says which.",
)
@click.option(
    "--ranked",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Candidates shown of each.",
)
@dataset_option
@json_option
def show_command(
    candidates, samples, submission, setting, count, ranked, datasets, as_json
) -> None:
    """Show moments of a SET: the surrounding comments, and the candidates as submissions rank them.

    \b
    livebench show SET --submission A                  where A fails most
    livebench show SET --submission A --submission B   where the two differ most
    livebench show SET VIDEO@SECOND                    a moment, by its id

    Correct candidates are marked *, and always shown. Text is shown where the set has it or its dataset
    is available.
    """
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.candidates.freeze import restore_set
    from livebench.leaderboard.moments import MomentReader
    from livebench.scoring.answers import Answers
    from livebench.submissions.load import Submission

    if len(submission) > 2:
        raise LiveBenchError("--submission", "is given more than twice", "compare two at a time")
    candidate_set = CandidateSet(candidates)
    answers = Answers(candidate_set)
    dataset = Datasets(datasets, make=False).of(candidate_set)
    if dataset is not None and not candidate_set.has_text:
        restore_set(candidate_set.path, dataset)
    if not candidate_set.has_text:
        remark(f"no text: {candidate_set.no_dataset()}")
    opened = [Submission(path) for path in submission]
    entries = _entries(candidate_set, answers, opened, setting) if opened else []
    reader = MomentReader(candidate_set, answers, entries, dataset)
    shown = reader.read(samples or reader.chosen(count))
    if as_json:
        for moment in shown:
            print_json(moment)
        return
    names = [entry.folder for entry in entries]
    if not samples:
        click.echo(_heading(candidate_set, entries, len(shown)))
    for moment in shown:
        click.echo("\n".join(moment_lines(moment, names, ranked)))


def _entries(
    candidate_set: CandidateSet,
    answers: Answers,
    submissions: Sequence[Submission],
    setting: Setting | None,
) -> list[Entry]:
    """The submissions in a setting, by default the richest that all have scores in."""
    from livebench.leaderboard.entries import EntryReader

    readers = [EntryReader(candidate_set, answers, [one]) for one in submissions]
    settings: list[Setting] = [setting] if setting else ["both", "comments", "video", "blind"]
    why = ""
    for name in settings:
        found = [entry for reader in readers for entry in reader.read(name)]
        outdated = [entry.outdated for entry in found if entry.outdated]
        if len(found) == len(readers) and not outdated:
            return found
        if outdated and not why:
            why = f" ({outdated[0]})"
    where = f"in the setting {setting}" if setting else "in a setting that all share"
    raise LiveBenchError(
        " and ".join(str(one.path) for one in submissions),
        f"no scores for {candidate_set.name} as it is now{why}, {where}",
        f"run `livebench evaluate {' '.join(str(one.path) for one in submissions)}`",
    )


def _heading(candidate_set: CandidateSet, entries: Sequence[Entry], count: int) -> str:
    of = f"of the {candidate_set.manifest.files['answers.jsonl.gz'].records:,} moments"
    where = f"{of} of {candidate_set.name}"
    if not entries:
        return f"{count} {where}, drawn by hash"
    names = [entry.folder for entry in entries]
    how = f"setting {entries[0].setting}"
    if len(names) == 1:
        return f"the {count} {where} where {names[0]} places the correct comment lowest, {how}"
    return f"the {count} {where} where {names[0]} and {names[1]} differ most, {how}"


def moment_lines(moment: RankedMoment, names: Sequence[str], top: int) -> Iterator[str]:
    """A moment as text: what is around it, and a table of candidates."""
    from livebench.tables import text_table

    about = [moment.sample_id, _clock(moment.time), moment.title, moment.category]
    yield ""
    yield "## " + "  ".join(part for part in about if part)
    for comment in moment.context:
        yield f"  {comment.offset:+7.1f} s  {comment.text}"
    ranked = [f"{name} {rank:.4g}" for name, rank in zip(names, moment.best, strict=True)]
    if ranked:
        yield f"  best correct comment at rank: {', '.join(ranked)}"
    shown = [
        candidate
        for place, candidate in enumerate(moment.candidates)
        if candidate.type == "correct" or (names and place < top)
    ]
    if len(names) == 2:  # the favourites of the second, too
        best = sorted(moment.candidates, key=lambda candidate: candidate.ranks[1])[:top]
        shown = [one for one in moment.candidates if one in shown or one in best]
    if not names:
        shown = moment.candidates[:top] + [
            one for one in shown if one not in moment.candidates[:top]
        ]
    header = [*names, "", "candidate", "type", "in training"]
    yield text_table(header, [_row(candidate) for candidate in shown])


def _row(candidate: RankedCandidate) -> list[str]:
    return [
        *(f"{rank:.4g}" for rank in candidate.ranks),
        "*" if candidate.type == "correct" else "",
        candidate.text or f"candidate {candidate.place}",
        candidate.type,
        str(candidate.in_training),
    ]


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"
