"""A protocol: every choice that makes samples out of a dataset, as data.

Each protocol is a TOML file in protocols/; a field that a file does not know, lacks or gives a wrong
value is an error that names file and field.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from livebench.data.context import ContextRule, FrameRule
from livebench.data.split import Split
from livebench.errors import LiveBenchError
from livebench.records import Count, parse_toml

Positive = Annotated[int, msgspec.Meta(ge=1)]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a protocol's file."""


class MomentRule(Part, frozen=True):
    """Seconds with at least `min_comments` comments; at most `max_samples` of them, drawn by hash."""

    min_comments: Positive
    max_samples: Positive


class CorrectRule(Part, frozen=True):
    """`first`: the first `count` comments of the second in time order, equal ones merged."""

    take: Literal["first"]
    count: Positive


class WrongRule(Part, frozen=True):
    """Wrong candidates: comments of `split`, filled type by type in this `order` up to 100.

    A comment keeps the first type that it gets. `exclude` "second": no other comment of the moment
    is ever a candidate. The last type in `order` must be one that can always fill up.
    """

    split: Split
    order: list[Literal["plausible", "popular", "random"]]
    exclude: Literal["second"]


class PlausibleRule(Part, frozen=True):
    """Comments similar to a query by cosine of tf-idf: of the `pool` nearest the first `count`.

    tf-idf as scikit-learn's defaults, over the distinct comments of the split, but for the words:
    those of one character count if `one_character_words`, and case is ignored if `lowercase`.
    Similarity 0 is not a match; similarities are rounded to 1e-9, and ties go by string.
    """

    query: Literal["title"]
    pool: Positive
    count: Count
    one_character_words: bool
    lowercase: bool


class PopularRule(Part, frozen=True):
    """The `count` most frequent comments of the split; ties go by string."""

    count: Count


class RandomRule(Part, frozen=True):
    """`distinct`: uniform over the distinct comments of the split."""

    draw: Literal["distinct"]


class Protocol(Part, frozen=True):
    """Every choice of a protocol; `reasons` says why, by field ("plausible.count")."""

    name: str
    version: Positive
    summary: str
    source: str
    moments: MomentRule
    correct: CorrectRule
    wrong: WrongRule
    plausible: PlausibleRule
    popular: PopularRule
    random: RandomRule
    context: ContextRule
    frames: FrameRule
    reasons: dict[str, str]


def bundled_protocols() -> list[str]:
    """Names of the protocols that ship with LiveBench."""
    folder = files("livebench.candidates") / "protocols"
    return sorted(
        f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")
    )


def load_protocol(name: str) -> Protocol:
    """Read a bundled protocol by name, or any protocol by the path of its TOML file.

    Raises:
        LiveBenchError: there is no such protocol, or a field of its file is wrong.
    """
    if name in bundled_protocols():
        path = Path(str(files("livebench.candidates") / "protocols" / f"{name}.toml"))
    elif name.endswith(".toml"):
        path = Path(name)
    else:
        known = ", ".join(bundled_protocols())
        raise LiveBenchError(f"no protocol {name}; there are {known}, or give the path of a .toml")
    protocol = parse_toml(path, Protocol)
    if protocol.wrong.order[-1:] != ["random"] or len(set(protocol.wrong.order)) != len(
        protocol.wrong.order
    ):
        raise LiveBenchError(
            f"{path}: wrong.order must name each type once and end with random, which fills up to 100"
        )
    return protocol
