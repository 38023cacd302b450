"""The key: who wrote each comment. It stays with those who run the evaluation; it holds no comment.

Raters' sheets hold the comments and nothing that depends on who wrote them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from livebench.errors import LiveBenchError
from livebench.records import FolderName, Setting, parse_json, write_json

CRITERIA = ("fluency", "relevance", "correctness")
"""What is rated, in the order of the paper's Table 5."""

LOWEST, HIGHEST = 1, 5
"""The scale: whole numbers."""

HUMAN = "human"
"""The name under which the comments that people really wrote are rated."""


class KeySystem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who wrote comments: a submission, its run, and the sha256 of its file of generated comments
    before compression; of `human` the name alone."""

    name: FolderName
    run: str = ""
    generated_sha256: str = ""


class KeyMoment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sample of the candidate set whose comments are rated."""

    sample_id: str
    video_id: str
    category: str


class KeyItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A comment to rate; `systems` are several where they wrote the same one for the moment."""

    item: str
    sample_id: str
    systems: Annotated[list[FolderName], msgspec.Meta(min_length=1)]


class KeyRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of a rater's sheet; `repeat` if it shows the item for the second time."""

    row: str
    item: str
    repeat: bool = False


class KeyRater(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rater and the rows of the sheet in order."""

    rater: FolderName
    rows: Annotated[list[KeyRow], msgspec.Meta(min_length=1)]


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """key.json.

    `signature` and `set_hash` are those of the candidate set, `fingerprint` that of its dataset; the
    order of `systems` is that of the tables, `human` last.
    """

    name: FolderName
    candidate_set: FolderName
    set_hash: str
    signature: str
    dataset: FolderName
    fingerprint: str
    setting: Setting
    seed: int
    systems: Annotated[list[KeySystem], msgspec.Meta(min_length=2)]
    moments: Annotated[list[KeyMoment], msgspec.Meta(min_length=1)]
    items: Annotated[list[KeyItem], msgspec.Meta(min_length=1)]
    raters: Annotated[list[KeyRater], msgspec.Meta(min_length=1)]
    versions: dict[str, str]

    @property
    def system_names(self) -> list[str]:
        return [system.name for system in self.systems]


def write_key(path: Path, key: Key) -> None:
    """Write key.json."""
    write_json(path, key)


def read_key(path: Path) -> Key:
    """Read key.json.

    Raises:
        LiveBenchError: it cannot be read, or its parts do not fit together.
    """
    key = parse_json(path, Key)
    moments = {moment.sample_id for moment in key.moments}
    items = {item.item: item for item in key.items}
    rows = [row for rater in key.raters for row in rater.rows]
    names = set(key.system_names)
    fits = (
        len(names) == len(key.systems)
        and len(moments) == len(key.moments)
        and len(items) == len(key.items)
        and len({row.row for row in rows}) == len(rows)
        and len({rater.rater for rater in key.raters}) == len(key.raters)
        and all(row.item in items for row in rows)
        and all(item.sample_id in moments for item in key.items)
        and all(set(item.systems) <= names for item in key.items)
    )
    if not fits:
        raise LiveBenchError(
            path,
            "its rows, items, moments and systems do not fit together",
            "use the key that `livebench human-eval sheet` wrote",
        )
    return key
