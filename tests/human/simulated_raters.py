"""Simulated raters, whose true means are known: to try the whole way before people are paid for it, and
to hold intervals and checks to the truth (benchmarks/human_calibration.py)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from livebench.human.analysis.ratings import Ratings
from livebench.human.sheets.key import (
    CRITERIA,
    HIGHEST,
    HUMAN,
    LOWEST,
    Key,
    KeyItem,
    KeyMoment,
    KeyRater,
    KeyRow,
    KeySystem,
)

Kind = Literal["honest", "random", "constant", "reversed", "sticky"]
CARELESS: tuple[Kind, ...] = ("random", "constant", "reversed", "sticky")

PAPER = {
    "S2S-IC": (4.07, 2.23, 2.91),
    "Fusional RNN": (4.45, 2.95, 3.34),
    "Unified Transformer": (4.31, 3.07, 3.45),
    HUMAN: (4.82, 3.31, 4.11),
}
"""Table 5 of the LiveBot paper, taken as latent quality (docs/human-evaluation.md)."""


@dataclass(frozen=True)
class SimulatedRater:
    """How a rater makes a rating of a latent score: round(3 + stretch * (score - 3) + bias + taste +
    noise), cut to 1..5.

    Attributes:
        kind: `honest`; `random`: any rating as likely, whatever the comment; `constant`: 3 for all;
            `reversed`: 6 less what he would give honestly; `sticky`: a random rating for each scale of a
            moment, given to all comments of it.
        bias: severity, on the scale.
        stretch: how much of the scale is used.
        taste: standard deviation of what he alone thinks of a comment, the same when it comes again.
        noise: standard deviation of what changes each time.
    """

    kind: Kind = "honest"
    bias: float = 0.0
    stretch: float = 1.0
    taste: float = 0.4
    noise: float = 0.5


@dataclass(frozen=True)
class Qualities:
    """Latent scores of comments: the mean of each system on each criterion, and standard deviations of
    what the video and the moment add to all their comments and of what each comment adds."""

    means: Mapping[str, Sequence[float]] = field(default_factory=lambda: PAPER)
    video: float = 0.3
    moment: float = 0.3
    comment: float = 0.9


def draw_raters(generator: np.random.Generator, kinds: Sequence[Kind]) -> list[SimulatedRater]:
    """Raters who differ in severity and in how much of the scale they use."""
    return [
        SimulatedRater(kind, generator.normal(0, 0.3), float(np.exp(generator.normal(0, 0.15))))
        for kind in kinds
    ]


def simulate(
    key: Key, raters: Sequence[SimulatedRater], generator: np.random.Generator, world: Qualities
) -> Ratings:
    """Ratings of a sheet, complete; a comment of several systems has the quality of the first."""
    places = {moment.sample_id: place for place, moment in enumerate(key.moments)}
    moment = np.array([places[item.sample_id] for item in key.items])
    items, width = len(key.items), len(CRITERIA)
    latent = np.array([world.means[item.systems[0]] for item in key.items], float)
    names, video = np.unique([one.video_id for one in key.moments], return_inverse=True)
    latent += generator.normal(0, world.video, (len(names), width))[video][moment]
    latent += generator.normal(0, world.moment, (len(key.moments), width))[moment]
    latent += generator.normal(0, world.comment, (items, width))
    values, again = np.empty((2, len(raters), items, width))
    for number, rater in enumerate(raters):
        score = 3 + rater.stretch * (latent - 3) + rater.bias
        score += generator.normal(0, rater.taste, score.shape)
        for target in (values, again):
            target[number] = _given(rater, score, moment, generator)
        shown = {row.item for row in key.raters[number].rows if row.repeat}
        again[number, [item.item not in shown for item in key.items]] = np.nan
    names = [rater.rater for rater in key.raters[: len(raters)]]
    return Ratings(key, names, [], values, again, dict.fromkeys(names, 0), None, [])


def _given(
    rater: SimulatedRater, score: np.ndarray, moment: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    honest = np.clip(
        np.rint(score + generator.normal(0, rater.noise, score.shape)), LOWEST, HIGHEST
    )
    match rater.kind:
        case "random":
            return generator.integers(LOWEST, HIGHEST + 1, score.shape).astype(float)
        case "constant":
            return np.full(score.shape, 3.0)
        case "reversed":
            return LOWEST + HIGHEST - honest
        case "sticky":
            whole = generator.integers(LOWEST, HIGHEST + 1, (moment.max() + 1, score.shape[1]))
            return whole[moment].astype(float)
    return honest


def true_means(raters: Sequence[SimulatedRater], world: Qualities, system: str) -> np.ndarray:
    """float64 [CRITERIA]: the mean rating that these honest raters give a system over all moments there
    could be, exactly: a rating is at least k where a normal variable is above k - 1/2."""
    from scipy.stats import norm

    quality = np.array(world.means[system], float)
    thresholds = np.arange(LOWEST + 1, HIGHEST + 1) - 0.5
    means = []
    for rater in raters:
        middle = 3 + rater.stretch * (quality - 3) + rater.bias
        latent = rater.stretch**2 * (world.video**2 + world.moment**2 + world.comment**2)
        spread = np.sqrt(latent + rater.taste**2 + rater.noise**2)
        means.append(LOWEST + norm.sf(thresholds[:, None], middle, spread).sum(axis=0))
    return np.mean(means, axis=0)


def plain_key(
    moments: int,
    systems: Sequence[str],
    raters: int,
    *,
    repeats: int = 0,
    videos: int | None = None,
) -> Key:
    """A key without sheets: each system wrote a comment of its own for each moment, and the first
    `repeats` moments are shown twice. Moments belong to `videos` in turn (None: each to its own)."""
    names = [f"v{number % (videos or moments):03}@{number}" for number in range(moments)]
    entries = [KeyMoment(name, name.split("@")[0], "") for name in names]
    items = [
        KeyItem(f"i{number * len(systems) + place:05}", name, [system])
        for number, name in enumerate(names)
        for place, system in enumerate(systems)
    ]
    again = items[: repeats * len(systems)]
    sheets = [
        KeyRater(
            f"R{number}",
            [
                *(KeyRow(f"R{number}-{item.item}", item.item) for item in items),
                *(KeyRow(f"R{number}-{item.item}-again", item.item, True) for item in again),
            ],
        )
        for number in range(1, raters + 1)
    ]
    return Key(
        name="plain",
        candidate_set="plain",
        set_hash="",
        signature="set:plain",
        dataset="plain",
        fingerprint="",
        setting="both",
        seed=0,
        systems=[KeySystem(system) for system in systems],
        moments=entries,
        items=items,
        raters=sheets,
        versions={},
    )


def fill(sheet: Path, out: Path, ratings: Ratings, rater: str) -> None:
    """Fill a rater's CSV with simulated ratings, as the rater would, and save it as `out`."""
    number = ratings.raters.index(rater)
    places = {item.item: place for place, item in enumerate(ratings.key.items)}
    rows = {row.row: row for row in ratings.key.raters[number].rows}
    header, *table = csv.reader(io.StringIO(sheet.read_bytes().decode("utf-8-sig"), newline=""))
    for cells in table:
        row = rows[cells[header.index("id")]]
        values = (ratings.again if row.repeat else ratings.values)[number, places[row.item]]
        for criterion, value in zip(CRITERIA, values, strict=True):
            cells[header.index(criterion)] = "" if np.isnan(value) else f"{value:.0f}"
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows([header, *table])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(text.getvalue().encode("utf-8-sig"))
