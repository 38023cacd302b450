"""Generated comments of a submission: read, and refused unless there is one for each sample wanted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from livebench.candidates.candidate_set import CandidateSet
from livebench.data.tokens import remove_space
from livebench.errors import LiveBenchError
from livebench.records import GeneratedRecord, Setting, read_records
from livebench.submissions.load import Run, Submission


def generated_run(submission: Submission, candidate_set: CandidateSet, name: str = "") -> Run:
    """The run whose comments are rated: the one of this name, else the first of those trained on the
    dataset of the set (or on none in particular).

    Raises:
        LiveBenchError: there is no such run; those there are, are named.
    """
    dataset = candidate_set.manifest.dataset.name
    runs = [run for run in submission.card.runs if run.is_for(dataset)]
    found = next((run for run in runs if name in ("", run.name)), None)
    if found is None:
        names = ", ".join(run.name for run in runs) or "none"
        raise LiveBenchError(
            f"{submission.path / 'submission.toml'}: no run {name or 'at all'} for the dataset "
            f"{dataset}; runs for it: {names}"
        )
    return found


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
            f"{path}: no generated comments; run `livebench generate {submission.path} --candidates "
            f"{candidate_set.path}`"
        )
    found = _read(path, sample_ids)
    missing = [name for name in wanted if name not in found]
    if missing:
        raise LiveBenchError(
            f"{path}: {len(missing)} of {len(wanted)} samples wanted have no comment, the first is "
            f"{missing[0]}; generate a comment for every sample"
        )
    return [found[name] for name in wanted]


def _read(path: Path, sample_ids: Collection[str]) -> dict[str, str]:
    """Texts by sample."""
    found: dict[str, str] = {}
    for line, record in enumerate(read_records(path, GeneratedRecord), 1):
        name, where = record.sample_id, f"{path}, line {line}: sample {record.sample_id}"
        if name not in sample_ids:
            raise LiveBenchError(
                f"{path}, line {line}: the set has no sample {name}; remove the line"
            )
        if name in found:
            raise LiveBenchError(f"{where}: has a comment already; keep one")
        if not remove_space(record.text):
            raise LiveBenchError(
                f"{where}: the comment is empty, and nobody can rate nothing; make the generator write "
                "at least one word"
            )
        found[name] = record.text
    return found
