"""What people reach in a ranking task, as text for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from livebench.files import write_text
from livebench.human.analysis.choices import write_choices
from livebench.human.analysis.people import CHANCE, PICKED_REAL, People
from livebench.human.sheets.ranking_key import SHOWN, RankingKey
from livebench.records import write_json
from livebench.scoring.metrics import MRR
from livebench.tables import markdown_cell, markdown_code, markdown_table, text_table

_CHANCE_MRR = sum(1 / rank for rank in range(1, SHOWN + 1)) / SHOWN


def write_people(folder: Path, people: People, files: Sequence[Path], key: RankingKey) -> None:
    """Write people.txt, people.md, people.json, and the raters' choices without text."""
    folder = Path(folder)
    write_choices(folder, files, key)
    write_text(folder / "people.txt", people_as(people, markdown=False))
    write_text(folder / "people.md", people_as(people, markdown=True))
    write_json(folder / "people.json", people)


def people_cells(people: People) -> tuple[list[str], list[list[str]]]:
    """Header and rows: people, the models on the same tens, chance."""
    raters = len(people.raters)
    rows = [["people", PICKED_REAL.format_with_interval(people.real), "", "", ""]]
    if raters > 1:
        fixed = PICKED_REAL.format_with_interval(people.these_raters)
        rows.append(["people, these raters", fixed, "", "", ""])
    rows += [
        [
            model.folder,
            PICKED_REAL.format_with_interval(model.real),
            MRR.format_with_interval(model.reciprocal_rank),
            PICKED_REAL.format_with_interval(model.people_ahead),
            model.score,
        ]
        for model in people.models
    ]
    rows.append(["chance", PICKED_REAL.format(CHANCE), MRR.format(_CHANCE_MRR), "", ""])
    names = ["who", f"R@1 of {SHOWN} (%)", f"MRR of {SHOWN}", "people ahead (points)", "score"]
    return names, rows


def people_sentence(people: People) -> str:
    """What people reach, and the best model on the same candidates, for a leaderboard."""
    raters = len(people.raters)
    who = f"{raters} people" if raters > 1 else "One person"
    picks = "pick" if raters > 1 else "picks"
    said = (
        f"{who}, setting {people.setting}, {picks} the real one of {SHOWN} candidates at "
        f"{PICKED_REAL.format_with_interval(people.real)} % of {people.moments} moments of "
        f"{people.videos} videos (chance: {PICKED_REAL.format(CHANCE)})"
    )
    best = next((model for model in people.models if model.kind != "oracle"), None)
    if best is None:
        return f"{said}."
    reaches = PICKED_REAL.format_with_interval(best.real)
    ahead = PICKED_REAL.format_with_interval(best.people_ahead)
    return (
        f"{said}; of the same candidates the best model, {best.folder}, puts it first at {reaches} % "
        f"(score {best.score}): people are {ahead} points ahead."
    )


def _raters_cells(people: People) -> tuple[list[str], list[list[str]]]:
    rows = [[one.rater, PICKED_REAL.format_with_interval(one.real)] for one in people.raters]
    return ["rater", f"R@1 of {SHOWN} (%)"], rows


def people_remarks(people: People) -> list[str]:
    """What a reader must know before the numbers."""
    remarks = []
    if len(people.raters) == 1:
        remarks.append("One rater: the interval is over videos alone, and says nothing of others.")
    remarks += [
        f"{one.rater}'s choices cannot be told from random ones, and are in every number here."
        for one in people.raters
        if one.like_chance
    ]
    if people.same:
        same = PICKED_REAL.format_with_interval(people.same)
        remarks.append(f"Two raters pick the same comment at {same} % of the moments.")
    if people.setting in ("video", "both") and people.pictures < people.moments:
        remarks.append(
            f"People saw pictures at {people.pictures} of {people.moments} moments; models may have had "
            "more to go by."
        )
    if people.dropped:
        remarks.append(
            f"{people.dropped} moments are left out for all, since a rater picked nothing."
        )
    if people.absent:
        remarks.append(f"No file was given for {', '.join(people.absent)}.")
    return remarks


def people_heading(people: People) -> str:
    """Who did what, in a sentence."""
    return (
        f"{len(people.raters)} raters, {people.moments} moments of {people.videos} videos of "
        f"{people.candidate_set}, setting {people.setting}; of {SHOWN} candidates, pick the one that "
        "was really written there."
    )


_EXPLAINED = (
    f"R@1 of {SHOWN}: how often the real one is picked, or has the highest score, ties in expectation. "
    "Models: the same candidates at the same moments, scores read as the card declares. 95% intervals "
    "over videos, and over raters and runs where there are several; people ahead: paired by moment."
)


def people_as(people: People, *, markdown: bool) -> str:
    """The report."""
    table: Callable[..., str] = markdown_table if markdown else text_table
    remarks = people_remarks(people)
    heading = people_heading(people)
    if markdown:
        parts = [f"# Ranking by people: {markdown_cell(people.name)}", markdown_cell(heading, 1000)]
        parts += ["\n".join(f"- {markdown_cell(one, 1000)}" for one in remarks)] if remarks else []
        parts.append(markdown_code(people.signature))
    else:
        parts = ["\n".join([f"Ranking by people, {people.name}: {heading}", *remarks])]
        parts.append(people.signature)
    parts += [table(*people_cells(people)), _EXPLAINED, table(*_raters_cells(people))]
    return "\n\n".join(parts) + "\n"
