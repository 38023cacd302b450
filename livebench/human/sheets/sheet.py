"""`livebench human-eval sheet`: moments, comments of each system and of people, blind, for each rater.

human/NAME/key.json         which row is whose: for those who run the evaluation
human/NAME/raters/R1.html   a rater's page, and R1.csv with the same rows
human/NAME/raters/instructions.md
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from livebench import __version__
from livebench.candidates.candidate_set import CandidateSet
from livebench.data.dataset import Dataset
from livebench.draws import draw
from livebench.errors import LiveBenchError
from livebench.files import gzip_content, new_folder, write_file
from livebench.human.sheets.blind import RatedItem, Screen, make_items, screens
from livebench.human.sheets.key import (
    HUMAN,
    Key,
    KeyItem,
    KeyMoment,
    KeyRater,
    KeyRow,
    KeySystem,
    write_key,
)
from livebench.human.sheets.rated_moments import sample_moments
from livebench.human.sheets.rater_page import (
    MomentScene,
    rater_instructions,
    rows_of,
    scene,
    sheet_csv,
    sheet_page,
)
from livebench.records import AnswerRecord, SampleRecord, Setting
from livebench.submissions.generated import generated_run, read_generated
from livebench.submissions.load import Submission


@dataclass(frozen=True)
class SheetPlan:
    """What is asked for.

    Attributes:
        moments: how many are rated.
        raters: how many sheets.
        repeats: moments that each rater sees twice; None: a tenth, at least one where a third allows.
        setting: of the generated comments; None: `both`, or `comments` where the set has no other.
        run: of each submission; empty: the first that it has for the dataset of the set.
        seed: of the moments and of all orders.
    """

    moments: int = 100
    raters: int = 3
    repeats: int | None = None
    setting: Setting | None = None
    run: str = ""
    seed: int = 0


def make_sheets(
    out: Path,
    candidate_set: CandidateSet,
    dataset: Dataset,
    submissions: Sequence[Submission],
    plan: SheetPlan,
) -> Key:
    """Write the folder `out`, whole or not at all, and return its key.

    Raises:
        LiveBenchError: the set has no text or fewer moments, the dataset is another one, a submission
            has no comment for a moment, or two have the same name.
    """
    _check(candidate_set, dataset, submissions)
    setting = plan.setting or ("both" if "both" in candidate_set.manifest.settings else "comments")
    answers = {answer.sample_id: answer for answer in candidate_set.answers()}
    moments = sample_moments(list(answers.values()), plan.moments, plan.seed)
    ids = [moment.sample_id for moment in moments]
    wanted = set(ids)
    samples = {s.sample_id: s for s in candidate_set.samples() if s.sample_id in wanted}
    systems, written = [], {}
    for submission in submissions:
        run = generated_run(submission, candidate_set, plan.run, setting)
        written[submission.name] = read_generated(
            submission, candidate_set, run, setting, sample_ids=answers, wanted=ids
        )
        path = submission.generated_path(candidate_set.name, run, setting)
        digest = gzip_content(path, any_writer=True)[0]
        systems.append(KeySystem(submission.name, run.name, digest))
    written[HUMAN] = [_reference(samples[name], answers[name], plan.seed) for name in ids]
    items = make_items(ids, written, plan.seed)
    scenes = [scene(samples[name], dataset) for name in ids]
    repeats = plan.repeats
    if repeats is None:
        repeats = min(-(-plan.moments // 10), plan.moments // 3)
    with new_folder(out) as folder:
        raters = []
        for number in range(1, plan.raters + 1):
            shown = screens(f"R{number}", ids, items, repeats, plan.seed)
            sheet = f"{Path(out).resolve().name}/R{number}"
            raters.append(_write_rater(folder / "raters", sheet, scenes, shown))
        write_file(folder / "raters" / "instructions.md", rater_instructions())
        key = Key(
            name=Path(out).resolve().name,
            candidate_set=candidate_set.name,
            set_hash=candidate_set.manifest.hash,
            signature=candidate_set.manifest.signature,
            dataset=candidate_set.manifest.dataset.name,
            fingerprint=candidate_set.manifest.dataset.fingerprint,
            setting=setting,
            seed=plan.seed,
            systems=[*systems, KeySystem(HUMAN)],
            moments=[KeyMoment(m.sample_id, m.video_id, m.category) for m in moments],
            items=[_entry(item, ids) for item in items],
            raters=raters,
            versions={"livebench": __version__, "python": platform.python_version()},
        )
        write_key(folder / "key.json", key)
    return key


def _check(
    candidate_set: CandidateSet, dataset: Dataset, submissions: Sequence[Submission]
) -> None:
    candidate_set.check_dataset(dataset)
    candidate_set.check_text(dataset)
    names = [submission.name for submission in submissions]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise LiveBenchError(
            twice, "given twice; each is rated under its folder's name", "give it once"
        )
    if HUMAN in names:
        raise LiveBenchError(
            HUMAN, "the name stands for comments that people wrote", "rename the folder"
        )


def _reference(sample: SampleRecord, answer: AnswerRecord, seed: int) -> str:
    """One of the correct comments, drawn."""
    correct = [
        text
        for text, candidate_type in zip(sample.candidates, answer.types, strict=True)
        if candidate_type == "correct"
    ]
    return min(correct, key=lambda text: draw(seed, sample.sample_id, f"reference {text}"))


def _write_rater(
    folder: Path, sheet: str, scenes: Sequence[MomentScene], shown: Sequence[Screen]
) -> KeyRater:
    rater = sheet.rsplit("/", maxsplit=1)[-1]
    write_file(folder / f"{rater}.csv", sheet_csv(rows_of(sheet, shown, scenes)))
    write_file(folder / f"{rater}.html", sheet_page(sheet, f"{rater}.csv", shown, scenes))
    rows = [KeyRow(row.name, row.item.name, row.repeat) for screen in shown for row in screen.rows]
    return KeyRater(rater, rows)


def _entry(item: RatedItem, ids: Sequence[str]) -> KeyItem:
    return KeyItem(item.name, ids[item.moment], list(item.systems))
