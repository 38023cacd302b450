"""What scripts load of the moments of a set: scripts, too, since a page opened as a file may load these.

data/SET/places.js         id, time and page of each moment
data/SET/SETTING/RUN.js    rank and reciprocal rank of the best-placed correct candidate
data/SET/SETTING/RUN-K.js  ranks of all candidates of SHARD moments, a byte each, as base64
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from livebench.errors import one_line
from livebench.files import write_file
from livebench.leaderboard.entries import Entry
from livebench.scoring.metrics import MR, MRR
from livebench.site.boards import run_key
from livebench.site.moment_order import MomentOrder
from livebench.site.pages import clock

SHARD = 500
"""Moments of a file of ranks: about 67 kB."""


def write_moment_data(
    site: Path, set_name: str, order: MomentOrder, entries: Sequence[Entry]
) -> None:
    """Write places.js, and the ranks of each run of each entry."""
    placed = [(page.number, moment) for page in order.pages for moment in page.moments]
    content = {
        "id": [one_line(moment.sample_id) for _, moment in placed],
        "time": [clock(moment.second) for _, moment in placed],
        "page": [number for number, _ in placed],
    }
    _write_data(site, f"{set_name}/places", msgspec.json.encode(content).decode())
    for entry in entries:
        for run, values, metrics in zip(
            entry.runs, entry.values_by_run, entry.metrics_by_run, strict=True
        ):
            address = f"{set_name}/{entry.setting}/{run_key(entry, run)}"
            _write_best(site, address, metrics["best"][order.rows])
            _write_ranks(site, address, values, order)


def _write_best(site: Path, address: str, best: np.ndarray) -> None:
    ranks, reciprocals = (
        ",".join(f"{value:g}" for value in np.round(metric.column(best), digits))
        for metric, digits in ((MR, 1), (MRR, 6))
    )
    _write_data(site, address, f'{{"rank":[{ranks}],"rr":[{reciprocals}]}}')


def _write_ranks(site: Path, address: str, scores: np.ndarray, order: MomentOrder) -> None:
    from scipy.stats import rankdata

    ordered = np.take_along_axis(scores[order.rows], order.columns, axis=1)
    # Mean ranks of ties are whole or half: twice a rank fits into a byte.
    halves = np.rint(2 * rankdata(-ordered, axis=1)).astype(np.uint8)
    for number, start in enumerate(range(0, len(halves), SHARD)):
        content = base64.b64encode(halves[start : start + SHARD].tobytes()).decode()
        _write_data(site, f"{address}-{number}", f'"{content}"')


def _write_data(site: Path, address: str, content: str) -> None:
    """A script that hands data over, by its address: `content` is JSON."""
    script = f'LiveBench.receive("{address}",{content});\n'
    write_file(site / "data" / f"{address}.js", script.encode())
