"""Writes the folder of a new submission: a card, and a scorer of a few lines that works."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from livebench.errors import LiveBenchError
from livebench.files import new_folder
from livebench.records import FOLDER_NAME, Setting


@dataclass(frozen=True)
class Plan:
    """What a new submission says of itself. `scorer`: it brings code to run, and not scores alone."""

    name: str
    authors: Sequence[str]
    description: str
    settings: Sequence[Setting]
    url: str = ""
    scorer: bool = True


def folder_name(name: str) -> str:
    """A name for the folder of a submission: lower case, what cannot be in it as hyphens."""
    return re.sub(r"[^a-z0-9._]+", "-", name.lower()).strip("-._")[:80] or "mine"


def write_submission(path: Path, plan: Plan, date: datetime.date) -> Path:
    """Write the folder `path`, whole or not at all.

    Raises:
        LiveBenchError: it exists already, or its name is none for a submission.
    """
    path = Path(path)
    if not re.match(FOLDER_NAME, path.resolve().name):
        raise LiveBenchError(
            f"{path}: the name of a submission is made of letters, digits, '.', '_' and '-', and "
            "begins with a letter or digit; choose another"
        )
    with new_folder(path) as folder:
        (folder / "submission.toml").write_text(_card(plan, date), encoding="utf-8")
        if plan.scorer:
            code = (files("livebench.review") / "templates" / "scorer.txt").read_text("utf-8")
            (folder / "scorer.py").write_text(code, encoding="utf-8")
    return path


def _card(plan: Plan, date: datetime.date) -> str:
    import tomli_w

    head = {
        "name": plan.name,
        "authors": list(plan.authors),
        "date": date,
        "description": plan.description,
        **({"url": plan.url} if plan.url else {}),
        **({"entry": "scorer:Mine"} if plan.scorer else {}),
        "settings": list(plan.settings),
    }
    runs = "# A row is the mean over all runs: one for each seed, say.\n[[runs]]\n"
    return f"{tomli_w.dumps(head)}\n{runs}{tomli_w.dumps({'name': 'seed-0'})}"
