"""Writes the folder of a new submission: a card, and a scorer of a few lines that works."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from livebench.files import check_absent, new_folder
from livebench.records import Setting, check_folder_name


@dataclass(frozen=True)
class NewSubmission:
    """What a new submission says of itself.

    Attributes:
        scorer: it brings code to run, and not scores alone.
        entry: of a scorer that is installed, with the `arguments` of its only run; empty if it brings
            its own.
        facts: further fields of the card, by name.
    """

    name: str
    authors: Sequence[str]
    description: str
    settings: Sequence[Setting]
    url: str = ""
    scorer: bool = True
    entry: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)


def folder_name(name: str) -> str:
    """A name for the folder of a submission: lower case, what cannot be in it as hyphens."""
    return re.sub(r"[^a-z0-9._]+", "-", name.lower()).strip("-._")[:80] or "mine"


def write_submission(path: Path, new: NewSubmission, date: datetime.date) -> Path:
    """Write the folder `path`, whole or not at all.

    Raises:
        LiveBenchError: it exists already, or its name is not a FolderName.
    """
    path = Path(path)
    check_folder_name(path, path.resolve().name)
    check_absent(path, "FOLDER")
    with new_folder(path) as folder:
        (folder / "submission.toml").write_text(_card(new, date), encoding="utf-8")
        if new.scorer and not new.entry:
            code = (files("livebench.review") / "templates" / "scorer.txt").read_text("utf-8")
            (folder / "scorer.py").write_text(code, encoding="utf-8")
    return path


def _card(new: NewSubmission, date: datetime.date) -> str:
    import tomli_w

    head = {
        "name": new.name,
        "authors": list(new.authors),
        "date": date,
        "description": new.description,
        **({"url": new.url} if new.url else {}),
        **({"entry": new.entry or "scorer:Mine"} if new.scorer else {}),
        **new.facts,
        "settings": list(new.settings),
    }
    if new.entry:  # what it says of itself is whole
        run = {"name": "default", "arguments": dict(new.arguments)}
        return tomli_w.dumps({**head, "runs": [run]})
    score = (
        '# How scores are read, declared before numbers on test are seen: "sum", "mean", "words+2" or, '
        'for a\n# likelihood, "pmi", log p(comment | moment) - log p(comment) (docs/metrics.md).\n'
        'score = "sum"\n'
        "# What readers of the leaderboard sort by (docs/submissions.md).\n"
        '# weights = "open"  # or "recipe", "closed", "none"\n'
        '# training_data = "dataset"  # or "none", "other", "dataset+other"\n'
        '# licence = "Apache-2.0"\n'
    )
    runs = "# A row is the mean over all runs, for example one for each seed.\n[[runs]]\n"
    return f"{tomli_w.dumps(head)}{score}\n{runs}{tomli_w.dumps({'name': 'seed-0'})}"
