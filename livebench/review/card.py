"""What is wrong with a submission.toml: all of it, each with its place and its cure."""

from __future__ import annotations

import ast
import datetime
import difflib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from livebench.errors import LiveBenchError
from livebench.records import FOLDER_NAME, parse_toml
from livebench.review.findings import Finding
from livebench.submissions.load import Card, Run, Submission, is_entry

CURES = {
    "name": 'write name = "..." as the leaderboard shall show it',
    "authors": 'write authors = ["A. Author", "B. Author"]',
    "date": "write a TOML date without quotes, as in date = 2026-01-31",
    "description": 'write description = "..." in one sentence',
    "settings": 'write some of settings = ["video", "comments", "both"]',
    "runs": 'give one [[runs]] or more, at the end of the file, each with name = "..."',
    "entry": 'write entry = "module:Class", or leave it out if there are scores only',
    "url": 'write url = "https://...", or leave it out',
    "kind": 'write kind = "model", or leave it out; what ships with LiveBench is of another kind',
    "runs.name": "use letters, digits, '.', '_' and '-'; it is the folder of the scores",
    "runs.dataset": 'write dataset = "name of a dataset", or leave it out',
    "runs.seed": "write a whole number, as in seed = 0",
    "runs.arguments": "write arguments = { size = 3 }: they are given to the class by name",
    "runs.checkpoint": 'write checkpoint = "checkpoints/..." of a file in this folder',
    "runs.checkpoint_sha256": "write the 64 hex digits that `sha256sum` prints",
}

TOML_TYPES = (datetime.datetime, datetime.date, datetime.time)


def check_card(path: Path) -> tuple[dict[str, Any], list[Finding]]:
    """Read a submission.toml.

    Returns:
        What it says, unchecked, and what is wrong with it.
    """
    try:
        raw = parse_toml(path, dict[str, Any])
    except LiveBenchError as error:
        return {}, [Finding.of(path, error, "write it as docs/submissions.md shows")]
    found = list(_fields(path, raw, Card, ""))
    runs = [run for run in raw.get("runs", []) if isinstance(run, dict)]
    for number, run in enumerate(runs, 1):
        found += _fields(path, run, Run, f"runs, number {number}: ")
    names = [run.get("name") for run in runs if isinstance(run.get("name"), str)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        found.append(Finding(path, "runs", f"two have the name {name!r}", "give each its own"))
    for run in runs:
        found += _checkpoint(path, run)
    entry = raw.get("entry", "")
    if isinstance(entry, str) and entry:
        found += _entry(path, entry)
    if not found:
        try:
            Submission(path.parent)
        except LiveBenchError as error:
            found.append(Finding.of(path, error, "see docs/submissions.md"))
    return raw, found


def _fields(path: Path, raw: dict[str, Any], kind: type, where: str) -> Iterator[Finding]:
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    prefix = "runs." if kind is Run else ""
    for name in raw.keys() - fields.keys():
        near = difflib.get_close_matches(name, fields, 1)
        cure = f"do you mean {near[0]}?" if near else f"fields are {', '.join(fields)}; remove it"
        yield Finding(path, f"{where}{name}", "there is no such field", cure)
    for name, field in fields.items():
        cure = CURES.get(prefix + name, "see docs/submissions.md")
        if name not in raw:
            if field.required:
                yield Finding(path, f"{where}{name}", "is missing", cure)
            continue
        if (kind, name) == (Card, "runs") and isinstance(raw[name], list) and raw[name]:
            if not all(isinstance(run, dict) for run in raw[name]):
                yield Finding(path, name, "one is no table", cure)
            continue  # each by itself
        try:
            msgspec.convert(raw[name], field.type, builtin_types=TOML_TYPES)
        except (msgspec.ValidationError, RecursionError) as error:
            what = str(error) or "is nested too deeply"
            yield Finding(path, f"{where}{name}", what[:1].lower() + what[1:], cure)
            continue
        if isinstance(raw[name], str) and field.required and not raw[name].strip():
            yield Finding(path, f"{where}{name}", "is empty", cure)


def _checkpoint(path: Path, run: dict[str, Any]) -> Iterator[Finding]:
    name, digest = run.get("checkpoint", ""), run.get("checkpoint_sha256", "")
    if not isinstance(name, str) or not isinstance(digest, str) or not name:
        return
    if not (path.parent / name).resolve().is_relative_to(path.parent.resolve()):
        yield Finding(
            path, f"checkpoint {name!r}", "is outside the folder", CURES["runs.checkpoint"]
        )
    if digest and not re.fullmatch(r"[0-9a-f]{64}", digest):
        yield Finding(path, "checkpoint_sha256", "is no sha256", CURES["runs.checkpoint_sha256"])


def _entry(path: Path, entry: str) -> Iterator[Finding]:
    """Looked at, and never run: others' code runs only where somebody asks for scores."""
    if not is_entry(entry):
        what = f"{entry!r} is not two names of Python with a colon between"
        yield Finding(path, "entry", what, CURES["entry"])
        return
    module, name = entry.split(":")
    file = path.parent / f"{module}.py"
    if not file.is_file():
        if importlib.util.find_spec(module.split(".", maxsplit=1)[0]) is None:
            cure = f"put {module}.py into the folder, or install it"
            yield Finding(path, "entry", f"there is no module {module}", cure)
        return
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f"line {error.lineno}" if getattr(error, "lineno", None) else ""
        what = f"is not Python: {getattr(error, 'msg', error)}"
        yield Finding(file, line, what, "`python -m py_compile` shows where")
        return
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    found = next((node for node in classes if node.name == name), None)
    imported = any(
        name in (alias.asname or alias.name for alias in node.names)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    )
    if found is None and not imported:
        names = ", ".join(node.name for node in classes) or "none"
        cure = f"its classes are: {names}"
        yield Finding(path, "entry", f"{file.name} has no class {name}", cure)
    elif found is not None and not _may_score(found):
        cure = "write def score(self, video_ctx, comments, candidate)"
        yield Finding(file, f"line {found.lineno}", f"{name} has no method score", cure)


def _may_score(found: ast.ClassDef) -> bool:
    """Whether a class has a method score, or may have it from a class that it is derived from."""
    own = any(getattr(node, "name", "") == "score" for node in found.body)
    bases = {ast.unparse(base).split(".")[-1] for base in found.bases}
    return own or bool(bases - {"Scorer", "ABC", "object"})


def check_name(path: Path) -> list[Finding]:
    """The name of the folder is the identity of a submission, and part of paths and addresses."""
    name = path.resolve().name
    if re.match(FOLDER_NAME, name):
        return []
    what = f"{name!r} is no name for a folder of a submission"
    return [Finding(path, "", what, CURES["runs.name"].split(";")[0] + ", at most 80")]
