"""Which licences let the text of a dataset be published again, by the names that the hub knows."""

from __future__ import annotations

import re

_HUB = {
    "apache-2.0",
    "cc-by-3.0",
    "cc-by-4.0",
    "cc-by-nc-4.0",
    "cc-by-nc-sa-4.0",
    "cc-by-sa-3.0",
    "cc-by-sa-4.0",
    "cc0-1.0",
    "cdla-permissive-2.0",
    "mit",
    "odc-by",
    "pddl",
}


def open_licence(licence: str) -> str:
    """The hub's name of a licence that lets text be published again; empty if `licence` is none.

    The whole text must be the name of one ("CC BY 4.0"): "MPL-2.0 (the archive); the comments are
    their writers'" grants nothing for the comments. Licences without derivatives are not among them: a
    candidate set is one.
    """
    name = re.sub(r"[\s_-]+", "-", licence.strip().lower()).removesuffix("-license")
    name = re.sub(r"-(international|licence)\Z", "", name)
    return name if name in _HUB else ""
