"""Result files beside files of scores: read, and refused unless they say where the scores come from."""

from __future__ import annotations

import re
from pathlib import Path

from livebench import __version__
from livebench.errors import LiveBenchError
from livebench.files import gzip_content
from livebench.records import parse_json
from livebench.scoring.result import Result, ResultManifest

_VERSION = re.compile(r"\d{1,6}(\.[0-9A-Za-z+-]{1,20}){0,6}\Z")


def missing_run(path: Path) -> LiveBenchError:
    """A run has no scores: a mean over only the successful runs is not a mean over the runs."""
    what = "is missing, while other runs have scores"
    return LiveBenchError(path, what, "evaluate every run, or remove it from submission.toml")


def read_result(path: Path, submission: Path) -> Result:
    """What a result file in the folder of a submission says of where scores come from.

    Raises:
        LiveBenchError: it is missing, or does not say it. That it is of another version of the set, or
            that the scores have changed since, is for the caller to check.
    """
    if not path.exists():
        raise LiveBenchError(path, "is missing beside its scores", evaluate_again(submission))
    result = parse_json(path, Result)
    check_origin(path, result.manifest, submission)
    return result


def check_origin(result: Path, manifest: ResultManifest, submission: Path) -> None:
    """Raise LiveBenchError if a result does not say which set was scored by which LiveBench."""
    if not re.fullmatch(r"[0-9a-f]{64}", manifest.set_hash):
        place, what = "manifest.set_hash", "is not a hash"
    elif not _VERSION.match(manifest.versions.get("livebench", "")):
        place, what = "manifest.versions", "does not say which LiveBench made it"
    else:
        return
    raise LiveBenchError(result, what, evaluate_again(submission), place)


def check_unchanged(scores: Path, manifest: ResultManifest, submission: Path) -> None:
    """Raise LiveBenchError if a file of scores is not the one that its result names."""
    if gzip_content(scores, any_writer=True)[0] != manifest.scores_sha256:
        what = "has changed since it was evaluated"
        raise LiveBenchError(scores, what, evaluate_again(submission))


def evaluate_again(submission: Path) -> str:
    """What to do where scores and results do not belong together."""
    return f"run `livebench evaluate {submission}` again"


def is_of_another_major(manifest: ResultManifest) -> bool:
    """Whether another major version of LiveBench, by the first of its numbers, made a result."""
    major, own = (
        version.split(".", maxsplit=1)[0]
        for version in (manifest.versions["livebench"], __version__)
    )
    return major != own
