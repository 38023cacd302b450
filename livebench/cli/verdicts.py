"""What `livebench evaluate` shows in the end: where a submission stands, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from livebench.cli.options import SUBMISSIONS, print_json
from livebench.cli.progress import remark
from livebench.errors import LiveBenchError

if TYPE_CHECKING:
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.leaderboard.verdict import Judge, Verdict
    from livebench.scoring.preparation import Task
    from livebench.scoring.result import Result
    from livebench.scoring.trial import Trial
    from livebench.submissions.load import Submission
    from livebench.submissions.validate import Normalisation

Done = Sequence[tuple["Submission", "Task", "Result | Trial"]]

_NAMES = 3
"""Rows that are named in a cell, at most."""


def show_results(
    done: Done,
    sets: Sequence[CandidateSet],
    normalisation: Normalisation | None,
    *,
    as_json: bool = False,
    verbose: bool = False,
    quiet: bool = False,
) -> None:
    """Print a table of all that was evaluated: a row for each submission, set and setting."""
    from livebench.scoring.trial import Trial

    if any(isinstance(result, Trial) for _, _, result in done):
        if not as_json:
            _show_trials(done)
        return
    verdicts = list(_verdicts(done, sets, normalisation, quiet))
    if as_json:
        for verdict in verdicts:
            print_json({"row": verdict})
        return
    if verbose:
        for submission, task, result in done:
            click.echo(_all_metrics(submission, task, result))
    click.echo(_table(verdicts))
    for line in _notes(verdicts, done):
        click.echo(line)


def _verdicts(
    done: Done, sets: Sequence[CandidateSet], normalisation: Normalisation | None, quiet: bool
) -> Iterator[Verdict]:
    """A verdict on each submission, set and setting that was evaluated, in that order."""
    from livebench.leaderboard.verdict import Judge

    others = submissions_beside(quiet)
    judges: dict[object, Judge] = {}
    order = {one.path: place for place, one in enumerate(sets)}
    keys = {
        (submission.path, task.candidate_set.path, task.setting): (submission, task)
        for submission, task, _ in done
    }
    firsts = {path: place for place, path in enumerate(dict.fromkeys(key[0] for key in keys))}
    settings = list(dict.fromkeys(key[2] for key in keys))
    for key in sorted(keys, key=lambda k: (firsts[k[0]], order[k[1]], settings.index(k[2]))):
        submission, task = keys[key]
        if key[1] not in judges:
            judges[key[1]] = Judge(task.candidate_set, others)
        try:
            yield judges[key[1]].judge(submission, task.setting, normalisation)
        except LiveBenchError as error:  # such as runs that were not evaluated
            yield from _of_runs(judges[key[1]], done, key, error)


def _of_runs(
    judge: Judge, done: Done, key: tuple[object, ...], error: LiveBenchError
) -> Iterator[Verdict]:
    """Rows of single runs, where there is none of all."""
    from livebench.leaderboard.verdict import Verdict
    from livebench.scoring.metrics import HEADLINE
    from livebench.scoring.result import Result
    from livebench.submissions.validate import score_in

    for submission, task, result in done:
        if (submission.path, task.candidate_set.path, task.setting) == key:
            assert isinstance(result, Result)
            yield Verdict(
                submission=f"{submission.name}/{task.run.name}",
                candidate_set=task.candidate_set.name,
                setting=task.setting,
                score=score_in(task.setting, submission.card.score),
                runs=1,
                value=result.metrics["best"][HEADLINE.name],
                chance=judge.chance,
                note=f"no rank: {error}",
            )


def submissions_beside(quiet: bool = False) -> list[Submission]:
    """The submissions of the checkout; what cannot be read is left out, and said."""
    from livebench.submissions.load import CARD, Submission, submission_folders

    found = []
    for path in submission_folders(SUBMISSIONS) if SUBMISSIONS.is_dir() else ():
        try:
            if (path / CARD).is_file():
                found.append(Submission(path))
        except LiveBenchError as error:
            remark(f"not compared with: {error}", quiet)
    return found


def _table(verdicts: Sequence[Verdict]) -> str:
    from livebench.scoring.metrics import HEADLINE
    from livebench.tables import text_table

    several = len({verdict.submission for verdict in verdicts}) > 1
    rows = [
        [
            *([verdict.submission] if several else []),
            verdict.candidate_set,
            verdict.setting,
            HEADLINE.format_with_interval(verdict.value),
            HEADLINE.format(verdict.chance),
            _shortcut(verdict),
            verdict.ranks or "-",
            _named(verdict.beats),
        ]
        for verdict in verdicts
    ]
    header = [
        *(["submission"] if several else []),
        "set",
        "setting",
        f"{HEADLINE.name} [95% interval]",
        "chance",
        "best shortcut",
        "rank",
        "beats",
    ]
    return text_table(header, rows)


def _shortcut(verdict: Verdict) -> str:
    from livebench.scoring.metrics import HEADLINE

    return HEADLINE.format(verdict.shortcut.value) if verdict.shortcut else "-"


def _named(folders: Sequence[str]) -> str:
    more = len(folders) - _NAMES
    shown = ", ".join(folders[:_NAMES])
    return (f"{shown} and {more} more" if more > 0 else shown) or "-"


def _precision(done: Done) -> Iterator[str]:
    """What half precision did to ranks, where it was used."""
    import msgspec

    from livebench.scoring.plausibility import is_half
    from livebench.scoring.result import Result

    for submission, task, result in done:
        if not isinstance(result, Result) or not is_half(result.manifest.dtype):
            continue
        found = result.plausibility
        if found is not None and found.ranks_changed is not msgspec.UNSET:
            yield (
                f"computed in {result.manifest.dtype} ({submission.name}, {task.candidate_set.name}, "
                f"{task.setting}): scored again, the rank of the correct comment by sum changed in "
                f"{found.ranks_changed} of {found.samples} samples"
            )


def _notes(verdicts: Sequence[Verdict], done: Done) -> Iterator[str]:
    """What the table leaves open: why there are no ranks, what is ahead, signatures, what to do."""
    yield ""
    if any(verdict.rank for verdict in verdicts):
        yield (
            "rank: as it would be with this row attested; all ranks that the tests allow. beats: ranked "
            "rows that are significantly worse."
        )
    shortcuts = {
        verdict.candidate_set: verdict.shortcut.probe
        for verdict in verdicts
        if verdict.shortcut and verdict.shortcut.above_chance
    }
    for name, probe in shortcuts.items():
        yield f"best shortcut of {name}: {probe}; a number shows understanding as far as it beats it."
    for verdict in verdicts:
        if verdict.behind:
            place = f"{verdict.candidate_set}, {verdict.setting}"
            yield f"behind, on {place}: {_named(verdict.behind)}"
    ranked = [verdict for verdict in verdicts if verdict.setting != "blind"]  # which has no ranks
    notes = dict.fromkeys(verdict.note for verdict in ranked if verdict.note)
    for note in notes:
        of = [verdict for verdict in ranked if verdict.note == note]
        where = ", ".join(dict.fromkeys(verdict.setting for verdict in of))
        yield f"no rank ({where}): {note.removeprefix('no rank: ')}"
    yield from _precision(done)
    yield from _signatures(done)
    for submission in {one.path: one for one, _, _ in done}.values():
        path = submission.path
        yield f"scores and results: {path}/scores/, {path}/results/"
        yield f"next: livebench show SET --submission {path}; livebench submit review {path}"


def _signatures(done: Done) -> Iterator[str]:
    """One line for all numbers that differ in their setting alone."""
    settings: dict[tuple[str, str], list[str]] = {}
    for _, task, result in done:
        before, _, after = result.signature.partition(f"|setting:{task.setting}|")
        of = settings.setdefault((before, after), [])
        if task.setting not in of:
            of.append(task.setting)
    for (before, after), names in settings.items():
        yield f"{before}|setting:{','.join(names)}|{after}"


def _show_trials(done: Done) -> None:
    from livebench.leaderboard.verdict import chance_of
    from livebench.scoring.answers import Answers
    from livebench.scoring.metrics import HEADLINE
    from livebench.scoring.trial import Trial
    from livebench.tables import text_table

    chance: dict[object, str] = {}
    rows = []
    for submission, task, trial in done:
        assert isinstance(trial, Trial)
        path = task.candidate_set.path
        if path not in chance:
            chance[path] = HEADLINE.format(chance_of(Answers(task.candidate_set)))
        rows.append(
            [
                f"{submission.name}/{task.run.name}",
                trial.candidate_set,
                trial.setting,
                f"trial of {trial.samples} samples of {trial.of:,}",
                HEADLINE.format_with_interval(trial.metrics["best"][HEADLINE.name]),
                chance[path],
                f"{trial.seconds_of_all:.0f} s",
            ]
        )
    name = f"{HEADLINE.name} [95% interval]"
    header = ["submission", "set", "setting", "", name, "chance", "all would take"]
    click.echo(text_table(header, rows))
    click.echo("\nnothing was written; without --limit the same command makes results and a row")
    for line in _signatures(done):
        click.echo(line)


def _all_metrics(submission: Submission, task: Task, result: Result | Trial) -> str:
    from livebench.scoring.answers import Answers
    from livebench.scoring.metrics import METRICS, chance_metrics, summarise
    from livebench.scoring.result import Result
    from livebench.tables import text_table

    assert isinstance(result, Result)
    heading = (
        f"{submission.name}/{task.run.name} on {task.candidate_set.name}, setting {task.setting} "
        f"({result.manifest.evaluated}, {result.manifest.wall_seconds:.1f} s)"
    )
    answers = Answers(task.candidate_set)
    chance = summarise([chance_metrics(answers.correct.sum(axis=1))], answers.videos)["best"]
    table = text_table(
        ["", *(metric.name for metric in METRICS)],
        [
            [name, *(metric.format_with_interval(values[metric.name]) for metric in METRICS)]
            for name, values in {**result.metrics, "chance": chance}.items()
        ],
    )
    return f"{heading}\n{table}\n{result.signature}\n"
