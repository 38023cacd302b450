"""`livebench human-eval ranking sheet`: moments and ten candidates of each, of which raters pick the one
that was really written there.

human/NAME/ranking.json     the key: for those who run the evaluation
human/NAME/raters/R1.html   a rater's page, and R1.csv with the same rows
human/NAME/raters/instructions.md

Nothing on a sheet depends on which candidate is real: the ten stand in an order of each rater's own,
drawn from sha256 of the seed, the rater, the moment and the text.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from livebench import __version__
from livebench.candidates.candidate_set import CandidateSet
from livebench.data.dataset import Dataset
from livebench.data.tokens import remove_space
from livebench.draws import draw
from livebench.errors import LiveBenchError
from livebench.files import new_folder, write_file
from livebench.human.sheets.blind import shown_text
from livebench.human.sheets.ranking_key import (
    RANKING_KEY,
    SHOWN,
    RankingKey,
    RankingMoment,
    RankingRater,
    RankingRow,
)
from livebench.human.sheets.rated_moments import sample_moments
from livebench.human.sheets.rater_page import (
    MomentScene,
    around_cell,
    harmless,
    ranking_instructions,
    ranking_texts,
    render_page,
    scene,
    sheet_csv,
)
from livebench.records import (
    AnswerRecord,
    SampleRecord,
    Setting,
    shows_comments,
    shows_video,
    write_json,
)

RANKING_COLUMNS = (
    "sheet",
    "number",
    "id",
    "title",
    "category",
    "second",
    "around",
    "candidates",
)
"""Columns of a CSV before that of the choice; `ranking report` reads `id` and `choice` alone."""

CHOICE = "choice"


@dataclass(frozen=True)
class RankingPlan:
    """What is asked for.

    Attributes:
        moments: how many, the same ones for all raters.
        raters: how many sheets.
        setting: what raters are shown of a moment, as a model is; None: `both`, or `comments` where the
            set has no other.
        seed: of the moments, of the candidates and of all orders.
    """

    moments: int = 100
    raters: int = 3
    setting: Setting | None = None
    seed: int = 0


def draw_ten(sample: SampleRecord, answer: AnswerRecord, seed: int) -> list[int]:
    """One of the correct candidates and nine of the others, drawn by hash of their text: their places
    among the hundred, ascending. No two of them look the same.

    Raises:
        LiveBenchError: the sample has too few wrong candidates that look different.
    """

    def order(place: int) -> tuple[int, int]:
        return draw(seed, sample.sample_id, f"ranked {sample.candidates[place]}"), place

    places = sorted(range(len(sample.candidates)), key=order)
    correct = [place for place in places if answer.types[place] == "correct"]
    # Of several correct ones the others are real as well, and no rater could tell them apart.
    ten = {_looks(sample.candidates[correct[0]]): correct[0]}
    taken = {_looks(sample.candidates[place]) for place in correct}
    for place in places:
        looks = _looks(sample.candidates[place])
        if len(ten) < SHOWN and looks and looks not in taken:
            ten[looks] = place
            taken.add(looks)
    if len(ten) < SHOWN:
        what = f"has {len(ten) - 1} wrong candidates that look different, {SHOWN - 1} are needed"
        raise LiveBenchError(sample.sample_id, what, "take another set")
    return sorted(ten.values())


def _looks(text: str) -> str:
    return remove_space(shown_text(text))


def as_shown(whole: MomentScene, setting: Setting) -> MomentScene:
    """What a setting shows of a moment: a model is shown no more."""
    if not shows_comments(setting):
        whole = replace(whole, around=())
    if not shows_video(setting):
        whole = replace(whole, title="", category="", frames=())
    return whole


def make_ranking_sheets(
    out: Path, candidate_set: CandidateSet, dataset: Dataset, plan: RankingPlan
) -> RankingKey:
    """Write the folder `out`, whole or not at all, and return its key.

    Raises:
        LiveBenchError: the set has no text or fewer moments, or lacks the setting; or the dataset is
            another one.
    """
    candidate_set.check_dataset(dataset)
    candidate_set.check_text(dataset)
    settings = candidate_set.settings
    setting = plan.setting or ("both" if "both" in settings else "comments")
    if setting not in settings:
        what = f"the set has no setting {setting}"
        raise LiveBenchError(candidate_set.path, what, f"choose one of {', '.join(settings)}")
    answers = sample_moments(list(candidate_set.answers()), plan.moments, plan.seed)
    wanted = {answer.sample_id for answer in answers}
    samples = {s.sample_id: s for s in candidate_set.samples() if s.sample_id in wanted}
    scenes = {name: as_shown(scene(sample, dataset), setting) for name, sample in samples.items()}
    moments = [
        RankingMoment(
            answer.sample_id,
            answer.video_id,
            draw_ten(samples[answer.sample_id], answer, plan.seed),
            len(scenes[answer.sample_id].frames),
        )
        for answer in answers
    ]
    name = Path(out).resolve().name
    with new_folder(out) as folder:
        raters = []
        for number in range(1, plan.raters + 1):
            rater = f"R{number}"
            rows = _rows(rater, moments, samples, plan.seed)
            sheet = _Sheet(f"{name}/{rater}", setting, rows, samples, scenes)
            write_file(folder / "raters" / f"{rater}.csv", sheet.csv())
            write_file(folder / "raters" / f"{rater}.html", sheet.page(f"{rater}.csv"))
            raters.append(RankingRater(rater, rows))
        write_file(folder / "raters" / "instructions.md", ranking_instructions())
        manifest = candidate_set.manifest
        key = RankingKey(
            name=name,
            candidate_set=candidate_set.name,
            set_hash=manifest.hash,
            signature=manifest.signature,
            dataset=manifest.dataset.name,
            fingerprint=manifest.dataset.fingerprint,
            setting=setting,
            seed=plan.seed,
            moments=moments,
            raters=raters,
            versions={"livebench": __version__, "python": platform.python_version()},
        )
        write_json(folder / RANKING_KEY, key)
    return key


def _rows(
    rater: str, moments: Sequence[RankingMoment], samples: dict[str, SampleRecord], seed: int
) -> list[RankingRow]:
    """A rater's rows in order: moments and candidates in orders of the rater's own."""

    def drawn(moment: RankingMoment, what: str) -> int:
        return draw(seed, moment.sample_id, f"{rater} ranks {what}")

    rows = []
    for moment in sorted(moments, key=lambda moment: drawn(moment, "")):
        texts = samples[moment.sample_id].candidates
        order = sorted(moment.candidates, key=lambda place: drawn(moment, texts[place]))
        # A letter first: a spreadsheet takes some hexadecimal digits for numbers.
        rows.append(RankingRow("r" + f"{drawn(moment, 'name'):032x}"[:12], moment.sample_id, order))
    return rows


@dataclass(frozen=True)
class _Sheet:
    """A rater's sheet as files."""

    name: str
    setting: Setting
    rows: Sequence[RankingRow]
    samples: dict[str, SampleRecord]
    scenes: dict[str, MomentScene]

    def texts(self, row: RankingRow) -> list[str]:
        candidates = self.samples[row.sample_id].candidates
        return [shown_text(candidates[place]) for place in row.order]

    def cells(self) -> list[list[str]]:
        """The rows of the CSV, a cell for each of RANKING_COLUMNS."""
        found = []
        for number, row in enumerate(self.rows, 1):
            shown = self.scenes[row.sample_id]
            listed = "\n".join(f"{n}. {text}" for n, text in enumerate(self.texts(row), 1))
            second = "" if self.setting == "blind" else str(shown.second)
            cells = [shown.title, shown.category, second, around_cell(shown), listed]
            found.append([self.name, str(number), row.row, *map(harmless, cells)])
        return found

    def csv(self) -> bytes:
        return sheet_csv(self.cells(), RANKING_COLUMNS, [CHOICE])

    def page(self, file: str) -> bytes:
        screens = [
            {**vars(self.scenes[row.sample_id]), "row": row.row, "texts": self.texts(row)}
            for row in self.rows
        ]
        return render_page(
            "ranking.html.j2",
            {
                **ranking_texts(),
                "sheet": self.name,
                "screens": screens,
                "comments_shown": shows_comments(self.setting),
                "nothing_shown": self.setting == "blind",
            },
            {
                "file": file,
                "columns": RANKING_COLUMNS,
                "criteria": [CHOICE],
                "levels": SHOWN,
                "rows": self.cells(),
            },
        )
