"""The scores in the setting `blind` that those of other settings are read with (score:pmi)."""

from __future__ import annotations

from collections.abc import Sequence

from livebench.candidates.candidate_set import CandidateSet
from livebench.errors import LiveBenchError
from livebench.scoring.result import ResultManifest
from livebench.scoring.result_files import read_result
from livebench.submissions.file_hashes import hashes_for_run
from livebench.submissions.load import Run, Submission
from livebench.submissions.validate import Scores, read_scores

_WHY = "and score:pmi is what is left of a score without it"
_FIX = "evaluate the run with --setting blind first, or with all settings"


def check_blind(submission: Submission, run: Run, candidate_set: CandidateSet) -> None:
    """Raise LiveBenchError if a run has no scores in the setting `blind`."""
    path = submission.scores_path(candidate_set.name, run, "blind")
    if not path.exists():
        raise LiveBenchError(path, f"is missing, {_WHY}", _FIX)


def is_to_be_made(submission: Submission, run: Run, candidate_set: CandidateSet) -> bool:
    """Whether a run has no scores in the setting `blind` whose result can be read, or was changed since
    they were made."""
    path = submission.result_path(candidate_set.name, run, "blind")
    if not submission.scores_path(candidate_set.name, run, "blind").exists():
        return True
    try:
        made = read_result(path, submission.path).manifest
    except LiveBenchError:
        return True
    files = hashes_for_run(submission.path, run) if made.files else {}  # older results name none
    return (
        made.files != files
        or made.set_hash != candidate_set.manifest.hash
        or made.entry != submission.card.entry
        or made.seed != run.seed
        or made.checkpoint_sha256 != run.checkpoint_sha256
        or bool(made.differing_arguments(run.arguments))
    )


def read_blind(
    submission: Submission,
    run: Run,
    candidate_set: CandidateSet,
    made: ResultManifest,
    sample_ids: Sequence[str],
) -> Scores:
    """The scores of a run in the setting `blind`.

    Args:
        made: of its scores in the setting that is read with them.

    Raises:
        LiveBenchError: they are missing, damaged, of another version of the set, or of another model.
    """
    path = submission.scores_path(candidate_set.name, run, "blind")
    result = submission.result_path(candidate_set.name, run, "blind")
    scores = read_scores(path, sample_ids, candidate_set.manifest.hash)
    differing = made.differences(read_result(result, submission.path).manifest)
    if differing:
        names = ", ".join(differing)
        what = f"is of another model than in the setting {made.setting} ({names}), {_WHY}"
        raise LiveBenchError(path, what, _FIX)
    return scores
