"""Every table of the site as CSV and JSON, for people who compute with it.

tables/overview                all submissions by all sets
tables/SET.SETTING             every row of a board, by every score, with all metrics
tables/SET.SETTING.pairs       every two rows: difference, interval, p, wins
tables/SET.audit               what each probe of the audit reaches
tables/submissions/NAME        where it stands
tables/submissions/NAME.groups its metrics by kind of moment

Names of columns are the same in both. A number is as it was computed, and not as pages round it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from livebench.audit.set_audit import SetAudit
from livebench.errors import one_line
from livebench.files import write_file
from livebench.leaderboard.collect import BoardRow
from livebench.leaderboard.overview import Overview
from livebench.leaderboard.released import Changes
from livebench.scoring.anatomy import Group
from livebench.scoring.metrics import HEADLINE, METRICS, Interval
from livebench.scoring.paired import RowPair, Wins
from livebench.site.boards import BoardView
from livebench.submissions.load import Card

Record = dict[str, Any]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula, at the beginning of a text."""


def write_table(site: Path, address: str, records: Iterable[Record]) -> None:
    """Write tables/ADDRESS.csv and .json; columns that a record lacks are empty."""
    found = list(records)
    columns = list(dict.fromkeys(name for record in found for name in record))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(record.get(column)) for column in columns] for record in found)
    write_file(site / "tables" / f"{address}.csv", text.getvalue().encode())
    content = msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n"
    write_file(site / "tables" / f"{address}.json", content)


def _cell(value: object) -> object:
    """A value as CSV: what others wrote is text, even in a spreadsheet."""
    if isinstance(value, list):
        return "; ".join(map(str, value))
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _text(value: str) -> str:
    return one_line(value, 200)


def overview_records(overview: Overview) -> Iterator[Record]:
    """A record for each submission or reference on each set."""
    for line in [*overview.lines, *overview.references]:
        for section, cell in zip(overview.sections, line.cells, strict=True):
            if cell is None:
                continue
            row = cell.row
            ranked = row is not None and row.rank > 0
            yield {
                "submission": line.folder,
                "name": _text(line.name),
                "kind": line.kind,
                **_of_card(line.card),
                "parameters": row.parameters[1] or None if row else None,
                "set": section.candidate_set.name,
                "setting": cell.setting,
                "score": row.normalisation if row and row.folder else "",
                "evaluated": row.evaluated if row else "",
                "rank": row.rank if row and ranked else None,
                "worst_rank": row.worst_rank if row and ranked else None,
                **_of_interval(HEADLINE.name, cell.value),
                "what": cell.what,
            }


def board_records(view: BoardView) -> Iterator[Record]:
    """A record for each row of a board, by the declared score and by others, chance among them."""
    declared = view.board.submission_rows
    for row in [*view.board.rows, *view.board.other_rows]:
        yield row_record(view, row, declared=row in declared)


def row_record(view: BoardView, row: BoardRow, *, declared: bool) -> Record:
    """A row with all its metrics."""
    entry = view.board.entries.get(row.folder)
    ranked = row.rank > 0
    return {
        "set": view.set_name,
        "setting": view.setting,
        "submission": row.folder,
        "name": _text(row.name),
        "kind": row.kind,
        **_of_card(entry.submission.card if entry else None),
        "date": row.date,
        "parameters": row.parameters[1] or None,
        "score": row.normalisation if row.folder else "",
        "declared": declared,
        "evaluated": row.evaluated,
        "rank": row.rank if ranked else None,
        "worst_rank": row.worst_rank if ranked else None,
        **_of_metrics("", row.metrics["best"]),
        **_of_metrics("all ", row.metrics["all"]),
        **(_of_interval("over blind", row.gain) if row.gain else {}),
        "runs": row.runs,
        "isolation": row.isolation,
        "remarks": list(row.remarks),
        "livebench": row.version,
        "signature": row.signature or view.board.signatures["best"],
    }


def pair_records(view: BoardView, pairs: Iterable[tuple[RowPair, Wins]]) -> Iterator[Record]:
    """A record for each two rows of a board; of each pair also the samples won, lost and equal."""
    for pair, won in pairs:
        yield {
            "set": view.set_name,
            "setting": view.setting,
            "first": pair.first,
            "second": pair.second,
            **_of_interval(f"{HEADLINE.name} difference", pair.difference),
            "p": pair.p,
            "p_adjusted": pair.p_adjusted,
            "samples_won": won.first,
            "samples_lost": won.second,
            "samples_equal": won.equal,
        }


def group_record(view: BoardView, title: str, group: Group) -> Record:
    """A submission's metrics on a kind of moment, beside chance."""
    return {
        "set": view.set_name,
        "setting": view.setting,
        "table": title,
        "group": _text(group.name),
        "samples": group.samples,
        "videos": group.videos,
        **_of_metrics("", group.metrics),
        **{f"chance {name}": round(value, 9) for name, value in group.chance.items()},
    }


def audit_records(audit: SetAudit) -> Iterator[Record]:
    """A record for each probe of an audit."""
    for finding in audit.findings:
        yield {
            "probe": finding.probe,
            "family": finding.family,
            "verdict": finding.verdict,
            **_of_metrics("", finding.metrics),
            "p_holm": finding.p,
            "chance": audit.chance[HEADLINE.name],
            "set": audit.set_signature,
        }


def change_records(changes: Changes) -> Iterator[Record]:
    """A record for each row that is other than at the last release."""
    for one in changes.rows:
        yield {
            "set": one.after.set_name,
            "setting": one.after.setting,
            "submission": one.after.folder,
            "name": _text(one.after.name),
            **{
                f"{name} {when}": getattr(row, name)
                for when, row in (("then", one.before), ("now", one.after))
                for name in ("score", "value", "rank", "worst_rank")
            },
        }


def _of_card(card: Card | None) -> Record:
    if card is None:
        return {"weights": "", "training_data": "", "date": None}
    return {"weights": card.weights, "training_data": card.training_data, "date": card.date}


def _of_metrics(prefix: str, metrics: Mapping[str, Interval]) -> Record:
    record: Record = {}
    for metric in METRICS:
        record |= _of_interval(f"{prefix}{metric.name}", metrics[metric.name])
    return record


def _of_interval(name: str, interval: Interval) -> Record:
    """Rounded to what all machines agree on."""
    return {
        name: round(interval.value, 9),
        f"{name} low": round(interval.low, 9),
        f"{name} high": round(interval.high, 9),
    }
