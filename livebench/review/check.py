"""Checks a submission as a whole: every file, and everything that is wrong at once."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from livebench.attestation.attestation import Attestations, attested_row, other_files
from livebench.attestation.signing import MAINTAINERS
from livebench.candidates.candidate_set import CandidateSet
from livebench.errors import LiveBenchError
from livebench.files import is_unfinished
from livebench.records import SETTINGS, parse_json
from livebench.review.attesting import check_attestation
from livebench.review.card import check_card, check_name
from livebench.review.problems import StaleResult, with_fix
from livebench.scoring.answers import Answers
from livebench.scoring.result import Result
from livebench.scoring.result_files import (
    check_origin,
    check_unchanged,
    evaluate_again,
    is_of_another_major,
    missing_run,
    read_result,
)
from livebench.submissions.load import CARD, Run, Submission
from livebench.submissions.own_files import COMPILED, is_regular, own_files
from livebench.submissions.validate import read_scores

_ENDINGS = {"scores": ".jsonl.gz", "results": ".json"}
_PLAIN = ".jsonl"
"""Of scores that another program wrote, and did not compress."""

LARGEST_FILE = 20 << 20
"""Bytes: scores of 5,000 samples take a few MB."""

AT_MOST = 20
"""Problems listed of one file of scores."""

_UNCHECKED = ("checkpoints", "generated")
_A_LINE = 'a line is {"sample_id": "...", "scores": [100 finite numbers]}'

_Triple = tuple[str, ...]
"""Set, run and setting of a file; more parts where it is not where it belongs."""


_SHOWN = ", so its row is shown separately"


class _Enough(Exception):
    """More is wrong with a file than anyone wants to read."""


class Checker:
    """Checks submissions against candidate sets, each read once."""

    def __init__(self, sets: Sequence[CandidateSet], signers: Path = MAINTAINERS) -> None:
        self._signers = signers
        self._sets = {candidate_set.name: candidate_set for candidate_set in sets}
        self._answers: dict[str, Answers] = {}

    def check(self, path: Path) -> list[LiveBenchError]:
        """Everything that is wrong with the submission in the folder `path`; nothing of it is run."""
        path = Path(path)
        problems = check_name(path)
        if not os.path.lexists(path / CARD):
            what, fix = f"has no {CARD}", "write one with `livebench submit init`"
            return [*problems, LiveBenchError(path, what, fix)]
        refused = [error for file in own_files(path) if (error := _refused(file))]
        if refused:  # what is in them, or what they lead to, is not looked at
            return problems + refused
        card, of_card = check_card(path / CARD)
        problems += of_card
        if not of_card:
            problems += check_attestation(Submission(path), self._signers)
        return [*problems, *self._files(path, card)]

    def _files(self, path: Path, card: dict[str, Any]) -> Iterator[LiveBenchError]:
        for file in _walk(path):
            if file.is_file() and file.stat().st_size > LARGEST_FILE:
                what = f"is larger than {LARGEST_FILE >> 20} MB"
                yield LiveBenchError(file, what, "keep it elsewhere, and give its url")
        scores, results = (_files_of(path, folder) for folder in _ENDINGS)
        for folder, files in (("scores", scores), ("results", results)):
            for triple, file in files.items():
                yield from self._place(file, triple, card, folder)
        for triple, file in scores.items():
            if file.stat().st_size > LARGEST_FILE or triple[0] not in self._sets:
                continue
            if self._is_private(triple[0]):
                what = "is of a private set: its scores would show where the answers are"
                yield LiveBenchError(file, what, "remove it")
                continue
            if triple not in results:
                fix = f"run `livebench evaluate {path}`"
                yield LiveBenchError(file, "has no result beside it", fix)
                yield from self._scores(file, triple[0], card)
            else:
                yield from self._pair(path, file, results[triple], triple, card)
        for triple, file in results.items():
            if len(triple) == 3 and self._is_private(triple[0]):
                yield from self._on_private(path, file, triple)
            elif triple not in scores:
                yield LiveBenchError(file, "is a result without scores", "add them, or remove it")
        yield from self._complete(path, scores, card)

    def _is_private(self, set_name: str) -> bool:
        return set_name in self._sets and self._sets[set_name].manifest.is_private

    def _on_private(self, path: Path, file: Path, triple: _Triple) -> Iterator[LiveBenchError]:
        """A result on a private set has no scores beside it, and comes from a maintainer's re-run."""
        try:
            submission, result = Submission(path), read_result(file, path)
        except LiveBenchError as error:
            yield with_fix(error, "remove it")
            return
        for run in submission.card.runs:
            if run.name == triple[1] and triple[2] in SETTINGS:
                row = attested_row(triple[0], triple[2], run, result, file)
                if Attestations(self._signers).covers(submission, row):
                    return
        what = "is of a private set, and not attested"
        yield LiveBenchError(file, what, "remove it: a maintainer's re-run writes it")

    def _place(
        self, file: Path, triple: _Triple, card: dict[str, Any], folder: str
    ) -> Iterator[LiveBenchError]:
        """Whether a file is where something belongs."""
        if file.name.endswith(_PLAIN) and folder == "scores":
            if len(triple) != 3 and file.with_name(f"{file.name}.gz").exists():
                yield LiveBenchError(file, "is there compressed, too", "keep one of them")
                return
            if card.get("entry"):
                what = f"is not compressed, and {CARD} has a scorer, whose scores are"
                yield LiveBenchError(file, what, "evaluate it, or remove entry")
                return
        if len(triple) != 3:
            fix = f"files here are {folder}/SET/RUN/SETTING{_ENDINGS[folder]}"
            yield LiveBenchError(file, "does not belong here", fix)
            return
        set_name, run, setting = triple
        runs = [table["name"] for table in _tables(card.get("runs")) if "name" in table]
        if set_name not in self._sets:
            what, fix = f"there is no candidate set {set_name}", f"sets: {', '.join(self._sets)}"
            yield LiveBenchError(file, what, fix)
        if card and run not in runs:
            yield LiveBenchError(file, f"{CARD} has no run {run}", "add it, or remove the file")
        if setting not in SETTINGS:
            what, fix = f"there is no setting {setting}", f"settings: {', '.join(SETTINGS)}"
            yield LiveBenchError(file, what, fix)
        elif card and setting not in ("blind", *_texts(card.get("settings"))):
            what = f"{CARD} does not take part in {setting}"
            yield LiveBenchError(file, what, "add it to settings, or remove the file")

    def _pair(
        self, path: Path, file: Path, result: Path, triple: _Triple, card: dict[str, Any]
    ) -> Iterator[LiveBenchError]:
        """Scores and their result."""
        again = evaluate_again(path)
        try:
            parsed = parse_json(result, Result)
            manifest = parsed.manifest
        except LiveBenchError as error:
            yield with_fix(error, again)
            yield from self._scores(file, triple[0], card)
            return
        expected = {
            "candidate_set": triple[0],
            "run": triple[1],
            "setting": triple[2],
            "submission": path.resolve().name,
            "entry": card.get("entry", ""),
        }
        for field, value in expected.items():
            if getattr(manifest, field) != value:
                what = f"is {getattr(manifest, field)!r} and should be {value!r}"
                yield LiveBenchError(result, what, again, f"manifest.{field}")
        try:
            check_origin(result, manifest, path)
        except LiveBenchError as error:
            yield error
        else:
            if is_of_another_major(manifest):
                yield StaleResult(
                    result, f"was made by another major version of LiveBench{_SHOWN}", again
                )
        if manifest.score != card.get("score", "sum"):
            what = (
                f'was made when {CARD} declared score = "{manifest.score}", so its row has no rank'
            )
            yield StaleResult(result, what, again)
        for what in _made_otherwise(path, triple[1], parsed):
            yield StaleResult(result, what, again)
        if manifest.set_hash != self._sets[triple[0]].manifest.hash:
            what = f"was made for another version of {triple[0]}{_SHOWN}"
            yield StaleResult(result, what, again)
            return
        problems = list(self._scores(file, triple[0], card))
        yield from problems
        if not problems:
            # Only what passes is no longer than it should be, whatever it unpacks to.
            try:
                check_unchanged(file, manifest, path)
            except LiveBenchError as error:
                yield error

    def _scores(self, file: Path, set_name: str, card: dict[str, Any]) -> list[LiveBenchError]:
        """What is wrong with the lines of a file of scores, or keeps them from being read as the card
        declares."""
        if set_name not in self._answers:
            self._answers[set_name] = Answers(self._sets[set_name])
        problems: list[LiveBenchError] = []

        def report(error: LiveBenchError) -> None:
            if len(problems) == AT_MOST:
                raise _Enough
            problems.append(with_fix(error, _A_LINE))

        sample_ids = self._answers[set_name].sample_ids
        try:
            scores = read_scores(file, sample_ids, self._sets[set_name].manifest.hash, report)
            if scores.token_counts is None and card.get("score") == "mean" and not problems:
                what = f'has no token counts, and {CARD} declares score = "mean"'
                problems.append(LiveBenchError(file, what, "add them, or declare another score"))
        except LiveBenchError as error:
            problems.append(with_fix(error, "write the file again"))
        except _Enough:
            problems.append(LiveBenchError(file, "has more problems", "fix these, and check again"))
        return problems

    def _complete(
        self, path: Path, scores: dict[_Triple, Path], card: dict[str, Any]
    ) -> Iterator[LiveBenchError]:
        """Every run of a dataset has scores where one has: a row is a mean over all of them."""
        have = {triple for triple in scores if len(triple) == 3 and triple[0] in self._sets}
        tables = [run for run in _tables(card.get("runs")) if isinstance(run.get("name"), str)]
        runs = [
            Run(table["name"], table.get("dataset", ""), table.get("fingerprint", ""))
            for table in tables
        ]
        for set_name, setting in sorted({(triple[0], triple[2]) for triple in have}):
            dataset = self._sets[set_name].manifest.dataset
            for run in runs:
                if run.is_for(dataset) and (set_name, run.name, setting) not in have:
                    folder = path / "scores" / set_name / run.name
                    yield missing_run(folder / f"{setting}{_ENDINGS['scores']}")
        shown = {triple[:2] for triple in have if triple[2] != "blind"}
        for set_name, run_name in sorted(shown) if card.get("score") == "pmi" else ():
            if (set_name, run_name, "blind") not in have:
                file = path / "scores" / set_name / run_name / f"blind{_ENDINGS['scores']}"
                what = f'is missing, and {CARD} declares score = "pmi", which needs it'
                # Rows of another version of the set are shown separately, as they are.
                past = not self._has_current(path, set_name, run_name)
                kind = StaleResult if past else LiveBenchError
                yield kind(file, what, evaluate_again(path))

    def _has_current(self, path: Path, set_name: str, run_name: str) -> bool:
        """Whether a result of a run was made for this version of a set; true where none can tell."""
        hashes = set()
        for file in (path / "results" / set_name / run_name).glob(f"*{_ENDINGS['results']}"):
            with contextlib.suppress(LiveBenchError):
                hashes.add(parse_json(file, Result).manifest.set_hash)
        return not hashes or self._sets[set_name].manifest.hash in hashes


def has_scores(path: Path) -> bool:
    """Whether a submission has any scores."""
    endings = (_ENDINGS["scores"], _PLAIN)
    return any(any(Path(path).glob(f"scores/*/*/*{ending}")) for ending in endings)


def _made_otherwise(path: Path, run_name: str, result: Result) -> Iterator[str]:
    """What to say of a result that was made before files, arguments or the seed of its run changed."""
    made = result.manifest
    with contextlib.suppress(LiveBenchError):  # of the card or its files, which are checked
        submission = Submission(path)
        for run in (run for run in submission.card.runs if run.name == run_name):
            if made.evaluated == "re-run" and (what := other_files(submission, run, result)):
                yield what
            differing = made.differing_arguments(run.arguments)
            differing += ["seed"] if run.seed != made.seed else []
            if differing:
                yield f"was made when {CARD} declared another {', '.join(differing)}"


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _tables(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _refused(file: Path) -> LiveBenchError | None:
    """Why a file cannot be part of a submission, whatever is in it."""
    if file.is_symlink():
        return LiveBenchError(file, "is a symbolic link", "put the file itself there")
    if not is_regular(file):
        return LiveBenchError(file, "is not a regular file", "remove it")
    if file.suffix in COMPILED:
        what = "is compiled code, which nobody can review, and LiveBench runs sources alone"
        return LiveBenchError(file, what, "remove it")
    if is_unfinished(file):
        return LiveBenchError(file, "was left by a write that was stopped", "remove it")
    return None


def _walk(path: Path) -> Iterator[Path]:
    """The files of a folder, in order; what need not be is not looked at."""
    for file in own_files(path):
        if file.relative_to(path).parts[0] not in _UNCHECKED:
            yield file


def _files_of(path: Path, kind: str) -> dict[_Triple, Path]:
    """Files of scores or results by set, run and setting; others by more than three parts."""
    folder, ending = path / kind, _ENDINGS[kind]
    files: dict[_Triple, Path] = {}
    for file in _walk(folder) if folder.is_dir() else ():
        parts = file.relative_to(folder).parts
        stem = file.name.removesuffix(ending)
        if kind == "scores":
            stem = stem.removesuffix(_PLAIN)
        if len(parts) == 3 and stem != file.name:
            plain = files.get((parts[0], parts[1], stem))
            if plain is not None:  # it comes first, and the compressed one counts
                files[*parts[:2], plain.name, "", "", ""] = plain
            files[parts[0], parts[1], stem] = file
        else:
            files[*parts, "", "", ""] = file
    return files
