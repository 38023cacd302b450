"""Checks a submission as a whole: every file, and everything that is wrong at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from livebench.candidates.candidate_set import CandidateSet
from livebench.errors import LiveBenchError
from livebench.files import gzip_content
from livebench.leaderboard.entries import is_of_another_major, origin_problem
from livebench.records import SETTINGS, parse_json
from livebench.review.card import check_card, check_name
from livebench.review.findings import Finding
from livebench.scoring.answers import Answers
from livebench.scoring.result import Result
from livebench.submissions.validate import read_scores

SCORES_ENDING, RESULT_ENDING = ".jsonl.gz", ".json"
LARGEST_FILE = 20 << 20
"""Bytes: scores of 5,000 samples take a few MB."""

AT_MOST = 20
"""Findings told of one file of scores."""

UNCHECKED = ("checkpoints", "generated", "__pycache__")
A_LINE = 'a line is {"sample_id": "...", "scores": [100 finite numbers]}'


class _Enough(Exception):
    """More is wrong with a file than anyone wants to read."""


class Checker:
    """Checks submissions against candidate sets, each read once."""

    def __init__(self, sets: Sequence[CandidateSet]) -> None:
        self._sets = {one.name: one for one in sets}
        self._answers: dict[str, Answers] = {}

    def check(self, path: Path) -> list[Finding]:
        """Everything that is wrong with the submission in the folder `path`; nothing of it is run."""
        path = Path(path)
        card_path = path / "submission.toml"
        found = check_name(path)
        if not card_path.is_file():
            cure = "`livebench submit init` writes one"
            return [*found, Finding(path, "", "has no submission.toml", cure)]
        links = [one for one in _walk(path) if one.is_symlink()]
        if links:  # what they lead to is not looked at
            return found + [
                Finding(one, "", "is a symbolic link", "put the file itself there") for one in links
            ]
        card, of_card = check_card(card_path)
        return [*found, *of_card, *self._files(path, card)]

    def _files(self, path: Path, card: dict[str, Any]) -> Iterator[Finding]:
        for file in _walk(path):
            if file.is_file() and file.stat().st_size > LARGEST_FILE:
                what = f"is larger than {LARGEST_FILE >> 20} MB"
                yield Finding(file, "", what, "keep it elsewhere, and link it by url")
        scores = _triples(path / "scores", SCORES_ENDING)
        results = _triples(path / "results", RESULT_ENDING)
        for kind, files in (("scores", scores), ("results", results)):
            for triple, file in files.items():
                yield from self._place(file, triple, card, kind)
        for triple, file in scores.items():
            if file.stat().st_size > LARGEST_FILE or triple[0] not in self._sets:
                continue
            evaluate = f"run `livebench evaluate {path}`"
            if triple not in results:
                yield Finding(file, "", "has no result beside it", evaluate)
                yield from self._scores(file, triple[0])
            else:
                yield from self._pair(path, file, results[triple], triple, card)
        for triple, file in results.items():
            if triple not in scores:
                yield Finding(file, "", "is a result without scores", "add them, or remove it")
        yield from self._complete(path, scores, card)

    def _place(
        self, file: Path, triple: tuple[str, ...], card: dict[str, Any], kind: str
    ) -> Iterator[Finding]:
        """Whether a file is where something belongs."""
        if len(triple) != 3:
            ending = SCORES_ENDING if kind == "scores" else RESULT_ENDING
            yield Finding(file, "", "does not belong here", f"{kind}/SET/RUN/SETTING{ending}")
            return
        set_name, run, setting = triple
        runs = [one["name"] for one in _tables(card.get("runs")) if "name" in one]
        settings = card.get("settings", [])
        if set_name not in self._sets:
            names = ", ".join(self._sets)
            yield Finding(file, "", f"there is no candidate set {set_name}", f"sets are {names}")
        if card and run not in runs:
            yield Finding(
                file, "", f"submission.toml has no run {run}", "add it, or remove the file"
            )
        if setting not in SETTINGS:
            yield Finding(
                file, "", f"there is no setting {setting}", f"settings: {', '.join(SETTINGS)}"
            )
        elif card and setting not in settings:
            what = f"submission.toml does not take part in {setting}"
            yield Finding(file, "", what, "add it to settings, or remove the file")

    def _pair(
        self,
        path: Path,
        file: Path,
        result: Path,
        triple: tuple[str, ...],
        card: dict[str, Any],
    ) -> Iterator[Finding]:
        """Scores and their result."""
        again = f"run `livebench evaluate {path}` again"
        try:
            manifest = parse_json(result, Result).manifest
        except LiveBenchError as error:
            yield Finding.of(result, error, again)
            yield from self._scores(file, triple[0])
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
                what = f"says {getattr(manifest, field)!r}, and here it is {value!r}"
                yield Finding(result, f"manifest.{field}", what, again)
        if problem := origin_problem(manifest):
            yield Finding(result, "manifest", problem, again)
        elif is_of_another_major(manifest):
            what = "was made by another major version of LiveBench, so its row stands apart"
            yield Finding(result, "", what, again, stale=True)
        if manifest.set_hash != self._sets[triple[0]].manifest.hash:
            what = f"was made for another version of {triple[0]}, so its row stands apart"
            yield Finding(result, "", what, again, stale=True)
            return
        wrong = list(self._scores(file, triple[0]))
        yield from wrong
        if wrong:
            return
        # Only what passes is no longer than it should be, whatever it unpacks to.
        if gzip_content(file, any_writer=True)[0] != manifest.scores_sha256:
            yield Finding(file, "", "changed since it was evaluated", again)

    def _scores(self, file: Path, set_name: str) -> Iterator[Finding]:
        """The lines of a file of scores."""
        if set_name not in self._answers:
            self._answers[set_name] = Answers(self._sets[set_name])
        found: list[Finding] = []

        def report(error: LiveBenchError) -> None:
            found.append(Finding.of(file, error, A_LINE))
            if len(found) > AT_MOST:
                raise _Enough

        try:
            read_scores(
                file,
                self._answers[set_name].sample_ids,
                self._sets[set_name].manifest.hash,
                report,
            )
        except LiveBenchError as error:
            found.append(Finding.of(file, error, "write the file again"))
        except _Enough:
            found[-1] = Finding(file, "", "and more", "mend what is said above, and check again")
        yield from found

    def _complete(
        self, path: Path, scores: dict[tuple[str, ...], Path], card: dict[str, Any]
    ) -> Iterator[Finding]:
        """Every run of a dataset has scores where one has: a row is a mean over all of them."""
        have = {triple for triple in scores if len(triple) == 3 and triple[0] in self._sets}
        runs = [run for run in _tables(card.get("runs")) if isinstance(run.get("name"), str)]
        for set_name, setting in sorted({(triple[0], triple[2]) for triple in have}):
            dataset = self._sets[set_name].manifest.dataset.name
            own = [run["name"] for run in runs if run.get("dataset", "") in ("", dataset)]
            for name in own:
                if (set_name, name, setting) not in have:
                    file = path / "scores" / set_name / name / f"{setting}{SCORES_ENDING}"
                    cure = "evaluate every run, or take it out of submission.toml"
                    yield Finding(file, "", "is missing, while other runs have scores", cure)


def has_scores(path: Path) -> bool:
    """Whether a submission has any scores."""
    return any(Path(path).glob(f"scores/*/*/*{SCORES_ENDING}"))


def _tables(found: Any) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _walk(path: Path) -> Iterator[Path]:
    """All files and links of a folder, in order; no link is followed, and what need not be is not
    looked at."""
    for one in sorted(path.iterdir()):
        if one.is_symlink() or one.is_file():
            yield one
        elif one.is_dir() and one.name not in UNCHECKED:
            yield from _walk(one)


def _triples(folder: Path, ending: str) -> dict[tuple[str, ...], Path]:
    """Files of scores or results by set, run and setting; others by more than three parts."""
    found = {}
    if folder.is_dir():
        for file in _walk(folder):
            parts = file.relative_to(folder).parts
            if len(parts) == 3 and file.name.endswith(ending):
                found[parts[0], parts[1], file.name.removesuffix(ending)] = file
            else:
                found[*parts, "", "", ""] = file
    return found
