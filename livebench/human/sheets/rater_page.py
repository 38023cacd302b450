"""A rater's sheet as files: a self-contained HTML page and a CSV of the same rows."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from livebench.data.dataset import Dataset
from livebench.human.sheets.blind import Screen, shown_text
from livebench.human.sheets.key import CRITERIA, HIGHEST
from livebench.records import SampleRecord

if TYPE_CHECKING:
    from jinja2 import Environment

COLUMNS = ("sheet", "number", "id", "title", "category", "second", "around", "comment")
"""Columns of a CSV before those of the ratings; `report` reads `id` and the ratings alone."""

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class MomentScene:
    """What raters see of a moment: times in seconds relative to it, frames as data: URLs."""

    title: str
    category: str
    second: int
    around: tuple[dict[str, Any], ...]
    frames: tuple[dict[str, Any], ...]


def scene(sample: SampleRecord, dataset: Dataset) -> MomentScene:
    """The title, the surrounding comments and the frames of a moment, in order of time.

    A frame is shown if the dataset has images/VIDEO_ID/SECOND.jpg.
    """
    video = next(video for video in dataset.videos if video.video_id == sample.video_id)
    around = [
        {"time": round(comment.time - sample.time, 3), "text": shown_text(comment.text)}
        for comment in sorted(sample.context, key=lambda comment: comment.time)
    ]
    frames = []
    for second in sorted(set(sample.frames)):
        image = dataset.path / "images" / sample.video_id / f"{second}.jpg"
        if image.is_file():
            content = base64.b64encode(image.read_bytes()).decode()
            frames.append({"second": second, "url": f"data:image/jpeg;base64,{content}"})
    return MomentScene(
        " ".join(video.title.split()), video.category, sample.time, tuple(around), tuple(frames)
    )


def rows_of(
    sheet: str, screens: Sequence[Screen], scenes: Sequence[MomentScene]
) -> list[list[str]]:
    """The rows of a sheet, a cell for each of COLUMNS."""
    rows: list[list[str]] = []
    for screen in screens:
        shown = scenes[screen.moment]
        around = around_cell(shown)
        for row in screen.rows:
            cells = [shown.title, shown.category, str(shown.second), around, row.item.text]
            rows.append([sheet, str(len(rows) + 1), row.name, *map(harmless, cells)])
    return rows


def around_cell(shown: MomentScene) -> str:
    """The surrounding comments, one a line."""
    return "\n".join(f"({near['time']:+.1f} s) {near['text']}" for near in shown.around)


def harmless(cell: str) -> str:
    """A spreadsheet runs cells that begin like a formula, and comments do ("=_=", "+1"): these get an
    apostrophe before."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def sheet_csv(
    rows: Sequence[Sequence[str]],
    columns: Sequence[str] = COLUMNS,
    criteria: Sequence[str] = CRITERIA,
) -> bytes:
    """The CSV of a sheet: UTF-8 with a byte order mark (spreadsheets ask for it), every cell quoted."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow((*columns, *criteria))
    writer.writerows((*row, *("" for _ in criteria)) for row in rows)
    return text.getvalue().encode("utf-8-sig")


def sheet_page(
    sheet: str, file: str, screens: Sequence[Screen], scenes: Sequence[MomentScene]
) -> bytes:
    """The page of a sheet: all in one file; its policy forbids the browser every request.

    Args:
        sheet: its name, shown to the rater.
        file: the name of the CSV that the page offers.
    """
    shown = [
        {
            **vars(scenes[screen.moment]),
            "rows": [{"id": row.name, "text": row.item.text} for row in screen.rows],
        }
        for screen in screens
    ]
    anchors = {criterion["name"]: criterion["anchors"] for criterion in texts()["criteria"]}
    return render_page(
        "sheet.html.j2",
        {**texts(), "sheet": sheet, "screens": shown},
        {
            "file": file,
            "columns": COLUMNS,
            "criteria": CRITERIA,
            "anchors": anchors,
            "levels": HIGHEST,
            "rows": rows_of(sheet, screens, scenes),
        },
    )


def render_page(template: str, content: dict[str, Any], data: dict[str, Any]) -> bytes:
    """A page of either task.

    Args:
        content: what the template shows.
        data: what the script needs: `file`, `columns`, `criteria`, `rows` of the CSV, and `levels`, the
            greatest number that a criterion takes.
    """
    script, style = _part("sheet.js"), _part("sheet.css")
    rows, own = data["rows"], data["columns"].index("id")
    # A page knows its ratings again by the rows that it holds: another sheet has others.
    store = hashlib.sha256("\n".join(row[own] for row in rows).encode()).hexdigest()[:16]
    page = (
        _environment()
        .get_template(template)
        .render(
            **content,
            ratings=len(rows) * len(data["criteria"]),
            style=style,
            script=script,
            style_hash=_source_hash(style),
            script_hash=_source_hash(script),
            data={**data, "store": store, "id": own},
        )
    )
    return page.encode()


def rater_instructions() -> bytes:
    """The instructions for raters, in Chinese and English, as Markdown."""
    return _environment().get_template("instructions.md.j2").render(**texts()).encode()


def ranking_instructions() -> bytes:
    """Those of the ranking task."""
    return _environment().get_template("ranking.md.j2").render(**ranking_texts()).encode()


@cache
def texts() -> dict[str, Any]:
    """All that raters read besides the comments (templates/texts.toml)."""
    content = tomllib.loads(_part("texts.toml"))
    if tuple(criterion["name"] for criterion in content["criteria"]) != CRITERIA:
        raise ValueError("templates/texts.toml does not explain the criteria that are rated")
    return content


@cache
def ranking_texts() -> dict[str, Any]:
    """All that raters of the ranking task read besides the comments (templates/ranking.toml, and of
    texts.toml what both tasks say)."""
    content = tomllib.loads(_part("ranking.toml"))
    return {**content, "ui": {**texts()["ui"], **content["ui"]}}


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    return Environment(
        loader=PackageLoader("livebench.human.sheets"),
        undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _part(name: str) -> str:
    return (files("livebench.human.sheets") / "templates" / name).read_text("utf-8")


def _source_hash(source: str) -> str:
    """As a Content-Security-Policy names an inline script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
