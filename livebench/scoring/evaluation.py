"""Evaluates a submission on a candidate set in a setting: scores, and the result file beside them."""

from __future__ import annotations

import datetime
import secrets
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np

from livebench.errors import LiveBenchError
from livebench.files import gzip_content
from livebench.records import Setting, shows_video, write_json
from livebench.scoring.alarms import first_block_alarms, tie_alarms
from livebench.scoring.anatomy import anatomy
from livebench.scoring.answers import Answers
from livebench.scoring.blind import check_blind, read_blind
from livebench.scoring.computation import Computation, readers_of_weights, versions_used
from livebench.scoring.dropped import dropped_in_all, dropped_remarks
from livebench.scoring.fingerprint import fingerprint, rows_and_frames
from livebench.scoring.journal import Journal, refuse_other
from livebench.scoring.metrics import sample_metrics, summarise
from livebench.scoring.plan import Planned
from livebench.scoring.plausibility import (
    Plausibility,
    measure_plausibility,
    measure_ties,
    plausibility_samples,
)
from livebench.scoring.preparation import Task
from livebench.scoring.questions import questions
from livebench.scoring.result import IsolationKind, Result, ResultManifest, signature
from livebench.scoring.runner import (
    MemoryKind,
    computation_of,
    keep_scores,
    memory_of,
)
from livebench.scoring.scorer import Sample, Scorer
from livebench.submissions.file_hashes import hashes_for_run
from livebench.submissions.load import OUTPUTS, Submission
from livebench.submissions.validate import Normalisation, Scores, read_scores, score_in

_LONG = 30.0
"""Seconds of scoring from which on scoring samples again takes long enough to say so."""


def _unheard(_: object) -> None:
    pass


class Listener(NamedTuple):
    """Who is told what, while samples are scored.

    Attributes:
        progress: of samples scored since the last call.
        say: a line that the user should see.
        warn: what is likely to be wrong with the scores, as soon as the first of them are there.
        again: how many samples are now scored again, if it may take long.
    """

    progress: Callable[[int], object] = _unheard
    say: Callable[[str], object] = _unheard
    warn: Callable[[str], object] = _unheard
    again: Callable[[int], object] = _unheard


_NOBODY = Listener()


def evaluate_task(
    submission: Submission,
    task: Task,
    *,
    normalisation: Normalisation | None = None,
    isolation: IsolationKind = "none",
    restart: bool = False,
    told: Listener = _NOBODY,
) -> Result:
    """Score a set in a setting, and write scores and result into the folder of the submission.

    An interrupted evaluation continues where it stopped: the file of scores comes out the same.

    Args:
        task: run, set and setting; with a fitted scorer, or with None for a submission that only has
            scores: they are read instead.
        normalisation: of the metrics returned, by default as submission.toml declares; the files always
            hold sums, and their metrics.
        isolation: where the scorer runs, for the record.
        restart: start over, and keep an existing journal under another name.

    Raises:
        LiveBenchError: the scorer failed, or its scores are not valid (no file of scores or results is
            written or changed); or another process runs the same evaluation.
    """
    run, candidate_set, setting = task.run, task.candidate_set, task.setting
    isolation = _isolation(submission, isolation)
    normalisation = score_in(setting, normalisation or submission.card.score)
    if normalisation == "pmi":
        check_blind(submission, run, candidate_set)
    path = submission.scores_path(candidate_set.name, run, setting)
    answers = Answers(candidate_set)
    if task.scorer is None:
        started = time.perf_counter()
        scores = read_scores(path, answers.sample_ids, candidate_set.manifest.hash)
        digest = gzip_content(path, any_writer=True)[0]
        making = _Making("self-reported", "", digest, started, Computation(device=""), {})
        dtype = ""
        result = _write_result(submission, task, answers, scores, making)
    else:
        files = hashes_for_run(submission.path, run)
        parts = fingerprint(submission, run, candidate_set, setting, isolation)
        parts["dataset"] = rows_and_frames(task.dataset.info) if task.dataset else ""
        at = submission.journal_path(candidate_set.name, run, setting)
        with Journal(path, parts, at=at, restart=restart) as journal:
            if journal.damage:
                told.say(journal.damage)
            asked = questions(
                candidate_set,
                task.dataset,
                setting,
                answers.sample_ids,
                answers.videos,
                listwise=submission.card.listwise,
            )
            with _explaining(setting):
                keep_scores(
                    journal,
                    asked.score(task.scorer, journal.left(asked.blocks)),
                    line=asked.line,
                    progress=asked.progress(told.progress),
                    look=lambda block: [
                        told.warn(one) for one in first_block_alarms(block, setting)
                    ],
                )
            digest = journal.finish(asked.lines(journal.lines()))
            started = time.perf_counter() - journal.seconds
            memory = "server" if submission.is_on_server else memory_of(task.scorer)
            scores = read_scores(path, answers.sample_ids)
            plausibility, computation = _asked_afresh(
                submission,
                task,
                answers,
                scores,
                told.again if journal.seconds > _LONG else _unheard,
            )
            dtype = computation.dtype
            making = _Making(
                "re-run", isolation, digest, started, computation, files, memory, plausibility
            )
            result = _write_result(submission, task, answers, scores, making)
            journal.remove()  # last: an evaluation killed earlier gets here again
    for alarm in [
        *tie_alarms(scores.sums, setting, dtype),
        *dropped_remarks(scores.dropped_comments),
    ]:
        told.warn(alarm)
    if normalisation == "sum":
        return result
    blind = None
    if normalisation == "pmi":
        blind = read_blind(submission, run, candidate_set, result.manifest, answers.sample_ids)
    return msgspec.structs.replace(
        result,
        **_measured(scores.normalised(normalisation, answers.lengths, blind), answers),
        signature=signature(candidate_set, setting, normalisation, result.manifest.prompt),
    )


def refuse_other_journals(
    submission: Submission, planned: Iterable[Planned], isolation: IsolationKind
) -> None:
    """Refuse evaluations that were begun with something else, before a scorer is made: a language model
    may take minutes to load.

    Raises:
        LiveBenchError: one was; its dataset alone is compared later.
    """
    for step in planned:
        journal = submission.journal_path(step.candidate_set.name, step.run, step.setting)
        if submission.card.entry and journal.is_file():
            kind = _isolation(submission, isolation)
            parts = fingerprint(submission, step.run, step.candidate_set, step.setting, kind)
            refuse_other(journal, parts)


def _isolation(submission: Submission, kind: IsolationKind) -> IsolationKind:
    return "server" if submission.is_on_server else kind


@contextmanager
def _explaining(setting: Setting) -> Iterator[None]:
    """Add to an error of a scorer that it was shown nothing, if so."""
    try:
        yield
    except LiveBenchError as error:
        if setting != "blind" or error.fix:
            raise
        fix = (
            "in the setting blind nothing is shown: score without frames and comments, by the comment "
            "alone (docs/submissions.md), or name another --setting"
        )
        raise LiveBenchError(error.where, error.what, fix, error.place) from error.__cause__


class _Making(NamedTuple):
    """How scores were made: `digest` is the sha256 of their file's content, `started` a reading of
    `time.perf_counter`, `files` are those of the submission, as before its scorer ran."""

    evaluated: Literal["re-run", "self-reported"]
    isolation: IsolationKind
    digest: str
    started: float
    computation: Computation
    files: dict[str, str]
    memory: MemoryKind = ""
    plausibility: Plausibility | None = None


def _asked_afresh(
    submission: Submission,
    task: Task,
    answers: Answers,
    scores: Scores,
    begin: Callable[[int], object],
) -> tuple[Plausibility, Computation]:
    """Ask a scorer that has seen none of the set again, for samples that nobody could foresee."""
    secret = secrets.token_hex(16)
    chosen = plausibility_samples(answers.sample_ids, secret)
    begin(len(chosen))
    rows = {name: row for row, name in enumerate(answers.sample_ids)}
    ask = partial(
        _ask,
        first={name: scores.sums[rows[name]] for name in chosen},
        correct={name: answers.correct[rows[name]] for name in chosen},
        listwise=submission.card.listwise,
        secret=secret,
    )
    return task.ask_afresh(chosen, ask)


def _ask(
    scorer: Scorer, samples: Iterator[tuple[str, Sample]], **known: Any
) -> tuple[Plausibility, Computation]:
    """Measure a scorer, wherever it is; `known` is what `measure_plausibility` is told of it."""
    dtype = computation_of(scorer).dtype
    return measure_plausibility(scorer, samples, **known, dtype=dtype), computation_of(scorer)


def _write_result(
    submission: Submission, task: Task, answers: Answers, scores: Scores, making: _Making
) -> Result:
    run, candidate_set, setting = task.run, task.candidate_set, task.setting
    shown = task.dataset.info if task.dataset and shows_video(setting) else None
    commit, dirty = _checkout(submission)
    used = ("jieba", "numpy", "scipy", *readers_of_weights(making.computation))
    result = Result(
        **_measured(scores.sums, answers),
        signature=signature(
            candidate_set, setting, prompt=making.computation.model.get("prompt", "")
        ),
        plausibility=making.plausibility,
        ties=measure_ties(scores.sums),
        dropped_comments=dropped_in_all(scores.dropped_comments),
        manifest=ResultManifest(
            evaluated=making.evaluated,
            isolation=making.isolation,
            memory=making.memory,
            submission=submission.name,
            kind=submission.card.kind,
            files=making.files,
            run=run.name,
            entry=submission.card.entry,
            arguments=run.arguments,
            seed=run.seed,
            candidate_set=candidate_set.name,
            set_hash=candidate_set.manifest.hash,
            frames_sha256=shown.frames_sha256 if shown else "",
            encoder=shown.encoder if shown else "",
            images_sha256=candidate_set.manifest.dataset.images_sha256 if shown else msgspec.UNSET,
            setting=setting,
            scores_sha256=making.digest,
            checkpoint_sha256=run.checkpoint_sha256,
            score=submission.card.score,
            device=making.computation.device,
            dtype=making.computation.dtype,
            parameters=making.computation.parameters,
            model=making.computation.model or msgspec.UNSET,
            versions=versions_used(*used, torch=making.computation.torch),
            commit=commit,
            dirty=dirty,
            date=datetime.datetime.now(datetime.UTC).date(),
            wall_seconds=round(time.perf_counter() - making.started, 3),
        ),
    )
    write_json(submission.result_path(candidate_set.name, run, setting), result)
    return result


def _measured(scores: np.ndarray, answers: Answers) -> dict[str, Any]:
    return {
        "metrics": summarise([sample_metrics(scores, answers.correct)], answers.videos),
        "anatomy": anatomy(scores, answers.types),
    }


def _checkout(submission: Submission) -> tuple[str, bool]:
    """The commit that LiveBench runs from, and whether its code or the submission's was changed."""
    root = Path(__file__).parent.parent.parent
    paths = ["livebench", "baselines", "setup.cfg"]
    own = submission.path.resolve()
    if own.is_relative_to(root):
        own = own.relative_to(root)
        paths += [str(own), *(f":(exclude){own}/{folder}" for folder in OUTPUTS)]
    if not (root / "setup.cfg").is_file():  # installed, not a checkout of LiveBench
        return "", False
    return _git(root, "rev-parse", "HEAD"), bool(_git(root, "status", "--porcelain", "--", *paths))


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
