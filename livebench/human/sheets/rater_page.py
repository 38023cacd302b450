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
from livebench.human.sheets.key import CRITERIA
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
        around = "\n".join(f"({near['time']:+.1f} s) {near['text']}" for near in shown.around)
        for row in screen.rows:
            cells = [shown.title, shown.category, str(shown.second), around, row.item.text]
            rows.append([sheet, str(len(rows) + 1), row.name, *map(_harmless, cells)])
    return rows


def _harmless(cell: str) -> str:
    """A spreadsheet runs cells that begin like a formula, and comments do ("=_=", "+1"): these get an
    apostrophe before."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def sheet_csv(rows: Sequence[Sequence[str]]) -> bytes:
    """The CSV of a sheet: UTF-8 with a byte order mark (spreadsheets ask for it), every cell quoted."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow((*COLUMNS, *CRITERIA))
    writer.writerows((*row, *("" for _ in CRITERIA)) for row in rows)
    return text.getvalue().encode("utf-8-sig")


def sheet_page(
    sheet: str, file: str, screens: Sequence[Screen], scenes: Sequence[MomentScene]
) -> bytes:
    """The page of a sheet: all in one file; its policy forbids the browser every request.

    Args:
        sheet: its name, shown to the rater.
        file: the name of the CSV that the page offers.
    """
    rows = rows_of(sheet, screens, scenes)
    script, style = _part("sheet.js"), _part("sheet.css")
    # A page knows its ratings again by the rows that it holds: another sheet has others.
    store = hashlib.sha256("\n".join(row[2] for row in rows).encode()).hexdigest()[:16]
    shown = [
        {
            **vars(scenes[screen.moment]),
            "rows": [{"id": row.name, "text": row.item.text} for row in screen.rows],
        }
        for screen in screens
    ]
    page = (
        _environment()
        .get_template("sheet.html.j2")
        .render(
            **texts(),
            sheet=sheet,
            screens=shown,
            ratings=len(rows) * len(CRITERIA),
            style=style,
            script=script,
            style_hash=_source_hash(style),
            script_hash=_source_hash(script),
            data={
                "store": store,
                "file": file,
                "columns": COLUMNS,
                "criteria": CRITERIA,
                "anchors": {
                    criterion["name"]: criterion["anchors"] for criterion in texts()["criteria"]
                },
                "id": COLUMNS.index("id"),
                "rows": rows,
            },
        )
    )
    return page.encode()


def rater_instructions() -> bytes:
    """The instructions for raters, in Chinese and English, as Markdown."""
    return _environment().get_template("instructions.md.j2").render(**texts()).encode()


@cache
def texts() -> dict[str, Any]:
    """All that raters read besides the comments (templates/texts.toml)."""
    content = tomllib.loads(_part("texts.toml"))
    if tuple(criterion["name"] for criterion in content["criteria"]) != CRITERIA:
        raise ValueError("templates/texts.toml does not explain the criteria that are rated")
    return content


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
