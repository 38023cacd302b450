"""What of a human evaluation may be shown to everyone: report, and ratings without text; and the way
back, from these files to the report, for the leaderboard.

human/NAME/key.json            written with the sheets
human/NAME/ratings/R1.csv      id and ratings of a rater, no comment
human/NAME/report.json         also report.md and report.txt
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from livebench.errors import LiveBenchError
from livebench.files import new_file, write_text
from livebench.human.analysis.ratings import Ratings, read_rater_files
from livebench.human.analysis.report import HumanReport, make_report
from livebench.human.analysis.report_text import as_markdown, as_text
from livebench.human.sheets.key import CRITERIA, Key, read_key
from livebench.records import parse_json, write_json

REPORT, KEY, RATINGS = "report.json", "key.json", "ratings"


def write_report(folder: Path, report: HumanReport, files: Sequence[Path], key: Key) -> None:
    """Write report.json, report.md, report.txt, and the ratings of the raters' files without text."""
    folder = Path(folder)
    for path in files:
        rater, content = _without_text(path, key)
        with new_file(folder / RATINGS / f"{rater}.csv") as file:
            file.write(content)
    write_text(folder / "report.txt", as_text(report))
    write_text(folder / "report.md", as_markdown(report))
    write_json(folder / REPORT, report)


def _without_text(path: Path, key: Key) -> tuple[str, bytes]:
    """The rater of a file, and its columns `id` and CRITERIA in the order of the sheet."""
    ratings = read_rater_files([path], key, "keep")
    [name] = ratings.raters
    places = {item.item: place for place, item in enumerate(key.items)}
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("id", *CRITERIA))
    for row in next(rater for rater in key.raters if rater.rater == name).rows:
        values = (ratings.again if row.repeat else ratings.values)[0, places[row.item]]
        writer.writerow((row.row, *("" if np.isnan(v) else f"{v:.0f}" for v in values)))
    return name, text.getvalue().encode()


def find_reports(folder: Path) -> list[HumanReport]:
    """The reports in a folder of human evaluations, by name; none if it does not exist.

    Each is computed again from key and ratings.

    Raises:
        LiveBenchError: a report is not what its ratings say.
    """
    return [_checked(path.parent) for path in sorted(Path(folder).glob(f"*/{REPORT}"))]


def _checked(folder: Path) -> HumanReport:
    written = parse_json(folder / REPORT, HumanReport)
    ratings = read_published(folder, written)
    report = make_report(ratings)
    if (report.name, report.set_hash) != (written.name, written.set_hash) or not same_means(
        report, written
    ):
        raise LiveBenchError(
            folder / REPORT,
            f"is not what the ratings in {folder / RATINGS} say",
            f"run `livebench human-eval report {folder / RATINGS}/*.csv --key {folder / KEY} --out "
            f"{folder}` again",
        )
    return report


def read_published(folder: Path, report: HumanReport) -> Ratings:
    """The ratings of a published evaluation, with the policy of its report."""
    paths = sorted((folder / RATINGS).glob("*.csv"))
    if not paths:
        raise LiveBenchError(
            folder / RATINGS, f"holds no ratings (*.csv) for {folder / REPORT}", "publish them, too"
        )
    return read_rater_files(paths, read_key(folder / KEY), report.policy)


def same_means(first: HumanReport, second: HumanReport) -> bool:
    """Whether two reports have the same systems, means and intervals, to 1e-6."""

    def numbers(report: HumanReport) -> list[tuple[str, str, list[float]]]:
        return [
            (
                system.system,
                criterion,
                [np.nan if v is None else v for v in (mean.value, mean.low, mean.high)],
            )
            for system in report.systems
            for criterion, mean in system.criteria.items()
        ]

    a, b = numbers(first), numbers(second)
    return [x[:2] for x in a] == [x[:2] for x in b] and np.allclose(
        [x[2] for x in a], [x[2] for x in b], rtol=0, atol=1e-6, equal_nan=True
    )
