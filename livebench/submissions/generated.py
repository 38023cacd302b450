"""Reads the generated comments of a submission; refused unless every wanted sample has one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from livebench.candidates.candidate_set import CandidateSet
from livebench.data.tokens import remove_space
from livebench.errors import LiveBenchError
from livebench.records import GeneratedRecord, Setting, line_error, read_records
from livebench.submissions.load import CARD, Run, Submission


def generated_run(
    submission: Submission,
    candidate_set: CandidateSet,
    name: str = "",
    setting: Setting | None = None,
) -> Run:
    """The run whose comments are rated: the one of this name, else, of those trained on the dataset of
    the set (or on none in particular), the first that has comments in the setting, else the first.

    Raises:
        LiveBenchError: there is no such run; the existing ones are named.
    """
    frozen = candidate_set.manifest.dataset
    dataset = frozen.name
    runs = [run for run in submission.card.runs if run.is_for(frozen)]
    possible = [run for run in runs if name in ("", run.name)]
    written = [
        run
        for run in possible
        if setting and submission.generated_path(candidate_set.name, run, setting).is_file()
    ]
    run = next(iter([*written, *possible]), None)
    if run is None:
        raise LiveBenchError(
            submission.path / CARD,
            f"no run {name or 'at all'} for the dataset {dataset}",
            f"runs for it: {', '.join(run.name for run in runs) or 'none'}",
        )
    return run


def read_generated(
    submission: Submission,
    candidate_set: CandidateSet,
    run: Run,
    setting: Setting,
    *,
    sample_ids: Collection[str],
    wanted: Sequence[str],
) -> list[str]:
    """The comments that a run wrote for the samples `wanted`, in their order.

    An empty comment is refused, not rated and not dropped: raters cannot rate nothing, and leaving the
    sample out would flatter the system. A generator must write at least one word.

    Args:
        sample_ids: all samples of the set; the file may hold some of them, and no others.

    Raises:
        LiveBenchError: the file is missing or cannot be read, a sample is unknown, doubled, wanted and
            missing, or its text is empty; file, line and sample are named.
    """
    path = submission.generated_path(candidate_set.name, run, setting)
    if not path.is_file():
        raise LiveBenchError(
            path,
            "no generated comments",
            f"run `livebench generate {submission.path} --candidates {candidate_set.path}`",
        )
    texts = _read(path, sample_ids)
    missing = [name for name in wanted if name not in texts]
    if missing:
        raise LiveBenchError(
            path,
            f"{len(missing)} of {len(wanted)} samples wanted have no comment, the first is {missing[0]}",
            "generate a comment for every sample",
        )
    return [texts[name] for name in wanted]


def _read(path: Path, sample_ids: Collection[str]) -> dict[str, str]:
    """Texts by sample."""
    texts: dict[str, str] = {}
    for line, record in enumerate(read_records(path, GeneratedRecord), 1):
        name = record.sample_id
        if name not in sample_ids:
            raise line_error(path, line, f"the set has no sample {name}", "remove the line")
        if name in texts:
            raise line_error(path, line, "has a comment already", "keep one", name)
        if not remove_space(record.text):
            raise line_error(
                path,
                line,
                "the comment is empty, and nobody can rate nothing",
                "make the generator write at least one word",
                name,
            )
        texts[name] = record.text
    return texts
