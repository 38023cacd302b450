"""The key of a ranking task: which moments, which ten candidates of each, and in which order each rater
sees them. It holds no comment, and does not say which one is real: the answers of the set do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from livebench.errors import LiveBenchError
from livebench.records import CANDIDATES, FolderName, Setting, parse_json

RANKING_KEY = "ranking.json"

SHOWN = 10
"""Candidates that a rater picks one of."""

_Place = Annotated[int, msgspec.Meta(ge=0, lt=CANDIDATES)]
_Ten = Annotated[list[_Place], msgspec.Meta(min_length=SHOWN, max_length=SHOWN)]


class RankingMoment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sample whose candidates are shown: their places among its hundred, ascending, and how many
    pictures stand beside them."""

    sample_id: str
    video_id: str
    candidates: _Ten
    pictures: int = 0


class RankingRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of a rater's sheet; `order`: places among the sample's hundred, as numbered from 1 there."""

    row: str
    sample_id: str
    order: _Ten


class RankingRater(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rater and the rows of the sheet in order, one for each moment."""

    rater: FolderName
    rows: Annotated[list[RankingRow], msgspec.Meta(min_length=1)]


class RankingKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """ranking.json.

    `signature` and `set_hash` are those of the candidate set, `fingerprint` that of its dataset.
    """

    name: FolderName
    candidate_set: FolderName
    set_hash: str
    signature: str
    dataset: FolderName
    fingerprint: str
    setting: Setting
    seed: int
    moments: Annotated[list[RankingMoment], msgspec.Meta(min_length=1)]
    raters: Annotated[list[RankingRater], msgspec.Meta(min_length=1)]
    versions: dict[str, str]


def read_ranking_key(path: Path) -> RankingKey:
    """Read ranking.json.

    Raises:
        LiveBenchError: it cannot be read, or its parts do not fit together.
    """
    key = parse_json(path, RankingKey)
    shown = {moment.sample_id: sorted(moment.candidates) for moment in key.moments}
    rows = [row for rater in key.raters for row in rater.rows]
    fits = (
        len(shown) == len(key.moments)
        and all(len(set(candidates)) == SHOWN for candidates in shown.values())
        and len({row.row for row in rows}) == len(rows)
        and len({rater.rater for rater in key.raters}) == len(key.raters)
        and all(sorted(row.sample_id for row in r.rows) == sorted(shown) for r in key.raters)
        and all(sorted(row.order) == shown[row.sample_id] for row in rows)
    )
    if not fits:
        raise LiveBenchError(
            path,
            "its rows, moments and candidates do not fit together",
            "use the key that `livebench human-eval ranking sheet` wrote",
        )
    return key
