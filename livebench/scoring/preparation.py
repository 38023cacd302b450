"""Prepares what a plan asks for: creates and fits scorers, opens datasets, and releases them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.freeze import restore_set
from livebench.data.dataset import Dataset
from livebench.errors import LiveBenchError
from livebench.records import Setting, shows_video
from livebench.scoring.plan import Planned, Skipped, absent_dataset
from livebench.scoring.runner import Asking, Elsewhere, Streaming, make_scorer, read_samples
from livebench.scoring.scorer import Scorer, is_fitted
from livebench.submissions.load import Run, Submission

_Answer = TypeVar("_Answer")


class OpenScorer(Protocol):
    """Creates the scorer of a run, and releases it at the end of the block."""

    def __call__(self, submission: Submission, run: Run) -> AbstractContextManager[Scorer]: ...


class Task(NamedTuple):
    """An evaluation that is ready to run.

    Attributes:
        scorer: fitted; None if there are only scores.
        dataset: of the set; None if it is not needed.
        remark: what a reader of the numbers should know, if anything.
        open_again: gives another scorer of the same run, which has seen no sample.
    """

    run: Run
    candidate_set: CandidateSet
    setting: Setting
    scorer: Scorer | None = None
    dataset: Dataset | None = None
    remark: str = ""
    open_again: Callable[[], AbstractContextManager[Scorer]] | None = None

    def ask_afresh(self, names: Sequence[str], ask: Asking[_Answer]) -> _Answer:
        """What `ask` makes of these samples with a scorer that has seen none, made and fitted apart from
        `scorer`; that may end now, since two may need too much memory."""
        if self.scorer is None:
            raise ValueError("the task has no scorer")
        shown = self.candidate_set, self.dataset, self.setting
        if isinstance(self.scorer, Elsewhere):
            return self.scorer.ask_afresh(names, ask, *shown)
        with self.open_again() if self.open_again else nullcontext(self.scorer) as scorer:
            return ask(scorer, read_samples(*shown, names))


@contextmanager
def open_in_process(submission: Submission, run: Run) -> Iterator[Scorer]:
    """The scorer of a run, in this process, where it is never copied: for debuggers and profilers."""
    yield make_scorer(submission, run)


def prepare(
    submission: Submission,
    planned: Iterable[Planned | Skipped],
    open_scorer: OpenScorer = open_in_process,
) -> Iterator[Task | Skipped]:
    """Yield what is skipped, then the planned evaluations, ready to run: those of a run together.

    No scorer knows what another setting or set showed. It serves several only if it was shown no
    sample, since copies of it score; else each has one of its own. It is created and fitted before its
    first task, and released after its last; the text of a set is restored if it is absent.
    """
    steps: dict[str, list[Planned]] = {}
    for step in planned:
        if isinstance(step, Skipped):
            yield step
        else:
            steps.setdefault(step.run.name, []).append(step)
    for of_run in steps.values():
        if submission.card.entry:
            yield from _with_scorers(submission, of_run, open_scorer)
        else:
            yield from (Task(step.run, step.candidate_set, step.setting) for step in of_run)


class _Kept:
    """A scorer of a run, kept as long as it can serve; created and fitted again where it cannot."""

    def __init__(self, submission: Submission, run: Run, open_scorer: OpenScorer) -> None:
        self._open = partial(open_scorer, submission, run)
        self._stack = ExitStack()
        self._scorer: Scorer | None = None
        self._fitted_on: Path | None = None

    def created(self) -> Scorer:
        """A scorer that may be fitted already; `fitted` says on what it has to be."""
        if self._scorer is None:
            self._scorer = self._stack.enter_context(self._open())
        return self._scorer

    def fitted(self, shown: Dataset | None) -> Scorer:
        """The scorer, fitted on a dataset if it needs fitting."""
        scorer = self.created()
        if shown is None or not is_fitted(scorer) or self._fitted_on == shown.path:
            return scorer
        if self._fitted_on is not None:  # on another one
            self.close()
            scorer = self.created()
        fit(scorer, shown)
        self._fitted_on = shown.path
        return scorer

    def release(self) -> None:
        """Keep it for the next task if it may serve again."""
        if not isinstance(self._scorer, Elsewhere) and not (
            isinstance(self._scorer, Streaming) and self._scorer.may_serve_again
        ):
            self.close()

    def make_room(self) -> None:
        """End its process unless there is memory for another one."""
        if isinstance(self._scorer, Streaming) and not (
            self._scorer.may_serve_again and self._scorer.leaves_room
        ):
            self.close()

    def close(self) -> None:
        self._scorer, self._fitted_on = None, None
        self._stack.close()


class KeptScorers:
    """The scorers of a run: one for its tasks, and one apart that has seen no sample."""

    def __init__(self, submission: Submission, run: Run, open_scorer: OpenScorer) -> None:
        self._first, self._second = (_Kept(submission, run, open_scorer) for _ in range(2))
        self.created, self.fitted = self._first.created, self._first.fitted
        self.release = self._first.release

    @contextmanager
    def afresh(self, shown: Dataset | None) -> Iterator[Scorer]:
        """The one apart, or a copy of it; the other may end now, if both need too much memory."""
        self._first.make_room()
        scorer = self._second.fitted(shown)
        try:
            with scorer.one_copy() if isinstance(scorer, Streaming) else nullcontext(scorer) as one:
                yield one
        finally:
            self._second.release()
            self._second.make_room()

    def close(self) -> None:
        """End their processes."""
        self._first.close()
        self._second.close()


def _with_scorers(
    submission: Submission, steps: Sequence[Planned], open_scorer: OpenScorer
) -> Iterator[Task | Skipped]:
    """The steps of one run."""
    run = steps[0].run
    lacking: dict[Path, list[Planned]] = {}
    scorers = KeptScorers(submission, run, open_scorer)
    try:
        for path, of_set in groupby(steps, key=lambda step: step.candidate_set.path):
            dataset: Dataset | None = None
            for step in of_set:
                candidate_set, scorer = step.candidate_set, scorers.created()
                needed = (
                    shows_video(step.setting) or is_fitted(scorer) or not candidate_set.has_text
                )
                if needed and dataset is None and step.open_dataset and path not in lacking:
                    dataset = step.open_dataset()
                if needed and dataset is None:
                    lacking.setdefault(path, []).append(step)
                    continue
                shown = dataset if needed else None
                if shown is not None and not candidate_set.has_text:
                    restore_set(candidate_set.path, shown)
                scorer = scorers.fitted(shown)
                remark = check_trained(scorer, candidate_set, step.setting)
                remark = remark or getattr(scorer, "remark", "")
                again = partial(scorers.afresh, shown)
                yield Task(run, candidate_set, step.setting, scorer, shown, remark, again)
                scorers.release()
    finally:
        scorers.close()
    for left in lacking.values():
        what = f"run {run.name}: {', '.join(step.setting for step in left)}"
        yield Skipped(left[0].candidate_set, what, absent_dataset(left[0].candidate_set))


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
