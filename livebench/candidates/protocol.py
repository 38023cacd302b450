"""A protocol: every choice made in turning a dataset into samples, as data.

Each protocol is a TOML file in protocols/; an unknown, missing or invalid field is an error that names
file and field.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from livebench.data.context import ContextRule, FrameRule, Positive
from livebench.data.split import Split
from livebench.errors import LiveBenchError
from livebench.records import CANDIDATES, Count, parse_toml

_NonEmpty = msgspec.Meta(min_length=1)


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a protocol's file."""


class CommentRule(_Table, frozen=True):
    """Comments with fewer or more characters (not counting white space) are ignored."""

    min_characters: Positive
    max_characters: Positive


class MomentRule(_Table, frozen=True, omit_defaults=True):
    """Seconds with at least `min_comments` comments and `min_context` surrounding ones; at most
    `max_samples` of them, drawn by hash.

    `apart`: what keeps one sample from telling of another. "correct": of the moments of a title, no
    correct comment stands in the context of another, or is correct there. "lists": 100 samples share one
    list of 100 candidates, each of which is correct in one of them; no comment is in two lists, or in
    the context of any sample; needs the wrong type `list`. "none": nothing.
    """

    min_comments: Positive
    min_context: Count
    max_samples: Positive
    apart: Literal["none", "correct", "lists"] = "none"


class CorrectRule(_Table, frozen=True):
    """The correct candidates of a moment.

    `first`: the first `count` comments of the second in time order, equal ones merged. `draw`: `count`
    of its distinct comments, by hash. If `outside_context`, only comments that do not occur verbatim
    in the context.
    """

    take: Literal["first", "draw"]
    count: Positive
    outside_context: bool


class PoolRule(_Table, frozen=True):
    """Which comments may be wrong candidates.

    `splits`: the comments of these splits (with the wrong type `list`: sets are built on these splits,
    and comments are from the one that a set is built on). `exclude` "second": no comment of the moment
    is a wrong candidate; "correct": all but the correct ones may be. `alike`: a wrong candidate must
    lie in the same cell as the (then single) correct one in each of these: "train_count", occurrences
    in training (0, 1, 2, 3, then half octaves); "characters" (1 to 8, then quarter octaves).
    """

    splits: Annotated[list[Split], _NonEmpty]
    exclude: Literal["second", "correct"]
    alike: list[Literal["train_count", "characters"]]


class _WrongRule(_Table, frozen=True, tag_field="type"):
    """A type of wrong candidate; a comment keeps the first type it gets."""


class PlausibleRule(_WrongRule, frozen=True, tag="plausible"):
    """Comments similar to a query by tf-idf cosine: of the `pool` nearest, the first `count` that are
    not candidates yet.

    tf-idf with scikit-learn's default weighting, over the distinct comments of the pool. `words`: "all"
    of jieba's, or "pattern", those that scikit-learn's default pattern finds in the joined words (at
    least two word characters). Similarity 0 is not a match; similarities are rounded to 1e-9, and ties
    are broken by string.
    """

    query: Literal["title", "unsegmented title", "context"]
    pool: Positive
    count: Positive
    words: Literal["all", "pattern"]
    lowercase: bool


class PopularRule(_WrongRule, frozen=True, tag="popular"):
    """The `count` most frequent comments of the pool, ties broken by string, among those that occur at
    least `min_count` times. If `replace`, those that are candidates already are replaced by the next."""

    count: Positive
    min_count: Positive
    replace: bool


class RandomRule(_WrongRule, frozen=True, tag="random"):
    """Random comments of the pool, until there are 100; `count` of them if `draw` is "occurrence".

    `distinct`: uniform over distinct comments. `occurrence`: uniform over occurrences in other videos,
    of comments that do not occur in the moment's own video.
    """

    draw: Literal["distinct", "occurrence"]
    count: Positive


class CategoryRule(_WrongRule, frozen=True, tag="category"):
    """`count` random comments, uniform over occurrences in other videos of the same category, of
    comments that do not occur in the moment's own video."""

    count: Positive


class ElsewhereRule(_WrongRule, frozen=True, tag="elsewhere"):
    """`count` random comments, uniform over occurrences in the same video, of comments with no
    occurrence within `distance` seconds of the moment."""

    count: Positive
    distance: Positive


class ListRule(_WrongRule, frozen=True, tag="list"):
    """The correct comments of the 99 other samples of a list of 100 (`moments.apart = "lists"`).

    Types say where they come from: "elsewhere", the same video; "category", another video of its
    category; "random", a video of another. Of a video come `least` to `most` moments; none has the
    correct comment of another within `distance` seconds. What is correct in one video of a list occurs
    in no other of its videos. Of a category come at most `of_category` moments, if others fill the list.
    """

    count: Positive
    distance: Positive
    least: Positive
    most: Positive
    of_category: Positive


WrongRule = PlausibleRule | PopularRule | RandomRule | CategoryRule | ElsewhereRule | ListRule


class Protocol(_Table, frozen=True):
    """Every choice of a protocol; `reasons` says why, by field ("wrong.plausible.count")."""

    name: str
    version: Positive
    summary: str
    source: str
    comments: CommentRule
    moments: MomentRule
    correct: CorrectRule
    pool: PoolRule
    wrong: Annotated[list[WrongRule], _NonEmpty]
    context: ContextRule
    frames: FrameRule
    reasons: dict[str, str]


def protocol_fields(protocol: Protocol) -> dict[str, Any]:
    """All fields by dotted name; the order of `wrong` is a field of its own."""
    flat: dict[str, Any] = {}
    for name, value in msgspec.to_builtins(protocol).items():
        if name == "reasons":
            continue
        if name == "wrong":
            flat["wrong.order"] = [rule["type"] for rule in value]
            for rule in value:
                candidate_type = rule.pop("type")
                flat.update({f"wrong.{candidate_type}.{key}": item for key, item in rule.items()})
        elif isinstance(value, dict):
            flat.update({f"{name}.{key}": item for key, item in value.items()})
        else:
            flat[name] = value
    return flat


def bundled_protocols() -> list[str]:
    """Names of the protocols that ship with LiveBench."""
    folder = files("livebench.candidates") / "protocols"
    names = [file.name for file in folder.iterdir() if file.name.endswith(".toml")]
    return sorted(name.removesuffix(".toml") for name in names)


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
        available = ", ".join(bundled_protocols())
        raise LiveBenchError(
            name,
            f"protocol not found; available: {available}",
            "name one of these, or give the path of a .toml",
        )
    protocol = parse_toml(path, Protocol)
    contradiction = _contradiction(protocol)
    if contradiction:
        field, what, fix = contradiction
        raise LiveBenchError(path, what, fix, field)
    return protocol


def _contradiction(protocol: Protocol) -> tuple[str, str, str] | None:
    """A problem that the fields' types cannot catch: the field, what is wrong, and how to fix it."""
    rules = [type(rule) for rule in protocol.wrong]
    last = protocol.wrong[-1]
    if len(set(rules)) != len(rules):
        return "wrong", "a type is given twice", "give each type once"
    if (protocol.moments.apart == "lists") != (rules == [ListRule]) or ListRule in rules[1:]:
        what = 'the type list and moments.apart = "lists" need each other, and no other type'
        return "wrong", what, "give both, or neither"
    if isinstance(last, ListRule):
        return _contradiction_of_lists(protocol, last)
    if not isinstance(last, RandomRule):
        return "wrong", "the last type is not random, which fills up to 100", "end with random"
    reachable = protocol.correct.count + sum(rule.count for rule in protocol.wrong)
    if reachable < CANDIDATES:
        what = f"the counts and correct.count make {reachable} candidates of {CANDIDATES}"
        return "wrong", what, "raise a count"
    if protocol.pool.alike and protocol.correct.count != 1:
        return "pool.alike", "needs a single correct candidate", "set correct.count = 1"
    if protocol.pool.alike and {PlausibleRule, PopularRule} & set(rules):
        return "pool.alike", "does not go with plausible and popular", "remove these types"
    if bool(protocol.pool.alike) != (last.draw == "occurrence"):
        what = 'random with draw = "occurrence" and pool.alike need each other'
        return "wrong", what, "give both or neither"
    return _contradiction_of_fields(protocol)


def _contradiction_of_lists(protocol: Protocol, rule: ListRule) -> tuple[str, str, str] | None:
    """The same, of a protocol whose samples share lists."""
    if rule.count != CANDIDATES - 1 or protocol.correct.count != 1:
        what = (
            f"a list has {CANDIDATES} comments: a sample's correct one, and {CANDIDATES - 1} others"
        )
        return "wrong.list.count", what, f"give correct.count = 1 and {CANDIDATES - 1}"
    if not rule.least <= rule.most:
        return "wrong.list.least", "above wrong.list.most", "lower it"
    if not (protocol.pool.alike and protocol.correct.outside_context):
        what = '"lists" needs pool.alike and correct.outside_context'
        return "moments.apart", what, "give both, or another value"
    return _contradiction_of_fields(protocol)


def _contradiction_of_fields(protocol: Protocol) -> tuple[str, str, str] | None:
    """The same, of what all protocols have."""
    if protocol.comments.min_characters > protocol.comments.max_characters:
        return "comments.min_characters", "above comments.max_characters", "lower it"
    given = set(protocol_fields(protocol)) - {"name", "version", "summary", "source"}
    for name in sorted(set(protocol.reasons) - given):
        return f"reasons.{name}", "there is no field of this name", "remove it"
    for name in sorted(given - set(protocol.reasons)):
        return f"reasons.{name}", "missing", "say why the field is as it is"
    return None
