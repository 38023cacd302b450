"""Prepares what a plan asks for: creates and fits scorers, opens datasets, and releases them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, Protocol

from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.freeze import restore_set
from livebench.data.dataset import Dataset
from livebench.errors import LiveBenchError
from livebench.records import Setting, shows_video
from livebench.scoring.plan import Planned, Skipped, absent_dataset
from livebench.scoring.runner import Streaming, make_scorer
from livebench.scoring.scorer import Scorer, is_fitted
from livebench.submissions.load import Run, Submission


class OpenScorer(Protocol):
    """Creates the scorer of a run, and releases it at the end of the block.

    With `copies`, each block of samples is scored by a fresh copy of it, where that can be.
    """

    def __call__(
        self, submission: Submission, run: Run, *, copies: bool = True
    ) -> AbstractContextManager[Scorer]: ...


class Task(NamedTuple):
    """An evaluation that is ready to run.

    Attributes:
        scorer: fitted; None if there are only scores.
        dataset: of the set; None if it is not needed.
        remark: what a reader of the numbers should know, if anything.
        make_again: creates and fits another scorer of the same run, which has seen no sample.
    """

    run: Run
    candidate_set: CandidateSet
    setting: Setting
    scorer: Scorer | None = None
    dataset: Dataset | None = None
    remark: str = ""
    make_again: Callable[[], AbstractContextManager[Scorer]] | None = None

    @contextmanager
    def afresh(self) -> Iterator[Scorer]:
        """A scorer that has seen no sample, in a process of its own if `scorer` has one: that ends now,
        since two may need too much memory."""
        if self.scorer is None:
            raise ValueError("the task has no scorer")
        if self.make_again is None:
            yield self.scorer
            return
        if isinstance(self.scorer, Streaming):
            self.scorer.close()
        with self.make_again() as scorer:
            yield scorer


@contextmanager
def open_in_process(submission: Submission, run: Run, *, copies: bool = True) -> Iterator[Scorer]:
    """The scorer of a run, in this process, where it is never copied: for debuggers and profilers."""
    yield make_scorer(submission, run)


def prepare(
    submission: Submission,
    planned: Iterable[Planned | Skipped],
    open_scorer: OpenScorer = open_in_process,
) -> Iterator[Task | Skipped]:
    """Yield the planned evaluations, ready to run, and those skipped.

    Each task has a scorer of its own, so that none knows what another setting showed. It is created and
    fitted before its task, and released after it; the text of a set is restored if it is absent.
    """
    for (_, run_name), group in groupby(planned, key=_run_of):
        if not run_name:
            yield from (skipped for skipped in group if isinstance(skipped, Skipped))
            continue
        steps = [step for step in group if isinstance(step, Planned)]
        if submission.card.entry:
            yield from _with_scorers(submission, steps, open_scorer)
        else:
            yield from (Task(step.run, step.candidate_set, step.setting) for step in steps)


def _run_of(step: Planned | Skipped) -> tuple[Path, str]:
    return step.candidate_set.path, step.run.name if isinstance(step, Planned) else ""


def _with_scorers(
    submission: Submission, steps: Sequence[Planned], open_scorer: OpenScorer
) -> Iterator[Task | Skipped]:
    """The steps of one run on one set."""
    run, candidate_set, _, open_dataset = steps[0]
    dataset: Dataset | None = None
    lacking: list[str] = []

    @contextmanager
    def make_again(shown: Dataset | None) -> Iterator[Scorer]:
        with open_scorer(submission, run, copies=False) as scorer:
            if shown is not None:
                fit(scorer, shown)
            yield scorer

    for step in steps:
        with open_scorer(submission, run) as scorer:
            needed = shows_video(step.setting) or is_fitted(scorer) or not candidate_set.has_text
            if needed and dataset is None and open_dataset is not None and not lacking:
                dataset = open_dataset()
            if needed and dataset is None:
                lacking.append(step.setting)
                continue
            shown = dataset if needed else None
            if shown is not None:
                if not candidate_set.has_text:
                    restore_set(candidate_set.path, shown)
                fit(scorer, shown)
            remark = check_trained(scorer, candidate_set, step.setting)
            remark = remark or getattr(scorer, "remark", "")
            again = partial(make_again, shown)
            yield Task(run, candidate_set, step.setting, scorer, shown, remark, again)
    if lacking:
        what = f"run {run.name}: {', '.join(lacking)}"
        yield Skipped(candidate_set, what, absent_dataset(candidate_set))


def fit(scorer: Scorer, dataset: Dataset) -> None:
    """Fit a scorer on the training split, if it needs fitting.

    Raises:
        LiveBenchError: the scorer raised (its exception is the cause).
    """
    if not is_fitted(scorer):
        return
    try:
        scorer.fit(dataset.split("train"))
    except LiveBenchError:
        raise
    except (Exception, SystemExit) as error:
        what = f"fitting {type(scorer).__name__} raised {type(error).__name__}: {error}"
        raise LiveBenchError(dataset.path, what) from error


def check_trained(scorer: Scorer, candidate_set: CandidateSet, setting: Setting) -> str:
    """A remark on scores of this set by a scorer with a checkpoint; empty if there is nothing to say.

    Raises:
        LiveBenchError: the scorer was trained on frame vectors of another encoder.
    """
    trained, manifest = scorer.trained, candidate_set.manifest
    if trained is None:
        return ""
    if shows_video(setting) and trained.encoder != manifest.dataset.encoder:
        raise LiveBenchError(
            candidate_set.path,
            f"its frame vectors come from the encoder {manifest.dataset.encoder!r}, but the checkpoint "
            f"was trained on those of {trained.encoder!r}",
            "train on the dataset of this set",
        )
    rules = {"context": manifest.protocol.context, "frames": manifest.protocol.frames}
    different = [name for name, rule in rules.items() if getattr(trained, name) != rule]
    if different:
        return (
            f"it was trained under other rules for {' and '.join(different)} than those of this set; "
            f"train with --protocol {manifest.protocol.name} for a fair number"
        )
    return ""
