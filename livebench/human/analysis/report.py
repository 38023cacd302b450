"""What ratings say: the table by system, tests, agreement, raters; from ratings and key alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from livebench import __version__
from livebench.human.analysis.agreement import Agreement, agreement, rater_pairs
from livebench.human.analysis.raters import Rater, describe_raters
from livebench.human.analysis.ratings import Missing, Ratings, read_rater_files
from livebench.human.analysis.resample import Clusters
from livebench.human.analysis.system_tests import (
    SystemComparison,
    SystemMeans,
    compare_systems,
    system_means,
)
from livebench.human.sheets.key import Key
from livebench.records import Setting
from livebench.scoring.resampling import RESAMPLES


class Counts(msgspec.Struct, frozen=True):
    """How much was rated. `items` are comments to rate, `shared` of them written by several systems;
    `repeats` by rater are items rated twice; `dropped` and `missing` say what the policy left out."""

    moments: int
    videos: int
    items: int
    shared: int
    repeats: dict[str, int]
    missing: dict[str, int]
    dropped: list[str]


class HumanReport(msgspec.Struct, frozen=True, kw_only=True):
    """A human evaluation, as report.json holds it; docs/human-evaluation.md explains each number."""

    name: str
    signature: str
    candidate_set: str
    set_hash: str
    setting: Setting
    raters: list[Rater]
    absent: list[str]
    policy: Missing | None
    counts: Counts
    systems: list[SystemMeans]
    comparisons: list[SystemComparison]
    agreement: list[Agreement]

    @property
    def careless(self) -> dict[str, list[str]]:
        """Raters who look careless, with the reasons."""
        return {rater.rater: rater.careless for rater in self.raters if rater.careless}


def report_signature(key: Key, policy: Missing | None, raters: int) -> str:
    """One line that names everything the numbers depend on."""
    return (
        f"{key.signature}|setting:{key.setting}|moments:{len(key.moments)}|seed:{key.seed}|raters:{raters}"
        f"|missing:{policy or 'none'}|interval:bootstrap-t|v:{__version__}"
    )


def make_report(ratings: Ratings, *, seed: int = 0, resamples: int = RESAMPLES) -> HumanReport:
    """Compute everything that a report says.

    Args:
        seed: of the resamples.
    """
    key = ratings.key
    clusters = clusters_of(key, seed=seed, resamples=resamples)
    pairs = rater_pairs(ratings, clusters)
    again = ~np.isnan(ratings.again).all(axis=2)
    return HumanReport(
        name=key.name,
        signature=report_signature(key, ratings.policy, len(ratings.raters)),
        candidate_set=key.candidate_set,
        set_hash=key.set_hash,
        setting=key.setting,
        raters=describe_raters(ratings, pairs, seed=seed),
        absent=ratings.absent,
        policy=ratings.policy,
        counts=Counts(
            moments=len(key.moments),
            videos=clusters.count,
            items=len(key.items),
            shared=sum(len(item.systems) > 1 for item in key.items),
            repeats=dict(zip(ratings.raters, again.sum(axis=1).tolist(), strict=True)),
            missing=ratings.missing,
            dropped=ratings.dropped,
        ),
        systems=system_means(ratings, clusters),
        comparisons=compare_systems(ratings, clusters, seed=seed),
        agreement=agreement(ratings, pairs, clusters),
    )


def clusters_of(key: Key, *, seed: int = 0, resamples: int = RESAMPLES) -> Clusters:
    """The videos of the rated moments."""
    return Clusters([moment.video_id for moment in key.moments], seed=seed, resamples=resamples)


def report_files(
    paths: Sequence[Path], key: Key, missing: Missing | None, *, seed: int = 0
) -> HumanReport:
    """Read and check the files of raters, and report on them."""
    return make_report(read_rater_files(paths, key, missing), seed=seed)
